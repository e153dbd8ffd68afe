"""Funding: when it is due, and at which rate."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.world import World


def next_funding_ms(world: World, now_ms: int) -> int:
    interval = world.funding_interval_ms
    return (now_ms // interval + 1) * interval


def funding_rates(world: World, symbol: str, now_ms: int) -> tuple[Decimal, Decimal]:
    """The rate that was settled last, and that of the settlement to come."""
    due = next_funding_ms(world, now_ms)
    return world.funding_rate(symbol, due - world.funding_interval_ms), world.funding_rate(symbol, due)
