"""The documents that the routes answer with, as schemas; from the core's types wherever a document has their fields."""

from __future__ import annotations

from collections.abc import Mapping

from litestar.openapi.spec import Schema

from mtf_core.inquiry import Difference, HealthCheck
from mtf_core.inquiry.atr import AtrRow
from mtf_core.inquiry.blockers import Blocker
from mtf_core.inquiry.feature_health import FeatureHealth
from mtf_core.inquiry.holdings import Owner
from mtf_core.inquiry.success import LastReady
from mtf_core.inquiry.trade_statistics import TradeGroup
from mtf_core.inquiry.why_over_time import Change, InTheWay, Ready, Stopped
from mtf_core.inquiry.zones import OPEN
from mtf_core.market import FillCause, Gap, MarginMode, OrderKind, OrderState, OrderType, TriggerPrice
from mtf_core.orders import AlarmKind, AskedKind, EntryState, EventKind, ExitReason, PositionState
from mtf_core.orders.evidence import StopFault
from mtf_core.planning import EndSource, OrderPlan, PlanCosts, ZoneCategory, ZoneEnd, ZoneEvent
from mtf_core.planning.outcome import Step, Supervision, TakeProfit
from mtf_core.reasons import Reason, Stage
from mtf_core.records import (
    OrderOutcome,
    OrderStatus,
    ProcessKind,
    ProcessState,
    ReportStatus,
    RunStatus,
    SymbolError,
    SymbolStatus,
    Vitality,
)
from mtf_core.records.counts import ShortSeries
from mtf_core.risk import AccountCondition, OpeningSource, Span
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
_IDS = {"client_order_id": TEXT, "order_id": TEXT}
"""Of an order that was sent."""
_RESULT = record(
    {
        **_HEAD,
        "last_timeframe": optional(TIMEFRAME),
        "context": _BY_TIMEFRAME,
        "execution": _BY_TIMEFRAME,
    },
    {
        "context_skipped": FLAG,
        "order": record({"status": choice(tuple(OrderStatus)), "reason": optional(_REASON), "facts": _TEXTS}, _IDS),
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
    },
    _IDS,
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

_TARGET = record({"price": DECIMAL, "share": NUMBER})
_PLAN_OF_INTENT = record(
    {
        "profile": TEXT,
        "run_id": TEXT,
        **dict.fromkeys(("size", "filled", "entry_price", "first_stop", "stop_price"), DECIMAL),
        "targets": array(_TARGET),
        "entry_state": choice(tuple(EntryState)),
        "first_fill_at": optional(INSTANT),
    }
)
_POSITION = record(
    {
        "symbol": SYMBOL,
        "side": SIDE,
        **dict.fromkeys(("size", "ours", "foreign", "entry_price"), DECIMAL),
        **dict.fromkeys(("mark_price", "liquidation_price"), optional(DECIMAL)),
        "leverage": DECIMAL,
        "margin_mode": choice(tuple(MarginMode)),
        "unrealised_usdt": DECIMAL,
        "r_now": optional(NUMBER),
        "stop_price": optional(DECIMAL),
        "stop_by": optional(choice(tuple(TriggerPrice))),
        "stop_size": optional(said(DECIMAL, "null: the whole position, or no stop")),
        "stop_since": optional(INSTANT),
        "stop_fault": optional(choice(tuple(StopFault))),
        "targets": array(record({"price": DECIMAL, "size": optional(DECIMAL), "filled": DECIMAL})),
        "opened_at": optional(INSTANT),
        "decision_key": optional(TEXT),
        "state": optional(choice(tuple(PositionState))),
        "plan": optional(reference("PlanOfIntent")),
    }
)
_REQUEST: Mapping[str, AnySchema] = {
    "number": COUNT,
    "symbol": SYMBOL,
    "kind": choice(tuple(AskedKind)),
    "values": _TEXTS,
    "actor": TEXT,
    "asked_at": INSTANT,
    "outcome": said(TEXT, "what became of it; empty: nothing yet"),
}
_LIVE_ORDER = record(
    {
        "symbol": SYMBOL,
        "order_id": TEXT,
        "client_order_id": TEXT,
        "owner": choice(tuple(Owner)),
        "purpose": TEXT,
        "decision_key": optional(TEXT),
        "kind": choice(tuple(OrderKind)),
        "side": SIDE,
        "size": optional(said(DECIMAL, "null: the whole position")),
        "filled": DECIMAL,
        "price": optional(DECIMAL),
        "trigger_price": optional(DECIMAL),
        "trigger_by": optional(choice(tuple(TriggerPrice))),
        "reduce_only": FLAG,
        "state": choice(tuple(OrderState)),
        "created_at": optional(INSTANT),
    }
)
_TRADE = record(
    {
        "decision_key": TEXT,
        "symbol": SYMBOL,
        "side": SIDE,
        "profile": TEXT,
        "run_id": TEXT,
        "execution_timeframe": TIMEFRAME,
        **dict.fromkeys(("planned_size", "size", "closed_size", "contract_size"), DECIMAL),
        **dict.fromkeys(("planned_entry", "planned_stop"), DECIMAL),
        **dict.fromkeys(("entry_price", "exit_price"), optional(DECIMAL)),
        **dict.fromkeys(("net_usdt", "gross_usdt", "fees_usdt", "funding_usdt"), DECIMAL),
        **dict.fromkeys(("r_net", "r_gross"), optional(NUMBER)),
        **dict.fromkeys(("entry_slippage", "entry_slippage_usdt"), optional(DECIMAL)),
        **dict.fromkeys(("exit_slippage", "exit_slippage_usdt"), optional(DECIMAL)),
        **{
            f"{which}_{name}": optional(DECIMAL if name == "price" else NUMBER)
            for which in ("mfe", "mae")
            for name in ("price", "percent", "r")
        },
        "opened_at": optional(INSTANT),
        "closed_at": INSTANT,
        "holding_seconds": optional(NUMBER),
        "exit_reason": optional(choice(tuple(ExitReason))),
        "booked_by_hand": FLAG,
        "note": TEXT,
    }
)
_INTENT = record(
    {
        "decision_key": TEXT,
        "symbol": SYMBOL,
        "side": SIDE,
        "profile": TEXT,
        "run_id": TEXT,
        "entry_state": choice(tuple(EntryState)),
        "state": choice(tuple(PositionState)),
        "is_live": FLAG,
        **dict.fromkeys(("size", "filled", "held", "leverage", "entry_price", "first_stop", "stop_price"), DECIMAL),
        "targets": array(_TARGET),
        "attempts": array(
            record(
                {
                    "number": COUNT,
                    "order_type": choice(tuple(OrderType)),
                    "price": optional(DECIMAL),
                    "size": DECIMAL,
                    "filled": DECIMAL,
                    "order_id": TEXT,
                    "client_order_id": TEXT,
                    "created_at": INSTANT,
                    "sent_at": optional(INSTANT),
                    "accepted_at": optional(INSTANT),
                }
            )
        ),
    }
)
_LIFECYCLE_EVENT = record(
    {
        "number": COUNT,
        "kind": choice(tuple(EventKind)),
        "attempt": COUNT,
        "at": said(INSTANT, "by the exchange's time"),
        "noted_at": said(INSTANT, "by the program's"),
        "run_id": TEXT,
        "details": _TEXTS,
    }
)
_EXECUTION = record(
    {
        "fill_id": TEXT,
        "order_id": TEXT,
        "at": INSTANT,
        "opens": FLAG,
        **dict.fromkeys(("price", "size", "fee_usdt", "profit_usdt"), DECIMAL),
        "is_maker": FLAG,
        "cause": choice(tuple(FillCause)),
    }
)
_TOTALS = record(
    {
        **dict.fromkeys(("trades", "won", "lost"), COUNT),
        "win_rate": optional(NUMBER),
        **dict.fromkeys(("net_usdt", "gross_usdt", "fees_usdt", "funding_usdt", "won_usdt", "lost_usdt"), DECIMAL),
        **dict.fromkeys(("best_usdt", "worst_usdt", "expectancy_usdt"), optional(DECIMAL)),
        "expectancy_r": optional(NUMBER),
        "profit_factor": optional(NUMBER),
        "slippage_usdt": DECIMAL,
        "average_holding_seconds": optional(NUMBER),
        "booked_by_hand": COUNT,
    }
)

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
    "PlanOfIntent": _PLAN_OF_INTENT,
    "Trade": _TRADE,
    "Intent": _INTENT,
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
_EXACT_OR_NONE = optional(DECIMAL)
_SPAN = record(
    {
        "start": INSTANT,
        "baseline_usdt": DECIMAL,
        "baseline_source": choice(tuple(OpeningSource)),
        **dict.fromkeys(("realised_usdt", "unrealised_usdt", "result_usdt"), DECIMAL),
        "limit_usdt": _EXACT_OR_NONE,
        "forgiven_usdt": DECIMAL,
        **dict.fromkeys(("left_usdt", "loss_if_stopped_usdt", "left_for_entries_usdt"), _EXACT_OR_NONE),
    }
)
_RISK_LOCK = record(
    {
        "profile": TEXT,
        "span": choice(tuple(Span)),
        "start": optional(INSTANT),
        "end": optional(INSTANT),
        "holds": FLAG,
        "loss": DECIMAL,
        "baseline_usdt": DECIMAL,
        "locked_at": INSTANT,
        "lifted_at": optional(INSTANT),
        "forgiven_usdt": DECIMAL,
    }
)
RISK = record(
    {
        "now": INSTANT,
        "profile": TEXT,
        "account_error": optional(TEXT),
        "refused_by": array(_REASON),
        "standing": record({"condition": choice(tuple(AccountCondition)), "since": optional(INSTANT), "why": TEXT}),
        "kill_switch_on": FLAG,
        "supervisor": optional(record({"owner": TEXT, "heard_at": INSTANT, "read_at": INSTANT})),
        "day": optional(_SPAN),
        "week": optional(_SPAN),
        "lost_in_a_row": COUNT,
        "open": optional(
            record(
                {
                    **dict.fromkeys(("symbols", "long", "short"), COUNT),
                    **dict.fromkeys(("notional_usdt", "loss_at_stops_usdt"), _EXACT_OR_NONE),
                }
            )
        ),
        "limits": record(
            {
                **dict.fromkeys(("max_consecutive_losses", "max_concurrent_positions", "max_same_side"), COUNT),
                **dict.fromkeys(("max_symbol_notional_usdt", "max_notional_usdt"), DECIMAL),
            }
        ),
        "locks": array(_RISK_LOCK),
    }
)
LOCKS_LIFTED = record({"profile": TEXT, "lifted": array(_RISK_LOCK)})
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
        "ordered": record(
            {"is_of_decision": FLAG, "intent": reference("Intent"), "trade": optional(reference("Trade"))}
        ),
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
WHY_OVER_TIME = record(
    {
        **{"from": optional(INSTANT), "to": optional(INSTANT), "symbols": array(SYMBOL), "profile": optional(TEXT)},
        "runs": COUNT,
        "newest_run_at": optional(INSTANT),
        "answers": array(
            record(
                {
                    "symbol": SYMBOL,
                    "decisions": COUNT,
                    "ready": COUNT,
                    "first_at": optional(INSTANT),
                    "last_at": optional(INSTANT),
                    "stopped_by": array(of_attrs(Stopped)),
                    "conditions": array(of_attrs(InTheWay)),
                    "last_ready": optional(of_attrs(Ready)),
                    "sentence": optional(TEXT),
                    "run_id": optional(TEXT),
                    "run_before": optional(TEXT),
                    "changes": array(of_attrs(Change)),
                }
            )
        ),
    }
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
_SELECTION: Mapping[str, AnySchema] = {
    "from": optional(INSTANT),
    "to": optional(INSTANT),
    "symbols": optional(array(SYMBOL)),
    "timeframes": optional(array(TIMEFRAME)),
    "profile": optional(TEXT),
}
BLOCKERS = record(
    {
        **_SELECTION,
        "first_at": optional(INSTANT),
        "last_at": optional(INSTANT),
        **dict.fromkeys(("runs", "symbols_decided", "decisions", "passed"), COUNT),
        **dict.fromkeys(("runs_with_conditions", "runs_without_conditions"), COUNT),
        "rows": array(of_attrs(Blocker)),
    }
)
SUCCESSES = record({**_SELECTION, "newest_run_at": optional(INSTANT), "rows": array(of_attrs(LastReady))})
ATR_STATISTICS = record({**_SELECTION, "rows": array(of_attrs(AtrRow))})
FEATURES_HEALTH = record(
    {**_SELECTION, "runs": COUNT, "runs_without_features": COUNT, "rows": array(of_attrs(FeatureHealth))}
)
TRADE_STATISTICS = record(
    {**_SELECTION, "trades": COUNT, "unreadable": array(TEXT), "rows": array(of_attrs(TradeGroup))}
)
ZONE_STATISTICS = record(
    {
        **_SELECTION,
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
_PROCESS = record(
    {
        "kind": choice(tuple(ProcessKind)),
        "state": choice(tuple(ProcessState)),
        "since": said(INSTANT, "since when it is in that state, by the store's clock"),
        "started_at": INSTANT,
        "age_seconds": said(NUMBER, "how long ago it was last heard of"),
        "vitality": said(choice(tuple(Vitality)), "late after 15 s, gone after 60 s"),
    }
)
ALIVE = record({"ok": FLAG, "processes": optional(array(_PROCESS))})
_READ: Mapping[str, AnySchema] = {
    "read_at": said(INSTANT, "when the exchange showed this, by its time"),
    "supervised_at": optional(said(INSTANT, "the supervisor's last sign of life")),
}
POSITIONS = record(
    {
        **_READ,
        "equity_usdt": DECIMAL,
        "available_usdt": DECIMAL,
        "positions": array(_POSITION),
        "waiting": array(
            record(
                {
                    "symbol": SYMBOL,
                    "decision_key": TEXT,
                    "side": SIDE,
                    "entry_state": choice(tuple(EntryState)),
                    "state": choice(tuple(PositionState)),
                    "plan": reference("PlanOfIntent"),
                }
            )
        ),
        "asked": array(record(_REQUEST)),
    }
)
ORDERS = record({**_READ, "orders": array(_LIVE_ORDER)})
TRADES = record(
    {
        "symbol": optional(SYMBOL),
        "profile": optional(TEXT),
        "since": optional(INSTANT),
        "trades": array(reference("Trade")),
        "totals": _TOTALS,
        "unreadable": array(TEXT),
    }
)
STORY = record(
    {
        "decision_key": TEXT,
        "symbol": SYMBOL,
        "intent": optional(reference("Intent")),
        "events": array(_LIFECYCLE_EVENT),
        "fills": array(_EXECUTION),
        "trade": optional(reference("Trade")),
    }
)
ALARMS = record(
    {
        "alarms": array(
            record(
                {
                    "kind": choice(tuple(AlarmKind)),
                    "subject": TEXT,
                    "text": TEXT,
                    "at": INSTANT,
                    "raised_at": INSTANT,
                    "ended_at": optional(said(INSTANT, "null: it stands")),
                }
            )
        )
    }
)
EXECUTED = record({"decision_key": TEXT, "run_id": TEXT, "order": of_attrs(OrderOutcome, facts=_TEXTS)})
BY_HAND = record(
    {**_REQUEST, "done": FLAG, "supervised": said(FLAG, "whether a supervisor was heard of lately; else nobody acts")}
)
WITHDRAWN = record({"symbol": SYMBOL, "requests": array(record(_REQUEST))})
TARGETS = record(
    {
        "symbol": SYMBOL,
        "targets": array(record({"r": NUMBER, "price": DECIMAL, "share": NUMBER, "size": DECIMAL})),
        "stop_price": optional(said(DECIMAL, "null: it stays")),
    }
)
TARGETS_SET = Schema(any_of=[BY_HAND, TARGETS], description="what was asked, or the preview")
