"""`filters_mandatory`: tests that must be true on a timeframe before its sides are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.rules.expressions import Named
from mtf_core.rules.parse import parse_test
from mtf_core.rules.ruleset import Filter
from mtf_core.rules.scope import Scope
from mtf_core.settings.nodes import ConfigNode, Problems, nearest_name

_LIMITS = ("on", "timeframes")


@frozen
class _Where:
    """The timeframes that a filter may name, by their part in the profile."""

    context: frozenset[Timeframe]
    execution: frozenset[Timeframe]

    @property
    def all(self) -> frozenset[Timeframe]:
        return self.context | self.execution


def read_filters(
    node: ConfigNode,
    context: frozenset[Timeframe],
    execution: frozenset[Timeframe],
    scope: Scope,
    problems: Problems,
) -> tuple[Filter, ...]:
    """The filters of the profile, without those that were wrong.

    A list speaks for both sides, `{long: […], short: […]}` for one each. An entry is a rule; with limits it is
    `{rule: …, on: context}`, `{rule: …, on: execution}` or `{rule: …, timeframes: […]}`.
    """
    where = _Where(context, execution)
    read: list[Filter] = []
    for entries, sides in _lists(node, problems):
        if not isinstance(entries.value, tuple):
            problems.error(entries.place, f"found {entries.shown()}", "allowed is a list of rules")
            continue
        for entry in entries.value:
            read.extend(_read(entry, sides, where, scope, problems))
    return tuple(read)


def _lists(node: ConfigNode, problems: Problems) -> Iterator[tuple[ConfigNode, frozenset[Side]]]:
    if not isinstance(node.value, Mapping):
        yield node, frozenset(Side)
        return
    for key, entries in node.value.items():
        if key in tuple(Side):
            yield entries, frozenset({Side(key)})
        else:
            problems.error(
                entries.place, f"unknown key {key!r}", "allowed is a list, or long and short", nearest_name(key, Side)
            )


def _read(
    entry: ConfigNode, sides: frozenset[Side], where: _Where, scope: Scope, problems: Problems
) -> Iterator[Filter]:
    """One filter, or several where a built-in's defaults depend on the timeframe."""
    rule, limits = _parts(entry, problems)
    timeframes = _limited(limits, where, entry, problems) if limits else where.all
    by_test: dict[Named, set[Timeframe]] = {}
    for timeframe in sorted(timeframes or where.all, key=lambda tf: tf.minutes):
        test = parse_test(rule, evolve(scope, context=evolve(scope.context, timeframe=timeframe)), problems)
        if test is not None:
            named = test if isinstance(test, Named) else Named(entry.place.path, test)
            by_test.setdefault(named, set()).add(timeframe)
    if timeframes is not None:
        yield from (Filter(test, frozenset(where_true), sides) for test, where_true in by_test.items())


def _parts(entry: ConfigNode, problems: Problems) -> tuple[ConfigNode, Mapping[str, ConfigNode]]:
    """The rule of an entry, and the keys beside it that limit where it applies; others are reported."""
    if not isinstance(entry.value, Mapping):
        return entry, {}
    limits = {key: node for key, node in entry.value.items() if key in _LIMITS}
    rest = {key: node for key, node in entry.value.items() if key not in _LIMITS}
    if "rule" in rest and "within_bars" not in rest:
        known = ("rule", *_LIMITS)
        for key in (key for key in rest if key != "rule"):
            problems.error(
                rest[key].place, f"unknown key {key!r}", f"known keys: {', '.join(known)}", nearest_name(key, known)
            )
        return rest["rule"], limits
    return evolve(entry, value=rest), limits


def _limited(
    limits: Mapping[str, ConfigNode], where: _Where, entry: ConfigNode, problems: Problems
) -> frozenset[Timeframe] | None:
    if len(limits) > 1:
        problems.error(entry.place, "both `on` and `timeframes`", "write one of the two")
        return None
    if "on" in limits:
        choices = {"context": where.context, "execution": where.execution}
        node = limits["on"]
        if not isinstance(node.value, str) or node.value not in choices:
            nearest = nearest_name(node.value, choices) if isinstance(node.value, str) else None
            problems.error(node.place, f"found {node.shown()}", "allowed: context, execution", nearest)
            return None
        return choices[node.value]
    return _listed(limits["timeframes"], where, problems)


def _listed(node: ConfigNode, where: _Where, problems: Problems) -> frozenset[Timeframe] | None:
    allowed = ", ".join(tf for tf in Timeframe if tf in where.all)
    if not isinstance(node.value, tuple) or not node.value:
        problems.error(node.place, f"found {node.shown()}", f"allowed is a list of timeframes: {allowed}")
        return None
    wrong = [item for item in node.value if item.value not in where.all]
    for item in wrong:
        problems.error(
            item.place,
            f"found {item.shown()}",
            f"allowed are the profile's context and execution timeframes: {allowed}",
        )
    return None if wrong else frozenset(Timeframe(str(item.value)) for item in node.value)
