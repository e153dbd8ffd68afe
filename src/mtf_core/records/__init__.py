"""What the stores keep, as values: versioned types, each with one codec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_core.records.alerts import AlertRecord, Message, Phase, Receipt
    from mtf_core.records.audit import AuditEvent
    from mtf_core.records.codec import UnreadableRecordError
    from mtf_core.records.counts import RunCounts, RunTally
    from mtf_core.records.inputs import CandleRange, DecisionInputs, PlanInputs
    from mtf_core.records.intents import action_from_plain, action_to_plain, intent_from_plain, intent_to_plain
    from mtf_core.records.json import Json, JsonObject
    from mtf_core.records.kept import CandleFloor, KeptRuns
    from mtf_core.records.keys import KeyedRun
    from mtf_core.records.leftovers import Leftovers
    from mtf_core.records.marks import RunMarks
    from mtf_core.records.page import Page
    from mtf_core.records.plans import PlanRecord, TargetRecord
    from mtf_core.records.processes import (
        LATE_MS,
        ProcessKind,
        ProcessRecord,
        ProcessState,
        RunningProcess,
        Vitality,
        present,
    )
    from mtf_core.records.reports import LeftOut, Performance, ReportRecord, ReportStatus, RunSummary
    from mtf_core.records.results import (
        OrderOutcome,
        OrderStatus,
        ResultRecord,
        SymbolError,
        SymbolStatus,
        TimeframeResult,
    )
    from mtf_core.records.runs import DecisionRecord, RunRecord, RunStatus
    from mtf_core.records.seal import Seal, SealCheck
    from mtf_core.records.selection import Selection
    from mtf_core.records.shards import Opening, ShardDone, ShardPart
    from mtf_core.records.tallies import Ending, EndingTally, SymbolDecision
    from mtf_core.records.traces import TraceRecord
    from mtf_core.records.zones import ZoneRecord, ZoneTally

__all__ = [
    "LATE_MS",
    "AlertRecord",
    "AuditEvent",
    "CandleFloor",
    "CandleRange",
    "DecisionInputs",
    "DecisionRecord",
    "Ending",
    "EndingTally",
    "Json",
    "JsonObject",
    "KeptRuns",
    "KeyedRun",
    "LeftOut",
    "Leftovers",
    "Message",
    "Opening",
    "OrderOutcome",
    "OrderStatus",
    "Page",
    "Performance",
    "Phase",
    "PlanInputs",
    "PlanRecord",
    "ProcessKind",
    "ProcessRecord",
    "ProcessState",
    "Receipt",
    "ReportRecord",
    "ReportStatus",
    "ResultRecord",
    "RunCounts",
    "RunMarks",
    "RunRecord",
    "RunStatus",
    "RunSummary",
    "RunTally",
    "RunningProcess",
    "Seal",
    "SealCheck",
    "Selection",
    "ShardDone",
    "ShardPart",
    "SymbolDecision",
    "SymbolError",
    "SymbolStatus",
    "TargetRecord",
    "TimeframeResult",
    "TraceRecord",
    "UnreadableRecordError",
    "Vitality",
    "ZoneRecord",
    "ZoneTally",
    "action_from_plain",
    "action_to_plain",
    "intent_from_plain",
    "intent_to_plain",
    "present",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "alerts": "AlertRecord Message Phase Receipt",
            "audit": "AuditEvent",
            "codec": "UnreadableRecordError",
            "counts": "RunCounts RunTally",
            "inputs": "CandleRange DecisionInputs PlanInputs",
            "intents": "action_from_plain action_to_plain intent_from_plain intent_to_plain",
            "json": "Json JsonObject",
            "kept": "CandleFloor KeptRuns",
            "keys": "KeyedRun",
            "leftovers": "Leftovers",
            "marks": "RunMarks",
            "page": "Page",
            "plans": "PlanRecord TargetRecord",
            "processes": ("LATE_MS ProcessKind ProcessRecord ProcessState RunningProcess Vitality present"),
            "reports": "LeftOut Performance ReportRecord ReportStatus RunSummary",
            "results": "OrderOutcome OrderStatus ResultRecord SymbolError SymbolStatus TimeframeResult",
            "runs": "DecisionRecord RunRecord RunStatus",
            "seal": "Seal SealCheck",
            "selection": "Selection",
            "shards": "Opening ShardDone ShardPart",
            "tallies": "Ending EndingTally SymbolDecision",
            "traces": "TraceRecord",
            "zones": "ZoneRecord ZoneTally",
        },
    )
