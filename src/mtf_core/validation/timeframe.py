"""One timeframe's verdict for many symbols, or for many candles of one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
from attrs import frozen

from mtf_core.features.table import FeatureTable
from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.axis import CandleAxis
from mtf_core.rules.capture import Captured, TraceTemplate
from mtf_core.rules.evaluate import Evaluator
from mtf_core.rules.ruleset import Filter, RuleSet
from mtf_core.rules.truth import FALSE, TRUE, Truth
from mtf_core.validation.compiled_profile import TimeframePart
from mtf_core.validation.outcome import Codes, Mask, Outcome, reason_code
from mtf_core.validation.readiness import ENOUGH, readiness

FILTERED = reason_code(Reason.FILTERS_MANDATORY_FAILED)
NO_CONFIG = reason_code(Reason.NO_CONFIG_FOR_TIMEFRAME)
BOTH_SIDES = reason_code(Reason.BOTH_SIDES_HOLD)


@frozen(eq=False)
class TimeframeVerdicts:
    """Outcomes and their reasons, int8 of shape (n_symbols, n_columns); the last column is the last closed candle.

    Where the outcome is INVALID or CONFLICT there is a reason, elsewhere there is none.

    `long`, `short` and `filters` hold the captured trees of the last column when a trace was asked for.
    """

    timeframe: Timeframe
    symbols: tuple[str, ...]
    first_open_ms: int
    last_open_ms: int
    outcomes: Codes
    reasons: Codes
    long: Captured | None = None
    short: Captured | None = None
    filters: tuple[Captured, ...] = ()

    def rows(self, symbols: Sequence[str]) -> TimeframeVerdicts:
        """The verdicts of some of the symbols."""
        if tuple(symbols) == self.symbols:
            return self
        index = {symbol: row for row, symbol in enumerate(self.symbols)}
        rows = [index[symbol] for symbol in symbols]
        return TimeframeVerdicts(
            self.timeframe,
            tuple(symbols),
            self.first_open_ms,
            self.last_open_ms,
            self.outcomes[rows],
            self.reasons[rows],
            self.long.rows(rows) if self.long else None,
            self.short.rows(rows) if self.short else None,
            tuple(captured.rows(rows) for captured in self.filters),
        )


def resolve_timeframe(
    rules: RuleSet,
    part: TimeframePart,
    tables: Mapping[Timeframe, FeatureTable],
    columns: int,
    pivot_timeframe: Timeframe,
    *,
    traced: bool,
) -> TimeframeVerdicts:
    """The verdict at each of the last `columns` candles of one timeframe."""
    timeframe = part.timeframe
    stack = tables[timeframe].stack
    program = part.program_over_all if columns == stack.count and not traced else part.program
    evaluator = Evaluator(CandleAxis(tables, timeframe, columns, pivot_timeframe), program=program)
    reasons = readiness(tables, timeframe, part.needs, columns)
    holds = {side: _truth(evaluator, template) for side, template in ((Side.LONG, part.long), (Side.SHORT, part.short))}
    if rules.filters_on(timeframe):
        filters = rules.filters_on(timeframe)
        true = [evaluator.truth(item.test) == TRUE for item in filters]
        filtered, passes = resolve_filters(filters, true, part.sides, evaluator.axis.shape)
        for side, passing in passes.items():
            holds[side] = np.minimum(holds[side], np.where(passing, TRUE, FALSE))
        reasons = np.where((reasons == ENOUGH) & filtered, FILTERED, reasons)
    if part.long is None and part.short is None:
        reasons = np.full(reasons.shape, NO_CONFIG)
    outcomes = (holds[Side.LONG] == TRUE).view(np.int8) * np.int8(Outcome.LONG)
    outcomes += (holds[Side.SHORT] == TRUE).view(np.int8) * np.int8(Outcome.SHORT)
    outcomes[reasons != ENOUGH] = np.int8(Outcome.INVALID)
    reasons = np.where(outcomes == Outcome.CONFLICT, BOTH_SIDES, reasons)
    return TimeframeVerdicts(
        timeframe,
        stack.symbols,
        stack.first_open_ms,
        stack.end_ms - timeframe.ms,
        outcomes,
        reasons,
        long=_captured(part.long, evaluator, traced),
        short=_captured(part.short, evaluator, traced),
        filters=tuple(template.capture(evaluator) for template in part.filters) if traced else (),
    )


def _truth(evaluator: Evaluator, template: TraceTemplate | None) -> Truth:
    """A side without rules never holds."""
    return np.full(evaluator.axis.shape, FALSE) if template is None else evaluator.truth(template.test)


def _captured(template: TraceTemplate | None, evaluator: Evaluator, traced: bool) -> Captured | None:
    return template.capture(evaluator) if traced and template is not None else None


def resolve_filters(
    filters: Sequence[Filter], holds: Sequence[Mask], sides: Collection[Side], shape: tuple[int, ...]
) -> tuple[Mask, dict[Side, Mask]]:
    """Where mandatory filters make the timeframe invalid, and where each side passes its own.

    `holds` says where each filter is true, `sides` which sides have rules. A filter for both sides must be true. One
    for a single side bars that side; where every side that has rules is barred, the timeframe is invalid, too.
    """
    valid = np.ones(shape, dtype=np.bool_)
    passes = {side: valid.copy() for side in Side}
    for item, true in zip(filters, holds, strict=True):
        if item.for_both_sides:
            valid &= true
            continue
        for side in item.sides:
            passes[side] &= true
    if any(not item.for_both_sides for item in filters):
        valid &= np.logical_or.reduce([passes[side] for side in sides])
    return ~valid, passes
