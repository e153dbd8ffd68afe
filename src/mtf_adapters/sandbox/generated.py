"""A market out of a seed: hundreds of contracts whose candles, books and turnovers are functions of the instant."""

from __future__ import annotations

from decimal import Decimal
from math import sqrt

from attrs import evolve

from mtf_adapters.sandbox.character import MarketCharacter
from mtf_adapters.sandbox.listing import Listing, listings
from mtf_adapters.sandbox.market import Moment, Prices
from mtf_adapters.sandbox.noise import uniform_of
from mtf_adapters.sandbox.paths import Paths, first_open_at_or_after
from mtf_adapters.sandbox.quoting import on_tick, quote_around
from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Contract, Timeframe, format_instant, on_grid_at_or_below
from mtf_core.ports import InstantNotServedError, UnknownSymbolError

REFERENCE_MS = 1_767_225_600_000
"""2026-01-01T00:00Z: the default instant by which ages of contracts are laid out."""

END_MS = 4_102_444_800_000
"""2100-01-01T00:00Z: a clock that says more is wrong, and what it stamped would stay the newest for ever."""

_SHORT_WINDOW = 32
"""Windows of at most so many candles are computed for all symbols at once: a run asks for the same of each."""
_KEPT_WINDOWS = 16
_PERIODS_OF_ALL = 2
_LARGEST_SPREAD_RATIO = 0.0008
_LARGEST_BASIS = 0.0002


class GeneratedMarket:
    """Markets by seed. The same seed, symbol and instant give the same numbers, in whatever order they are asked for.

    `symbols` is how many contracts are listed; `reference_ms` the instant at which a few of them are younger than 880
    hours (a contract is not listed before it opens). `character` tunes trends, volatility and volume.
    """

    def __init__(
        self,
        seed: int,
        symbols: int = 300,
        *,
        reference_ms: int = REFERENCE_MS,
        character: MarketCharacter | None = None,
    ) -> None:
        self.seed = seed
        self._listings = {listing.symbol: listing for listing in listings(seed, symbols, reference_ms)}
        self._character = character or MarketCharacter()
        self._all = Paths(seed, tuple(self._listings.values()), self._character, _PERIODS_OF_ALL)
        self._windows: dict[tuple[Timeframe, int, int], dict[str, Candles]] = {}
        self._alone: dict[str, Paths] = {}

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        """Raises `InstantNotServedError` before the first contract opens, and for the far future."""
        self._check_instant(now_ms)
        return tuple(
            evolve(listing.contract, turnover_24h=self._turnover(listing, now_ms))
            for symbol, listing in sorted(self._listings.items())
            if listing.contract.opened_at_ms <= now_ms
        )

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        listing = self._listed(symbol, now_ms)
        first = max(first_open_ms, first_open_at_or_after(timeframe, listing.contract.opened_at_ms))
        last = min(last_open_ms, timeframe.last_closed_open(now_ms))
        return self._series(listing, timeframe, first, last)

    def prices(self, symbol: str, now_ms: int) -> Prices:
        listing = self._listed(symbol, now_ms)
        contract = listing.contract
        last = on_tick(self._last_price(listing, now_ms), contract.tick_size)
        chance = (uniform_of(self.seed, symbol, now_ms, what) for what in ("spread", "share", "basis"))
        width, share, basis = chance
        # The thinner the trade, the wider the book: about 0.5 bps at a billion a day, 5 bps at ten million.
        typical = 0.0005 * sqrt(1e7 / float(contract.turnover_24h)) * (0.5 + width)
        ratio = min(_LARGEST_SPREAD_RATIO, typical)
        ticks = max(1, round(ratio * float(last / contract.tick_size)))
        return quote_around(contract, last, ticks, share, Decimal(repr((basis - 0.5) * 2 * _LARGEST_BASIS)))

    def moment(self, symbol: str, now_ms: int) -> Moment:
        prices = self.prices(symbol, now_ms)
        listing, minute = self._listings[symbol], Timeframe.M1.open_at_or_before(now_ms)
        volume = Decimal(float(self._series(listing, Timeframe.M1, minute, minute).volume[0]))
        traded = on_grid_at_or_below(volume * (now_ms - minute) / MINUTE_MS, listing.contract.size_step)
        return Moment(prices, minute, traded)

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        """Mostly near 0.01 %, now and then negative; drawn anew for each settlement."""
        self._listed(symbol, settles_ms)
        drawn = uniform_of(self.seed, symbol, settles_ms, "funding") - 0.25
        return Decimal(round(drawn * 4e2)) * Decimal("0.000001")

    def _check_instant(self, now_ms: int) -> None:
        first_ms = min(listing.contract.opened_at_ms for listing in self._listings.values())
        if not first_ms <= now_ms < END_MS:
            span = f"{format_instant(first_ms)} to {format_instant(END_MS)}"
            raise InstantNotServedError(f"{format_instant(now_ms)} lies outside the generated market, {span}")

    def _listed(self, symbol: str, now_ms: int) -> Listing:
        listing = self._listings.get(symbol)
        if listing is None or listing.contract.opened_at_ms > now_ms:
            raise UnknownSymbolError(f"the sandbox lists no contract {symbol!r}")
        return listing

    def _series(self, listing: Listing, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        """A short window out of one of all symbols, a long one computed for this symbol alone: the same candles."""
        if last_open_ms - first_open_ms < _SHORT_WINDOW * timeframe.ms:
            return self._window(timeframe, first_open_ms, last_open_ms)[listing.symbol]
        if listing.symbol not in self._alone:
            self._alone[listing.symbol] = Paths(self.seed, (listing,), self._character)
        return self._alone[listing.symbol].candles(timeframe, first_open_ms, last_open_ms)[0]

    def _window(self, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> dict[str, Candles]:
        """One window of every symbol; the oldest kept window makes room for a new one."""
        key = (timeframe, first_open_ms, last_open_ms)
        if key not in self._windows:
            if len(self._windows) >= _KEPT_WINDOWS:
                del self._windows[next(iter(self._windows))]
            series = self._all.candles(timeframe, first_open_ms, last_open_ms)
            self._windows[key] = dict(zip(self._listings, series, strict=True))
        return self._windows[key]

    def _turnover(self, listing: Listing, now_ms: int) -> Decimal:
        """Quote currency traded in the last 24 closed hours, to the cent."""
        last = Timeframe.H1.last_closed_open(now_ms)
        hours = self.candles(listing.symbol, Timeframe.H1, last - DAY_MS + Timeframe.H1.ms, last, now_ms)
        traded = float((hours.volume * (hours.high + hours.low + hours.close)).sum()) / 3
        return on_grid_at_or_below(Decimal(repr(traded)) * listing.contract.contract_size, Decimal("0.01"))

    def _last_price(self, listing: Listing, now_ms: int) -> float:
        """The price at the instant: on the way from the forming minute's open to its close, within its range."""
        minute = Timeframe.M1.open_at_or_before(now_ms)
        forming = self._series(listing, Timeframe.M1, minute, minute)
        passed = (now_ms - minute) / MINUTE_MS
        start, end = float(forming.open[0]), float(forming.close[0])
        wander = (uniform_of(self.seed, listing.symbol, now_ms, "last") - 0.5) * 4 * passed * (1 - passed)
        raw = start + (end - start) * passed + wander * float(forming.high[0] - forming.low[0]) / 2
        return min(max(raw, float(forming.low[0])), float(forming.high[0]))
