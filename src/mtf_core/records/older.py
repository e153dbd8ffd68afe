"""Records as older versions stored them, in today's words.

Version 1 kept results, inputs and traces as JSON, one row for each symbol. Its results and reports, and those of the
first blocks, told less, and some of it under other names.

Configurations are kept under the digest of their content, whatever their keys were called then; they are read with
the names that the keys have now, and their digests stay those of what is stored.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mtf_core.market import Side, Timeframe, parse_instant, to_ms
from mtf_core.reasons import Reason
from mtf_core.records.codec import UnreadableRecordError, from_plain
from mtf_core.records.documents import from_document
from mtf_core.records.inputs import CandleRange, DecisionInputs, PlanInputs
from mtf_core.records.json import JsonObject
from mtf_core.records.reports import ReportRecord
from mtf_core.records.results import ResultRecord
from mtf_core.records.traces import TimeframeRecord, TraceRecord, TreeRecord
from mtf_core.rules.truth import FALSE, NAMES, TRUE, UNKNOWN
from mtf_core.settings.renamed import (
    RENAMED_CONTRACT_KEYS,
    RENAMED_CONTRACT_VALUES,
    RENAMED_TRADE_ENTRY_KEYS,
    NewName,
)
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.verdicts import ContextVerdict, SelectorVerdict

_TRUTHS = {"t": TRUE, "f": FALSE, "u": UNKNOWN}
_TRUTH_BY_NAME = {name: value for value, name in NAMES.items()}
_WRONG_VALUES = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)


def result_of(document: Any) -> ResultRecord:
    """The result that a document is of, whichever version wrote it; raises `UnreadableRecordError`."""
    if not isinstance(document, Mapping):
        raise UnreadableRecordError(f"result: {document!r} is no result")
    try:
        current = {"last_timeframe": None, **document}
        if isinstance(current.get("plan"), Mapping):
            current["plan"] = _current_plan(current["plan"])
        return from_document(current, ResultRecord)
    except (UnreadableRecordError, *_WRONG_VALUES) as error:
        raise UnreadableRecordError(f"result: {error or type(error).__name__}") from error


def _current_plan(document: Mapping[str, Any]) -> dict[str, Any]:
    """A plan with today's names."""
    plan: dict[str, Any] = {"zone_event": None, **document}
    if "order_mode" in plan:
        mode = plan.pop("order_mode")
        plan |= {"post_only": mode == "maker_only", "time_in_force": "gtc" if mode == "maker_only" else mode}
    if "open_type" in plan:
        plan["margin_mode"] = plan.pop("open_type")
    if "hard_time_stop_min" in plan.get("supervision", ()):
        terms = dict(plan["supervision"])
        plan["supervision"] = terms | {"hard_time_stop_minutes": terms.pop("hard_time_stop_min")}
    return plan


def report_of(document: Any) -> ReportRecord:
    """The report that a document is of, whichever version wrote it; its results, where it holds them, are left out.

    Raises `UnreadableRecordError`.
    """
    if not isinstance(document, Mapping):
        raise UnreadableRecordError(f"report: {document!r} is no report")
    current = {name: part for name, part in document.items() if name != "results"}
    orders = current.get("orders_placed")
    if isinstance(orders, Mapping) and "count" in orders:
        del current["orders_placed"]  # version 1 counted none, and its plans tell the orders
    try:
        return from_document(current, ReportRecord)
    except UnreadableRecordError as error:
        raise UnreadableRecordError(f"report: {error}") from error


def inputs_of_version_1(document: Mapping[str, Any]) -> DecisionInputs | None:
    """What a decision was made from; None for a symbol that was not decided. Raises `UnreadableRecordError`."""
    if not document:
        return None
    try:
        candles = {Timeframe(name): _candle_range(one) for name, one in document["candles"].items()}
        at_ms, spread = document["at_ms"], document.get("spread_bps")
        return DecisionInputs(at_ms, candles, spread, _plan_inputs(document) if "facts" in document else None)
    except _WRONG_VALUES as error:
        raise UnreadableRecordError(f"inputs: {error or type(error).__name__}") from error


def _candle_range(document: Mapping[str, Any]) -> CandleRange:
    first, last, recursive = (_ms(document[name]) for name in ("first_open", "last_open", "recursive_from"))
    return CandleRange(first, last, recursive, document["count"], document["sha256"])


