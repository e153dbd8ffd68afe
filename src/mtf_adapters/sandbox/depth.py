"""A book of several levels around bid and ask: deterministic for a symbol and an instant."""

from __future__ import annotations

from decimal import Decimal
from hashlib import blake2b

from mtf_adapters.sandbox.market import Prices
from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_core.market import Contract

LEVELS = 10
"""A side; the last one is deep enough for the largest market order."""
_SHARE_AT_TOUCH = Decimal("0.00002")
"""Of a day's turnover: at a hundred million a day, 2,000 stand at the touch on average, and more further out."""


def tick_around(contract: Contract, prices: Prices, now_ms: int, traded: Decimal) -> Tick:
    """The prices with a book around them: levels a few ticks apart, sizes that grow with the distance, at least a step.

    `traded` is what traded since the tick before, in contracts.
    """
    noise = blake2b(f"{contract.symbol}/{now_ms}".encode(), digest_size=4 * LEVELS).digest()
    spread_ticks = int((prices.ask - prices.bid) / contract.tick_size)
    apart = max(1, spread_ticks // 2) * contract.tick_size
    at_touch = contract.turnover_24h * _SHARE_AT_TOUCH / (contract.contract_size * prices.last)
    mean = int(at_touch / contract.size_step)
    bids = _side(contract, prices.bid, -apart, mean, noise[: 2 * LEVELS])
    asks = _side(contract, prices.ask, apart, mean, noise[2 * LEVELS :])
    return Tick(contract.symbol, bids, asks, prices.last, prices.mark, traded)


def _side(contract: Contract, touch: Decimal, apart: Decimal, mean: int, noise: bytes) -> tuple[Level, ...]:
    """`mean` in steps of size; each level draws half to one and a half of it."""
    step = contract.size_step
    levels = []
    for number in range(LEVELS):
        price = touch + apart * number
        if price <= 0:
            break
        drawn = noise[2 * number] * 256 + noise[2 * number + 1]
        steps = max(1, mean * (number + 1) * (32_768 + drawn) // 65_536)
        levels.append(Level(price, steps * step))
    deepest = max(contract.max_size, contract.max_market_size) // step * step
    levels[-1] = Level(levels[-1].price, max(levels[-1].size, deepest))
    return tuple(levels)
