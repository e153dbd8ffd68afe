"""Bid, ask and mark around a last price, on the tick grid."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.market import Prices
from mtf_core.market import Contract, on_grid_at_or_below


def quote_around(contract: Contract, last: Decimal, spread_ticks: int, bid_share: float, basis: Decimal) -> Prices:
    """Prices of one instant; `last` lies on the grid and within the spread.

    `bid_share` (0–1) of the spread lies below the last price; `basis` is the mark's relative distance from the last
    price. No price is ever less than one tick.
    """
    tick = contract.tick_size
    below = round(spread_ticks * bid_share)
    bid = max(tick, last - below * tick)
    mark = max(tick, on_grid_at_or_below(last * (1 + basis) + tick / 2, tick))
    return Prices(bid=bid, ask=bid + spread_ticks * tick, last=last, mark=mark)


def on_tick(price: float, tick: Decimal) -> Decimal:
    """A float price as the nearest decimal on the grid."""
    return on_grid_at_or_below(Decimal(repr(price)) + tick / 2, tick)
