"""`execution_selector`: the walk from the highest execution timeframe down, also in the legacy form with flat keys."""

from __future__ import annotations

import re

from attrs import evolve, frozen

from mtf_adapters.reference.expressions import Where, converted_entry
from mtf_adapters.reference.trees import Entries, as_list, as_map, entries_of, is_empty, items_of, said, scalar
from mtf_core.market import Timeframe
from mtf_core.settings.nodes import ConfigNode

_STAY, _DROP, _FORBID = "stay_on_if", "drop_to_lower_if_any", "forbid_drop_to_lower_if_any"
_LISTS = (_STAY, _DROP, _FORBID)
_RESTRICTION = "allow_1m_only_for"
_FLAGS = ("scalping", "trailing_after_tp1", "end_of_zone_fallback")
_LEGACY = re.compile(r"(stay_on|drop_to|forbid_drop_to)_(1m|5m|15m|1h|4h|1d)_if(?:_any)?", re.ASCII)
_LEGACY_LISTS = {"stay_on": _STAY, "drop_to": _DROP, "forbid_drop_to": _FORBID}


@frozen
class _Walk:
    """Where the walk goes: the execution timeframes, the highest first."""

    execution: tuple[str, ...]
    where: Where

    def above(self, timeframe: str) -> str | None:
        """The execution timeframe from which one drops to this one."""
        minutes = Timeframe(timeframe).minutes
        higher = [name for name in self.execution if Timeframe(name).minutes > minutes]
        return higher[-1] if higher else None


def converted_selector(node: ConfigNode, execution: tuple[str, ...], where: Where) -> ConfigNode | None:
    """The selector here; None when nothing of it remains. `execution`: the highest first."""
    if is_empty(node):
        return None
    keys = entries_of(node)
    if not keys:
        return node  # no map: the loader says so
    walk = _Walk(execution, where)
    by_timeframe = _per_timeframe(keys, walk)
    entries = {name: entry for name, body in by_timeframe.items() if (entry := _entry(name, body, walk)) is not None}
    restriction = _restriction(keys[_RESTRICTION], walk) if _RESTRICTION in keys else None
    for key in (key for key in keys if key not in ("per_timeframe", _RESTRICTION) and not _LEGACY.fullmatch(key)):
        where.findings.decision(keys[key], f"the selector's key {key!r}", "left out: no meaning of it is known")
    converted: Entries = {}
    if entries:
        _note_selectors(node, where)
        place = keys.get("per_timeframe", node)
        converted["per_timeframe"] = as_map(place, entries)
    if restriction is not None:
        converted[_RESTRICTION] = restriction
    return as_map(node, converted) if converted else None


def _note_selectors(node: ConfigNode, where: Where) -> None:
    where.findings.corrected(
        node,
        "the selector that ran live had no metrics and took the highest valid execution timeframe; the one with "
        "metrics ran in a diagnostic command only",
        "here one selector with metrics: unknown ones forbid and do not stay, and the side must be the context's",
        "D42, D46, D47, D48",
    )


def _per_timeframe(keys: Entries, walk: _Walk) -> dict[str, ConfigNode]:
    legacy = {key: body for key, body in keys.items() if _LEGACY.fullmatch(key)}
    listed = keys.get("per_timeframe")
    if listed is not None and not is_empty(listed):
        for key, body in legacy.items():
            walk.where.findings.no_effect(body, f"{key} beside per_timeframe", "left out", "D42")
        return entries_of(listed)
    return _from_legacy(legacy, walk)


def _from_legacy(legacy: Entries, walk: _Walk) -> dict[str, ConfigNode]:
    """`stay_on_15m_if`, `drop_to_5m_if_any`, `forbid_drop_to_5m_if_any` as lists of the timeframe that is left."""
    parts = {key: match for key in legacy if (match := _LEGACY.fullmatch(key)) is not None}
    stays = [match[2] for match in parts.values() if match[1] == "stay_on"]
    gathered: dict[str, Entries] = {}
    for key, match in parts.items():
        left = match[2] if match[1] == "stay_on" else (stays[0] if len(stays) == 1 else walk.above(match[2]))
        name = _LEGACY_LISTS[match[1]]
        if left is None:
            walk.where.findings.dropped(
                legacy[key], f"{key}: no execution timeframe is higher than {match[2]}", "left out: nothing to leave"
            )
            continue
        walk.where.findings.renamed(legacy[key], key, f"written per_timeframe.{left}.{name}")
        gathered.setdefault(left, {})[name] = legacy[key]
    return {timeframe: as_map(next(iter(lists.values())), lists) for timeframe, lists in gathered.items()}


