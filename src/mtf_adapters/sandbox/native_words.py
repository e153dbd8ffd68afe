"""The engine's words in the core's: orders, positions, executions and answers, each mapped once."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mtf_adapters.sandbox.matching.commands import Action, Preset
from mtf_adapters.sandbox.matching.events import (
    Answer,
    FillView,
    FlowView,
    OrderFamily,
    OrderView,
    PositionView,
    Refusal,
    Refused,
)
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    ArmsAt,
    CashFlow,
    Fill,
    OpenOrder,
    OrderKind,
    OrderType,
    Position,
    Side,
    TriggerLevel,
    TriggerPrice,
    WriteOutcome,
    WriteResult,
)

RESULTS: Mapping[Refusal, WriteResult] = {
    Refusal.UNKNOWN_ACCOUNT: WriteResult.AUTH,
    Refusal.UNKNOWN_SYMBOL: WriteResult.REJECTED,
    Refusal.NOT_TRADING: WriteResult.REJECTED,
    Refusal.CLOSE_ONLY: WriteResult.NOT_ALLOWED_HERE,
    Refusal.NO_MARKET: WriteResult.REJECTED,
    Refusal.PRICE_OFF_TICK: WriteResult.REJECTED,
    Refusal.SIZE_OFF_STEP: WriteResult.REJECTED,
    Refusal.SIZE_OUT_OF_RANGE: WriteResult.REJECTED,
    Refusal.NOTIONAL_TOO_SMALL: WriteResult.REJECTED,
    Refusal.PRICE_OUT_OF_BAND: WriteResult.REJECTED,
    Refusal.LEVERAGE_OUT_OF_RANGE: WriteResult.REJECTED,
    Refusal.LEVERAGE_DIFFERS: WriteResult.REJECTED,
    Refusal.NOT_ENOUGH_BALANCE: WriteResult.REJECTED,
    Refusal.WOULD_LIQUIDATE: WriteResult.REJECTED,
    Refusal.WOULD_TAKE: WriteResult.WOULD_TAKE,
    Refusal.WOULD_NOT_FILL: WriteResult.REJECTED,
    Refusal.NO_POSITION: WriteResult.REJECTED,
    Refusal.EXIT_TOO_LARGE: WriteResult.REJECTED,
    Refusal.TRIGGER_WRONG_SIDE: WriteResult.REJECTED,
    Refusal.PRESET_WRONG_SIDE: WriteResult.REJECTED,
    Refusal.DUPLICATE_CLIENT_ID: WriteResult.DUPLICATE,
    Refusal.BAD_CLIENT_ID: WriteResult.REJECTED,
    Refusal.UNKNOWN_ORDER: WriteResult.NOT_FOUND,
    Refusal.ORDER_FINISHED: WriteResult.NOT_FOUND,
    Refusal.TOO_MANY_ORDERS: WriteResult.REJECTED,
    Refusal.WHOLE_POSITION_TAKEN: WriteResult.REJECTED,
    Refusal.POSITION_OR_ORDERS_OPEN: WriteResult.REJECTED,
    Refusal.WRONG_POSITION_MODE: WriteResult.REJECTED,
    Refusal.INVALID: WriteResult.REJECTED,
}
"""What each refusal means for a write; a test asks that none is missing."""


def outcome_of(answer: Answer, client_order_id: str = "") -> WriteOutcome:
    """The engine's answer to a write."""
    if isinstance(answer, Refused):
        return WriteOutcome(
            RESULTS[answer.refusal], client_order_id=client_order_id, code=str(answer.refusal), text=answer.detail
        )
    order_id = str(answer.order_id) if answer.order_id else ""
    return WriteOutcome(WriteResult.ACCEPTED, order_id, client_order_id)


def opening_action(side: Side) -> Action:
    return Action.BUY if side is Side.LONG else Action.SELL


def side_of(order: OrderView) -> Side:
    """Of the position that the order opens or reduces. What may do both, on one-way accounts, is told as opening."""
    if order.position_side is not None:
        return order.position_side
    opens = Side.LONG if order.action is Action.BUY else Side.SHORT
    return opens.opposite if order.reduce_only else opens


def open_order(order: OrderView, rules: VenueRules) -> OpenOrder:
    """The order as the core knows it; a stop or target that is armed is an order of its own, so not in here."""
    waits = order.family is not OrderFamily.ORDER
    armed = order.filled > 0 and (rules.presets_arm_at is ArmsAt.FIRST_FILL or order.state.is_final)
    kind = OrderKind.LIMIT if order.order_type is OrderType.LIMIT else OrderKind.MARKET
    return OpenOrder(
        symbol=order.symbol,
        order_id=str(order.order_id),
        client_order_id=order.client_order_id,
        kind=OrderKind.TRIGGER if waits else kind,
        side=side_of(order),
        size=order.size,
        price=order.price,
        reduce_only=order.reduce_only,
        filled=order.filled,
        average_price=order.average_price,
        state=order.state,
        time_in_force=order.time_in_force,
        trigger=_level(order.trigger_price, order.trigger_by),
        purpose=order.purpose,
        stop=None if armed else _level(order.stop_price, order.stop_by),
        target=None if armed else _level(order.target_price, order.target_by),
        created_ms=order.created_ms,
        updated_ms=order.updated_ms,
    )


def position(view: PositionView) -> Position:
    return Position(
        symbol=view.symbol,
        side=view.side,
        size=view.size,
        entry_price=view.entry_price,
        leverage=view.leverage,
        unrealised_profit=view.unrealised_profit,
        margin_mode=view.margin_mode,
        margin=view.margin,
        mark_price=view.mark_price,
        liquidation_price=view.liquidation_price,
        opened_ms=view.opened_ms,
    )


def fill(view: FillView) -> Fill:
    return Fill(
        symbol=view.symbol,
        fill_id=str(view.fill_id),
        order_id=str(view.order_id),
        side=view.side,
        opens=view.opens,
        price=view.price,
        size=view.size,
        fee=view.fee,
        realised_profit=view.realised_profit,
        is_maker=view.is_maker,
        time_ms=view.time_ms,
        client_order_id=view.client_order_id,
        cause=view.cause,
    )


def cash_flow(view: FlowView) -> CashFlow:
    return CashFlow(str(view.flow_id), view.kind, view.symbol, view.amount, view.time_ms)


def preset(level: TriggerLevel | None) -> Preset | None:
    return None if level is None else Preset(level.price, level.by)


def _level(price: Decimal | None, by: TriggerPrice | None) -> TriggerLevel | None:
    return None if price is None or by is None else TriggerLevel(price, by)
