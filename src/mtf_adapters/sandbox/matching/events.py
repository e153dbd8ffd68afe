"""What comes of a command or a market event: an answer for the one who asked, and what happened, in order."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from attrs import field, frozen

from mtf_adapters.sandbox.matching.commands import Action, Direction
from mtf_core.market import (
    FillCause,
    FlowKind,
    MarginMode,
    OrderState,
    OrderType,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)


class Refusal(StrEnum):
    """Why a command had no effect; faces translate these to their venue's codes."""

    UNKNOWN_ACCOUNT = "unknown_account"
    UNKNOWN_SYMBOL = "unknown_symbol"
    NOT_TRADING = "not_trading"
    CLOSE_ONLY = "close_only"
    NO_MARKET = "no_market"
    PRICE_OFF_TICK = "price_off_tick"
    SIZE_OFF_STEP = "size_off_step"
    SIZE_OUT_OF_RANGE = "size_out_of_range"
    NOTIONAL_TOO_SMALL = "notional_too_small"
    PRICE_OUT_OF_BAND = "price_out_of_band"
    LEVERAGE_OUT_OF_RANGE = "leverage_out_of_range"
    LEVERAGE_DIFFERS = "leverage_differs"
    """An open position or order of the symbol has another leverage or margin mode."""
    NOT_ENOUGH_BALANCE = "not_enough_balance"
    WOULD_LIQUIDATE = "would_liquidate"
    WOULD_TAKE = "would_take"
    """A post-only order would fill at once."""
    WOULD_NOT_FILL = "would_not_fill"
    """A fill-or-kill order cannot fill whole."""
    NO_POSITION = "no_position"
    EXIT_TOO_LARGE = "exit_too_large"
    TRIGGER_WRONG_SIDE = "trigger_wrong_side"
    """A trigger's price lies on the side where it would fire at once."""
    PRESET_WRONG_SIDE = "preset_wrong_side"
    DUPLICATE_CLIENT_ID = "duplicate_client_id"
    BAD_CLIENT_ID = "bad_client_id"
    UNKNOWN_ORDER = "unknown_order"
    ORDER_FINISHED = "order_finished"
    TOO_MANY_ORDERS = "too_many_orders"
    WHOLE_POSITION_TAKEN = "whole_position_taken"
    """Another trigger is for the whole position already."""
    POSITION_OR_ORDERS_OPEN = "position_or_orders_open"
    WRONG_POSITION_MODE = "wrong_position_mode"
    INVALID = "invalid"


@frozen
class Accepted:
    """The command took effect; `order_id` of what was placed or changed, 0 where there is none."""

    order_id: int = 0


@frozen
class Refused:
    refusal: Refusal
    detail: str = ""


Answer: TypeAlias = Accepted | Refused


class OrderCause(StrEnum):
    """Why an order's state changed."""

    PLACED = "placed"
    LIVE = "live"
    AMENDED = "amended"
    FILLED = "filled"
    CANCELLED = "cancelled"
    """By its owner."""
    NOT_FILLED = "not_filled"
    """The rest of an order that does not stand (IOC, market, post-only that would take)."""
    TIMER = "timer"
    SELF_TRADE = "self_trade"
    NOTHING_TO_REDUCE = "nothing_to_reduce"
    LIQUIDATION = "liquidation"
    ADL = "adl"
    DELISTED = "delisted"
    TRIGGERED = "triggered"
    PRESET_DROPPED = "preset_dropped"
    """Its stop and target will not arm any more; the order itself ended before."""
    NO_MARGIN = "no_margin"
    """What was left of the account does not carry its next execution; the rest is cancelled."""
    NOT_TRADING = "not_trading"
    """The contract's status does not let it stand any more."""
    REFUSED = "refused"
    """What a trigger became was not taken."""
    FORGOTTEN = "forgotten"
    """The exchange lost it in a restart: no stream tells, no history shows it."""


class OrderFamily(StrEnum):
    ORDER = "order"
    TRIGGER = "trigger"
    TRAILING = "trailing"


