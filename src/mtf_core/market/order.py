"""The vocabulary of orders: their kind, how long they stand, and the margin mode of the position they open."""

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
