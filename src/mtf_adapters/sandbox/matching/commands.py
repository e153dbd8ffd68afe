"""What may be asked of the engine, and what the market does to it. Values; sizes are contracts, prices quote currency.

Sides: `BUY` and `SELL` are what is done; `position_side` says which position of a hedged account is meant, and is None
on a one-way account. An order that may only reduce has `reduce_only`, on hedged accounts too.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen

from mtf_core.market import (
    Contract,
    ContractStatus,
    MarginMode,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)


class Action(StrEnum):
    BUY = "buy"
    SELL = "sell"

    @property
    def opposite(self) -> Action:
        return Action.SELL if self is Action.BUY else Action.BUY


class Direction(StrEnum):
    """From where a price has to come to fire a trigger."""

    RISES = "rises"
    FALLS = "falls"


class SelfTrade(StrEnum):
    """What happens when two orders of one account meet."""

    CANCEL_MAKER = "cancel_maker"
    CANCEL_TAKER = "cancel_taker"
    CANCEL_BOTH = "cancel_both"


@frozen
class Preset:
    """A stop or a target that travels inside an order."""

    price: Decimal
    by: TriggerPrice
    client_order_id: str = ""
    """Of the trigger that it becomes."""
    limit_price: Decimal | None = None
    """None: the trigger becomes a market order."""


@frozen
class PlaceOrder:
    account: str
    symbol: str
    action: Action
    size: Decimal
    order_type: OrderType
    price: Decimal | None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    position_side: Side | None = None
    leverage: Decimal | None = None
    """None: as set for the symbol. One that differs from an open position's is refused."""
    margin_mode: MarginMode | None = None
    client_order_id: str = ""
    stop: Preset | None = None
    target: Preset | None = None
    self_trade: SelfTrade = SelfTrade.CANCEL_MAKER


@frozen
class PlaceTrigger:
    """An order that waits for a price, then becomes an order of its own."""

    account: str
    symbol: str
    action: Action
    size: Decimal | None
    """None: the whole position at the moment it fires."""
    purpose: TriggerPurpose
    trigger_price: Decimal
    by: TriggerPrice
    direction: Direction
    limit_price: Decimal | None = None
    """None: the order that it becomes is a market order."""
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = True
    position_side: Side | None = None
    leverage: Decimal | None = None
    margin_mode: MarginMode | None = None
    client_order_id: str = ""
    stop: Preset | None = None
    """For entries: presets of the order that it becomes."""
    target: Preset | None = None
    ends_with_position: bool | None = None
    """Of one that only reduces, with a size of its own; None: as the venue has it."""


@frozen
class Leg:
    """One of the two prices of a pair."""

    trigger_price: Decimal
    by: TriggerPrice
    limit_price: Decimal | None = None


@frozen
class PlacePair:
    """A stop and a target of a position as one order: the first to fire ends the other, and so does cancelling it.

    In the books they are two triggers that bear the same client id, and the stop's id as their pair's.
    """

    account: str
    symbol: str
    action: Action
    size: Decimal | None
    """None: the whole position at the moment it fires."""
    stop: Leg
    target: Leg
    position_side: Side | None = None
    client_order_id: str = ""


@frozen
class PlaceTrailing:
    """Follows the best price once `activation_price` is reached; reduces or opens at market on a pull-back."""

    account: str
    symbol: str
    action: Action
    size: Decimal
    activation_price: Decimal
    by: TriggerPrice
    callback_ratio: Decimal
    """0.01 = 1 %."""
    reduce_only: bool = True
    position_side: Side | None = None
    leverage: Decimal | None = None
    margin_mode: MarginMode | None = None
    client_order_id: str = ""


@frozen
class AmendOrder:
    """What changes of a resting order; None stays."""

    account: str
    symbol: str
    order_id: int
    price: Decimal | None = None
    size: Decimal | None = None


@frozen
class AmendTrigger:
    account: str
    symbol: str
    order_id: int
    trigger_price: Decimal | None = None
    by: TriggerPrice | None = None
    limit_price: Decimal | None = None
    size: Decimal | None = None


