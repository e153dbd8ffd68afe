"""Orders as they are asked for: what an exchange is told to do, each with an id of our own.

Sizes are exchange contracts, prices quote currency, both on the contract's grid. `side` is always the side of the
position: an entry opens it, exits and protective orders reduce it and never open the other.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market.order import MarginMode, OrderType, TimeInForce, TriggerPrice, TriggerPurpose
from mtf_core.market.side import Side


class InvalidOrderError(ValueError):
    """An order that cannot be meant: a limit without a price, a market order that is to rest, a size of zero."""


@frozen
class TriggerLevel:
    """A price, and which of the market's prices has to reach it."""

    price: Decimal
    by: TriggerPrice


@frozen
class EntryOrder:
    """Opens or enlarges a position.

    `stop` and `target` travel inside the order where the exchange can take them (`Capabilities.entry_protection`).
    `not_after_ms` is the exchange's time after which the request must not leave any more, nor have an effect.
    Nor may it leave later than `leaves_within_ms` from now, by a clock of this machine that nobody sets: what was
    asked before, such as the kill switch, is too old then.
    """

    symbol: str
    side: Side
    size: Decimal
    order_type: OrderType
    price: Decimal | None
    """None for a market order."""
    time_in_force: TimeInForce
    post_only: bool
    leverage: Decimal
    margin_mode: MarginMode
    client_order_id: str
    not_after_ms: int
    stop: TriggerLevel | None = None
    target: TriggerLevel | None = None
    leaves_within_ms: int | None = None
    """None: until `not_after_ms`."""

    def __attrs_post_init__(self) -> None:
        _check(self.symbol, self.size, self.order_type, self.price)
        if self.post_only and (self.order_type is OrderType.MARKET or self.time_in_force is not TimeInForce.GTC):
            raise InvalidOrderError(f"{self.symbol}: only a limit order that rests can be post-only")


@frozen
class ExitOrder:
    """Reduces a position of the side, at once or at a price; never more than there is."""

    symbol: str
    side: Side
    size: Decimal
    order_type: OrderType
    price: Decimal | None
    time_in_force: TimeInForce
    client_order_id: str
    post_only: bool = False

    def __attrs_post_init__(self) -> None:
        _check(self.symbol, self.size, self.order_type, self.price)


@frozen
class ProtectiveOrder:
    """A stop or a target of a position; fires at a price, then reduces at market, or at `limit_price`.

    `size` None is the whole position, whatever it comes to be.
    """

    symbol: str
    side: Side
    purpose: TriggerPurpose
    trigger: TriggerLevel
    size: Decimal | None
    client_order_id: str
    limit_price: Decimal | None = None

    def __attrs_post_init__(self) -> None:
        if self.purpose is TriggerPurpose.ENTRY:
            raise InvalidOrderError(f"{self.symbol}: a protective order is a stop or a target")
        if self.size is not None and self.size <= 0:
            raise InvalidOrderError(f"{self.symbol}: size {self.size} is not above zero")


@frozen
class Amendment:
    """What changes of a live order; None stays as it is. An order id of the exchange, never an empty one."""

    symbol: str
    order_id: str
    price: Decimal | None = None
    size: Decimal | None = None
    trigger: TriggerLevel | None = None
    purpose: TriggerPurpose | None = None
    """What the order waits for, when it waits: exchanges amend stops and limits by different calls."""

    def __attrs_post_init__(self) -> None:
        if not self.order_id:
            raise InvalidOrderError(f"{self.symbol}: an amendment names its order")
        if self.price is None and self.size is None and self.trigger is None:
            raise InvalidOrderError(f"{self.symbol}: the amendment of {self.order_id} changes nothing")


def _check(symbol: str, size: Decimal, order_type: OrderType, price: Decimal | None) -> None:
    if not size.is_finite() or size <= 0:
        raise InvalidOrderError(f"{symbol}: size {size} is not above zero")
    if order_type is OrderType.LIMIT and (price is None or not price.is_finite() or price <= 0):
        raise InvalidOrderError(f"{symbol}: a limit order needs a price above zero, found {price}")
    if order_type is OrderType.MARKET and price is not None:
        raise InvalidOrderError(f"{symbol}: a market order has no price, found {price}")
