"""JSON documents that the command line and the HTTP service share, beside those of the core."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from attrs import asdict, fields

from mtf_core.execution.by_hand import ByHand
from mtf_core.features.listing import ListedFeature
from mtf_core.inquiry import HealthCheck, Indicators
from mtf_core.inquiry.holdings import request_to_json
from mtf_core.market import Timeframe, format_instant
from mtf_core.orders.hand import Preview
from mtf_core.planning import OrderPlan, PlanOutcome
from mtf_core.ports import HeldBy, Request
from mtf_core.records import AuditEvent, ProcessRecord, RunRecord
from mtf_core.records.documents import plan_to_json, skip_to_json, to_document
from mtf_core.risk import QueuedSymbol, Switch
from mtf_core.rules.catalogue import CONDITIONS
from mtf_core.rules.conditions.condition import Condition, Parameter
from mtf_core.runs.executing import Executed
from mtf_core.upkeep import Cleanup, ContractSync
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import decision_to_json, timeframe_to_json


def indicators_to_json(found: Indicators) -> dict[str, Any]:
    """Feature values of one candle, and the candles that each rests on; a missing value is null."""
    values = {name: value if math.isfinite(value) else None for name, value in found.values.items()}
    return {
        "symbol": found.symbol,
        "timeframe": str(found.timeframe),
        "candle_open": format_instant(found.open_ms),
        "candle_close": format_instant(found.open_ms + found.timeframe.ms),
        "values": values,
        "missing": [name for name, value in values.items() if value is None],
        "history": {name: reading.history.to_json() for name, reading in found.readings.items()},
    }


def features_to_json(features: Sequence[ListedFeature]) -> list[dict[str, Any]]:
    """The features that there are."""
    return [
        {
            "name": feature.name,
            "definition": feature.definition,
            "unit": str(feature.unit),
            "values": feature.values.value,
            "history": {
                name: {"candles": need.candles, "since_day_start": need.session} for name, need in feature.needs
            },
            "of_pivot_timeframe": feature.of_pivot_timeframe,
        }
        for feature in features
    ]


def plan_outcome_to_json(outcome: PlanOutcome) -> dict[str, Any]:
    """A plan, or why there is none."""
    if isinstance(outcome, OrderPlan):
        return {"status": "planned", "plan": plan_to_json(outcome)}
    return {"status": "skipped", **skip_to_json(outcome)}


def explanation_to_json(decision: Decision, timeframe: Timeframe | None) -> dict[str, Any]:
    """The whole trace of a decision, or one timeframe's part of it."""
    if timeframe is None:
        return decision_to_json(decision.trace)
    verdict = decision.timeframe(timeframe)
    return {
        "symbol": decision.symbol,
        "at": format_instant(decision.at_ms),
        "timeframe": str(timeframe),
        **timeframe_to_json(verdict),
    }


def evaluated_timeframes(decision: Decision) -> tuple[Timeframe, ...]:
    """The timeframes that a decision has a verdict of."""
    return tuple(decision.batch.verdicts)


def catalogue_to_json(conditions: Sequence[Condition] = tuple(CONDITIONS.values())) -> list[dict[str, Any]]:
    """The built-in conditions with their parameters."""
    return [
        {
            "name": condition.name,
            "family": str(condition.family),
            "side": str(condition.side) if condition.side else None,
            "summary": condition.summary,
            "selector_only": condition.metrics_only,
            "parameters": [_parameter_to_json(parameter) for parameter in condition.parameters],
        }
        for condition in conditions
    ]


def _parameter_to_json(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "kind": str(parameter.kind),
        "default": parameter.default,
        "unit": parameter.unit,
        "allowed": str(parameter.bounds),
        "aliases": list(parameter.aliases),
        "main": parameter.main,
        "doc": parameter.doc,
    }


def health_to_json(checks: Sequence[HealthCheck]) -> dict[str, Any]:
    """Each dependency's health, and whether all are well."""
    return {
        "ok": all(check.ok for check in checks),
        "checks": [
            {"name": check.name, "ok": check.ok, "detail": check.detail, "seconds": check.seconds} for check in checks
        ],
    }


