"""Deciding over history: every minute (or every candle of the finest timeframe) of one symbol at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from html import escape

import numpy as np
from attrs import frozen

from mtf_core.features.carrying import Indices, carried_codes
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Side, Timeframe, format_instant
from mtf_core.market.candles import Floats
from mtf_core.planning.facts import FactRole
from mtf_core.reasons import Reason
from mtf_core.rules.axis import InstantAxis, home_timeframe
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.outcome import REASONS, Codes, Mask, Outcome
from mtf_core.validation.readiness import GAPS, TOO_FEW
from mtf_core.validation.resolve import DecideOptions, resolve_instants
from mtf_core.validation.selection import NONE_SELECTED
from mtf_core.validation.timeframe import resolve_timeframe


@frozen(eq=False, repr=False)
class Signals:
    """Decisions at every close of the finest timeframe, oldest first; arrays of shape (n_instants,).

    `sides` are outcome codes (1 long, 2 short, 0 none), `chosen` indexes `execution` (−1 none), `reasons` indexes
    the reason codes (0: READY).
    """

    symbol: str
    instants_ms: Indices
    execution: tuple[Timeframe, ...]
    sides: Codes
    chosen: Codes
    reasons: Codes
    outcomes: Mapping[Timeframe, Codes]

    def __len__(self) -> int:
        return len(self.instants_ms)

    @property
    def ready(self) -> Mask:
        return np.equal(self.reasons, 0)

    def reason(self, index: int) -> Reason | None:
        return REASONS[int(self.reasons[index])]

    def side(self, index: int) -> Side | None:
        """The side that was decided, or that the context had where execution failed."""
        return Outcome(int(self.sides[index])).side

    def execution_timeframe(self, index: int) -> Timeframe | None:
        place = int(self.chosen[index])
        return self.execution[place] if place != NONE_SELECTED else None

    def __repr__(self) -> str:
        if not len(self):
            return f"Signals({self.symbol}, none)"
        span = f"{format_instant(int(self.instants_ms[0]))} … {format_instant(int(self.instants_ms[-1]))}"
        return f"Signals({self.symbol}, {len(self)} instants, {int(self.ready.sum())} READY, {span})"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><td>{reason}</td><td>{count}</td></tr>" for reason, count in self.counts().items())
        return f"<b>{escape(repr(self))}</b><table><tr><th>outcome</th><th>instants</th></tr>{rows}</table>"

    def counts(self) -> dict[str, int]:
        """How often each final reason (or READY) occurred, the most frequent first."""
        codes = Counter(self.reasons.tolist())
        return {str(REASONS[code] or "READY"): count for code, count in codes.most_common()}


def complete(candles: Mapping[Timeframe, Candles], wanted: frozenset[Timeframe]) -> dict[Timeframe, Candles]:
    """The wanted timeframes' candles; those not given are built from the finest given one that divides them."""
    given = sorted(candles, key=lambda timeframe: timeframe.minutes)
    found = {timeframe: candles[timeframe] for timeframe in wanted if timeframe in candles}
    built = candles[given[0]] if given else None
    for timeframe in sorted(wanted - set(found), key=lambda timeframe: timeframe.minutes):
        if built is not None and built.timeframe.ms < timeframe.ms:
            built = found[timeframe] = built.aggregated(timeframe)
    return found


@frozen(eq=False)
class JudgedHistory:
    """The decisions over one symbol's candles, and the features that they looked at."""

    signals: Signals
    series: Mapping[Timeframe, Candles]
    tables: Mapping[Timeframe, FeatureTable]
    """Of every candle: those that decisions need."""


def resolve_history(
    compiled: CompiledProfile,
    symbol: str,
    candles: Mapping[Timeframe, Candles],
    options: DecideOptions | None = None,
    spread_bps: Floats | None = None,
) -> Signals:
    """The decisions of `judge_history` alone."""
    return judge_history(compiled, symbol, candles, options, spread_bps).signals


