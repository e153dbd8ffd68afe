"""The entry zone, and how the market stood to it: one event for every plan, and for every skip once there is a zone."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import Side, Timeframe

_CLOSE, _MODERATE = Decimal("1.05"), Decimal("1.5")


@frozen
class EntryZone:
    """The band in which an entry is acceptable, in quote currency."""

    low: Decimal
    high: Decimal
    anchor: Decimal
    anchor_source: str
    """The feature that is the anchor, with its timeframe: `5m.vwap`."""
    expires_at_ms: int


class ZoneCategory(StrEnum):
    """How the price stood to the zone."""

    INSIDE = "inside"
    """The entry lies in the zone and within the book, or takes at the touch."""
    WAITING = "waiting"
    """The entry lies in the zone, behind the book: it waits for the price to come back."""
    CLOSE_TO_THRESHOLD = "close_to_threshold"
    """No entry; the deviation is at most 1.05 times what is allowed."""
    MODERATE_GAP = "moderate_gap"
    """No entry; the deviation is at most 1.5 times what is allowed."""
    FAR_OUTSIDE = "far_outside"
    """No entry; the deviation is larger than that."""


class ZoneCheck(StrEnum):
    """Which check between zone and market an entry failed."""

    ZONE_MAX_DEVIATION = "zone_max_deviation_pct"
    """A bound of the zone lies farther from the reference than the settings allow."""
    BEYOND_ZONE = "price_beyond_zone"
    """The price has left the zone on the far side: a long whose price fell below it."""
    TOUCH_OUTSIDE_ZONE = "touch_outside_zone"
    """An order that takes would fill outside the zone."""
    MAX_DEVIATION = "max_deviation_pct"
    """The nearest price of the zone lies farther from the reference than the settings allow."""
    NO_COMMON_PRICE = "no_common_price"
    """Zone, book, tick and allowed deviation have no price in common."""


@frozen
class ZoneEvent:
    """One look at zone and market; prices in quote currency, everything else a ratio."""

    symbol: str
    side: Side
    execution_timeframe: Timeframe
    decision_key: str
    at_ms: int
    zone: EntryZone
    candidate_price: Decimal
    """The entry; where there is none, the price that came nearest to being one."""
    reference_price: Decimal
    """The mark price, else the middle of the book."""
    deviation: Decimal
    """|candidate − reference| / reference, or what the failed check measured, relative to the reference."""
    allowed: Decimal
    """What the setting allows of it."""
    width_ratio: Decimal
    """(high − low) / anchor."""
    atr_ratio: Decimal | None
    """The zone's ATR / reference; None: missing."""
    spread_ratio: Decimal
    """(ask − bid) / mid."""
    volume_ratio: Decimal | None
    """Volume against its average on the execution timeframe; None: missing."""
    category: ZoneCategory
    failed_check: ZoneCheck | None
    """None: the entry was acceptable."""


def gap_category(deviation: Decimal, allowed: Decimal) -> ZoneCategory:
    """The category of a deviation that left no entry."""
    if deviation <= _CLOSE * allowed:
        return ZoneCategory.CLOSE_TO_THRESHOLD
    return ZoneCategory.MODERATE_GAP if deviation <= _MODERATE * allowed else ZoneCategory.FAR_OUTSIDE
