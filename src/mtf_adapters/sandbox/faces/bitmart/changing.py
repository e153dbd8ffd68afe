"""Calls that change or cancel what stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.envelope import Absent
from mtf_adapters.sandbox.faces.bitmart.placing import limit_price_of_exit
from mtf_adapters.sandbox.faces.bitmart.quirks import WithoutId
from mtf_adapters.sandbox.faces.bitmart.words import ORDER_TYPES, PRICE_TYPES
from mtf_adapters.sandbox.matching.commands import (
    AmendOrder,
    AmendPresets,
    AmendTrigger,
    CancelAll,
    CancelAllAfter,
    CancelOrder,
    Preset,
)
from mtf_adapters.sandbox.matching.events import OrderFamily
from mtf_core.market import OrderType, TriggerPrice

SHORTEST_TIMER_SEC = 5
_BAD_PRICE, _BAD_RANGE, _BAD_TYPE = 40043, 40044, 40042


def modify_limit_order(desk: Desk) -> dict[str, Any]:
    symbol = desk.symbol()
    order_id = desk.required_order_id(symbol, OrderFamily.ORDER)
    price, size = desk.said.decimal("price", _BAD_PRICE), desk.said.whole("size", _BAD_RANGE)
    if price is None and size is None:
        raise refuse(40011)
    desk.do(AmendOrder(desk.account, symbol, order_id, price, None if size is None else Decimal(size)))
    known = desk.world.engine.order(desk.account, order_id, desk.now_ms)
    return {"order_id": desk.quirks.order_number(order_id), "client_order_id": known.client_order_id if known else ""}


def cancel_order(desk: Desk) -> Any:
    """Without an id it cancels every order of the symbol: the venue's trap, not ours."""
    symbol = desk.symbol()
    order_id = desk.order_id(symbol, OrderFamily.ORDER)
    if order_id is None:
        return cancel_orders(desk)
    desk.do(CancelOrder(desk.account, symbol, order_id))
    return _nothing(desk)


def cancel_orders(desk: Desk) -> Any:
    trailing = desk.quirks.cancel_orders_drops_trailing
    desk.do(CancelAll(desk.account, desk.symbol(), trailing=trailing, triggers=desk.quirks.cancel_orders_drops_plans))
    return _nothing(desk)


def cancel_all_after(desk: Desk) -> dict[str, Any]:
    seconds = desk.said.required_whole("timeout")
    longest = desk.quirks.longest_timed_cancel_sec
    if seconds and (seconds < SHORTEST_TIMER_SEC or (longest is not None and seconds > longest)):
        raise refuse(40011)
    desk.do(CancelAllAfter(desk.account, desk.symbol(), seconds))
    set_sec = desk.now_ms // 1000
    return {"result": True, "set_time": set_sec, "cancel_time": set_sec + seconds if seconds else 0}


def cancel_plan_order(desk: Desk) -> Any:
    """Serves plan orders, take-profits and stop-losses."""
    symbol = desk.symbol()
    order_id = desk.order_id(symbol, OrderFamily.TRIGGER)
    if order_id is not None:
        desk.do(CancelOrder(desk.account, symbol, order_id))
    elif desk.quirks.plan_cancel_without_id is WithoutId.REFUSED:
        raise refuse(40011)
    else:
        desk.do(CancelAll(desk.account, symbol, orders=False, triggers=True))
    return _nothing(desk)


def cancel_trail_order(desk: Desk) -> Any:
    symbol = desk.symbol()
    order_id = desk.order_id(symbol, OrderFamily.TRAILING)
    if order_id is not None:
        desk.do(CancelOrder(desk.account, symbol, order_id))
    elif desk.quirks.trail_cancel_without_id is WithoutId.REFUSED:
        raise refuse(40011)
    else:
        desk.do(CancelAll(desk.account, symbol, orders=False, trailing=True))
    return _nothing(desk)


def modify_plan_order(desk: Desk) -> dict[str, Any]:
    """Trigger, kind of price and limit; the size cannot be changed."""
    symbol = desk.symbol()
    order_id = desk.required_order_id(symbol, OrderFamily.TRIGGER)
    order_type = desk.said.required_choice("type", ORDER_TYPES, _BAD_TYPE)
    limit_price = desk.said.required_decimal("executive_price", _BAD_PRICE) if order_type is OrderType.LIMIT else None
    return _amended(desk, symbol, order_id, limit_price)


def modify_tp_sl_order(desk: Desk) -> dict[str, Any]:
    symbol = desk.symbol()
    order_id = desk.required_order_id(symbol, OrderFamily.TRIGGER)
    return _amended(desk, symbol, order_id, limit_price_of_exit(desk))


def modify_preset_plan_order(desk: Desk) -> dict[str, Any]:
    """New stop and target of an order that has not filled; what is not named stays."""
    symbol = desk.symbol()
    order_id = desk.required_order_id(symbol, OrderFamily.ORDER)
    known = desk.world.engine.order(desk.account, order_id, desk.now_ms)
    stop = _changed_preset(desk, "preset_stop_loss_price", known.stop_price if known else None)
    target = _changed_preset(desk, "preset_take_profit_price", known.target_price if known else None)
    desk.do(AmendPresets(desk.account, symbol, order_id, stop, target))
    return {"order_id": str(desk.quirks.order_number(order_id))}


def _nothing(desk: Desk) -> Any:
    """What a cancel answers."""
    return {} if desk.quirks.cancel_answers_have_data else Absent.DATA


def _amended(desk: Desk, symbol: str, order_id: int, limit_price: Decimal | None) -> dict[str, Any]:
    desk.do(
        AmendTrigger(
            desk.account,
            symbol,
            order_id,
            trigger_price=desk.said.required_decimal("trigger_price", _BAD_PRICE),
            by=desk.said.choice("price_type", PRICE_TYPES),
            limit_price=limit_price,
        )
    )
    return {"order_id": str(desk.quirks.order_number(order_id))}


def _changed_preset(desk: Desk, name: str, price_so_far: Decimal | None) -> Preset | None:
    price = desk.said.decimal(name, _BAD_PRICE)
    by = desk.said.choice(f"{name}_type", PRICE_TYPES)
    if price is None and by is None:
        return None
    wanted = price_so_far if price is None else price
    if wanted is None:
        raise refuse(40011)
    return Preset(wanted, by or TriggerPrice.LAST)
