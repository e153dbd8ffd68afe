"""The READY minutes of one symbol over its history, with what their plans are made from; each symbol by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from mtf_core.features.carrying import Indices
from mtf_core.market import Side, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.planning import FactRole, FeatureFact, Signal
from mtf_core.planning.facts import decision_key
from mtf_core.replay.ledger import ReplayMarket, WaitingContext
from mtf_core.validation.compiled_profile import CompiledProfile
from mtf_core.validation.history import JudgedHistory, Signals, facts_over, judge_history
from mtf_core.validation.outcome import REASONS, Outcome


@frozen(eq=False)
class Opportunities:
    """What deciding one symbol over a span gave. Small enough to be handed from one process to another."""

    symbol: str
    minutes: int
    """Decisions that were made."""
    reasons: Mapping[str, int]
    """Minutes that were not READY, by reason."""
    contexts: tuple[WaitingContext, ...]
    at_ms: Indices
    """Of READY minutes, in order; arrays of shape (n_ready,)."""
    sides: tuple[Side, ...]
    timeframes: tuple[Timeframe, ...]
    valid_timeframes: Indices
    """How many evaluated timeframes had the decision's side."""
    facts: Mapping[Timeframe, Mapping[FactRole, tuple[Floats, Indices]]] = field(factory=dict, repr=False)
    """By execution timeframe: values and closes of their candles, at all READY minutes."""
    _lately: dict[Timeframe, _Rows] = field(factory=dict, init=False, repr=False)
    """The rows around the one that was asked for last: the next question is about one of these."""

    def __len__(self) -> int:
        return len(self.at_ms)

    def signal(self, row: int) -> Signal:
        at_ms, side, timeframe = int(self.at_ms[row]), self.sides[row], self.timeframes[row]
        return Signal(self.symbol, side, timeframe, decision_key(self.symbol, timeframe, at_ms, side))

    def features(self, row: int) -> dict[FactRole, FeatureFact]:
        """What the plan of a READY minute is made from."""
        timeframe = self.timeframes[row]
        number, place = divmod(row, _AT_ONCE)
        lately = self._lately.get(timeframe)
        if lately is None or lately.number != number:
            lately = self._lately[timeframe] = _Rows.of(self.facts[timeframe], number)
        return {role: FeatureFact(values[place], closes[place]) for role, values, closes in lately.columns}


_AT_ONCE = 64
"""Rows whose numbers leave their arrays together: one by one that costs many times as much."""


@frozen
class _Rows:
    """Some rows of the facts of a timeframe, as plain numbers."""

    number: int
    columns: tuple[tuple[FactRole, list[float], list[int]], ...]

    @classmethod
    def of(cls, facts: Mapping[FactRole, tuple[Floats, Indices]], number: int) -> _Rows:
        rows = slice(number * _AT_ONCE, (number + 1) * _AT_ONCE)
        return cls(
            number,
            tuple((role, values[rows].tolist(), closes[rows].tolist()) for role, (values, closes) in facts.items()),
        )


def find_opportunities(
    compiled: CompiledProfile, market: ReplayMarket, first_ms: int, last_ms: int, spread_bps: float
) -> Opportunities:
    """Decides at every minute's close within [first, last], from all candles closed by then.

    The candles before `first_ms` are what features begin with. Raises ValueError where there are no candles, or none
    from which a needed timeframe could be built.
    """
    candles, symbol = market.candles, market.symbol
    spreads = np.full(len(candles), spread_bps)
    judged = judge_history(compiled, symbol, {candles.timeframe: candles}, spread_bps=spreads)
    signals = judged.signals
    within = (signals.instants_ms >= first_ms) & (signals.instants_ms <= last_ms)
    ready = np.flatnonzero(signals.ready & within)
    counts = Counter(signals.reasons[within & ~signals.ready].tolist())
    return Opportunities(
        symbol=symbol,
        minutes=int(within.sum()),
        reasons={str(REASONS[code]): count for code, count in counts.most_common()},
        contexts=_contexts(signals, within),
        at_ms=signals.instants_ms[ready],
        sides=tuple(side for row in ready.tolist() if (side := signals.side(row)) is not None),
        timeframes=tuple(own for row in ready.tolist() if (own := signals.execution_timeframe(row)) is not None),
        valid_timeframes=_valid_timeframes(signals, ready),
        facts=_facts(compiled, judged, ready),
    )


def _facts(
    compiled: CompiledProfile, judged: JudgedHistory, ready: Indices
) -> dict[Timeframe, Mapping[FactRole, tuple[Floats, Indices]]]:
    signals = judged.signals
    chosen = {signals.execution_timeframe(row) for row in ready.tolist()} - {None}
    instants = signals.instants_ms[ready]
    return {
        timeframe: _with_closes_once(facts_over(compiled, judged, timeframe, instants))
        for timeframe in chosen
        if timeframe is not None
    }


def _with_closes_once(facts: Mapping[FactRole, tuple[Floats, Indices]]) -> Mapping[FactRole, tuple[Floats, Indices]]:
    """The same, with one array of closes for all features of one timeframe."""
    known: list[Indices] = []
    found = {}
    for role, (values, closes) in facts.items():
        same = next((one for one in known if np.array_equal(one, closes)), None)
        if same is None:
            known.append(closes)
        found[role] = (values, closes if same is None else same)
    return found


def _valid_timeframes(signals: Signals, ready: Indices) -> Indices:
    sides = signals.sides[ready]
    count = np.zeros(len(ready), dtype=np.int64)
    for codes in signals.outcomes.values():
        count += codes[ready] == sides
    return count


def _contexts(signals: Signals, within: np.ndarray) -> tuple[WaitingContext, ...]:
    """Stretches of minutes in which the context had a side, and the minute was not READY, for one reason."""
    has_side = (signals.sides == Outcome.LONG) | (signals.sides == Outcome.SHORT)
    rows = np.flatnonzero(within & has_side & ~signals.ready)
    if not len(rows):
        return ()
    code = signals.sides[rows].astype(np.int64) * 1000 + signals.reasons[rows]
    breaks = (np.diff(rows) != 1) | (np.diff(code) != 0)
    firsts = np.concatenate([[0], np.flatnonzero(breaks) + 1])
    lasts = np.concatenate([firsts[1:] - 1, [len(rows) - 1]])
    return tuple(
        WaitingContext(signals.symbol, side, int(signals.instants_ms[rows[a]]), int(signals.instants_ms[rows[b]]), why)
        for a, b in zip(firsts.tolist(), lasts.tolist(), strict=True)
        if (side := signals.side(int(rows[a]))) is not None and (why := signals.reason(int(rows[a]))) is not None
    )
