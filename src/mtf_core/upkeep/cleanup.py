"""The purge of what is old: candles, runs with their decisions, the audit trail; by the settings' retention."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import DAY_MS
from mtf_core.ports import Environment
from mtf_core.records import AuditEvent
from mtf_core.settings.trading import RetentionSettings


@frozen
class Cleanup:
    """How much was deleted, or, of a dry run, how much would be."""

    candles: int
    runs: int
    audit_events: int
    dry_run: bool


async def cleanup(
    environment: Environment, retention: RetentionSettings, actor: str, *, dry_run: bool = True
) -> Cleanup:
    """Deletes what the retention does not keep of this venue, or counts it; a cleanup that deleted is audited.

    Ages are by the clock on the wall. Days of risk and switches are never touched.
    """
    store, now_ms = environment.stores.cleanup, environment.wall.now_ms()
    candles = runs = events = 0
    if retention.candles_per_series:
        candles = await store.purge_candles(retention.candles_per_series, dry_run=dry_run)
    if retention.runs_days or retention.runs_most:
        before_ms = now_ms - retention.runs_days * DAY_MS if retention.runs_days else None
        runs = await store.purge_runs(before_ms, retention.runs_most or None, dry_run=dry_run)
    if retention.audit_days:
        events = await store.purge_audit(now_ms - retention.audit_days * DAY_MS, dry_run=dry_run)
    if (candles or runs or events) and not dry_run:
        await store.give_back()
        details = {"candles": candles, "runs": runs, "audit_events": events}
        await environment.stores.audit.append([AuditEvent(now_ms, actor, "cleanup", "store", details)])
    return Cleanup(candles, runs, events, dry_run)