def judge_history(
    compiled: CompiledProfile,
    symbol: str,
    candles: Mapping[Timeframe, Candles],
    options: DecideOptions | None = None,
    spread_bps: Floats | None = None,
) -> JudgedHistory:
    """Decides at every close of the finest timeframe in `candles`, from all candles closed by then.

    Timeframes that the profile needs and that are not given are built from the finest one. Each timeframe is
    evaluated on its own candles, and only the outcomes are carried to the finer ones. `spread_bps`, if given, has
    one value per instant. Raises ValueError when a needed timeframe can neither be found nor built, and when there
    are no candles at all.
    """
    finest = min(candles, key=lambda timeframe: timeframe.minutes)
    if not len(candles[finest]):
        raise ValueError(f"{symbol}: there are no {finest} candles")
    series = complete(candles, frozenset(compiled.needs) | {finest})
    absent = [str(timeframe) for timeframe in compiled.needs if timeframe not in series]
    if absent:
        raise ValueError(f"{symbol}: no {', '.join(absent)} candles, and none finer to build them from")
    instants = series[finest].open_ms + finest.ms
    spread = None if spread_bps is None else np.asarray(spread_bps, dtype=np.float64).reshape(1, -1)
    if spread is not None and spread.shape[1] != len(instants):
        raise ValueError(f"{symbol}: {spread.shape[1]} spreads for {len(instants)} candles of {finest}")
    tables = {}
    for timeframe in compiled.needs:
        stack = _whole(series[timeframe], symbol, int(instants[-1]))
        tables[timeframe] = FeatureTable(stack, stack.count, compiled.timezone, compiled.tolerance)
    verdicts = {timeframe: _visible(compiled, timeframe, tables, instants) for timeframe in compiled.parts}
    outcomes = {timeframe: codes for timeframe, (codes, _) in verdicts.items()}
    reasons = {timeframe: codes for timeframe, (_, codes) in verdicts.items()}
    resolved = resolve_instants(compiled, tables, outcomes, reasons, instants, options or DecideOptions(), spread)
    signals = Signals(
        symbol,
        instants,
        resolved.execution,
        resolved.sides,
        resolved.chosen,
        resolved.reasons,
        {timeframe: codes[0] for timeframe, codes in outcomes.items()},
    )
    return JudgedHistory(signals, series, tables)


def facts_over(
    compiled: CompiledProfile, judged: JudgedHistory, execution: Timeframe, instants_ms: Indices
) -> dict[FactRole, tuple[Floats, Indices]]:
    """The features of plans on an execution timeframe as visible at these instants, each with the closes of the candles
    that they are of; a missing one is NaN. The same as `feature_facts` at each of the instants, over all candles.

    Those of a timeframe that can neither be found nor built are left out.
    """
    tables = {**_of_plans(compiled, judged), **judged.tables}
    axis = InstantAxis(tables, execution, instants_ms, compiled.pivot_timeframe, compiled.tolerance)
    found: dict[FactRole, tuple[Floats, Indices]] = {}
    for role, feature in compiled.plan_features[execution].items():
        home = home_timeframe(feature, execution, compiled.pivot_timeframe)
        if home in tables:
            found[role] = axis.value(feature, 0)[0], instants_ms // home.ms * home.ms
    return found


def _of_plans(compiled: CompiledProfile, judged: JudgedHistory) -> dict[Timeframe, FeatureTable]:
    """Tables of the timeframes that only plans look at."""
    signals = judged.signals
    series = complete(judged.series, frozenset(compiled.plan_needs) | frozenset(judged.series))
    stacks = {
        timeframe: _whole(series[timeframe], signals.symbol, int(signals.instants_ms[-1]))
        for timeframe in compiled.plan_needs
        if timeframe in series
    }
    return {
        timeframe: FeatureTable(stack, stack.count, compiled.timezone, compiled.tolerance)
        for timeframe, stack in stacks.items()
    }


def _whole(candles: Candles, symbol: str, end_ms: int) -> CandleStack:
    """The whole series; where there is none, one missing candle at the end, so that there are never enough."""
    if len(candles):
        return CandleStack.of_series(candles, symbol)
    last = candles.timeframe.last_closed_open(end_ms)
    return CandleStack.of_window(candles.timeframe, {symbol: candles}, last, last)


def _visible(
    compiled: CompiledProfile, timeframe: Timeframe, tables: Mapping[Timeframe, FeatureTable], instants: Indices
) -> tuple[Codes, Codes]:
    """One timeframe's outcomes and their reasons as they stood at the instants; int8 (1, n_instants) each.

    Before the first candle there were too few; after the last one there is a hole.
    """
    part = compiled.parts[timeframe]
    stack = tables[timeframe].stack
    verdicts = resolve_timeframe(
        compiled.profile.rules, part, tables, stack.count, compiled.pivot_timeframe, traced=False
    )
    invalid = np.int8(Outcome.INVALID)
    return (
        carried_codes(stack, verdicts.outcomes, instants, invalid, invalid),
        carried_codes(stack, verdicts.reasons, instants, TOO_FEW, GAPS),
    )