def process_to_json(record: ProcessRecord) -> dict[str, Any]:
    """A process, as anybody may know it: neither where it runs nor on whose account."""
    return {
        "kind": record.process.kind.value,
        "state": record.state.value,
        "since": format_instant(record.since_ms),
        "started_at": format_instant(record.started_ms),
        "age_seconds": round(record.age_ms / 1000, 1),
        "vitality": record.vitality.value,
    }


def lock_to_json(lock: HeldBy) -> dict[str, Any]:
    """A lock, its owner, and until when it is theirs unless renewed."""
    return {"name": lock.name, "owner": lock.owner, "expires_at": format_instant(lock.expires_at_ms)}


def switch_to_json(switch: Switch, now_ms: int) -> dict[str, Any]:
    """A switch; `off` says whether it is off at the instant, its expiry considered."""
    return {
        "key": switch.key,
        "on": switch.on,
        "off": switch.is_off(now_ms),
        "until": None if switch.until_ms is None else format_instant(switch.until_ms),
        "reason": switch.reason,
        "changed_at": format_instant(switch.changed_ms),
    }


def queued_to_json(queued: QueuedSymbol) -> dict[str, Any]:
    """A symbol that the next run looks at, and who asked for it."""
    return {"symbol": queued.symbol, "queued_at": format_instant(queued.queued_ms), "actor": queued.actor}


def audit_event_to_json(event: AuditEvent) -> dict[str, Any]:
    """One line of the audit trail."""
    return {
        "time": format_instant(event.time_ms),
        "actor": event.actor,
        "action": event.action,
        "subject": event.subject,
        "details": event.details,
    }


def contract_sync_to_json(done: ContractSync) -> dict[str, Any]:
    """What a synchronisation of contracts changed."""
    return {
        "count": done.count,
        "added": list(done.added),
        "removed": list(done.removed),
        "changed": [
            {
                "symbol": change.symbol,
                "facet": str(change.facet),
                "before": dict(change.before),
                "after": dict(change.after),
            }
            for change in done.changed
        ],
        "synced_at": format_instant(done.synced_ms),
    }


def run_to_json(run: RunRecord, *, whole: bool) -> dict[str, Any]:
    """A stored run: the whole of it, or its summary alone."""
    document: dict[str, Any] = {
        item.name: getattr(run, item.name) for item in fields(RunRecord) if not item.name.endswith("_ms")
    }
    del document["report"]
    if run.unreadable is None:
        del document["unreadable"]
    document["status"] = str(run.status)
    document["instant"] = format_instant(run.instant_ms)
    document["started_at"] = format_instant(run.started_ms)
    document["finished_at"] = None if run.finished_ms is None else format_instant(run.finished_ms)
    document["summary"] = None if run.report is None else to_document(run.report.summary)
    if whole:
        document["report"] = None if run.report is None else to_document(run.report)
    else:
        document.pop("request")
    return document


def cleanup_to_json(done: Cleanup) -> dict[str, Any]:
    """How much a cleanup deleted, or would delete."""
    return asdict(done)


def by_hand_to_json(done: ByHand) -> dict[str, Any]:
    """What an operator asked, what became of it, and whether anybody is there to do it."""
    return {**request_to_json(done.request), "done": done.is_done, "supervised": done.is_supervised}


def withdrawn_to_json(symbol: str, requests: Sequence[Request]) -> dict[str, Any]:
    """What was asked of a symbol and is taken back, each with its outcome."""
    return {"symbol": symbol, "requests": [request_to_json(request) for request in requests]}


def executed_to_json(executed: Executed) -> dict[str, Any]:
    """What became of a stored plan that was to be placed."""
    return {
        "decision_key": executed.decision_key,
        "run_id": executed.run_id,
        "order": to_document(executed.order),
    }


def targets_to_json(symbol: str, preview: Preview) -> dict[str, Any]:
    """Targets as they would be set; a stop of null stays where it is."""
    return {
        "symbol": symbol,
        "targets": [
            {"r": float(r), "price": f"{target.price:f}", "share": float(target.share), "size": f"{size:f}"}
            for target, r, size in zip(preview.targets, preview.r, preview.sizes, strict=True)
        ],
        "stop_price": None if preview.stop is None else f"{preview.stop:f}",
    }
