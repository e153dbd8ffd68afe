"""OKX's words for what the engine has names for, in both directions."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.sandbox.matching.commands import Action, SelfTrade
from mtf_adapters.sandbox.matching.events import FillView, OrderCause, OrderFamily, OrderView
from mtf_core.market import (
    ContractStatus,
    FillCause,
    MarginMode,
    OrderState,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
)

ACTIONS: Mapping[str, Action] = {"buy": Action.BUY, "sell": Action.SELL}
SIDES: Mapping[str, Side] = {"long": Side.LONG, "short": Side.SHORT}
NET = "net"
MARGIN_MODES: Mapping[str, MarginMode] = {"cross": MarginMode.CROSS, "isolated": MarginMode.ISOLATED}
POSITION_MODES: Mapping[str, PositionMode] = {
    "long_short_mode": PositionMode.HEDGE,
    "net_mode": PositionMode.ONE_WAY,
}
POSITION_MODE_WORDS: Mapping[PositionMode, str] = {mode: word for word, mode in POSITION_MODES.items()}
PRICE_TYPES: Mapping[str, TriggerPrice] = {
    "last": TriggerPrice.LAST,
    "mark": TriggerPrice.MARK,
    "index": TriggerPrice.MARK,  # this world's index is its mark
}
SELF_TRADES: Mapping[str, SelfTrade] = {
    "cancel_maker": SelfTrade.CANCEL_MAKER,
    "cancel_taker": SelfTrade.CANCEL_TAKER,
    "cancel_both": SelfTrade.CANCEL_BOTH,
}
STATES: Mapping[ContractStatus, str] = {
    ContractStatus.TRADING: "live",
    ContractStatus.PRE_LAUNCH: "preopen",
    ContractStatus.CLOSE_ONLY: "suspend",
    ContractStatus.DELISTED: "expired",
    ContractStatus.UNKNOWN: "test",
}


@frozen
class Kind:
    """What one word for an order's type asks for."""

    order_type: OrderType
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False


KINDS: Mapping[str, Kind] = {
    "limit": Kind(OrderType.LIMIT),
    "market": Kind(OrderType.MARKET, TimeInForce.IOC),
    "post_only": Kind(OrderType.LIMIT, post_only=True),
    "fok": Kind(OrderType.LIMIT, TimeInForce.FOK),
    "ioc": Kind(OrderType.LIMIT, TimeInForce.IOC),
    "optimal_limit_ioc": Kind(OrderType.MARKET, TimeInForce.IOC),
}


def kind_word(order: OrderView) -> str:
    """The word for an order of which nobody said one."""
    if order.order_type is OrderType.MARKET:
        return "market"
    if order.post_only:
        return "post_only"
    return {TimeInForce.GTC: "limit", TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok"}[order.time_in_force]


def state_word(order: OrderView) -> str:
    if order.state is OrderState.FILLED:
        return "filled"
    if order.state.is_final:
        return "canceled"
    return "partially_filled" if order.filled else "live"


CATEGORIES: Mapping[FillCause, str] = {
    FillCause.ORDER: "normal",
    FillCause.LIQUIDATION: "full_liquidation",
    FillCause.ADL: "adl",
    FillCause.SETTLEMENT: "delivery",
}

_CANCEL_SOURCES: Mapping[OrderCause, str] = {
    OrderCause.CANCELLED: "1",
    OrderCause.TIMER: "20",
    OrderCause.SELF_TRADE: "32",
    OrderCause.LIQUIDATION: "3",
    OrderCause.ADL: "6",
    OrderCause.DELISTED: "7",
    OrderCause.NO_MARGIN: "2",
    OrderCause.NOT_TRADING: "0",
    OrderCause.NOTHING_TO_REDUCE: "22",
}


def cancel_source(order: OrderView) -> str:
    """Why it was cancelled; empty for one that was not."""
    if order.state is not OrderState.CANCELLED or order.ended_by is None:
        return ""
    if order.ended_by is OrderCause.NOT_FILLED:
        if order.post_only:
            return "31"
        return "13" if order.time_in_force is TimeInForce.FOK else "14"
    if order.family is not OrderFamily.ORDER and order.ended_by is OrderCause.NOTHING_TO_REDUCE:
        return "21"
    return _CANCEL_SOURCES.get(order.ended_by, "0")


def algo_state_word(order: OrderView, child: OrderView | None) -> str:
    """Where something that waits stands; `effective` says no more than that its order was sent."""
    if order.state is OrderState.TRIGGERED:
        return "order_failed" if child is not None and child.state is OrderState.REJECTED else "effective"
    return "canceled" if order.state.is_final else "live"


def source_word(parent: OrderView | None) -> str:
    """What an order came from: nothing, a trigger, a stop or target, a trailing order."""
    if parent is None:
        return ""
    if parent.family is OrderFamily.TRAILING:
        return "25"
    return "6" if parent.purpose is TriggerPurpose.ENTRY else "7"


def sub_type(fill: FillView, mode: PositionMode) -> str:
    """What an execution did, as bills number it."""
    is_long = fill.side is Side.LONG
    match fill.cause:
        case FillCause.LIQUIDATION:
            return "104" if is_long else "105"
        case FillCause.ADL:
            return "125" if is_long else "126"
        case FillCause.SETTLEMENT:
            return "112" if is_long else "113"
        case _ if mode is PositionMode.ONE_WAY:
            return "1" if fill.action is Action.BUY else "2"
        case _ if fill.opens:
            return "3" if is_long else "4"
        case _:
            return "5" if is_long else "6"
