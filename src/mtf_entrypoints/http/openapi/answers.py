"""The documents that the routes answer with, as schemas; from the core's types wherever a document has their fields."""

from __future__ import annotations

from collections.abc import Mapping

from litestar.openapi.spec import Schema

from mtf_core.inquiry import Difference, HealthCheck
from mtf_core.inquiry.zones import OPEN
from mtf_core.market import Gap
from mtf_core.planning import EndSource, OrderPlan, PlanCosts, ZoneCategory, ZoneEnd, ZoneEvent
from mtf_core.planning.outcome import Step, Supervision, TakeProfit
from mtf_core.reasons import Reason, Stage
from mtf_core.records import (
    OrderOutcome,
    OrderStatus,
    ReportStatus,
    RunStatus,
    SymbolError,
    SymbolStatus,
)
from mtf_core.records.counts import ShortSeries
from mtf_core.settings.trade_entry import EndOfZoneSettings
from mtf_core.upkeep import ContractSync
from mtf_core.upkeep.cleanup import Cleanup
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.value_history import ValueHistory
from mtf_entrypoints.http.openapi.schemas import (
    ANYTHING,
    COUNT,
    DECIMAL,
    FLAG,
    INSTANT,
    NUMBER,
    SIDE,
    SYMBOL,
    TEXT,
    TIMEFRAME,
    AnySchema,
    array,
    choice,
    mapping,
    of_attrs,
    optional,
    record,
    reference,
    said,
)

_REASON = choice(tuple(Reason))
_OUTCOME = choice([outcome.name for outcome in Outcome])
_TEXTS = mapping(TEXT)
_BY_TIMEFRAME = mapping(reference("TimeframeResult"))

