"""Candles of any length in minutes, the one that is still forming included: what a real exchange's kline call shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import gcd

from attrs import evolve, frozen

from mtf_adapters.sandbox.market import Market
from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Timeframe
from mtf_core.ports import ExchangeError, TimeframeNotServedError

WEEK_MINUTES = 7 * 1440
_MONDAY_MS = 4 * DAY_MS
"""Weeks begin on Monday; the epoch was a Thursday."""
_SAMPLE_MS = 5_000


@frozen
class Bar:
    """One candle. Prices in quote currency, volume in contracts."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


def bar_open(minutes: int, instant_ms: int, shift_min: int = 0) -> int:
    """Open time of the bar that contains the instant; `shift_min` is how long before a UTC day's bars these open."""
    offset = (_MONDAY_MS if minutes == WEEK_MINUTES else 0) - shift_min * MINUTE_MS
    return instant_ms - (instant_ms - offset) % (minutes * MINUTE_MS)


def closed_bars(
    market: Market, symbol: str, minutes: int, first_ms: int, last_ms: int, now_ms: int, shift_min: int = 0
) -> list[Bar]:
    """Closed bars that open within [first, last], oldest first, built from the longest candles that divide them.

    Empty where the market has no candles short enough. Raises `UnknownSymbolError`.
    """
    length = minutes * MINUTE_MS
    first = bar_open(minutes, first_ms + length - 1, shift_min)
    last = bar_open(minutes, min(last_ms, now_ms - length), shift_min)
    if last < first:
        return []
    base = _base(gcd(minutes, shift_min))
    candles = _served(market, symbol, base, first, last + length - base.ms, now_ms)
    groups: dict[int, list[Bar]] = {}
    for bar in _bars(candles):
        groups.setdefault(bar_open(minutes, bar.open_ms, shift_min), []).append(bar)
    return [joined(open_ms, bars) for open_ms, bars in groups.items()]


class FormingBars:
    """Bars that are still forming, of what has been seen of them. What was seen of the market's own candle is kept
    until the next one: its high never falls and its low never rises, whoever asks how often."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._seen: dict[str, tuple[int, Bar]] = {}
        """By symbol, the candle that is forming and how far it was looked at."""

    def bar(self, symbol: str, minutes: int, now_ms: int, shift_min: int = 0) -> Bar | None:
        """The bar that contains the instant; None in the very instant at which it opens, and for bars shorter than
        the market's candles. Raises what the market raises where it shows no prices."""
        parts: list[Bar] = []
        open_ms = reached = bar_open(minutes, now_ms, shift_min)
        for timeframe in sorted(Timeframe, key=lambda each: -each.minutes):
            last = timeframe.last_closed_open(now_ms)
            if timeframe.minutes < minutes and reached % timeframe.ms == 0 and last >= reached:
                closed = _served(self._market, symbol, timeframe, reached, last, now_ms)
                parts += _bars(closed)
                reached = closed.end_ms if len(closed) else reached
        forming = self._candle(symbol, now_ms)
        if forming is not None and forming.open_ms >= open_ms:
            parts.append(forming)
        return joined(open_ms, parts) if parts else None

    def _candle(self, symbol: str, now_ms: int) -> Bar | None:
        """The market's own candle so far."""
        moment = self._market.moment(symbol, now_ms)
        opened = moment.candle_ms
        if opened >= now_ms:
            return None
        seen_ms, bar = self._seen.get(symbol, (opened, None))
        if bar is None or bar.open_ms != opened or seen_ms > now_ms:
            first = self._last_price(symbol, opened)
            seen_ms, bar = opened, Bar(opened, first, first, first, first, 0.0)
        for instant in (*range(seen_ms // _SAMPLE_MS * _SAMPLE_MS + _SAMPLE_MS, now_ms, _SAMPLE_MS), now_ms):
            price = self._last_price(symbol, instant)
            bar = evolve(bar, high=max(bar.high, price), low=min(bar.low, price), close=price)
        self._seen[symbol] = (now_ms, bar)
        return evolve(bar, volume=self._volume(symbol, opened, now_ms))

    def _volume(self, symbol: str, opened: int, now_ms: int) -> float:
        """The candle's share of the time, of the volume it will close with: in the unit of closed candles, which in
        files need not be contracts."""
        for timeframe in Timeframe:
            try:
                whole = _served(self._market, symbol, timeframe, opened, opened, opened + timeframe.ms)
            except ExchangeError:  # the market ends within the candle
                return 0.0
            if len(whole):
                return float(whole.volume[0] * (now_ms - opened) // timeframe.ms)
        return 0.0

    def _last_price(self, symbol: str, instant_ms: int) -> float:
        return float(self._market.moment(symbol, instant_ms).prices.last)


def joined(open_ms: int, bars: Sequence[Bar]) -> Bar:
    """One bar of those that follow each other."""
    return Bar(
        open_ms,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )


def _base(minutes: int) -> Timeframe:
    return max((each for each in Timeframe if minutes % each.minutes == 0), key=lambda each: each.minutes)


def _served(market: Market, symbol: str, timeframe: Timeframe, first: int, last: int, now_ms: int) -> Candles:
    try:
        return market.candles(symbol, timeframe, first, last, now_ms)
    except TimeframeNotServedError:
        return Candles.empty(timeframe)


def _bars(candles: Candles) -> Iterable[Bar]:
    columns = (candles.open_ms, candles.open, candles.high, candles.low, candles.close, candles.volume)
    return (Bar(*row) for row in zip(*(column.tolist() for column in columns), strict=True))