def _plan_inputs(document: Mapping[str, Any]) -> PlanInputs:
    contract = {
        RENAMED_CONTRACT_VALUES[name].path if name in RENAMED_CONTRACT_VALUES else name: value
        for name, value in document["contract"].items()
    }
    contract["status"] = contract["status"].lower()
    facts, symbol = document["facts"], contract["symbol"]
    plain = {
        "book": {"symbol": symbol, **facts["book"]},
        "mark": facts["mark"] and {"symbol": symbol, **facts["mark"]},
        "available_balance": facts["available_balance"],
        "balance_time_ms": facts["balance_time_ms"],
        "valid_timeframes": facts["valid_timeframes"],
        "contract": contract,
        "planned_at_ms": document["planned_at_ms"],
    }
    return from_plain(plain, PlanInputs)


def trace_of_version_1(document: Mapping[str, Any]) -> TraceRecord | None:
    """The whole tree; None for a symbol that was not decided. Raises `UnreadableRecordError`."""
    if not document:
        return None
    try:
        context = document["context"]
        return TraceRecord(
            templates=document["templates"],
            symbol=document["symbol"],
            at_ms=_ms(document["at"]),
            reason=_reason(document["reason"]),
            side=_side(document["side"]),
            execution_timeframe=Timeframe(document["execution_timeframe"]) if document["execution_timeframe"] else None,
            context=None if context is None else ContextVerdict(_side(context["side"]), _reason(context["reason"])),
            timeframes={Timeframe(name): _timeframe(one) for name, one in document["timeframes"].items()},
            selection=tuple(_step(one) for one in document["selection"]),
        )
    except _WRONG_VALUES as error:
        raise UnreadableRecordError(f"trace: {error or type(error).__name__}") from error


def _timeframe(document: Mapping[str, Any]) -> TimeframeRecord:
    return TimeframeRecord(
        _ms(document["open"]),
        Outcome[document["outcome"]],
        _reason(document["reason"]),
        tuple(_tree(one) for one in document["filters"]),
        None if document["long"] is None else _tree(document["long"]),
        None if document["short"] is None else _tree(document["short"]),
    )


def _tree(document: Mapping[str, Any]) -> TreeRecord:
    values = [math.nan if value is None else float(value) for value in document["values"]]
    return TreeRecord(
        np.array([_TRUTHS[letter] for letter in document["truths"]], np.int8), np.array(values, np.float64)
    )


def _step(document: Mapping[str, Any]) -> SelectorVerdict:
    return SelectorVerdict(
        Timeframe(document["timeframe"]),
        Step[document["step"]],
        document["candidate"],
        *(_TRUTH_BY_NAME[document[group]] for group in ("stay", "drop", "forbid")),
    )


def _ms(text: str) -> int:
    return to_ms(parse_instant(text))


def _reason(text: str | None) -> Reason | None:
    return None if text is None else Reason(text)


def _side(text: str | None) -> Side | None:
    return None if text is None else Side(text)


_LARGEST_HOLE = "no_trade_largest_hole_minutes"
_ANY_HOLE_MINUTES = 1440
"""Before there was a largest hole, any was filled; this is the largest that is allowed now."""


def current_content(content: JsonObject) -> dict[str, Any]:
    """The content of a stored configuration with the names that its keys have now."""
    current: dict[str, Any] = dict(content)
    for document, renamed in (("trade_entry", RENAMED_TRADE_ENTRY_KEYS), ("mtf_contracts", RENAMED_CONTRACT_KEYS)):
        if isinstance(current.get(document), Mapping):
            current[document] = _renamed(current[document], renamed)
    trading = current.get("trading")
    if isinstance(trading, Mapping) and trading.get("no_trade") and _LARGEST_HOLE not in trading:
        current["trading"] = {**trading, _LARGEST_HOLE: _ANY_HOLE_MINUTES}
    return current


def _renamed(document: Mapping[str, Any], renamed: Mapping[str, NewName]) -> dict[str, Any]:
    found: dict[str, Any] = _copied(document)
    for path, name in renamed.items():
        *sections, key = path.split(".")
        section = _section(found, sections)
        if section is None or key not in section:
            continue
        value = section.pop(key)
        if key == "order_mode":
            _put(found, "defaults.post_only", value == "maker_only")
            value = "gtc" if value == "maker_only" else value
        _put(found, name.path, value)
    filters = _section(found, ["selection", "filters"])
    if filters is not None and isinstance(filters.get("status"), str):
        filters["status"] = filters["status"].lower()
    return found


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return value


def _section(document: dict[str, Any], path: Sequence[str]) -> dict[str, Any] | None:
    section: Any = document
    for key in path:
        section = section.get(key) if isinstance(section, dict) else None
    return section if isinstance(section, dict) else None


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *sections, key = path.split(".")
    section = document
    for name in sections:
        section = section.setdefault(name, {})
    section.setdefault(key, value)
