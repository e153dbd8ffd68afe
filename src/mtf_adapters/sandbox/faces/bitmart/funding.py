"""Funding: when it is due, and at which rate."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.faces.bitmart.envelope import text
from mtf_adapters.sandbox.faces.bitmart.rows import Row
from mtf_adapters.sandbox.world import World
from mtf_core.market import Contract

FUNDING_LIMIT = "0.0375"


def next_funding_ms(world: World, now_ms: int) -> int:
    interval = world.funding_interval_ms
    return (now_ms // interval + 1) * interval


def funding_rates(world: World, symbol: str, now_ms: int) -> tuple[Decimal, Decimal]:
    """The rate that was settled last, and that of the settlement to come."""
    due = next_funding_ms(world, now_ms)
    return world.funding_rate(symbol, due - world.funding_interval_ms), world.funding_rate(symbol, due)


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
