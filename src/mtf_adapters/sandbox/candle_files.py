"""A market out of the user's own candles: each symbol's file, and higher timeframes built from it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from os import PathLike

from attrs import define, field

from mtf_adapters.files.candles import read_candles
from mtf_adapters.sandbox.candle_path import price_within
from mtf_adapters.sandbox.contract_overrides import ContractOverrides, default_contract
from mtf_adapters.sandbox.market import Moment, Prices
from mtf_adapters.sandbox.price_grid import price_grid
from mtf_adapters.sandbox.quoting import on_tick, quote_around
from mtf_core.market import DAY_MS, Candles, Contract, Timeframe, format_instant, on_grid_at_or_below
from mtf_core.ports import InstantNotServedError, TimeframeNotServedError, UnknownSymbolError

USUAL_FUNDING_RATE = Decimal("0.0001")


@define(eq=False)
class _Series:
    """One symbol's candles as they came, with the timeframes built so far."""

    symbol: str
    base: Candles
    overrides: ContractOverrides
    by_timeframe: dict[Timeframe, Candles] = field(factory=dict)
    _guessed: tuple[int, Contract] | None = None
    """The contract after so many candles."""

    def closed_at(self, now_ms: int) -> Candles:
        """What has closed; before anything has, the first candle."""
        return self.base.closed_at(now_ms) or self.base[:1]

    def contract(self, now_ms: int) -> Contract:
        """As the prices up to the instant suggest it: years ago the symbol may have traded on another grid."""
        closed = self.closed_at(now_ms)
        if self._guessed is None or self._guessed[0] != len(closed):
            grid = price_grid(closed)
            contract = default_contract(self.symbol, float(closed.close[-1]), int(self.base.open_ms[0]), grid)
            self._guessed = (len(closed), self.overrides.applied_to(contract))
        return self._guessed[1]

    def guess(self, now_ms: int) -> str | None:
        """What is guessed of the contract, for people; None when the grids of prices and sizes are given."""
        if self.overrides.tick_size is not None and self.overrides.contract_size is not None:
            return None
        contract = self.contract(now_ms)
        size = f"{contract.contract_size:f} {contract.base_currency}"
        return f"{self.symbol} (tick {contract.tick_size:f}, contract of {size})"


class CandleFileMarket:
    """Serves candles of files or of `Candles` values, as of any instant that they cover.

    Contracts come from the prices up to the instant (`price_grid`, `default_contract`) and `overrides`. The book is one
    tick wide around the close of the last closed candle, and the mark price is that close.
    """

    def __init__(
        self,
        files: Mapping[str, str | PathLike[str] | Candles],
        overrides: Mapping[str, ContractOverrides] | None = None,
        *,
        quiet_minutes: int = 0,
    ) -> None:
        """Reads every file.

        `quiet_minutes`: holes of a file that are no longer had no trades, so higher candles are built from the minutes
        that it has, as an exchange builds them; else only from whole ones. Raises `InvalidCandlesError`,
        `InvalidContractError`, or ValueError for an override of a symbol that has no file.
        """
        overrides = overrides or {}
        self._quiet_minutes = quiet_minutes
        if unused := sorted(set(overrides) - set(files)):
            raise ValueError(
                f"contract values for {', '.join(unused)}, but candles only for {', '.join(sorted(files))}"
            )
        self._series = {
            symbol: _series(symbol, given, overrides.get(symbol, ContractOverrides()))
            for symbol, given in sorted(files.items())
        }

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return tuple(series.contract(now_ms) for series in self._series.values())

    def guesses(self, now_ms: int) -> tuple[str, ...]:
        """What is guessed of each contract, for people."""
        guesses = (series.guess(now_ms) for series in self._series.values())
        return tuple(guess for guess in guesses if guess is not None)

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        """Raises `TimeframeNotServedError` for a timeframe below the file's, `InstantNotServedError` for an instant
        that the file does not cover."""
        series = self._covering(symbol, now_ms)
        if timeframe not in series.by_timeframe:
            if timeframe.ms < series.base.timeframe.ms:
                raise TimeframeNotServedError(
                    f"{symbol}: its candles are {series.base.timeframe}, which cannot make {timeframe} ones"
                )
            series.by_timeframe[timeframe] = series.base.aggregated(timeframe, quiet_minutes=self._quiet_minutes)
        return series.by_timeframe[timeframe].closed_at(now_ms).between(first_open_ms, last_open_ms)

    def prices(self, symbol: str, now_ms: int) -> Prices:
        series = self._covering(symbol, now_ms)
        contract = series.contract(now_ms)
        last = on_tick(float(series.closed_at(now_ms).close[-1]), contract.tick_size)
        return quote_around(contract, last, 1, 0.0, Decimal(0))

    def moment(self, symbol: str, now_ms: int) -> Moment:
        """On the way through the candle that forms; where the file lacks it, the close before it and no trades."""
        series = self._covering(symbol, now_ms)
        contract, timeframe = series.contract(now_ms), series.base.timeframe
        opened_ms = timeframe.open_at_or_before(now_ms)
        forming = series.base.between(opened_ms, opened_ms)
        if not len(forming):
            return Moment(self.prices(symbol, now_ms), opened_ms, Decimal(0))
        price, falls = price_within(forming, (now_ms - opened_ms) / timeframe.ms)
        last = on_tick(price, contract.tick_size)
        # Where it falls the ask follows the last price down, so that a bid that the candle touches is met.
        prices = quote_around(contract, last, 1, 1.0 if falls else 0.0, Decimal(0))
        return Moment(prices, opened_ms, _traded(contract, prices.last, now_ms - opened_ms, float(forming.volume[0])))

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        """A file does not say; the rate that perpetual contracts settle at while nothing happens."""
        return USUAL_FUNDING_RATE

    def _covering(self, symbol: str, now_ms: int) -> _Series:
        series = self._series.get(symbol)
        if series is None:
            raise UnknownSymbolError(f"no candle file for {symbol!r}; there are {', '.join(self._series)}")
        first = int(series.base.open_ms[0]) + series.base.timeframe.ms
        # One candle of grace: until then the file could not hold a further closed candle.
        if not first <= now_ms < series.base.end_ms + series.base.timeframe.ms:
            raise InstantNotServedError(
                f"{symbol}: its candles cover {format_instant(first)} to {format_instant(series.base.end_ms)}, "
                f"which {format_instant(now_ms)} lies outside"
            )
        return series


def _traded(contract: Contract, price: Decimal, passed_ms: int, volume: float) -> Decimal:
    """A file's volumes are of an unknown unit, so what trades follows the contract's turnover, evenly; without volume
    nothing does."""
    if not volume > 0:
        return Decimal(0)
    contracts = contract.turnover_24h * passed_ms / DAY_MS / (contract.contract_size * price)
    return on_grid_at_or_below(contracts, contract.size_step)


def _series(symbol: str, given: str | PathLike[str] | Candles, overrides: ContractOverrides) -> _Series:
    candles = given if isinstance(given, Candles) else read_candles(given)
    if not len(candles):
        raise ValueError(f"{symbol}: there are no candles")
    series = _Series(symbol, candles, overrides, {candles.timeframe: candles})
    series.contract(candles.end_ms)  # values that make no contract are refused before anything is asked
    return series
