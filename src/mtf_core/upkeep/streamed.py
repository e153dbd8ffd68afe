"""What a stream of candles has told so far, and what has to be asked for because it did not: pure, without a clock.

A candle is taken when it has closed by the exchange's clock and the stream has said its last word, or by call. What is
not there some time after its close is asked for, whatever the reason: a quiet symbol, a gap, a stream that is silent or
gone. So the fall back to calls is no mode of its own.

Where the exchange does not say which word is the last, the one before the next candle's first is taken for it. It need
not be: a message may have been lost, or come late, or never been meant to be the whole. Such a candle is in doubt until
a call has confirmed or corrected it, and what a call has told no message changes. There is a reason to doubt where the
word was heard long before the close, or another one came after it: those are urgent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

from attrs import define, field, frozen

from mtf_core.market import Candles, Gap, Timeframe
from mtf_core.ports import CandleUpdate

Row = tuple[float, float, float, float, float]
"""Open, high, low, close, volume."""

_FRESH_MS = 3000
"""A word that was heard so shortly before its candle's close is likely the last: streams push about once a second."""
_CLOCK_TOLERANCE_MS = 1000
"""How far the exchange's clock may be ahead of what we believe of it."""


@frozen
class Revision:
    """A closed candle that was told again, with other numbers; the later ones are taken."""

    symbol: str
    open_ms: int
    before: Row
    after: Row


