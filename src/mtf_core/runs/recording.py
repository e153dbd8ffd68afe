"""What is stored of a run's findings: each symbol's record, and the zone events."""

from __future__ import annotations

from mtf_core.records import DecisionRecord, Performance, ZoneRecord
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.deciding import Decided, RunCache
from mtf_core.runs.entries import Entries, Entry
from mtf_core.runs.failures import SymbolFailure, alone
from mtf_core.runs.findings import Findings, failed
from mtf_core.runs.journal import decision_inputs, decision_record, zone_record
from mtf_core.runs.report import SymbolResult


def recorded(
    run: ActiveRun, cache: RunCache, findings: Findings
) -> tuple[dict[str, SymbolResult], list[DecisionRecord]]:
    """Each symbol's result and its record; one that cannot be recorded fails alone, and its failure is the record."""
    results, records = findings.results(), []
    for symbol, result in results.items():
        record = alone(lambda result=result: _record(run, cache, findings, result))  # type: ignore[misc]
        if isinstance(record, SymbolFailure):
            results[symbol] = failed(result, record)
            record = decision_record(run.run_id, results[symbol], None, None, cache.templates_digest)
        records.append(record)
    return results, records


def _record(run: ActiveRun, cache: RunCache, findings: Findings, result: SymbolResult) -> DecisionRecord:
    decided, entry = findings.decided, findings.entries.by_symbol.get(result.symbol)
    decision = decided.decision(result.symbol)
    planned = entry.planned if isinstance(entry, Entry) else None
    stacks = {**findings.entries.stacks, **decided.stacks}
    inputs = decision_inputs(decision, stacks, cache.digests, planned, decided.spreads_bps.get(result.symbol))
    return decision_record(run.run_id, result, decision, inputs, cache.templates_digest)


def zone_records(run: ActiveRun, entries: Entries) -> list[ZoneRecord]:
    """The zone event of every plan and every skip that got as far as a zone."""
    planned = [entry.planned for entry in entries.by_symbol.values() if isinstance(entry, Entry)]
    found = [zone_record(run.run_id, run.profile, one) for one in planned if one is not None]
    return [record for record in found if record is not None]


def performance_of(run: ActiveRun, decided: Decided) -> Performance:
    """Where the run's time went so far, and what it asked of the exchange."""
    return Performance(
        stages=dict(run.watch.seconds),
        exchange_calls=dict(run.exchange.calls),
        timeframes_evaluated=decided.evaluated,
        timeframes_reused=decided.reused,
        rate_limit_wait_seconds=run.exchange.waited_seconds,
    )
