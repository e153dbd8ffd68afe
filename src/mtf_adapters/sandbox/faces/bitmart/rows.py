"""The engine's views as rows of BitMart's answers. Amounts are text, ids mostly too, absent values are empty text."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.faces.bitmart.words import (
    FINISHED_STATE,
    FLOWS,
    LIVE_STATE,
    POSITION_MODE_WORDS,
    POSITION_TYPES,
    PRICE_TYPE_CODES,
    PURPOSE_WORDS,
    mode_code,
    order_type_word,
    side_code,
    state_code,
)
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.matching.commands import Direction
from mtf_adapters.sandbox.matching.events import BalanceView, FillView, FlowView, OrderFamily, OrderView, PositionView
from mtf_core.market import Contract, FillCause, MarginMode, OrderState, OrderType, PositionMode, Side, TriggerPrice

Row = Mapping[str, Any]

ACCOUNT_WORD = "futures"
ZERO = Decimal(0)
FIRST_TRADE_ID = 7_123_456_000


def number_or_zero(value: Decimal | None) -> str:
    return text(value or ZERO)


def _or_empty(value: Decimal | None) -> str:
    return "" if value is None else text(value)


def _price_type(by: TriggerPrice | None) -> int:
    return 0 if by is None else PRICE_TYPE_CODES[by]


def id_or_empty(engine_id: int, quirks: Quirks) -> str:
    return str(quirks.order_number(engine_id)) if engine_id else ""


def client_id(order: OrderView, quirks: Quirks) -> str:
    """The client's id; an order that a plan order became may bear one that the exchange made."""
    if order.client_order_id or not order.parent_id or order.family is not OrderFamily.ORDER:
        return order.client_order_id
    return f"PLAN_{quirks.order_number(order.parent_id)}" if quirks.plan_child_client_id else ""


def preset_fields(order: OrderView) -> Row:
    return {
        "preset_take_profit_price_type": _price_type(order.target_by),
        "preset_take_profit_price": _or_empty(order.target_price),
        "preset_stop_loss_price_type": _price_type(order.stop_by),
        "preset_stop_loss_price": _or_empty(order.stop_price),
    }


def order_row(order: OrderView, mode: PositionMode, quirks: Quirks) -> Row:
    """One order of `order`, `get-open-orders` or `order-history`."""
    trailing = order.family is OrderFamily.TRAILING
    return {
        "order_id": str(quirks.order_number(order.order_id)),
        "client_order_id": client_id(order, quirks),
        "price": number_or_zero(order.price if order.order_type is OrderType.LIMIT else None),
        "size": number_or_zero(order.size),
        "symbol": order.symbol,
        "state": state_code(order.state),
        "side": side_code(order.action, order.reduce_only),
        "type": order_type_word(order),
        "position_mode": POSITION_MODE_WORDS[mode],
        "account": ACCOUNT_WORD,
        "leverage": text(order.leverage),
        "open_type": str(order.margin_mode),
        "deal_avg_price": number_or_zero(order.average_price),
        "deal_size": text(order.filled),
        "create_time": order.created_ms,
        "update_time": order.updated_ms,
        **preset_fields(order),
        "activation_price": _or_empty(order.trigger_price) if trailing else "",
        "callback_rate": _percent(order.callback_ratio) if trailing else "",
        "activation_price_type": _price_type(order.trigger_by) if trailing else 0,
        "executive_order_id": id_or_empty(order.child_id, quirks),
    }


def history_row(order: OrderView, mode: PositionMode, quirks: Quirks) -> Row:
    """One ended order of `order-history`; plan orders say what they waited for."""
    row = {**order_row(order, mode, quirks), "state": _ended_state(order, quirks)}
    if order.family is OrderFamily.TRIGGER:
        row["trigger_price"] = number_or_zero(order.trigger_price)
        row["execution_price"] = "Market" if order.price is None else text(order.price)
    return row


def _ended_state(order: OrderView, quirks: Quirks) -> int:
    cancelled = order.state is OrderState.CANCELLED
    return LIVE_STATE if cancelled and quirks.history_cancelled_state == LIVE_STATE else FINISHED_STATE


def plan_row(order: OrderView, position_size: Decimal, mode: PositionMode, quirks: Quirks) -> Row:
    """One waiting order of `current-plan-order`; `position_size` is what a whole-position one is for now."""
    assert order.purpose is not None
    return {
        "order_id": str(quirks.order_number(order.order_id)),
        "client_order_id": order.client_order_id,
        "executive_price": number_or_zero(order.price),
        "trigger_price": number_or_zero(order.trigger_price),
        "position_mode": POSITION_MODE_WORDS[mode],
        "symbol": order.symbol,
        "size": text(position_size if order.size is None else order.size),
        "mode": mode_code(order.time_in_force, order.post_only),
        "price_way": 1 if order.direction is Direction.RISES else 2,
        "price_type": _price_type(order.trigger_by),
        "plan_category": 2 if order.size is None else 1,
        "type": PURPOSE_WORDS[order.purpose],
        "state": state_code(order.state),
        "side": side_code(order.action, order.reduce_only),
        "leverage": text(order.leverage),
        "open_type": str(order.margin_mode),
        "create_time": order.created_ms,
        "update_time": order.updated_ms,
        **preset_fields(order),
    }


