"""What the private stream sends when something happens to an account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from mtf_adapters.sandbox.faces.bitmart.accounts import CURRENCY
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks
from mtf_adapters.sandbox.faces.bitmart.rows import client_id, id_or_empty, number_or_zero, trade_number
from mtf_adapters.sandbox.faces.bitmart.words import (
    ACCEPTED_STATE,
    MARGIN_NUMBERS,
    POSITION_MODE_WORDS,
    POSITION_TYPES,
    PRICE_TYPE_WORDS,
    side_code,
    state_code,
    streamed_type_word,
)
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.matching.commands import Action
from mtf_adapters.sandbox.matching.events import (
    BalanceChanged,
    BalanceView,
    Event,
    Filled,
    FillView,
    OrderCause,
    OrderChanged,
    OrderFamily,
    OrderView,
    PositionChanged,
    PositionView,
)
from mtf_adapters.sandbox.world import World
from mtf_core.market import FillCause, OrderType, on_grid_at_or_above, on_grid_at_or_below

ORDER_TOPIC, POSITION_TOPIC, ASSET_TOPIC = "futures/order", "futures/position", f"futures/asset:{CURRENCY}"
MATCHED, SUBMITTED, CANCELLED, BY_LIQUIDATION, BY_ADL, BANKRUPTCY, ADL_MATCHED = 1, 2, 3, 4, 5, 7, 8
_NOT_HERE = "-"
_PROTECTION = Decimal("0.05")
"""How far a market order's protective price lies from the best price."""

_ACTIONS: Mapping[OrderCause, int] = {
    OrderCause.PLACED: SUBMITTED,
    OrderCause.LIVE: SUBMITTED,
    OrderCause.AMENDED: SUBMITTED,
    OrderCause.FILLED: MATCHED,
    OrderCause.TRIGGERED: MATCHED,
    OrderCause.LIQUIDATION: BY_LIQUIDATION,
    OrderCause.ADL: BY_ADL,
}
"""Other causes are cancels."""

_SILENT = frozenset({OrderCause.PRESET_DROPPED, OrderCause.FORGOTTEN})
"""Of these no stream tells."""


@frozen
class Push:
    """One message to those of an account who listen to the topic."""

    account: str
    topic: str
    data: Any


@define(eq=False)
class AccountPushes:
    """Events as messages. An execution is told with the change of its order, as its last trade."""

    world: World
    _executions: dict[int, FillView] = field(factory=dict)
    """Executions of orders whose change has not been told yet, the last of each."""

    def of(self, event: Event, quirks: Quirks) -> Iterable[Push]:
        match event:
            case Filled(fill):
                self._executions[fill.order_id] = fill
            case OrderChanged(order, cause) if cause not in _SILENT:
                last = self._executions.pop(order.order_id, None)
                yield Push(order.account, ORDER_TOPIC, [self._order(order, cause, last, quirks)])
            case PositionChanged(position):
                yield Push(position.account, POSITION_TOPIC, [self.position(position)])
            case BalanceChanged(balance):
                yield Push(balance.account, ASSET_TOPIC, asset(balance))
            case _:
                return

    def position(self, position: PositionView) -> Mapping[str, Any]:
        mode = self.world.engine.position_mode(position.account)
        return {
            "symbol": position.symbol,
            "hold_volume": text(position.size),
            "position_type": POSITION_TYPES[position.side],
            "open_type": MARGIN_NUMBERS[position.margin_mode],
            "frozen_volume": text(position.frozen_size),
            "close_volume": text(position.closed_size),
            "hold_avg_price": text(position.entry_price),
            "close_avg_price": number_or_zero(position.closed_average_price),
            "open_avg_price": text(position.entry_price),
            "liquidate_price": number_or_zero(position.liquidation_price),
            "create_time": position.opened_ms,
            "update_time": position.updated_ms,
            "position_mode": POSITION_MODE_WORDS[mode],
        }

    def _order(self, order: OrderView, cause: OrderCause, fill: FillView | None, quirks: Quirks) -> Mapping[str, Any]:
        waits = order.family is not OrderFamily.ORDER
        trails = order.family is OrderFamily.TRAILING
        by = PRICE_TYPE_WORDS[order.trigger_by] if order.trigger_by else _NOT_HERE
        row = {
            "order_id": str(quirks.order_number(order.order_id)),
            "client_order_id": client_id(order, quirks),
            "price": text(self._price(order)),
            "size": number_or_zero(order.size),
            "symbol": order.symbol,
            "state": ACCEPTED_STATE if cause is OrderCause.PLACED else state_code(order.state),
            "side": side_code(order.action, order.reduce_only),
            "type": streamed_type_word(order),
            "leverage": text(order.leverage),
            "open_type": str(order.margin_mode),
            "deal_avg_price": number_or_zero(order.average_price),
            "deal_size": text(order.filled),
            "create_time": order.created_ms,
            "update_time": order.updated_ms,
            "plan_order_id": id_or_empty(order.parent_id, quirks) if not waits else "",
            "last_trade": _last_trade(fill) if fill else None,
            "trigger_price": number_or_zero(order.trigger_price) if waits and not trails else _NOT_HERE,
            "trigger_price_type": by if waits and not trails else _NOT_HERE,
            "execution_price": number_or_zero(order.price) if waits and not trails else _NOT_HERE,
            "activation_price": number_or_zero(order.trigger_price) if trails else _NOT_HERE,
            "activation_price_type": by if trails else _NOT_HERE,
            "callback_rate": text((order.callback_ratio or Decimal(0)) * 100) if trails else _NOT_HERE,
            "position_mode": POSITION_MODE_WORDS[self.world.engine.position_mode(order.account)],
        }
        return {"action": _action(order, cause), "order": row}

    def _price(self, order: OrderView) -> Decimal:
        """A market order shows the limit that protects it."""
        if order.order_type is OrderType.LIMIT or order.family is not OrderFamily.ORDER:
            return order.price or Decimal(0)
        tick, contract = self.world.engine.tick(order.symbol), self.world.engine.contract(order.symbol)
        if tick is None or contract is None:
            return Decimal(0)
        if order.action is Action.BUY:
            return on_grid_at_or_above(tick.last * (1 + _PROTECTION), contract.tick_size)
        return on_grid_at_or_below(tick.last * (1 - _PROTECTION), contract.tick_size)


def asset(balance: BalanceView) -> Mapping[str, str]:
    """No equity here: only the call for assets shows it."""
    return {
        "currency": CURRENCY,
        "available_balance": text(balance.available),
        "position_deposit": text(balance.position_margin),
        "frozen_balance": text(balance.order_margin),
    }


def _action(order: OrderView, cause: OrderCause) -> int:
    if cause is OrderCause.FILLED and order.cause is FillCause.LIQUIDATION:
        return BANKRUPTCY
    if cause is OrderCause.FILLED and order.cause is FillCause.ADL:
        return ADL_MATCHED
    return _ACTIONS.get(cause, CANCELLED)


def _last_trade(fill: FillView) -> Mapping[str, Any]:
    """A fee below zero is a cost here, unlike in `trades`."""
    return {
        "lastTradeID": trade_number(fill.fill_id),
        "fillQty": text(fill.size),
        "fillPrice": text(fill.price),
        "fee": text(-fill.fee),
        "feeCcy": CURRENCY,
    }