# --- one timeframe --------------------------------------------------------------------------------------------


def _entry(timeframe: str, body: ConfigNode, walk: _Walk) -> ConfigNode | None:
    findings = walk.where.findings
    if timeframe not in walk.execution:
        findings.dropped(
            body, f"a selector entry for {timeframe}, which is no execution timeframe", "left out", "D43, decision 14"
        )
        return None
    keys = entries_of(body)
    for key in (key for key in keys if key not in _LISTS):
        findings.decision(keys[key], f"the key {key!r} in a selector entry", "left out: no meaning of it is known")
    where = evolve(walk.where, timeframe=Timeframe(timeframe))
    lists = {key: _conditions(keys[key], where) for key in _LISTS if key in keys}
    if body.value is not None and not keys and not is_empty(body):
        return body  # no map: the loader says so
    return as_map(body, _sensible(timeframe, body, lists, walk))


def _conditions(node: ConfigNode, where: Where) -> ConfigNode:
    """The conditions of a list; a map of several conditions, as the oldest files have it, is a list too."""
    if isinstance(node.value, tuple):
        items = [single for item in items_of(node) for single in _singles(item)]
    else:
        items = [] if node.value is None else _singles(node)
    return as_list(node, [converted_entry(item, where) for item in items])


def _singles(node: ConfigNode) -> list[ConfigNode]:
    keys = entries_of(node)
    return [as_map(argument, {key: argument}) for key, argument in keys.items()] if len(keys) > 1 else [node]


def _sensible(timeframe: str, body: ConfigNode, lists: Entries, walk: _Walk) -> Entries:
    """The lists that can act; what cannot is reported and left out."""
    findings = walk.where.findings
    stay = lists.get(_STAY, as_list(body, ()))
    drop, lowest = lists.get(_DROP), timeframe == walk.execution[-1]
    may_drop = drop is not None and not is_empty(drop) and not lowest
    kept: Entries = {_STAY: stay}
    if is_empty(stay) and may_drop:
        findings.decision(
            stay,
            f"{timeframe}: an empty {_STAY} never stayed there, and here always stays, so that nothing could drop",
            f"written {_STAY}: [get_false], as it acted",
            "D43",
        )
        kept[_STAY] = as_list(stay, [scalar(stay, "get_false")])
    elif is_empty(stay):
        findings.corrected(stay, f"{timeframe}: an empty {_STAY} never stayed there", "here it stays", "D43")
    else:
        findings.corrected(
            stay,
            f"{timeframe}: when it neither stayed nor might drop, the walk went down anyway",
            "here nothing is selected then",
            "D44, decision 12",
        )
    for key in (key for key in (_DROP, _FORBID) if key in lists):
        if may_drop and not is_empty(lists[key]):
            kept[key] = lists[key]
        elif not is_empty(lists[key]):
            reason = "no execution timeframe is lower" if lowest else "there is nothing to forbid"
            findings.no_effect(lists[key], f"{timeframe}: {key}", f"left out: {reason}")
    return kept


# --- allow_1m_only_for ----------------------------------------------------------------------------------------


def _restriction(node: ConfigNode, walk: _Walk) -> ConfigNode | None:
    """The restriction on 1m, also in the old form with the conditions beside `enabled`; None when there is none."""
    findings = walk.where.findings
    keys = entries_of(node)
    enabled = keys.get("enabled", scalar(node, True))
    if is_empty(node) or enabled.value is False or enabled.value is None:
        findings.corrected(
            node,
            f"{_RESTRICTION} is switched off: 1m always allowed in the legacy form, never in the other one",
            "left out: no restriction on 1m beyond the walk",
            "D45, decision 13, open point 8",
        )
        return None
    if str(Timeframe.M1) not in walk.execution:
        findings.no_effect(node, f"{_RESTRICTION}, but 1m is no execution timeframe", "left out")
        return None
    conditions = keys.get("conditions") or (
        as_map(node, {key: item for key, item in keys.items() if key != "enabled"}) if keys else node
    )
    converted = _conditions(conditions, evolve(walk.where, timeframe=Timeframe.M1))
    if items_of(converted) and all(_condition_name(item) in _FLAGS for item in items_of(converted)):
        findings.decision(
            node, f"{said('conditions', conditions)}, flags that nothing ever raises", "kept: 1m is never selected"
        )
    return as_map(node, {"enabled": enabled, "conditions": converted})


def _condition_name(node: ConfigNode) -> str | None:
    keys = entries_of(node)
    return next(iter(keys), None) if keys else (node.value if isinstance(node.value, str) else None)
