"""BitMart's words and numbers for what the engine has names for, in both directions."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.sandbox.matching.commands import Action, Direction, SelfTrade
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView
from mtf_core.market import (
    FillCause,
    FlowKind,
    MarginMode,
    OrderState,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)


@frozen
class Way:
    """What one of the four side codes asks for."""

    code: int
    action: Action
    reduces: bool
    side: Side
    """The hedged position that it opens or reduces."""

    def position_side(self, mode: PositionMode) -> Side | None:
        """The position it means, as the engine wants to hear it: nothing on a one-way account."""
        return self.side if mode is PositionMode.HEDGE else None


OPEN_LONG = Way(1, Action.BUY, False, Side.LONG)
CLOSE_SHORT = Way(2, Action.BUY, True, Side.SHORT)
CLOSE_LONG = Way(3, Action.SELL, True, Side.LONG)
OPEN_SHORT = Way(4, Action.SELL, False, Side.SHORT)
WAYS: Mapping[str, Way] = {str(way.code): way for way in (OPEN_LONG, CLOSE_SHORT, CLOSE_LONG, OPEN_SHORT)}


def side_code(action: Action, reduces: bool) -> int:
    """The code of what an order does; the same on hedged and one-way accounts."""
    if action is Action.BUY:
        return CLOSE_SHORT.code if reduces else OPEN_LONG.code
    return CLOSE_LONG.code if reduces else OPEN_SHORT.code


@frozen
class Mode:
    """What one of the four mode codes asks for."""

    time_in_force: TimeInForce
    post_only: bool = False


MODES: Mapping[str, Mode] = {
    "1": Mode(TimeInForce.GTC),
    "2": Mode(TimeInForce.FOK),
    "3": Mode(TimeInForce.IOC),
    "4": Mode(TimeInForce.GTC, post_only=True),
}


def mode_code(time_in_force: TimeInForce, post_only: bool) -> int:
    if post_only:
        return 4
    return {TimeInForce.GTC: 1, TimeInForce.FOK: 2, TimeInForce.IOC: 3}[time_in_force]


ORDER_TYPES: Mapping[str, OrderType] = {"limit": OrderType.LIMIT, "market": OrderType.MARKET}
MARGIN_MODES: Mapping[str, MarginMode] = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
MARGIN_NUMBERS: Mapping[MarginMode, int] = {MarginMode.ISOLATED: 1, MarginMode.CROSS: 2}
POSITION_MODES: Mapping[str, PositionMode] = {"hedge_mode": PositionMode.HEDGE, "one_way_mode": PositionMode.ONE_WAY}
POSITION_MODE_WORDS: Mapping[PositionMode, str] = {mode: word for word, mode in POSITION_MODES.items()}
POSITION_TYPES: Mapping[Side, int] = {Side.LONG: 1, Side.SHORT: 2}
PRICE_TYPES: Mapping[str, TriggerPrice] = {"1": TriggerPrice.LAST, "2": TriggerPrice.MARK}
PRICE_TYPE_CODES: Mapping[TriggerPrice, int] = {TriggerPrice.LAST: 1, TriggerPrice.MARK: 2}
PRICE_TYPE_WORDS: Mapping[TriggerPrice, str] = {TriggerPrice.LAST: "last_price", TriggerPrice.MARK: "fair_price"}
PRICE_WAYS: Mapping[str, Direction] = {"1": Direction.RISES, "2": Direction.FALLS}
PURPOSES: Mapping[str, TriggerPurpose] = {"take_profit": TriggerPurpose.TARGET, "stop_loss": TriggerPurpose.STOP}
PURPOSE_WORDS: Mapping[TriggerPurpose, str] = {
    TriggerPurpose.TARGET: "take_profit",
    TriggerPurpose.STOP: "stop_loss",
    TriggerPurpose.ENTRY: "plan",
}
SELF_TRADES: Mapping[str, SelfTrade] = {
    "1": SelfTrade.CANCEL_MAKER,
    "2": SelfTrade.CANCEL_TAKER,
    "3": SelfTrade.CANCEL_BOTH,
}
FLOWS: Mapping[FlowKind, tuple[int, str]] = {
    FlowKind.TRANSFER: (1, "Transfer"),
    FlowKind.REALISED_PROFIT: (2, "Realized PNL"),
    FlowKind.FUNDING: (3, "Funding Fee"),
    FlowKind.FEE: (4, "Commission Fee"),
    FlowKind.LIQUIDATION: (5, "Liquidation Clearance"),
}

ACCEPTED_STATE, LIVE_STATE, FINISHED_STATE = 1, 2, 4


def state_code(state: OrderState) -> int:
    """4 is filled *or* cancelled; there is no other word for either."""
    if state is OrderState.PENDING:
        return ACCEPTED_STATE
    return LIVE_STATE if state is OrderState.LIVE else FINISHED_STATE


def order_type_word(order: OrderView) -> str:
    """The type of an order in answers to queries."""
    if order.cause is FillCause.LIQUIDATION:
        return "liquidate"
    if order.cause is FillCause.ADL:
        return "adl"
    match order.family:
        case OrderFamily.TRAILING:
            return "trailing"
        case OrderFamily.TRIGGER:
            return "planorder"
        case OrderFamily.ORDER:
            return "market" if order.order_type is OrderType.MARKET else "limit"


def streamed_type_word(order: OrderView) -> str:
    """The type of an order on the stream."""
    if order.family is OrderFamily.TRAILING:
        return "trailing_order"
    if order.family is OrderFamily.TRIGGER:
        assert order.purpose is not None
        return "plan_order" if order.purpose is TriggerPurpose.ENTRY else PURPOSE_WORDS[order.purpose]
    return order_type_word(order)
