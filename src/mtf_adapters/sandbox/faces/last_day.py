"""What the last 24 hours of a contract came to, and its prices now, as tickers of exchanges show them."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.world import World
from mtf_core.market import DAY_MS, HOUR_MS, Candles, Contract, Timeframe
from mtf_core.ports import ExchangeError


def last_day(world: World, contract: Contract, now_ms: int) -> Candles:
    """The last 24 closed hours."""
    last = Timeframe.H1.last_closed_open(now_ms)
    try:
        return world.market.candles(contract.symbol, Timeframe.H1, last - DAY_MS + HOUR_MS, last, now_ms)
    except ExchangeError:
        return Candles.empty(Timeframe.H1)


def last_and_mark(world: World, symbol: str, now_ms: int) -> tuple[Decimal, Decimal]:
    """Zero where the market shows none."""
    known = world.engine.tick(symbol) if symbol in world.engine.symbols_in_use() else None
    if known is not None:
        return known.last, known.mark
    try:
        prices = world.market.moment(symbol, now_ms).prices
    except ExchangeError:
        return Decimal(0), Decimal(0)
    return prices.last, prices.mark