@frozen
class AmendPresets:
    """New stop and target of an order that has not filled; None stays."""

    account: str
    symbol: str
    order_id: int
    stop: Preset | None = None
    target: Preset | None = None


@frozen
class CancelOrder:
    """Cancels one order, trigger or trailing order by the engine's id."""

    account: str
    symbol: str
    order_id: int


@frozen
class CancelAll:
    """Cancels the orders of a symbol; triggers and trailing orders only where asked."""

    account: str
    symbol: str
    orders: bool = True
    triggers: bool = False
    trailing: bool = False


@frozen
class CancelAllAfter:
    """Cancels the symbol's orders after so many seconds unless asked again; 0 disarms."""

    account: str
    symbol: str
    seconds: int


@frozen
class CancelEverythingAfter:
    """Cancels the orders of every symbol after so many seconds unless asked again; 0 disarms."""

    account: str
    seconds: int


@frozen
class SetLeverage:
    account: str
    symbol: str
    leverage: Decimal
    margin_mode: MarginMode


@frozen
class SetPositionMode:
    account: str
    mode: PositionMode


@frozen
class CloseAll:
    """Closes positions at market; None: every symbol, both sides."""

    account: str
    symbol: str | None = None
    position_side: Side | None = None
    client_order_id: str = ""
    """Of the order that closes, where it is one."""


@frozen
class OpenAccount:
    """An account appears with a balance."""

    account: str
    balance: Decimal
    position_mode: PositionMode = PositionMode.HEDGE


@frozen
class Transfer:
    """Money in (positive) or out (negative)."""

    account: str
    amount: Decimal


Command: TypeAlias = (
    PlaceOrder
    | PlaceTrigger
    | PlacePair
    | PlaceTrailing
    | AmendOrder
    | AmendTrigger
    | AmendPresets
    | CancelOrder
    | CancelAll
    | CancelAllAfter
    | CancelEverythingAfter
    | SetLeverage
    | SetPositionMode
    | CloseAll
    | OpenAccount
    | Transfer
)


@frozen
class Level:
    """One price of a book and what can be traded there, in contracts."""

    price: Decimal
    size: Decimal


def _levels(rows: object) -> tuple[Level, ...]:
    return tuple(rows)  # type: ignore[arg-type]


@frozen
class Tick:
    """What the market shows of one symbol now: a fresh book, the last price and the mark.

    Orders of accounts meet the levels of the book; what they take is gone until the next tick. A resting order fills
    by what crosses it: levels of the other side at its price or better, and trades beyond its price. Prices and sizes
    are above zero: who brings a tick from outside asks `is_a_market` first.
    """

    symbol: str
    bids: tuple[Level, ...] = field(converter=_levels)
    """Best first."""
    asks: tuple[Level, ...] = field(converter=_levels)
    last: Decimal
    mark: Decimal
    traded: Decimal = Decimal(0)
    """Contracts that traded at `last` since the tick before: they fill orders that rest at a better price."""


@frozen
class Funding:
    """A settlement: positions pay `mark notional · rate`, longs to shorts where the rate is positive."""

    symbol: str
    rate: Decimal


@frozen
class StatusChange:
    """A contract's status changes; a delisting cancels every order and settles positions at the mark."""

    symbol: str
    status: ContractStatus


@frozen
class ContractChange:
    """A contract is listed, or its grid, limits, fees or brackets change; positions and orders stay as they are."""

    contract: Contract


@frozen
class TimePasses:
    """Nothing but time: timers run out, orders become live or visible, old ones are forgotten."""


@frozen
class Deleverage:
    """The exchange closes a part of a winner's position at the mark."""

    account: str
    symbol: str
    side: Side
    size: Decimal


@frozen
class Restart:
    """The exchange restarts and forgets what `VenueRules` says it forgets."""


@frozen
class PresetsFail:
    """The exchange cannot place the stop and target of the next entry of a symbol when they come due."""

    symbol: str = ""
    """Empty: of any."""


MarketEvent: TypeAlias = (
    Tick | Funding | StatusChange | ContractChange | TimePasses | Deleverage | Restart | PresetsFail
)
