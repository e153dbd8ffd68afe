"""Features of many symbols at once: computed when asked for, kept for the last candles only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice, repeat
from operator import itemgetter
from typing import Any

import numpy as np
from attrs import evolve, field, frozen
from numpy.typing import NDArray

from mtf_core.features.family import BySeries, FeatureSpec, OfStack, RatioOf, SumOf
from mtf_core.features.history import History
from mtf_core.features.motion import MOST_COLUMNS
from mtf_core.features.names import feature_spec, history, made_of
from mtf_core.features.quotients import Call, Quotient
from mtf_core.features.session import session_start_ms
from mtf_core.market import Timeframe
from mtf_core.market.candles import Floats
from mtf_core.market.stack import CandleStack

WARMUP_TOLERANCE = 0.01
"""The weight that the first candle of an average may still have, where no setting says otherwise."""


_VALUES_AT_ONCE = 1 << 18
"""So many values of a library's output are held before the last of each row are taken: with more, the system takes the
memory back between two features, and giving it out again costs more than the features."""


@frozen
class _Stretch:
    """Rows whose candles are unbroken from column `begin` on, where computing begins; values count in [first, stop)."""

    rows: range | list[int]
    begin: int
    first: int
    stop: int

    @property
    def counting(self) -> int:
        """How many of the last columns count."""
        return self.stop - self.first

    @property
    def index(self) -> slice | list[int]:
        """All rows as a slice, which copies nothing."""
        return slice(None) if isinstance(self.rows, range) else self.rows


@frozen(eq=False)
class FeatureTable:
    """The features of one timeframe's stack at its last `tail` candles.

    `feature(name)` is float64 of shape (n_symbols, tail), the last column being the last closed candle; missing is
    NaN, never infinite. A value is the same bits whether later candles exist or not: where the stack is the whole of
    a series, every feature is computed from the first candle of the unbroken stretch it stands in; in a window, from
    the block that its history asks for (`History`), whatever else the window holds.
    """

    stack: CandleStack
    tail: int
    timezone: str = "UTC"
    tolerance: float = WARMUP_TOLERANCE
    _computed: dict[str, Floats] = field(factory=dict, init=False, repr=False)
    # What several features ask alike: which columns of which rows, and these columns row by row.
    _begun: dict[tuple[History, int], Sequence[_Stretch]] = field(factory=dict, init=False, repr=False)
    _cut: dict[tuple[str, int, int], list[Floats]] = field(factory=dict, init=False, repr=False)

    def feature(self, name: str) -> Floats:
        """The feature of that name; raises `UnknownFeatureError`."""
        spec = feature_spec(name)
        if spec.name not in self._computed:
            self._computed.update(self._compute(spec))
        return self._computed[spec.name]

    @property
    def computed(self) -> tuple[str, ...]:
        """The features that were computed so far."""
        return tuple(self._computed)

    def rows(self, symbols: tuple[str, ...]) -> FeatureTable:
        """The same table for some of its symbols; what was computed is kept."""
        if symbols == self.stack.symbols:
            return self
        index = {symbol: row for row, symbol in enumerate(self.stack.symbols)}
        rows = [index[symbol] for symbol in symbols]
        table = FeatureTable(self.stack.rows(symbols), self.tail, self.timezone, self.tolerance)
        table._computed.update({name: values[rows] for name, values in self._computed.items()})
        return table

    def first_candle(self, name: str, row: int, column: int) -> int | None:
        """When the first candle opened on which a feature's value at a column rests; None where the candle is missing,
        or lies before the lead, where nothing is computed."""
        spec, stack = feature_spec(name), self.stack
        need, step = history(spec.name, self.tolerance), stack.timeframe.ms
        if not any(start <= column < stop for start, stop in stack.segments[row]):
            return None
        if parts := made_of(spec):
            firsts = (self.first_candle(part, row, column) for part in parts)
            return min((first for first in firsts if first is not None), default=None)
        if need.session:
            return max(stack.first_open_ms, session_start_ms(stack.first_open_ms + column * step, self.timezone))
        if not need.in_blocks:
            return stack.first_open_ms + column * step
        for each in self._stretches(spec, column):
            if row in each.rows and each.first <= column < each.stop:
                return stack.first_open_ms + each.begin * step
        return None

    def _compute(self, spec: FeatureSpec) -> Mapping[str, Floats]:
        """The feature, and what is computed along with it."""
        match spec.family.computation:
            case BySeries(call, quotient):
                values = self._by_series(spec, call(spec, self.tolerance))
                if quotient is not None:
                    defined = self._defined(spec, quotient(spec, self.tolerance))
                    if not defined.all():
                        values[spec.name][~defined] = np.nan
                return values
            case OfStack(of):
                return of(self.stack, self.tail, self.timezone)
            case SumOf(terms):
                parts = [coefficient * self.feature(name) for name, coefficient in terms(spec)]
                return {spec.name: sum(parts[1:], start=parts[0])}
            case RatioOf(numerator, denominator):
                return {spec.name: _ratio(self.feature(numerator), self.feature(denominator))}

    def _by_series(self, spec: FeatureSpec, call: Call) -> dict[str, Floats]:
        """What a call gives for each symbol, one array for each of the features that are computed together."""
        first = self.stack.count - self.tail
        stretches = self._stretches(spec, first)
        if len(stretches) == 1 and self._is_all(stretches[0]):
            return dict(zip(spec.together, self._computed_over(spec, call, stretches[0]), strict=True))
        results = [np.full((len(self.stack.symbols), self.tail), np.nan) for _ in spec.together]
        for stretch in stretches:
            place = slice(stretch.first - first, stretch.stop - first)
            for result, values in zip(results, self._computed_over(spec, call, stretch), strict=True):
                result[stretch.index, place] = values
        return dict(zip(spec.together, results, strict=True))

    def _is_all(self, stretch: _Stretch) -> bool:
        """Whether one stretch holds every row and every column: what is computed over it is the result."""
        return isinstance(stretch.rows, range) and stretch.counting == self.tail

    def _computed_over(self, spec: FeatureSpec, call: Call, stretch: _Stretch) -> list[Floats]:
        """The columns of a stretch that count, for each of the features that are computed together."""
        outputs, count = self._called(call, stretch), len(spec.together)
        at_once = max(1, _VALUES_AT_ONCE // (count * (stretch.stop - stretch.begin)))
        parts: list[list[Floats]] = [[] for _ in range(count)]
        while rows := list(islice(outputs, at_once)):
            for part, series in zip(parts, zip(*rows, strict=True) if count > 1 else (rows,), strict=True):
                part.append(_last_of(series, stretch.counting))
        return [part[0] if len(part) == 1 else np.concatenate(part) for part in parts]

    def _defined(self, spec: FeatureSpec, quotient: Quotient) -> NDArray[np.bool_]:
        """Where a quotient of averages is defined."""
        first = self.stack.count - self.tail
        defined = np.zeros((len(self.stack.symbols), self.tail), dtype=np.bool_)
        for stretch in self._stretches(spec, first):
            if stretch.stop > stretch.begin + quotient.seed:
                place = slice(stretch.first - first, stretch.stop - first)
                defined[stretch.index, place] = True
                doubtful = self._doubtful(quotient, stretch)
                if doubtful.rows:
                    defined[doubtful.index, place] = self._defined_in(quotient, doubtful)
        return defined

    def _doubtful(self, quotient: Quotient, stretch: _Stretch) -> _Stretch:
        """The rows of a stretch of which a look at the movements does not tell that the quotient is defined."""
        stack, seed, start = self.stack, stretch.begin + quotient.seed, _start(quotient, stretch)
        if start - seed < quotient.reach or stretch.stop - start > MOST_COLUMNS:
            return stretch
        spans = (slice(stretch.begin, seed + 1), slice(start - quotient.reach, stretch.stop))
        earliest, latest = (
            quotient.motion.of(*(getattr(stack, name)[stretch.index, span] for name in quotient.motion.inputs))
            for span in spans
        )
        close = stack.close[stretch.index, start : stretch.stop]
        sure = quotient.surely_defined(earliest, latest, close, start - seed, self.tolerance)
        if sure.all():
            return evolve(stretch, rows=[])
        return evolve(stretch, rows=[stretch.rows[row] for row in np.flatnonzero(~sure).tolist()])

    def _defined_in(self, quotient: Quotient, stretch: _Stretch) -> NDArray[np.bool_]:
        """The same for each column of a stretch that counts; the denominator is computed as the feature itself is."""
        seed, start = stretch.begin + quotient.seed, _start(quotient, stretch)
        denominators = np.zeros((len(stretch.rows), stretch.stop - start))
        seeds = np.zeros(len(stretch.rows))
        for part in quotient.parts:
            outputs = list(self._called(part, stretch))
            denominators += _last_of(outputs, stretch.stop - start)
            seeds += [output[quotient.seed] for output in outputs]
        close = self.stack.close[stretch.index, start : stretch.stop]
        known = quotient.defined(denominators, seeds, close, start - seed, self.tolerance)
        return known[:, stretch.first - start :]

    def _called(self, call: Call, stretch: _Stretch) -> Iterator[Any]:
        """The call's output for every row of a stretch. Mapped, as a loop would take longer than most calls do."""
        series = [self._series(name, stretch) for name in call.inputs]
        return map(call.function, *series, *map(repeat, call.parameters))

    def _series(self, name: str, stretch: _Stretch) -> list[Floats]:
        """A candle column row by row, as the calls take it."""
        key = (name, stretch.begin, stretch.stop)
        if key not in self._cut:
            self._cut[key] = list(getattr(self.stack, name)[:, stretch.begin : stretch.stop])
        every = self._cut[key]
        return every if isinstance(stretch.rows, range) else [every[row] for row in stretch.rows]

    def _stretches(self, spec: FeatureSpec, first: int) -> Sequence[_Stretch]:
        """Where to begin computing for each of the columns from `first` on, and for which rows."""
        need = history(spec.name, self.tolerance)
        if (need, first) not in self._begun:
            self._begun[need, first] = self._stretches_of(need, first)
        return self._begun[need, first]

    def _stretches_of(self, need: History, first: int) -> Sequence[_Stretch]:
        stack = self.stack
        before = stack.first_open_ms // stack.timeframe.ms  # the first column, counted from 1970 in candles
        found: dict[tuple[int, int, int], list[int]] = {}
        for rows, start, stop in self._unbroken:
            lead = max(start, stack.lead)
            column = max(first, lead)
            while column < stop:
                begin = lead if stack.whole else max(lead, need.first(before + column) - before)
                end = stop if stack.whole else min(stop, need.end(before + column) - before)
                # Rows that differ only before the begin do not differ here.
                found.setdefault((begin, column, end), []).extend(rows)
                column = end
        everyone = range(len(stack.symbols))
        return [_Stretch(everyone if len(rows) == len(everyone) else rows, *at) for at, rows in found.items()]

    @cached_property
    def _unbroken(self) -> Sequence[tuple[Sequence[int], int, int]]:
        """Unbroken stretches as (rows that have it, start, stop); mostly one that all rows share."""
        stack = self.stack
        if stack.alike:
            return [(range(len(stack.symbols)), start, stop) for start, stop in stack.segments[0]]
        rows_of: dict[tuple[int, int], list[int]] = {}
        for row, segments in enumerate(stack.segments):
            for segment in segments:
                rows_of.setdefault(segment, []).append(row)
        return [(rows, start, stop) for (start, stop), rows in rows_of.items()]


def _start(quotient: Quotient, stretch: _Stretch) -> int:
    """The first column that says something of those that count."""
    return max(stretch.begin, stretch.first - quotient.lasting + 1)


def _last_of(series: Sequence[Floats], count: int) -> Floats:
    """The last values of series of one length, as rows."""
    if len(series) == 1:
        return series[0][np.newaxis, -count:]
    if count == 1:
        return np.fromiter(map(itemgetter(-1), series), np.float64, len(series))[:, np.newaxis]
    return np.concatenate([each[-count:] for each in series]).reshape(len(series), count)


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    ratio = np.full(numerator.shape, np.nan)
    np.divide(numerator, denominator, out=ratio, where=denominator != 0)
    return ratio


Tables = Mapping[Timeframe, FeatureTable]
