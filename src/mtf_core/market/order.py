"""The vocabulary of orders: what they are, how long they stand, what fires them, and whose margin they use."""

from __future__ import annotations

from enum import StrEnum


class OrderType(StrEnum):
    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """What becomes of the part of an order that does not fill at once."""

    GTC = "gtc"
    """It stands until it is cancelled."""
    IOC = "ioc"
    """It is cancelled."""
    FOK = "fok"
    """There is none: the order fills whole, or not at all."""


class MarginMode(StrEnum):
    """Which margin a position may lose: its own, or that of the whole account."""

    ISOLATED = "isolated"
    CROSS = "cross"


class PositionMode(StrEnum):
    """Whether a symbol holds one position, or a long and a short one side by side."""

    ONE_WAY = "one_way"
    HEDGE = "hedge"


class TriggerPrice(StrEnum):
    """Which price fires a stop or a target."""

    LAST = "last"
    MARK = "mark"


class TriggerPurpose(StrEnum):
    """What an order that waits for a price is for."""

    STOP = "stop"
    """Reduces a position that loses."""
    TARGET = "target"
    """Reduces a position that wins."""
    ENTRY = "entry"
    """Anything else: it may open a position."""


class OrderState(StrEnum):
    """Where an order stands on the exchange. Only LIVE may still fill; PENDING may come to be live."""

    PENDING = "pending"
    """Accepted, and not confirmed to stand yet."""
    LIVE = "live"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """Ended before it was filled; a part may be."""
    TRIGGERED = "triggered"
    """It waited for a price, fired, and an order of another id took its place."""
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing more can come of the order."""
        return self not in {OrderState.PENDING, OrderState.LIVE}
