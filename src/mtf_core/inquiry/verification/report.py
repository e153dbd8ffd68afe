"""The report, the columns and the results of a run say the same things several times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.records import DecisionRecord, ReportRecord, ResultRecord, RunRecord
from mtf_core.records.documents import to_document
from mtf_core.run_request import RunRequest

_COLUMNS = ("status", "reason", "side", "execution_timeframe", "decision_key")
"""What the columns of a decision tell of its result."""


def compare_with_report(
    run: RunRecord,
    report: ReportRecord,
    request: RunRequest | None,
    records: Sequence[DecisionRecord],
    checks: Checks,
) -> None:
    """Compares them all with one another; `request` None: it cannot be read."""
    reported, stored = report.results or {}, {record.symbol: record for record in records}
    for symbol in sorted({*reported, *stored}):
        if symbol not in stored:
            checks.note(Finding.RECORD_INCOMPLETE, symbol, "record", "in the report", "not in the store")
    results = {}
    for record in records:
        if record.unreadable is not None:
            checks.note(Finding.RECORD_UNREADABLE, record.symbol, "record", record.unreadable, "cannot be read")
        if record.result is not None:
            results[record.symbol] = record.result
            _compare_copies(record, record.result, reported.get(record.symbol), checks)
    if request is not None:
        _compare_with_request(request, stored, checks)
    if len(results) == len(records):  # else the counts of the report follow from nothing that can be read
        _compare_with_what_follows(run, report, results, checks)


def _compare_copies(
    record: DecisionRecord, result: ResultRecord, reported: ResultRecord | None, checks: Checks
) -> None:
    told = None if reported is None else to_document(reported)
    checks.compare(Finding.RECORD_CHANGED, record.symbol, "result", told, to_document(result))
    for name in _COLUMNS:
        value = getattr(result, name)
        found = None if value is None else str(value)
        checks.compare(Finding.RECORD_CHANGED, record.symbol, name, getattr(record, name), found)


def _compare_with_request(request: RunRequest, stored: Mapping[str, DecisionRecord], checks: Checks) -> None:
    """A run that was asked for symbols has these and no others; without any, the universe chose them."""
    asked = dict.fromkeys(request.symbols)
    most = len(asked) if request.limit is None else request.limit
    if asked and (not set(stored) <= set(asked) or len(stored) != min(len(asked), most)):
        checks.note(Finding.RECORD_CHANGED, None, "symbols", ", ".join(asked), ", ".join(sorted(stored)))


def _compare_with_what_follows(
    run: RunRecord, report: ReportRecord, results: Mapping[str, ResultRecord], checks: Checks
) -> None:
    """Counts, lists and heads of the report follow from the results and the run's own columns.

    The rest (where the time went, what the universe left out, carried candles, how many were chosen) the run alone
    knew; the seal covers it.
    """
    follows = ReportRecord.of(
        dict(sorted(results.items())),
        run_id=run.run_id,
        profile=run.profile,
        dry_run=run.dry_run,
        exchange=report.exchange,
        instant_ms=run.instant_ms,
        started_ms=run.started_ms,
        finished_ms=run.started_ms if run.finished_ms is None else run.finished_ms,
        requested=report.summary.requested,
        performance=report.performance,
        account_error=report.account_error,
        left_out=report.left_out or {},
        carried=report.carried_candles or {},
        candles_are_final=bool(report.candles_are_final),
    )
    recorded = to_document(evolve(report, results=None))
    # A report of an older version tells less: what it does not tell cannot be wrong.
    found = {name: part for name, part in to_document(follows).items() if name in recorded}
    checks.compare(Finding.RECORD_CHANGED, None, "", recorded, found)
