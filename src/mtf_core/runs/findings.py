"""What the stages of a run found, put together: one result for every symbol that was chosen."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, frozen

from mtf_core.market import Timeframe
from mtf_core.planning import Skip
from mtf_core.records import SymbolError, SymbolStatus, TimeframeResult
from mtf_core.runs.account import AccountSync
from mtf_core.runs.admission import Admission
from mtf_core.runs.deciding import Decided
from mtf_core.runs.entries import Entries, Entry
from mtf_core.runs.failures import SymbolFailure
from mtf_core.runs.report import SymbolResult
from mtf_core.runs.universe import Universe
from mtf_core.validation.decision import Decision
from mtf_core.validation.reached import last_timeframe


@frozen(eq=False)
class Findings:
    """The values that the stages of one run returned, in the order of the stages."""

    universe: Universe
    locked: Admission
    account: AccountSync
    admitted: Admission
    decided: Decided
    entries: Entries

    def results(self) -> dict[str, SymbolResult]:
        """Every chosen symbol's result, by name; a later stage has the last word."""
        results = {}
        for symbol, skip in {**self.locked.skipped, **self.admitted.skipped}.items():
            results[symbol] = _skipped(symbol, skip)
        for decision in self.decided.batch or ():
            results[decision.symbol] = result_of(decision)
        for symbol, failure in self.decided.failures.items():
            results[symbol] = failed(results.get(symbol, SymbolResult(symbol, SymbolStatus.ERROR)), failure)
        for symbol, entry in self.entries.by_symbol.items():
            results[symbol] = _entered(results[symbol], entry)
        return dict(sorted(results.items()))


def result_of(decision: Decision) -> SymbolResult:
    """A symbol's result as its decision leaves it, before any plan."""
    rules = decision.batch.compiled.profile.rules
    status = SymbolStatus.READY if decision.ready else SymbolStatus.INVALID
    return SymbolResult(
        decision.symbol,
        status,
        decision.reason,
        decision.side,
        decision.execution_timeframe,
        decision.key,
        decision.context,
        decision.context_skipped,
        _timeframes(decision, rules.context_timeframes),
        _timeframes(decision, rules.execution_timeframes),
        last_timeframe=last_timeframe(decision),
    )


def _timeframes(decision: Decision, timeframes: Sequence[Timeframe]) -> dict[Timeframe, TimeframeResult]:
    return {
        timeframe: TimeframeResult(
            *decision.verdict(timeframe),
            decision.missing(timeframe),
            decision.shortage(timeframe),
            decision.failed_filters(timeframe),
        )
        for timeframe in timeframes
    }


def _entered(result: SymbolResult, entry: Entry | Skip | SymbolFailure) -> SymbolResult:
    """The reason of a READY symbol's order becomes the symbol's final one."""
    match entry:
        case Skip():
            return _skipped(result.symbol, entry)
        case SymbolFailure():
            return failed(result, entry)
        case Entry():
            return evolve(result, reason=entry.order.reason, order=entry.order, plan=entry.plan)


def _skipped(symbol: str, skip: Skip) -> SymbolResult:
    """The symbol is not evaluated, or no longer this run's."""
    return SymbolResult(symbol, SymbolStatus.SKIPPED, skip.reason)


def failed(result: SymbolResult, failure: SymbolFailure) -> SymbolResult:
    """The symbol fails alone, under its name; what was found of it so far stays."""
    error = SymbolError(failure.code, failure.message)
    return evolve(result, status=SymbolStatus.ERROR, reason=failure.reason, error=error, order=None)
