"""Ranges of prices, and where in zone and market an entry may lie."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning.request import PlanRequest
from mtf_core.planning.zone_event import EntryZone


@frozen
class PriceRange:
    """Prices from `low` to `high`, both included; `low` above `high` is empty."""

    low: Decimal
    high: Decimal

    @property
    def empty(self) -> bool:
        return not self.low <= self.high

    def within(self, other: PriceRange) -> PriceRange:
        return PriceRange(max(self.low, other.low), min(self.high, other.high))

    def on_grid(self, tick: Decimal) -> PriceRange:
        """The part of it that lies on the tick grid."""
        return PriceRange(on_grid_at_or_above(self.low, tick), on_grid_at_or_below(self.high, tick))

    def nearest(self, price: Decimal) -> Decimal:
        return max(self.low, min(price, self.high))

    def __contains__(self, price: Decimal) -> bool:
        return self.low <= price <= self.high


def near_reference(request: PlanRequest) -> PriceRange:
    """Prices within `max_deviation_pct` of the reference price; at least a tick."""
    reference, share = request.reference_price, request.settings.defaults.max_deviation_pct
    return PriceRange(max(reference * (1 - share), request.tick), reference * (1 + share))


def zone_range(zone: EntryZone | None) -> PriceRange | None:
    """The prices of a zone; None where it is open."""
    return PriceRange(zone.low, zone.high) if zone else None


def touch_of(request: PlanRequest) -> Decimal:
    """Where an order that takes would fill: the best ask for a long, the best bid for a short."""
    return request.facts.book.best_ask if request.is_long else request.facts.book.best_bid