def fill_row(fill: FillView, order: OrderView | None, quirks: Quirks) -> Row:
    """One execution of `trades`: fees above zero are costs. `order` None: it is not remembered any more."""
    return {
        "order_id": str(quirks.order_number(fill.order_id)),
        "trade_id": str(trade_number(fill.fill_id)),
        "symbol": fill.symbol,
        "side": side_code(fill.action, not fill.opens),
        "price": text(fill.price),
        "vol": text(fill.size),
        "exec_type": "Maker" if fill.is_maker else "Taker",
        "profit": not fill.opens,
        "realised_profit": text(fill.realised_profit),
        "paid_fees": text(fill.fee),
        "account": ACCOUNT_WORD,
        "create_time": fill.time_ms,
        "type": _FILL_TYPES.get(fill.cause) or (order.order_type.value if order else ""),
    }


_FILL_TYPES = {FillCause.LIQUIDATION: "liquidate", FillCause.ADL: "adl"}
"""What the exchange did by itself; else it is the type of the order."""


def trade_number(fill_id: int) -> int:
    return FIRST_TRADE_ID + fill_id


def flow_row(flow: FlowView, currency: str, quirks: Quirks) -> Row:
    """One booking of `transaction-history`: its time is milliseconds, mostly inside a text."""
    code, word = FLOWS[flow.kind]
    return {
        "symbol": flow.symbol,
        "flow_type": code,
        "type": word,
        "amount": text(flow.amount),
        "asset": currency,
        "account": ACCOUNT_WORD,
        "time": flow.time_ms if quirks.booking_times_are_numbers else str(flow.time_ms),
        "tran_id": str(77_001_122_000_000 + flow.flow_id),
    }


def asset_row(balance: BalanceView, currency: str) -> Row:
    return {
        "currency": currency,
        "position_deposit": text(balance.position_margin),
        "frozen_balance": text(balance.order_margin),
        "available_balance": text(balance.available),
        "equity": text(balance.equity),
        "unrealized": text(balance.unrealised_profit),
    }


@frozen
class Held:
    """One side of a symbol: a position, or the place where one could be."""

    contract: Contract
    side: Side
    mode: PositionMode
    leverage: Decimal
    margin_mode: MarginMode
    last: Decimal
    mark: Decimal
    now_ms: int
    position: PositionView | None = None

    @property
    def size(self) -> Decimal:
        return self.position.size if self.position else ZERO

    def worth(self, price: Decimal) -> Decimal:
        return self.size * self.contract.contract_size * price


def position_v2_row(held: Held, quirks: Quirks) -> Row:
    left_out = {"position_mode"} if quirks.position_v2_has_margin else {"position_mode", "position_cross"}
    row = {name: value for name, value in _common_position_fields(held).items() if name not in left_out}
    position, one_way = held.position, held.mode is PositionMode.ONE_WAY
    signed = held.size * held.side.sign if one_way else held.size
    return {
        **row,
        "unrealized_pnl": number_or_zero(position.unrealised_profit if position else None),
        "liquidation_price": number_or_zero(position.liquidation_price if position else None),
        "initial_margin": text(held.worth(position.entry_price) / held.leverage) if position else "0",
        "max_notional_value": text(largest_notional(held.contract, held.leverage)),
        "position_amount": text(signed),
        "open_type": str(held.margin_mode),
        "position_side": "both" if one_way else str(held.side),
        "account": ACCOUNT_WORD,
    }


def position_row(held: Held) -> Row:
    """The older form."""
    return {
        **_common_position_fields(held),
        "unrealized_value": number_or_zero(held.position.unrealised_profit if held.position else None),
        "margin_type": held.margin_mode.capitalize(),
        "position_type": POSITION_TYPES[held.side],
        "account": ACCOUNT_WORD,
    }


def position_risk_row(held: Held, quirks: Quirks) -> Row:
    position = held.position
    return {
        "symbol": held.contract.symbol,
        "position_amt": text(held.size),
        "mark_price": text(held.mark),
        "unrealized_profit": number_or_zero(position.unrealised_profit if position else None),
        "liquidation_price": number_or_zero(position.liquidation_price if position else None),
        "leverage": text(held.leverage),
        "max_notional_value": text(largest_notional(held.contract, held.leverage)),
        "margin_type": held.margin_mode.capitalize(),
        "isolated_margin": number_or_zero(position.margin if position else None),
        "position_side": held.side.capitalize(),
        "notional": text(held.worth(held.mark)),
        "update_time": held.now_ms // 1000 if quirks.position_risk_in_seconds else held.now_ms,
        "account": ACCOUNT_WORD,
    }


def largest_notional(contract: Contract, leverage: Decimal) -> Decimal:
    """The largest position, in quote currency, that the leverage allows."""
    caps = [bracket.notional_cap for bracket in contract.brackets if bracket.max_leverage >= leverage]
    return max(caps, default=ZERO)


def _common_position_fields(held: Held) -> dict[str, Any]:
    position = held.position
    entry = position.entry_price if position else ZERO
    return {
        "symbol": held.contract.symbol,
        "leverage": text(held.leverage),
        "timestamp": held.now_ms,
        "current_fee": number_or_zero(position.fees if position else None),
        "open_timestamp": position.opened_ms if position else 0,
        "current_value": text(held.worth(held.last)),
        "mark_price": text(held.mark),
        "mark_value": text(held.worth(held.mark)),
        "position_value": text(held.worth(entry)),
        "position_cross": number_or_zero(position.margin if position else None),
        "maintenance_margin": number_or_zero(position.maintenance_margin if position else None),
        "close_vol": number_or_zero(position.closed_size if position else None),
        "close_avg_price": number_or_zero(position.closed_average_price if position else None),
        "open_avg_price": text(entry),
        "entry_price": text(entry),
        "current_amount": text(held.size),
        "realized_value": number_or_zero(position.realised_profit if position else None),
        "position_mode": POSITION_MODE_WORDS[held.mode],
    }


def _percent(ratio: Decimal | None) -> str:
    return "" if ratio is None else text(ratio * 100)
