"""What is stored of a run: each symbol's decision with its inputs and its trace, and how it stood to the entry zone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from weakref import WeakKeyDictionary

import numpy as np
from attrs import define, field

from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.market.candles import COLUMNS
from mtf_core.planning import entry_terms, zone_outcome
from mtf_core.records import CandleRange, DecisionInputs, DecisionRecord, PlanInputs, TraceRecord, ZoneRecord
from mtf_core.runs.planner import Planned
from mtf_core.runs.report import SymbolResult
from mtf_core.settings.profile import Profile
from mtf_core.validation.decision import Decision


@define(eq=False)
class RangeDigests:
    """Digests of the candles that decisions rest on; each row of a stack is digested once."""

    _known: WeakKeyDictionary[CandleStack, dict[str, CandleRange]] = field(factory=WeakKeyDictionary)

    def of(self, stack: CandleStack, symbol: str) -> CandleRange:
        """The range of one symbol's candles in a stack."""
        known = self._known.setdefault(stack, {})
        if symbol not in known:
            known[symbol] = candle_range(stack, stack.symbols.index(symbol))
        return known[symbol]


def candle_range(stack: CandleStack, row: int) -> CandleRange:
    """A row's window with the SHA-256 of its columns (float64, little-endian, NaN where a candle is missing)."""
    digest = hashlib.sha256()
    for name in COLUMNS:
        digest.update(np.ascontiguousarray(getattr(stack, name)[row], dtype="<f8").tobytes())
    return CandleRange(
        first_open_ms=stack.first_open_ms,
        last_open_ms=stack.end_ms - stack.timeframe.ms,
        recursive_from_ms=stack.first_open_ms + stack.lead * stack.timeframe.ms,
        count=int(np.isfinite(stack.close[row]).sum()),
        digest=digest.hexdigest(),
        carried=stack.carried[row] if stack.carried else 0,
    )


def decision_inputs(
    decision: Decision | None,
    stacks: Mapping[Timeframe, CandleStack],
    digests: RangeDigests,
    planned: Planned | None,
    spread_bps: float | None,
) -> DecisionInputs | None:
    """Everything that the decision and the plan were made from; None where nothing was decided."""
    if decision is None:
        return None
    ranges = {
        timeframe: digests.of(stack, decision.symbol)
        for timeframe, stack in stacks.items()
        if decision.symbol in stack.symbols
    }
    return DecisionInputs(decision.at_ms, ranges, spread_bps, _plan_inputs(planned) if planned is not None else None)


def _plan_inputs(planned: Planned) -> PlanInputs:
    facts = planned.facts
    return PlanInputs(
        book=facts.book,
        mark=facts.mark,
        available_balance=facts.available_balance,
        balance_time_ms=facts.balance_time_ms,
        valid_timeframes=facts.valid_timeframes,
        contract=planned.contract,
        planned_at_ms=planned.now_ms,
    )


def decision_record(
    run_id: str,
    result: SymbolResult,
    decision: Decision | None,
    inputs: DecisionInputs | None,
    templates_digest: str,
) -> DecisionRecord:
    """A symbol's record; symbols that were never evaluated have no trace."""
    return DecisionRecord(
        run_id=run_id,
        symbol=result.symbol,
        status=str(result.status),
        reason=str(result.reason) if result.reason else None,
        side=str(result.side) if result.side else None,
        execution_timeframe=str(result.execution_timeframe) if result.execution_timeframe else None,
        decision_key=result.decision_key,
        result=result.record,
        inputs=inputs,
        trace=TraceRecord.of(decision, templates_digest) if decision is not None else None,
    )


def zone_record(run_id: str, profile: Profile, planned: Planned) -> ZoneRecord | None:
    """The zone event of a plan or a skip, open unless the book tells its outcome; None where no zone was drawn."""
    event = planned.outcome.zone_event
    if event is None:
        return None
    terms = entry_terms(event, planned.facts.book, planned.contract.tick_size, profile.trade_entry)
    at_once = zone_outcome(event, terms, Candles.empty(Timeframe.M1), event.at_ms)
    return ZoneRecord(run_id, profile.name, event, terms, at_once)
