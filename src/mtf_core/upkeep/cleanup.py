"""The purge of what is old: candles, runs with their decisions, the audit trail; by the settings' retention."""

from __future__ import annotations

from attrs import asdict, frozen

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
    keys: int
    documents: int
    locks: int
    """Keys of clients, documents and names of locks to which no stored run refers."""
    processes: int
    alerts: int
    """Processes that are gone and alerts that ended, a day ago or longer."""
    dry_run: bool

    @property
    def words(self) -> tuple[str, ...]:
        """How much of each: `5 candles`, `2 runs`; leftovers where there are some."""
        always = (("candles", self.candles), ("runs", self.runs), ("audit events", self.audit_events))
        leftovers = (
            ("unused keys", self.keys),
            ("unused documents", self.documents),
            ("unused locks", self.locks),
            ("dead processes", self.processes),
            ("ended alerts", self.alerts),
        )
        told = [*always, *((name, count) for name, count in leftovers if count)]
        return tuple(f"{count} {name}" for name, count in told)

    @property
    def anything(self) -> bool:
        leftovers = (self.keys, self.documents, self.locks, self.processes, self.alerts)
        return any((self.candles, self.runs, self.audit_events, *leftovers))


async def cleanup(
    environment: Environment, retention: RetentionSettings, actor: str, *, dry_run: bool = True
) -> Cleanup:
    """Deletes what the retention does not keep of this venue, or counts it; a cleanup that deleted is audited.

    What the runs that went leave behind goes with them, once it is a day old: keys, documents, names of locks. So do
    processes that died and alerts that ended. Ages are by the clock on the wall. Days of risk and switches are never
    touched.
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
    left = await store.purge_leftovers(now_ms - DAY_MS, dry_run=dry_run)
    counts = (left.keys, left.documents, left.locks, left.processes, left.alerts)
    done = Cleanup(candles, runs, events, *counts, dry_run)
    if done.anything and not dry_run:
        await store.give_back()
        details = {name: count for name, count in asdict(done).items() if name != "dry_run"}
        await environment.stores.audit.append([AuditEvent(now_ms, actor, "cleanup", "store", details)])
    return done