@frozen
class OrderView:
    """One order as the engine knows it. Times in milliseconds of the engine's world."""

    account: str
    order_id: int
    client_order_id: str
    symbol: str
    family: OrderFamily
    action: Action
    position_side: Side | None
    """None on one-way accounts."""
    reduce_only: bool
    order_type: OrderType
    size: Decimal | None
    """None: a whole-position trigger."""
    filled: Decimal
    average_price: Decimal | None
    price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool
    leverage: Decimal
    margin_mode: MarginMode
    state: OrderState
    created_ms: int
    updated_ms: int
    cause: FillCause = FillCause.ORDER
    purpose: TriggerPurpose | None = None
    trigger_price: Decimal | None = None
    trigger_by: TriggerPrice | None = None
    direction: Direction | None = None
    """From where the price has to come, for what waits for one."""
    callback_ratio: Decimal | None = None
    stop_price: Decimal | None = None
    stop_by: TriggerPrice | None = None
    target_price: Decimal | None = None
    target_by: TriggerPrice | None = None
    parent_id: int = 0
    """Of an order that a trigger, a trailing order or an entry's preset became; 0: placed by hand."""
    child_id: int = 0
    """The order that a trigger became."""
    pair_id: int = 0
    """Of a trigger that is half of a pair: the id of the pair's first half."""
    stop_client_order_id: str = ""
    """Of the trigger that the stop inside an order becomes; `target_client_order_id` likewise."""
    target_client_order_id: str = ""
    stop_limit_price: Decimal | None = None
    """None: it becomes a market order."""
    target_limit_price: Decimal | None = None
    ended_by: OrderCause | None = None
    presets_failed: bool = False
    """Whether its stop and target came due and could not be placed."""


@frozen
class OrderChanged:
    order: OrderView
    cause: OrderCause


@frozen
class FillView:
    """One execution. `fee` positive is a cost; `realised_profit` is before fees."""

    account: str
    fill_id: int
    order_id: int
    client_order_id: str
    symbol: str
    action: Action
    side: Side
    """Of the position that it changed."""
    opens: bool
    price: Decimal
    size: Decimal
    fee: Decimal
    realised_profit: Decimal
    is_maker: bool
    cause: FillCause
    time_ms: int


@frozen
class Filled:
    fill: FillView


@frozen
class PositionView:
    """One position. `entry_price` is the average, unrounded as far as the context's digits reach."""

    account: str
    symbol: str
    side: Side
    size: Decimal
    """Above zero; a closed position is told with zero."""
    frozen_size: Decimal
    """What resting exits have reserved."""
    entry_price: Decimal
    leverage: Decimal
    margin_mode: MarginMode
    margin: Decimal
    maintenance_margin: Decimal
    mark_price: Decimal
    unrealised_profit: Decimal
    liquidation_price: Decimal | None
    realised_profit: Decimal
    """Since it was opened."""
    fees: Decimal
    closed_size: Decimal
    closed_average_price: Decimal | None
    opened_ms: int
    updated_ms: int
    funding: Decimal = Decimal(0)
    """Since it was opened; negative: paid."""


@frozen
class PositionChanged:
    position: PositionView


@frozen
class BalanceView:
    """The account's money in quote currency: equity = wallet + unrealised profit."""

    account: str
    wallet: Decimal
    """What was paid in, plus everything booked since."""
    available: Decimal
    order_margin: Decimal
    position_margin: Decimal
    unrealised_profit: Decimal
    equity: Decimal


@frozen
class BalanceChanged:
    balance: BalanceView


@frozen
class FlowView:
    """One booking."""

    account: str
    flow_id: int
    kind: FlowKind
    symbol: str
    amount: Decimal
    time_ms: int


@frozen
class Booked:
    flow: FlowView


@frozen
class Liquidated:
    """A position was taken over by the exchange."""

    account: str
    symbol: str
    side: Side


Event: TypeAlias = OrderChanged | Filled | PositionChanged | BalanceChanged | Booked | Liquidated


@frozen
class Result:
    """The answer to a command (accepted, for market events) and what happened, in the order it happened."""

    answer: Answer
    events: tuple[Event, ...] = field(factory=tuple)
