"""`execution_selector`: which of the execution timeframes that agree with the context is taken."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from mtf_core.market import Timeframe
from mtf_core.rules.expressions import Test
from mtf_core.rules.parse import parse_test
from mtf_core.rules.ruleset import SelectorEntry
from mtf_core.rules.scope import Scope
from mtf_core.settings.nodes import ConfigNode, Problems, nearest_name

_KEYS = ("per_timeframe", "allow_1m_only_for")
_STAY, _DROP, _FORBID = "stay_on_if", "drop_to_lower_if_any", "forbid_drop_to_lower_if_any"
_LISTS = (_STAY, _DROP, _FORBID)


@frozen
class Selection:
    """What the file says about choosing; None means that it says nothing."""

    entries: tuple[SelectorEntry, ...] | None = None
    allow_1m_only_if_any: tuple[Test, ...] | None = None


def read_selector(node: ConfigNode, execution: tuple[Timeframe, ...], scope: Scope, problems: Problems) -> Selection:
    """The selector of the profile, one entry per execution timeframe from the highest down.

    An execution timeframe without an entry stays unconditionally, as one with an empty `stay_on_if` does.
    """
    sections = _checked(node, _KEYS, problems)
    per_timeframe = sections.get("per_timeframe")
    restriction = sections.get("allow_1m_only_for")
    return Selection(
        entries=_entries(per_timeframe, execution, evolve(scope, metrics=True), problems) if per_timeframe else None,
        allow_1m_only_if_any=_restriction(restriction, execution, evolve(scope, metrics=True), problems)
        if restriction
        else None,
    )


def _entries(
    node: ConfigNode, execution: tuple[Timeframe, ...], scope: Scope, problems: Problems
) -> tuple[SelectorEntry, ...]:
    if not isinstance(node.value, Mapping):
        problems.error(node.place, f"found {node.shown()}", "allowed is a map from execution timeframes to conditions")
        return ()
    read = {timeframe: SelectorEntry(timeframe) for timeframe in execution}
    for name, body in node.value.items():
        if name not in execution:
            problems.error(
                body.place,
                f"a selector entry for {name!r}, which is not an execution timeframe",
                f"allowed: {', '.join(execution)}",
                nearest_name(name, execution),
            )
            continue
        timeframe = Timeframe(name)
        lists = _checked(body, _LISTS, problems)
        _refuse_idle_lists(lists, timeframe is execution[-1], problems)
        within = evolve(scope, context=evolve(scope.context, timeframe=timeframe))
        read[timeframe] = SelectorEntry(
            timeframe,
            stay_on_if=_tests(lists.get(_STAY), within, problems),
            drop_to_lower_if_any=_tests(lists.get(_DROP), within, problems),
            forbid_drop_to_lower_if_any=_tests(lists.get(_FORBID), within, problems),
        )
    return tuple(read.values())


def _refuse_idle_lists(lists: Mapping[str, ConfigNode], lowest: bool, problems: Problems) -> None:
    """Refuses lists that are never asked: behind an unconditional stay, with nothing to forbid, with nothing lower."""
    for key in (key for key in (_DROP, _FORBID) if key in lists and lists[key].value):
        if _STAY not in lists or not lists[_STAY].value:
            reason = f"{_STAY} is empty, so the timeframe is never left on a condition"
        elif lowest:
            reason = "no execution timeframe is lower"
        elif key == _FORBID and (_DROP not in lists or not lists[_DROP].value):
            reason = f"{_DROP} is empty, so there is nothing to forbid"
        else:
            continue
        problems.error(lists[key].place, f"{key} has no effect: {reason}", "leave it out")


def _restriction(
    node: ConfigNode, execution: tuple[Timeframe, ...], scope: Scope, problems: Problems
) -> tuple[Test, ...] | None:
    keys = _checked(node, ("enabled", "conditions"), problems)
    enabled = keys.get("enabled")
    if enabled is None or not isinstance(enabled.value, bool):
        found = "the key 'enabled' is missing" if enabled is None else f"found {enabled.shown()}"
        problems.error((enabled or node).place, found, "required is true or false")
        return None
    tests = _tests(
        keys.get("conditions"), evolve(scope, context=evolve(scope.context, timeframe=Timeframe.M1)), problems
    )
    if not enabled.value:
        return None
    if Timeframe.M1 not in execution:
        problems.error(node.place, "1m is not an execution timeframe", "the restriction has no effect; leave it out")
    conditions = keys.get("conditions")
    if conditions is None or not conditions.value:
        problems.error((conditions or node).place, "no conditions", "name at least one that allows 1m")
    return tests


def _tests(node: ConfigNode | None, scope: Scope, problems: Problems) -> tuple[Test, ...]:
    if node is None:
        return ()
    if not isinstance(node.value, tuple):
        problems.error(node.place, f"found {node.shown()}", "allowed is a list of conditions")
        return ()
    read = [parse_test(item, scope, problems) for item in node.value]
    return tuple(test for test in read if test is not None)


def _checked(node: ConfigNode, known: tuple[str, ...], problems: Problems) -> Mapping[str, ConfigNode]:
    """The entries of a map whose keys must be among `known`; empty after a problem with the node itself."""
    if not isinstance(node.value, Mapping):
        problems.error(node.place, f"found {node.shown()}", f"allowed is a map with {', '.join(known)}")
        return {}
    for key in (key for key in node.value if key not in known):
        problems.error(
            node.value[key].place, f"unknown key {key!r}", f"known keys: {', '.join(known)}", nearest_name(key, known)
        )
    return {key: item for key, item in node.value.items() if key in known}