_SHOWN = Schema(any_of=[TEXT, FLAG, COUNT])
"""A value of a step: an exact number or a word as text, a count, or true or false."""
_STEP = of_attrs(Step, inputs=mapping(_SHOWN), value=_SHOWN)
_ZONE_EVENT = of_attrs(
    ZoneEvent,
    deviation=NUMBER,
    allowed=NUMBER,
    width_ratio=NUMBER,
    atr_ratio=optional(NUMBER),
    spread_ratio=NUMBER,
    volume_ratio=optional(NUMBER),
)
_PLAN = of_attrs(
    OrderPlan,
    take_profits=array(of_attrs(TakeProfit, share=NUMBER, r=NUMBER, net_r=NUMBER)),
    costs=of_attrs(PlanCosts, net_r=NUMBER, break_even_win_rate=NUMBER),
    zone_event=optional(reference("ZoneEvent")),
    supervision=of_attrs(
        Supervision,
        hard_time_stop_minutes=optional(NUMBER),
        end_of_zone=optional(of_attrs(EndOfZoneSettings, enabled=None, max_spread_bps=NUMBER, max_slippage_bps=NUMBER)),
    ),
    steps=array(reference("Step")),
)
_GAP = of_attrs(Gap)
_SHORTAGE = of_attrs(CandleShortage, hole=optional(_GAP))
_LACKS: Mapping[str, AnySchema] = {"shortage": reference("CandleShortage"), "failed_filters": array(TEXT)}
"""What made a timeframe invalid; only where it is."""
_TIMEFRAME_RESULT = record({"outcome": _OUTCOME, "reason": optional(_REASON), "missing": array(TEXT)}, _LACKS)
_HEAD: Mapping[str, AnySchema] = {
    "status": choice(tuple(SymbolStatus)),
    "reason": optional(_REASON),
    "side": optional(SIDE),
    "execution_timeframe": optional(TIMEFRAME),
    "decision_key": optional(TEXT),
}
_RESULT = record(
    {
        **_HEAD,
        "last_timeframe": optional(TIMEFRAME),
        "context": _BY_TIMEFRAME,
        "execution": _BY_TIMEFRAME,
    },
    {
        "context_skipped": FLAG,
        "order": of_attrs(OrderOutcome, facts=_TEXTS),
        "plan": reference("OrderPlan"),
        "error": of_attrs(SymbolError),
    },
)
_SUMMARY = record(
    {
        **dict.fromkeys(("requested", "processed", "ready", "invalid", "skipped", "errors"), COUNT),
        "seconds": NUMBER,
        "success_rate": NUMBER,
    }
)
_ORDER = record(
    {
        "symbol": SYMBOL,
        "status": choice(tuple(OrderStatus)),
        "decision_key": TEXT,
        "execution_timeframe": TIMEFRAME,
        "side": SIDE,
        "order_type": TEXT,
        "entry_price": DECIMAL,
        "stop_price": DECIMAL,
        "size": DECIMAL,
        "leverage": COUNT,
    }
)
_REPORT = record(
    {
        "run_id": TEXT,
        "profile": TEXT,
        "dry_run": FLAG,
        "status": choice(tuple(ReportStatus)),
        "exchange": TEXT,
        "instant": INSTANT,
        "started_at": INSTANT,
        "finished_at": INSTANT,
        "summary": reference("RunSummary"),
        "results": mapping(reference("SymbolResult")),
        "ready_rate": NUMBER,
        "summary_by_tf": mapping(mapping(COUNT)),
        "symbols_by_tf": mapping(array(SYMBOL)),
        "rejected_by": mapping(array(SYMBOL)),
        "left_out": mapping(record({"reason": _REASON, "facts": _TEXTS})),
        "carried_candles": mapping(COUNT),
        "candles_are_final": FLAG,
        "last_validated": array(record({"symbol": SYMBOL, "side": SIDE, "timeframe": TIMEFRAME})),
        "orders_placed": record(
            {
                **dict.fromkeys(("total", "submitted", "simulated", "refused"), COUNT),
                "orders": array(_ORDER),
            }
        ),
        "errors": array(record({"symbol": optional(SYMBOL), "code": TEXT, "message": TEXT})),
        "performance": record(
            {
                "stages": mapping(NUMBER),
                "exchange_calls": mapping(COUNT),
                "rate_limit_wait_seconds": NUMBER,
                "timeframes_evaluated": array(TIMEFRAME),
                "timeframes_reused": array(TIMEFRAME),
            }
        ),
    }
)
_RUN = record(
    {
        "run_id": TEXT,
        "profile": TEXT,
        "dry_run": FLAG,
        "status": choice(tuple(RunStatus)),
        "config_digest": TEXT,
        "code_version": TEXT,
        "instant": INSTANT,
        "started_at": INSTANT,
        "finished_at": optional(INSTANT),
        "summary": optional(reference("RunSummary")),
    },
    {"request": mapping(ANYTHING), "report": optional(reference("RunReport")), "unreadable": TEXT},
)
_HISTORIES = mapping(of_attrs(ValueHistory))
"""The candles that each value rests on, by its name."""
_TRACE = mapping(ANYTHING)
"""Trees as deep as the rules; docs/rules.md describes them."""
_TIMEFRAME_TRACE: Mapping[str, AnySchema] = {
    "open": INSTANT,
    "outcome": _OUTCOME,
    "reason": optional(_REASON),
    "missing": array(TEXT),
    "filters": array(_TRACE),
    "filter_sides": array(TEXT),
    "long": optional(_TRACE),
    "short": optional(_TRACE),
    "history": _HISTORIES,
}
_SOMETIMES: Mapping[str, AnySchema] = {**_LACKS, "carried": COUNT}
"""What a timeframe lacked, and how many of its candles carry the close before them."""
_DECISION: Mapping[str, AnySchema] = {
    "symbol": SYMBOL,
    "at": INSTANT,
    **_HEAD,
    "context": record({"skipped": FLAG}, {"side": optional(SIDE), "reason": optional(_REASON)}),
    "timeframes": mapping(record(_TIMEFRAME_TRACE, _SOMETIMES)),
    "selection": array(_TRACE),
}
_BLOCKING = record(
    {"timeframe": TIMEFRAME, "tree": TEXT, "condition": TEXT, **dict.fromkeys(("blocks", "decides", "admits"), COUNT)}
)
_LOCK = record({"name": TEXT, "owner": TEXT, "expires_at": INSTANT})
_AUDIT_EVENT = record({"time": INSTANT, "actor": TEXT, "action": TEXT, "subject": TEXT, "details": mapping(ANYTHING)})

