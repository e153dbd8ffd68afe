"""What a minute that was not watched did to a position: the worst that its candle allows, and never anything good.

A candle says how far the price went, not when, and nothing of the mark. So the rule is one-sided: the price that was
worst for the position counts as bid, ask, last and mark at once. Stops and liquidations follow from it; targets do not,
and an entry without a position is not filled by it. Where an order or an execution of the symbol is younger than the
minute, the extreme may have been before it: then the minute says nothing.
"""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.depth import tick_around
from mtf_adapters.sandbox.market import Prices
from mtf_adapters.sandbox.matching.commands import Tick
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_core.market import Contract, Side, on_grid_at_or_above, on_grid_at_or_below


def worst_of(
    engine: MatchingEngine, account: str, contract: Contract, open_ms: int, low_high: tuple[float, float]
) -> list[Tick]:
    """Ticks to be shown for one minute, one for each side that is held."""
    symbol = contract.symbol
    held = engine.positions(account, symbol)
    fills = engine.fills(account, symbol, engine.now_ms)
    orders = engine.orders_of(account, symbol, engine.now_ms)
    changed_ms = max([fill.time_ms for fill in fills[-1:]] + [order.updated_ms for order in orders], default=0)
    if changed_ms > open_ms:
        return []
    low, high = (Decimal(repr(price)) for price in low_high)
    prices = {
        Side.LONG: on_grid_at_or_below(low, contract.tick_size),
        Side.SHORT: on_grid_at_or_above(high, contract.tick_size),
    }
    return [_tick(contract, position.side, prices[position.side], engine.now_ms) for position in held]


def settlements(left_ms: int, now_ms: int, interval_ms: int) -> range:
    """The times of funding after `left_ms`, up to now."""
    return range((left_ms // interval_ms + 1) * interval_ms, now_ms + 1, interval_ms)


def _tick(contract: Contract, side: Side, price: Decimal, now_ms: int) -> Tick:
    """A market at this price: who has to sell sells at it, who has to buy buys at it."""
    step = contract.tick_size
    bid, ask = (price, price + step) if side is Side.LONG else (price - step, price)
    return tick_around(contract, Prices(bid, ask, price, price), now_ms, Decimal(0))
