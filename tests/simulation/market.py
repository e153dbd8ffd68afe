"""Prices that wander, trend, jump and dry up: a market that is cheap to ask, and the same for the same seed."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_right
from decimal import Decimal
from zlib import crc32

from attrs import evolve, frozen

from mtf_adapters.sandbox.market import Moment, Prices
from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_core.market import Candles, Contract, ContractStatus, LeverageBracket, Timeframe
from mtf_core.ports import UnknownSymbolError

SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
_START_TICKS = 100_000
_TICK = Decimal("0.01")


@frozen
class Kick:
    """A jump of the price at a second, in ticks; below zero downwards."""

    symbol: str
    at_s: int
    ticks: int


_LEVELS = 4
"""Of each side of a book: enough for an order to eat through some, and to fill in parts."""


class WanderingMarket:
    """The sandbox's `Market` for a few symbols, a price a second. `turnover`: what little of it makes thin books."""

    def __init__(self, seed: int, start_ms: int, turnover: int, kicks: tuple[Kick, ...] = ()) -> None:
        self.start_ms = start_ms
        self._paths = {symbol: _Path(f"{seed} {symbol}", kicks, symbol) for symbol in SYMBOLS}
        self._contracts = {symbol: _contract(symbol, number, turnover) for number, symbol in enumerate(SYMBOLS)}
        self._dry_until_ms: dict[str, int] = {}

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return tuple(self._contracts.values())

    def change(self, symbol: str, now_ms: int, **changes: object) -> Contract:
        """From now on the contract is listed like this."""
        self._contracts[symbol] = evolve(self._contracts[symbol], **changes)
        return self._contracts[symbol]

    def dries_up(self, symbol: str, until_ms: int) -> None:
        """Until then a book has a few steps a side and nothing behind them."""
        self._dry_until_ms[symbol] = until_ms

    def jumps(self, symbol: str, now_ms: int, ticks: int) -> None:
        """In the next second nobody has seen yet."""
        self._path(symbol).kick((now_ms - self.start_ms) // 1000 + 1, ticks)

    def book(self, contract: Contract, prices: Prices, now_ms: int, traded: Decimal) -> Tick:
        """What stands around the prices: sizes that grow with the distance, the last one as deep as any order."""
        is_dry = self._dry_until_ms.get(contract.symbol, 0) > now_ms
        apart = max(1, int((prices.ask - prices.bid) / contract.tick_size) // 2) * contract.tick_size
        mean = int(contract.turnover_24h / 500 / prices.last) // int(contract.size_step)
        drawn = crc32(b"%d %s" % (now_ms, contract.symbol.encode()))
        sizes = []
        for number in range(_LEVELS):
            share = 128 + (drawn >> 8 * number & 255)
            steps = 1 + share // 128 if is_dry else max(1, mean * (number + 1) * share // 256)
            sizes.append(steps * contract.size_step)
        if not is_dry:
            sizes[-1] = max(sizes[-1], contract.max_size)
        bids = [Level(prices.bid - apart * number, size) for number, size in enumerate(sizes)]
        asks = [Level(prices.ask + apart * number, size) for number, size in enumerate(sizes)]
        whole = traded // contract.size_step * contract.size_step
        return Tick(contract.symbol, bids, asks, prices.last, prices.mark, whole)

    def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int, now_ms: int) -> Candles:
        """Of the minutes since the world began."""
        path, minutes = self._path(symbol), timeframe.minutes
        opens, rows = [], []
        first = max(first_open_ms, self.start_ms)
        for open_ms in range(-(-first // timeframe.ms) * timeframe.ms, last_open_ms + 1, timeframe.ms):
            if open_ms + timeframe.ms > now_ms:
                break
            second = (open_ms - self.start_ms) // 1000
            prices = [path.at(at)[0] for at in range(second, second + 60 * minutes + 1, 5)]
            opens.append(open_ms)
            rows.append([float(one * _TICK) for one in (prices[0], max(prices), min(prices), prices[-1])])
        if not opens:
            return Candles.empty(timeframe)
        columns = [list(column) for column in zip(*rows, strict=True)]
        return Candles.checked(timeframe, opens, *columns, [2400.0 * minutes] * len(opens))

    def prices(self, symbol: str, now_ms: int) -> Prices:
        path = self._path(symbol)
        ticks, spread = path.at((now_ms - self.start_ms) // 1000)
        last = ticks * _TICK
        return Prices(bid=last - spread * _TICK, ask=last + spread * _TICK, last=last, mark=last)

    def moment(self, symbol: str, now_ms: int) -> Moment:
        minute, second = now_ms // 60_000 * 60_000, now_ms // 1000 % 60
        return Moment(self.prices(symbol, now_ms), minute, Decimal(second * 40))

    def funding_rate(self, symbol: str, settles_ms: int) -> Decimal:
        self._path(symbol)
        return Decimal(random.Random(f"{symbol} {settles_ms}").randint(-30, 30)) / 100_000

    def _path(self, symbol: str) -> _Path:
        if symbol not in self._paths:
            raise UnknownSymbolError(f"there is no {symbol!r}")
        return self._paths[symbol]


class _Path:
    """Ticks a second, drawn as far as somebody asked."""

    def __init__(self, seed: str, kicks: tuple[Kick, ...], symbol: str) -> None:
        self._random = random.Random(seed)
        self._ticks = array("q", [_START_TICKS])
        mine = sorted((kick.at_s, kick.ticks) for kick in kicks if kick.symbol == symbol)
        self._kick_times = [at_s for at_s, _ in mine]
        self._kicks = [ticks for _, ticks in mine]
        self._trend = 0.0
        self._pace = 10.0

    def kick(self, second: int, ticks: int) -> None:
        """A jump at that second, or at the first one after it that was not drawn yet."""
        second = max(second, len(self._ticks))
        place = bisect_right(self._kick_times, second)
        self._kick_times.insert(place, second)
        self._kicks.insert(place, ticks)

    def at(self, second: int) -> tuple[int, int]:
        """Price and half of the spread, in ticks."""
        while len(self._ticks) <= second:
            self._ticks.append(self._next(len(self._ticks)))
        ticks = self._ticks[max(0, second)]
        return ticks, 1 + (ticks * 7919 + second) % 5

    def _next(self, second: int) -> int:
        drawn, before = self._random, self._ticks[-1]
        if second % 30 == 0:
            self._pace = drawn.choice((2.0, 6.0, 12.0, 30.0))
            self._trend = drawn.gauss(0, self._pace / 4) - (before - _START_TICKS) / 2000
        jump = drawn.gauss(0, 400) if drawn.random() < 0.002 else 0.0
        place = bisect_right(self._kick_times, second)
        kick = self._kicks[place - 1] if place and self._kick_times[place - 1] == second else 0
        return max(_START_TICKS // 4, before + round(drawn.gauss(self._trend, self._pace) + jump) + kick)


def _contract(symbol: str, number: int, turnover: int) -> Contract:
    bracket = LeverageBracket(Decimal(0), Decimal(10_000_000), Decimal(50), Decimal("0.005"), Decimal(0))
    return Contract(
        symbol=symbol,
        base_currency=symbol[:3],
        quote_currency="USDT",
        status=ContractStatus.TRADING,
        tick_size=_TICK,
        size_step=Decimal(1 + number),
        contract_size=Decimal("0.01"),
        min_size=Decimal(1 + number),
        max_size=Decimal(100_000),
        max_market_size=Decimal(50_000),
        min_leverage=Decimal(1),
        max_leverage=Decimal(50),
        maker_fee=Decimal("0.0002"),
        taker_fee=Decimal("0.0006"),
        turnover_24h=Decimal(turnover),
        opened_at_ms=1_500_000_000_000,
        brackets=(bracket,),
    )