@define(eq=False)
class StreamedCandles:
    """The candles of some symbols on one timeframe.

    `grace_ms` is how long after its close a candle may still come by itself. `remembered` candles of each symbol are
    kept, so that one that comes twice, late or changed is known.
    """

    timeframe: Timeframe
    grace_ms: int = 2000
    remembered: int = 90
    _through: dict[str, int] = field(factory=dict, init=False)
    """Open time of the last candle of each symbol up to which nothing is missing."""
    _forming: dict[str, CandleUpdate] = field(factory=dict, init=False)
    _rows: dict[str, dict[int, Row]] = field(factory=dict, init=False)
    _ready: dict[str, dict[int, Row]] = field(factory=dict, init=False)
    """Closed and not taken yet."""
    _revisions: list[Revision] = field(factory=list, init=False)
    _doubted: dict[str, tuple[int, int]] = field(factory=dict, init=False)
    """Open times of the first and the last candle of each symbol that no call has confirmed."""
    _heard_ms: dict[str, int] = field(factory=dict, init=False)
    """When the last word of each symbol was heard."""
    _urgent: set[str] = field(factory=set, init=False)
    """Symbols with a candle in doubt that there is a reason to doubt."""

    def follow(self, symbols: Mapping[str, int]) -> None:
        """From now on these symbols, each with the open time of the last candle that is stored already."""
        for kept in (self._through, self._forming, self._rows, self._ready, self._doubted, self._heard_ms):
            for gone in kept.keys() - symbols.keys():
                del kept[gone]
        self._urgent &= symbols.keys()
        for symbol, open_ms in symbols.items():
            self._through.setdefault(symbol, open_ms)

    @property
    def symbols(self) -> tuple[str, ...]:
        return tuple(self._through)

    def hear(self, update: CandleUpdate, now_ms: int) -> None:
        """Takes in what the stream says; `now_ms` by the exchange's clock.

        What cannot be a candle, or has not begun, is as if it had not been said: it will be asked for.
        """
        through = self._through.get(update.symbol)
        is_ours = through is not None and update.timeframe is self.timeframe
        if not is_ours or not _can_be(update) or update.open_ms > now_ms + _CLOCK_TOLERANCE_MS:
            return
        known = self._rows.get(update.symbol, {}).get(update.open_ms)
        forming = self._forming.get(update.symbol)
        if known is not None:
            self._revise(update, known)
        elif through is None or update.open_ms <= through:
            return  # too old to tell what it changes
        elif forming is not None and update.open_ms < forming.open_ms:
            return  # late, and not known: it will be asked for
        else:
            if forming is not None and update.open_ms > forming.open_ms:
                self._close(forming)
            self._forming[update.symbol] = update
            self._heard_ms[update.symbol] = now_ms
            if update.is_closed and update.open_ms + self.timeframe.ms <= now_ms + _CLOCK_TOLERANCE_MS:
                self._close(update)

    def know(self, symbol: str, candles: Candles) -> None:
        """What is stored of a symbol already, so that a correction of it is known as one."""
        if symbol in self._through:
            self._rows.setdefault(symbol, {}).update(_rows(candles))

    def doubt(self, symbol: str, first_open_ms: int, last_open_ms: int, *, urgent: bool) -> None:
        """These candles of a symbol have to be confirmed by a call, those in doubt already with them."""
        first, last = self._doubted.get(symbol, (first_open_ms, last_open_ms))
        self._doubted[symbol] = min(first, first_open_ms), max(last, last_open_ms)
        if urgent:
            self._urgent.add(symbol)

    @property
    def urgent(self) -> frozenset[str]:
        """Symbols in doubt of which a word came late, or the last one long before its candle's close."""
        return frozenset(self._urgent)

    def doubted(self) -> dict[str, Gap]:
        """The span of each symbol that a call has to confirm."""
        return {symbol: Gap.spanning(first, last, self.timeframe) for symbol, (first, last) in self._doubted.items()}

    def interrupted(self) -> None:
        """The stream may have missed something: what it said of candles that are still forming is worth nothing."""
        self._forming.clear()

    def fetched(self, symbol: str, candles: Candles, asked: Gap) -> None:
        """Takes in what a call answered. Candles that it did not have were never traded: they are not missing."""
        if symbol not in self._through:
            return
        for open_ms, row in _rows(candles).items():
            known = self._rows.get(symbol, {}).get(open_ms)
            if known is None:
                self._add(symbol, open_ms, row)
            elif known != row:
                self._revisions.append(Revision(symbol, open_ms, known, row))
                self._add(symbol, open_ms, row)
        if len(candles):
            self._confirm(symbol, asked, int(candles.open_ms[-1]))
        # The last one may only be late.
        settled = int(candles.open_ms[-1]) if len(candles) else self._through[symbol]
        self._through[symbol] = max(self._through[symbol], min(settled, asked.last_open_ms))
        self._advance(symbol)

    def missing(self, now_ms: int) -> dict[str, Gap]:
        """What has closed longer than the grace ago and is not there, by symbol."""
        last = self.timeframe.last_closed_open(now_ms - self.grace_ms)
        return {
            symbol: Gap.spanning(through + self.timeframe.ms, last, self.timeframe)
            for symbol, through in self._through.items()
            if through < last
        }

    def lacking(self, now_ms: int) -> tuple[str, ...]:
        """The symbols that lack their last closed candle."""
        last = self.timeframe.last_closed_open(now_ms)
        return tuple(symbol for symbol, through in self._through.items() if through < last)

    def closed(self) -> dict[str, Candles]:
        """Closed candles that are not stored yet."""
        return {symbol: _candles(self.timeframe, rows) for symbol, rows in self._ready.items() if rows}

    def stored(self, candles: Mapping[str, Candles]) -> None:
        """These are in the store now, as `closed` gave them; what has changed meanwhile is still to be stored."""
        for symbol, series in candles.items():
            rows = self._ready.get(symbol, {})
            for open_ms, row in _rows(series).items():
                if rows.get(open_ms) == row:
                    del rows[open_ms]

    def take_revisions(self) -> Sequence[Revision]:
        """Candles that changed after they had closed, since last asked."""
        revisions, self._revisions = self._revisions, []
        return revisions

    def _confirm(self, symbol: str, asked: Gap, last_open_ms: int) -> None:
        """The exchange has answered for this span, as far as its last candle; one further on may only be late."""
        first, last = self._doubted.get(symbol, (0, -1))
        if asked.first_open_ms <= first <= last_open_ms:
            after = min(last_open_ms, asked.last_open_ms) + self.timeframe.ms
            del self._doubted[symbol]
            self._urgent.discard(symbol)
            if after <= last:
                self._doubted[symbol] = (after, last)

    def _is_in_doubt(self, symbol: str, open_ms: int) -> bool:
        first, last = self._doubted.get(symbol, (0, -1))
        return first <= open_ms <= last

    def _revise(self, update: CandleUpdate, known: Row) -> None:
        row = _row(update)
        if row == known:
            return
        if not update.is_closed:
            was_in_doubt = self._is_in_doubt(update.symbol, update.open_ms)
            self.doubt(update.symbol, update.open_ms, update.open_ms, urgent=True)
            if not was_in_doubt or update.volume < known[4]:
                return  # an old word that came late, or a correction: a call will tell
        self._revisions.append(Revision(update.symbol, update.open_ms, known, row))
        self._add(update.symbol, update.open_ms, row)

    def _close(self, update: CandleUpdate) -> None:
        if not update.is_closed:
            silent_ms = update.open_ms + self.timeframe.ms - self._heard_ms.get(update.symbol, 0)
            self.doubt(update.symbol, update.open_ms, update.open_ms, urgent=silent_ms > _FRESH_MS)
        self._add(update.symbol, update.open_ms, _row(update))
        if self._forming.get(update.symbol) is update:
            del self._forming[update.symbol]
        self._advance(update.symbol)

    def _add(self, symbol: str, open_ms: int, row: Row) -> None:
        rows = self._rows.setdefault(symbol, {})
        rows[open_ms] = row
        self._ready.setdefault(symbol, {})[open_ms] = row
        while len(rows) > self.remembered:
            del rows[min(rows)]

    def _advance(self, symbol: str) -> None:
        """Moves on over candles that are there without a hole."""
        rows, step = self._rows.get(symbol, {}), self.timeframe.ms
        while self._through[symbol] + step in rows:
            self._through[symbol] += step


def _can_be(update: CandleUpdate) -> bool:
    row = _row(update)
    return (
        all(map(isfinite, row))
        and 0 < update.low <= min(update.open, update.close)
        and max(update.open, update.close) <= update.high
        and update.volume >= 0
        and update.open_ms % update.timeframe.ms == 0
    )


def _row(update: CandleUpdate) -> Row:
    return (update.open, update.high, update.low, update.close, update.volume)


def _rows(candles: Candles) -> dict[int, Row]:
    columns = (candles.open, candles.high, candles.low, candles.close, candles.volume)
    values = zip(*(column.tolist() for column in columns), strict=True)
    return dict(zip(candles.open_ms.tolist(), values, strict=True))


def _candles(timeframe: Timeframe, rows: Mapping[int, Row]) -> Candles:
    times: Iterable[int] = sorted(rows)
    columns = zip(*(rows[open_ms] for open_ms in times), strict=True)
    return Candles.checked(timeframe, list(times), *map(list, columns))
