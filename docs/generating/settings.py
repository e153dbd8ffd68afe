"""The page on settings: every key of every configuration file, and the environment."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin

from attrs import NOTHING, Attribute, Factory, fields, has
from docs.generating.markdown import code, codes, page, table

from mtf_core.market import Timeframe
from mtf_core.search.settings import SearchSettings
from mtf_core.settings.alerts import AlertSettings
from mtf_core.settings.contracts import ContractSettings
from mtf_core.settings.fields import Setting, setting_of
from mtf_core.settings.indicators import IndicatorSettings
from mtf_core.settings.refused import REFUSED_CONTRACT_KEYS, REFUSED_INDICATOR_KEYS, REFUSED_VALIDATION_KEYS
from mtf_core.settings.replay import ReplaySettings
from mtf_core.settings.structure import file_key, setting_types
from mtf_core.settings.trade_entry import TradeEntrySettings
from mtf_core.settings.trade_entry_refused import REFUSED_KEYS
from mtf_core.settings.trading import PROFILE_ALIASES, TradingSettings
from mtf_core.settings.validation import ValidationHeader
from mtf_entrypoints.temporal.plan import KEYS
from mtf_entrypoints.temporal.requests import REQUEST_KEYS

_SCALARS = {bool: "true or false", int: "whole number", Decimal: "number", float: "number", str: "text"}
_HEAD = ("key", "type", "unit", "allowed", "default", "effect")
_INTRODUCTION = """
A configuration folder holds `trading.yaml` and `app/` with the other files. `mtf config show` prints the values in
effect with their origin, `mtf config check` everything that is wrong. Every
key either has an effect or is refused. `_pct` is a ratio (0.01 = 1 %), `_percent` a percent, `_bps` basis points
(0.01 %). `<timeframe>` is one of `1m 5m 15m 1h 4h 1d`.
"""
_RULES = (
    ("rules.<name>", "a rule", "a name for a test; it may replace a built-in condition of that name"),
    ("filters_mandatory", "a list of rules", "must be true on a timeframe before its sides are looked at"),
    ("filters_mandatory.long, .short", "a list of rules", "the same for one side"),
    ("filters_mandatory[].on", "`context` or `execution`", "beside `rule`: limits a filter to those timeframes"),
    ("filters_mandatory[].timeframes", "a list of timeframes", "beside `rule`: limits a filter to these"),
    ("validation.timeframe.<timeframe>.long, .short", "a list of rules", "all must be true for the side to hold"),
    (
        "execution_selector.per_timeframe.<timeframe>.stay_on_if",
        "a list of rules",
        "all true: selected, if a candidate",
    ),
    (
        "execution_selector.per_timeframe.<timeframe>.drop_to_lower_if_any",
        "a list of rules",
        "otherwise, one true: the next lower timeframe is looked at",
    ),
    (
        "execution_selector.per_timeframe.<timeframe>.forbid_drop_to_lower_if_any",
        "a list of rules",
        "one true or unknown: it is not",
    ),
    ("execution_selector.allow_1m_only_for.enabled", "true or false", "whether 1m needs one of the conditions"),
    ("execution_selector.allow_1m_only_for.conditions", "a list of rules", "one must be true for 1m to be selected"),
)
_SCHEDULES = """
When a Temporal server starts what; `mtf schedules` checks and applies it. Lengths of time look like 30s, 5m, 2h, 1d.
"""
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+=\S*")
_ALERTS = "When `mtf alerts watch` calls a person; a folder without this file has the defaults."
_REPLAY = "What `mtf replay` assumes of the exchange; a folder without this file has the defaults."
_SPACE = """
What `mtf search` is given: a file of your own, wherever it is. `vary` is a map of paths of the profile, like
`trade_entry.defaults.atr_k` or `mtf_validations.validation.timeframe.5m.long[3].rsi_bullish`, each with a list of
values or a range `{from: …, to: …, step: …}`.
[How to search without fooling yourself](../how-to/search-without-fooling-yourself.md).
"""
_ENVIRONMENT = "Variables of the environment win over a file `.env` in the current folder; options win over both."


def _schedule_rows() -> Iterator[tuple[str, str]]:
    for key, effect in KEYS.items():
        yield code(f"schedules[].{key}"), effect
    for key, effect in REQUEST_KEYS.items():
        yield code(f"schedules[].request.{key}"), effect


def settings_page(example_environment: Path) -> str:
    return page(
        "Settings",
        _INTRODUCTION,
        _chapter("app/mtf_validations.<profile>.yaml", "Which symbols a profile may trade, on which side.", _rules()),
        _chapter(
            "app/trade_entry.yaml, app/trade_entry.<profile>.yaml",
            "How a decision becomes an order plan; the profile's file holds what differs.",
            table(_HEAD, rows_of(TradeEntrySettings)),
            REFUSED_KEYS,
        ),
        _chapter(
            "app/mtf_contracts.yaml, app/mtf_contracts.<profile>.yaml",
            "Which contracts a run looks at when it is given no symbols.",
            table(_HEAD, rows_of(ContractSettings)),
            REFUSED_CONTRACT_KEYS,
        ),
        _chapter(
            "app/indicator.yaml",
            "How features are computed.",
            table(_HEAD, rows_of(IndicatorSettings)),
            REFUSED_INDICATOR_KEYS,
        ),
        _chapter("trading.yaml", _profiles_share(), table(_HEAD, rows_of(TradingSettings))),
        _chapter("app/alerts.yaml", _ALERTS, table(_HEAD, rows_of(AlertSettings))),
        _chapter("app/replay.yaml", _REPLAY, table(_HEAD, rows_of(ReplaySettings))),
        _chapter("SPACE.yaml", _SPACE, table(_HEAD, rows_of(SearchSettings))),
        _chapter("temporal.yaml", _SCHEDULES, table(("key", "effect"), _schedule_rows())),
        f"## Environment\n\n{_ENVIRONMENT}\n\n{_variables(example_environment)}",
    )


def _chapter(title: str, text: str, body: str, refused: Mapping[str, str] | None = None) -> str:
    parts = [f"## {title}", text, body]
    if refused:
        rows = ((code(key), reason) for key, reason in refused.items())
        parts.append("Keys of older files that are refused:\n\n" + table(("key", "why, and what to write"), rows))
    return "\n\n".join(parts)


def _profiles_share() -> str:
    aliases = ", ".join(f"{code(other)} is {code(own)}" for other, own in PROFILE_ALIASES.items())
    return f"What all profiles share. Another name of a profile: {aliases}."


def _rules() -> str:
    header = table(_HEAD, rows_of(ValidationHeader))
    rules = table(("key", "type", "effect"), ((codes(key.split(", ")), kind, text) for key, kind, text in _RULES))
    refused = table(("key", "why, and what to write"), ((code(k), why) for k, why in REFUSED_VALIDATION_KEYS.items()))
    language = "The forms of a rule: [the rule language](../rules.md)."
    return f"{header}\n\n{language}\n\n{rules}\n\nKeys of older files that are refused:\n\n{refused}"


def rows_of(settings: type, path: str = "") -> Iterator[tuple[str, ...]]:
    """One row per key of a settings class, sections opened up."""
    for attribute in fields(settings):
        key = f"{path}{file_key(attribute)}"
        wanted = setting_types(settings)[attribute.name]
        section, suffix = _section(wanted, setting_of(attribute))
        if section is not None:
            if suffix:
                kind = "list" if suffix == "[]" else "map"
                yield code(key), kind, "", "", _default(attribute), setting_of(attribute).doc
            yield from rows_of(section, f"{key}{suffix}.")
        else:
            yield _row(key, wanted, attribute)


def _below(wanted: Any, described: Setting) -> str:
    """How the keys of a map are shown."""
    return f".<{described.keys}>" if get_args(wanted)[0] is str else ".<timeframe>"


def _section(wanted: Any, described: Setting) -> tuple[type | None, str]:
    """The settings class behind a type, and how a key leads into it."""
    options = [one for one in get_args(wanted) if has(one)]
    if has(wanted) or (get_origin(wanted) is UnionType and options):
        return options[0] if options else wanted, ""
    if get_origin(wanted) is dict and has(get_args(wanted)[1]):
        return get_args(wanted)[1], _below(wanted, described)
    if get_origin(wanted) is tuple and has(get_args(wanted)[0]):
        return get_args(wanted)[0], "[]"
    return None, ""


def _row(key: str, wanted: Any, attribute: Attribute[Any]) -> tuple[str, ...]:
    described = setting_of(attribute)
    suffix = _below(wanted, described) if get_origin(wanted) is dict else ""
    return code(key + suffix), _kind(wanted), described.unit, described.bounds(), _default(attribute), described.doc


def _kind(wanted: Any) -> str:
    arguments = [one for one in get_args(wanted) if one not in (NoneType, Ellipsis)]
    match get_origin(wanted):
        case builtins.tuple:
            return f"list: {_kind(arguments[0])}"
        case builtins.dict:
            return _kind(arguments[1])
        case None if issubclass(wanted, Enum):
            return "timeframe" if wanted is Timeframe else codes(member.value for member in wanted)
        case None:
            return _SCALARS[wanted]
        case _:  # X | None
            return _kind(arguments[0])


def _default(attribute: Attribute[Any]) -> str:
    value: Any = attribute.default
    if value is NOTHING:
        return "required"
    if isinstance(value, Factory):  # type: ignore[arg-type]
        value = value.factory()
    if value is None or value in ({}, ()):
        return "none"
    return code(str(value).lower() if isinstance(value, bool) else value)


def _variables(example: Path) -> str:
    """The paragraphs of the example: each a comment, then one or more variables."""
    rows = []
    for paragraph in example.read_text().split("\n\n"):
        lines = [line.removeprefix("#").strip() for line in paragraph.splitlines()]
        names = [line for line in lines if _VARIABLE.fullmatch(line)]
        text = " ".join(line for line in lines if line not in names)
        if names:
            variables = dict.fromkeys(line.partition("=")[0] for line in names)
            rows.append((codes(variables), text, codes(line for line in names if line.partition("=")[2])))
    return table(("variable", "meaning", "for example"), rows)
