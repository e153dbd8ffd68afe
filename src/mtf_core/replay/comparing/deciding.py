"""Deciding and planning recorded runs again, by one configuration, from the candles that there are now.

Windows, features and rules are those of a run (`validation/window.py`, `Decider`, `plan_order`), so the same candles
give the same answer to the last bit, as `mtf verify` proves. Spread, book, mark, balance and contract are those that
the run recorded: a replay takes recorded quotes where they exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field, frozen

from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.planning import FactRole, FeatureFact, PlanOutcome, Signal
from mtf_core.records import PlanInputs
from mtf_core.replay.comparing.candles_of_now import CandleReader
from mtf_core.replay.recorded_facts import plan_as_recorded
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import DecisionBatch, plan_facts
from mtf_core.validation.metrics import metric_names
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.window import Window, window_at

Series = Mapping[Timeframe, Mapping[str, Candles]]


@frozen(eq=False)
class ReadyDecision:
    """What the plan of a READY decision is made from; nothing of the candles that it rests on is kept."""

    signal: Signal
    features: Mapping[FactRole, FeatureFact]
    valid_timeframes: int | None


@define(eq=False)
class Again:
    """Decides again by one configuration. Windows that have not moved are kept, as a process that stays keeps them."""

    compiled: CompiledProfile
    carry_ms: int
    """The longest hole that runs on that exchange fill with the close before it."""
    _decider: Decider = field(init=False)
    _stacks: dict[Timeframe, tuple[Window, tuple[str, ...], CandleStack]] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._decider = Decider(self.compiled)

    @property
    def asks_for_spreads(self) -> bool:
        """Whether the selector looks at the width of books."""
        rules = self.compiled.profile.rules
        return any("spread_bps" in metric_names(rules.selector_tests_on(tf)) for tf in rules.execution_timeframes)

    def begin(self) -> None:
        """Other candles are looked at from here on: nothing is kept."""
        self._stacks.clear()

    def decide(
        self,
        series: Series,
        symbols: Sequence[str],
        at_ms: int,
        options: DecideOptions,
        spreads_bps: Mapping[str, float],
    ) -> DecisionBatch:
        """The decisions of these symbols at a run's instant."""
        stacks = {timeframe: self._stack(timeframe, series, tuple(symbols), at_ms) for timeframe in self.compiled.needs}
        return self._decider.decide(stacks, at_ms, symbols, options, spreads_bps)

    def _stack(self, timeframe: Timeframe, series: Series, symbols: tuple[str, ...], at_ms: int) -> CandleStack:
        window = self._window(timeframe, at_ms)
        kept = self._stacks.get(timeframe)
        if kept is None or kept[:2] != (window, symbols):
            kept = self._stacks[timeframe] = window, symbols, self._cut(window, series, symbols)
        return kept[2]

    def _window(self, timeframe: Timeframe, at_ms: int) -> Window:
        return window_at(timeframe, self.compiled.need(timeframe), at_ms, self.compiled.timezone)

    def _cut(self, window: Window, series: Series, symbols: Iterable[str]) -> CandleStack:
        found = series[window.timeframe]
        return window.stack({symbol: found[symbol] for symbol in symbols}, carry_ms=self.carry_ms)

    def ready(self, batch: DecisionBatch, series: Series) -> dict[str, ReadyDecision]:
        """The READY decisions of a batch, by symbol."""
        decisions = [decision for decision in batch if decision.ready]
        symbols = [decision.symbol for decision in decisions]
        tables = {
            timeframe: self.compiled.table(self._cut(self._window(timeframe, batch.at_ms), series, symbols))
            for timeframe in (self.compiled.plan_needs if symbols else ())
        }
        return {
            one.symbol: ReadyDecision(one.signal, plan_facts(one, tables), one.valid_timeframes)
            for one in decisions
            if one.signal is not None
        }

    def plan(self, ready: ReadyDecision, recorded: PlanInputs) -> PlanOutcome:
        """The plan of a READY decision from the facts that a run recorded."""
        trade_entry = self.compiled.profile.trade_entry
        return plan_as_recorded(ready.signal, ready.features, ready.valid_timeframes, recorded, trade_entry)

    def first_opens(self, at_ms: int) -> dict[Timeframe, int]:
        """How far back the candles of each timeframe are looked at for a decision at an instant, and its plan."""
        timeframes = {*self.compiled.needs, *self.compiled.plan_needs}
        return {timeframe: self._window(timeframe, at_ms).first_open_ms for timeframe in timeframes}


async def read_series(
    candles: CandleReader, ways: Iterable[Again], symbols: Sequence[str], first_ms: int, last_ms: int
) -> dict[Timeframe, Mapping[str, Candles]]:
    """The candles that decisions at instants within [first, last] look at, by any of these configurations."""
    first_opens: dict[Timeframe, int] = {}
    for one in ways:
        for timeframe, open_ms in one.first_opens(first_ms).items():
            first_opens[timeframe] = min(open_ms, first_opens.get(timeframe, open_ms))
    return {
        timeframe: await candles.read(symbols, timeframe, first, timeframe.last_closed_open(last_ms))
        for timeframe, first in first_opens.items()
    }
