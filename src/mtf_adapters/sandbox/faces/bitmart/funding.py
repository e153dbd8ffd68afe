"""Funding: when it is due, and at which rate."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.faces.bitmart.envelope import text
from mtf_adapters.sandbox.faces.bitmart.rows import Row
from mtf_adapters.sandbox.world import World
from mtf_core.market import MINUTE_MS, Contract

HOUR_MS = 60 * MINUTE_MS
FUNDING_LIMIT = "0.0375"
FUNDING_RATE = Decimal("0.0001")


def funding_interval_ms(world: World) -> int:
    return world.engine.rules.funding_interval_hours * HOUR_MS


def next_funding_ms(world: World, now_ms: int) -> int:
    interval = funding_interval_ms(world)
    return (now_ms // interval + 1) * interval


def funding_rate_at(world: World, symbol: str, at_ms: int) -> Decimal:
    return FUNDING_RATE


def funding_row(world: World, contract: Contract, now_ms: int) -> Row:
    due = next_funding_ms(world, now_ms)
    return {
        "timestamp": now_ms,
        "symbol": contract.symbol,
        "rate_value": text(funding_rate_at(world, contract.symbol, due - funding_interval_ms(world))),
        "expected_rate": text(funding_rate_at(world, contract.symbol, due)),
        "funding_time": due,
        "funding_upper_limit": FUNDING_LIMIT,
        "funding_lower_limit": f"-{FUNDING_LIMIT}",
    }
