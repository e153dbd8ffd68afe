"""Rows of funding rates."""

from __future__ import annotations

from mtf_adapters.sandbox.faces.bitmart.rows import Row
from mtf_adapters.sandbox.faces.funding import funding_rates, next_funding_ms
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.world import World
from mtf_core.market import Contract

FUNDING_LIMIT = "0.0375"


def funding_row(world: World, contract: Contract, now_ms: int) -> Row:
    settled, coming = funding_rates(world, contract.symbol, now_ms)
    return {
        "timestamp": now_ms,
        "symbol": contract.symbol,
        "rate_value": text(settled),
        "expected_rate": text(coming),
        "funding_time": next_funding_ms(world, now_ms),
        "funding_upper_limit": FUNDING_LIMIT,
        "funding_lower_limit": f"-{FUNDING_LIMIT}",
    }
