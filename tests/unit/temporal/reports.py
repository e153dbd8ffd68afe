"""Reports of runs, as large as one wants them."""

from __future__ import annotations

from mtf_core.market import Side, Timeframe
from mtf_core.records import ReportRecord
from mtf_core.records.reports import ErrorLine, Performance, ReportStatus, RunSummary, ValidatedSymbol
from mtf_core.validation.outcome import Outcome

STARTED_MS = 1_770_000_003_100


def report(ready: int = 0, errors: int = 0, reasons: int = 0, *, dry_run: bool = True) -> ReportRecord:
    """Of a run over `ready + errors` symbols with long names, in all timeframes."""
    timeframes = tuple(Timeframe)
    symbols = [f"A1000000CONTRACT{number:04d}USDT" for number in range(ready)]
    failed = [f"B1000000CONTRACT{number:04d}USDT" for number in range(errors)]
    return ReportRecord(
        run_id="3bdc1af3" + "0" * 24,
        profile="regular",
        dry_run=dry_run,
        status=ReportStatus.COMPLETED,
        exchange="sandbox",
        instant_ms=STARTED_MS,
        started_at_ms=STARTED_MS,
        finished_at_ms=STARTED_MS + 15_400,
        summary=RunSummary(ready + errors, ready + errors, ready, 0, 0, errors, 15.4, 1.0),
        summary_by_tf={timeframe: {Outcome.INVALID: 100, Outcome.LONG: 1} for timeframe in timeframes},
        rejected_by={f"a_reason_with_a_long_name_{number}": tuple(symbols) for number in range(reasons)},
        last_validated=tuple(
            ValidatedSymbol(symbol, Side.LONG, timeframes[number % len(timeframes)])
            for number, symbol in enumerate(symbols)
        ),
        errors=tuple(ErrorLine(symbol, "exchange_error", "it did not answer " * 30) for symbol in failed),
        performance=Performance(
            stages={"candles": 9.2, "decisions": 1.7, "universe": 1.6, "plans": 0.1},
            exchange_calls={"candles": 1350, "book": 38},
            timeframes_evaluated=timeframes,
            timeframes_reused=(),
        ),
    )