_SWITCH = record(
    {"key": TEXT, "on": FLAG, "off": FLAG, "until": optional(INSTANT), "reason": TEXT, "changed_at": INSTANT}
)
_QUEUED = record({"symbol": SYMBOL, "queued_at": INSTANT, "actor": TEXT})

COMPONENTS: Mapping[str, Schema] = {
    "Problem": record(
        {"type": TEXT, "title": TEXT, "status": COUNT, "detail": TEXT},
        {"errors": array(record({"field": TEXT, "message": TEXT})), "run_id": TEXT},
    ),
    "Step": _STEP,
    "OrderPlan": _PLAN,
    "ZoneEvent": _ZONE_EVENT,
    "CandleShortage": _SHORTAGE,
    "TimeframeResult": _TIMEFRAME_RESULT,
    "SymbolResult": _RESULT,
    "RunSummary": _SUMMARY,
    "RunReport": _REPORT,
    "Run": _RUN,
    "Decision": record(_DECISION),
    "Blocking": _BLOCKING,
    "Lock": _LOCK,
    "AuditEvent": _AUDIT_EVENT,
    "Switch": _SWITCH,
    "QueuedSymbol": _QUEUED,
}
"""Schemas that others refer to by name."""

REPORT, RUN = reference("RunReport"), reference("Run")
NEXT = optional(TEXT)
STATUS = record(
    {
        "version": TEXT,
        "exchange": TEXT,
        "market_type": TEXT,
        "world": TEXT,
        "now": INSTANT,
        "contracts_synced_at": optional(INSTANT),
        "runs": array(RUN),
        "next": NEXT,
        "locks": array(reference("Lock")),
    }
)
LOCKS = record({"now": INSTANT, "locks": array(reference("Lock"))})
AUDIT = record({"events": array(reference("AuditEvent")), "next": NEXT})
SWITCH, QUEUED, LOCK = reference("Switch"), reference("QueuedSymbol"), reference("Lock")
SWITCHES = record(
    {
        "now": INSTANT,
        "kill_switch_on": FLAG,
        "switches": array(SWITCH),
        "next": NEXT,
        "queued": array(QUEUED),
    }
)
CONTRACTS_SYNCED = of_attrs(ContractSync, synced=None, synced_at=INSTANT)
_LEFT_OUT = record({"status": choice(("LEFT_OUT",)), "reason": _REASON, "facts": _TEXTS})
WHY = record(
    {
        "run_id": TEXT,
        "profile": TEXT,
        "instant": INSTANT,
        "symbol": SYMBOL,
        "sentence": TEXT,
        "remedies": array(TEXT),
        "reason": optional(said(TEXT, "a reason code; one that is not listed was stored by another version")),
        "stage": optional(choice(tuple(Stage))),
        "meaning": optional(TEXT),
        "result": optional(Schema(any_of=[reference("SymbolResult"), _LEFT_OUT])),
    },
    {
        "trace": reference("Decision"),
        "zone": record(
            {
                "category": choice(tuple(ZoneCategory)),
                "deviation_percent": NUMBER,
                "end": optional(choice(tuple(ZoneEnd))),
                "source": optional(choice(tuple(EndSource))),
                "ended_at": optional(INSTANT),
            }
        ),
    },
)
FUNNEL = record(
    {
        "profile": optional(TEXT),
        "runs": COUNT,
        "first_instant": INSTANT,
        "last_instant": INSTANT,
        "stages": array(
            record({"stage": choice(tuple(Stage)), "reached": COUNT, "passed": COUNT, "stopped_by": mapping(COUNT)})
        ),
        "short_of_candles": array(of_attrs(ShortSeries, reason=TEXT)),
        "conditions": array(reference("Blocking")),
        "most_blocking": optional(reference("Blocking")),
        "most_admitting": optional(reference("Blocking")),
        "unknown_reasons": mapping(COUNT),
        "runs_without_conditions": COUNT,
    }
)
_PERCENTILES = record(dict.fromkeys(("p50", "p80", "p90"), NUMBER))
_ZONE_ENDS = record(dict.fromkeys((*map(str, ZoneEnd), OPEN), COUNT))
_ZONE_GROUP = record(
    {
        "symbol": optional(SYMBOL),
        "timeframe": TIMEFRAME,
        "events": COUNT,
        "deviation_percent": _PERCENTILES,
        "deviation_bps": _PERCENTILES,
        "categories": record(dict.fromkeys(map(str, ZoneCategory), COUNT)),
        "entries": _ZONE_ENDS,
        "refused": _ZONE_ENDS,
        "minutes_to_fill": optional(_PERCENTILES),
    }
)
ZONE_STATISTICS = record(
    {
        "since": optional(INSTANT),
        "until": optional(INSTANT),
        "symbols": optional(array(SYMBOL)),
        "timeframe": optional(TIMEFRAME),
        "profile": optional(TEXT),
        "events": COUNT,
        "first_at": optional(INSTANT),
        "last_at": optional(INSTANT),
        "by_timeframe": array(_ZONE_GROUP),
        "by_symbol": array(_ZONE_GROUP),
        "suggestions": array(
            record(
                {
                    "profile": TEXT,
                    "setting": TEXT,
                    "refused": COUNT,
                    "would_have_filled": COUNT,
                    "allowed": NUMBER,
                    "suggested": NUMBER,
                    "text": TEXT,
                }
            )
        ),
    }
)
VERIFICATION = record(
    {
        "run_id": TEXT,
        "profile": TEXT,
        "ok": FLAG,
        "recorded_with": TEXT,
        "verified_with": TEXT,
        "decisions": COUNT,
        "plans": COUNT,
        "differences": array(of_attrs(Difference)),
    }
)
INDICATORS = record(
    {
        "symbol": SYMBOL,
        "timeframe": TIMEFRAME,
        "candle_open": INSTANT,
        "candle_close": INSTANT,
        "values": mapping(optional(NUMBER)),
        "missing": array(TEXT),
        "history": _HISTORIES,
    }
)
CONDITIONS = record(
    {
        "conditions": array(
            record(
                {
                    "name": TEXT,
                    "family": TEXT,
                    "side": optional(TEXT),
                    "summary": TEXT,
                    "selector_only": FLAG,
                    "parameters": array(
                        record(
                            {
                                "name": TEXT,
                                "kind": TEXT,
                                "default": ANYTHING,
                                "unit": TEXT,
                                "allowed": TEXT,
                                "aliases": array(TEXT),
                                "main": FLAG,
                                "doc": TEXT,
                            }
                        )
                    ),
                }
            )
        )
    }
)
EXPLANATION = Schema(
    any_of=[
        reference("Decision"),
        record({"symbol": SYMBOL, "at": INSTANT, "timeframe": TIMEFRAME, **_TIMEFRAME_TRACE}, _SOMETIMES),
    ]
)
PLAN_OUTCOME = record(
    {"status": choice(("planned", "skipped"))},
    {
        "plan": reference("OrderPlan"),
        "reason": _REASON,
        "facts": _TEXTS,
        "zone_event": optional(reference("ZoneEvent")),
        "steps": array(reference("Step")),
    },
)
CLEANUP = of_attrs(Cleanup)
HEALTH = record({"ok": FLAG, "checks": array(of_attrs(HealthCheck))})
ALIVE = record({"ok": FLAG})
