"""Calls that place orders: limit and market, plan, take-profit and stop-loss, trailing."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.bitmart.desk import Desk
from mtf_adapters.sandbox.faces.bitmart.quirks import CLIENT_ID_CHARACTERS
from mtf_adapters.sandbox.faces.bitmart.words import (
    CLOSE_LONG,
    CLOSE_SHORT,
    MARGIN_MODES,
    MODES,
    ORDER_TYPES,
    PRICE_TYPES,
    PRICE_WAYS,
    PURPOSES,
    SELF_TRADES,
    WAYS,
    Way,
)
from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.matching.commands import (
    Action,
    Direction,
    PlaceOrder,
    PlaceTrailing,
    PlaceTrigger,
    Preset,
    SelfTrade,
)
from mtf_core.market import MarginMode, OrderType, TimeInForce, TriggerPrice, TriggerPurpose

MARKET_PRICE = "market price"
"""What a market order's answer says instead of a price."""

_LEAST_CALLBACK, _MOST_CALLBACK = Decimal("0.1"), Decimal(5)
_CATEGORIES = {"1": False, "2": True}
_BAD_SIDE, _BAD_TYPE, _BAD_MARGIN, _BAD_RANGE, _BAD_PRICE = 40041, 40042, 40045, 40044, 40043


def submit_order(desk: Desk) -> dict[str, Any]:
    said = desk.said
    way = _way(desk)
    order_type = said.choice("type", ORDER_TYPES, _BAD_TYPE) or OrderType.LIMIT
    mode = said.choice("mode", MODES) or MODES["1"]
    is_market = order_type is OrderType.MARKET
    if is_market and mode.post_only:
        raise refuse(40011)
    price = None if is_market else _price(desk, "price")
    leverage, margin_mode = _leverage(desk, way)
    stop, target = (None, None) if way.reduces else presets(desk)
    accepted = desk.do(
        PlaceOrder(
            account=desk.account,
            symbol=desk.symbol(),
            action=way.action,
            size=_size(desk),
            order_type=order_type,
            price=price,
            time_in_force=TimeInForce.IOC if is_market else mode.time_in_force,
            post_only=mode.post_only,
            reduce_only=way.reduces,
            position_side=way.position_side(desk.mode),
            leverage=leverage,
            margin_mode=margin_mode,
            client_order_id=client_order_id(desk),
            stop=stop,
            target=target,
            self_trade=said.choice("stp_mode", SELF_TRADES) or SelfTrade.CANCEL_MAKER,
        )
    )
    return {
        "order_id": desk.quirks.order_number(accepted.order_id),
        "price": MARKET_PRICE if price is None else text(price),
    }


def submit_plan_order(desk: Desk) -> dict[str, Any]:
    """An order that waits for a price; with the types of exits, a take-profit or stop-loss under another name."""
    said = desk.said
    way = _way(desk)
    type_word = said.text("type") or "limit"
    if type_word not in {**ORDER_TYPES, **PURPOSES}:
        raise refuse(_BAD_TYPE)
    purpose = PURPOSES.get(type_word, TriggerPurpose.ENTRY)
    if purpose is not TriggerPurpose.ENTRY:
        return {"order_id": int(_place_exit(desk, way, purpose))}
    leverage, margin_mode = _leverage(desk, way)
    stop, target = (None, None) if way.reduces else presets(desk)
    mode = said.choice("mode", MODES) or MODES["1"]
    accepted = desk.do(
        PlaceTrigger(
            account=desk.account,
            symbol=desk.symbol(),
            action=way.action,
            size=_size(desk),
            purpose=TriggerPurpose.ENTRY,
            trigger_price=_price(desk, "trigger_price"),
            by=said.required_choice("price_type", PRICE_TYPES),
            direction=said.required_choice("price_way", PRICE_WAYS),
            limit_price=_price(desk, "executive_price") if type_word == "limit" else None,
            time_in_force=mode.time_in_force,
            reduce_only=way.reduces,
            position_side=way.position_side(desk.mode),
            leverage=leverage,
            margin_mode=margin_mode,
            client_order_id=client_order_id(desk),
            stop=stop,
            target=target,
        )
    )
    return {"order_id": desk.quirks.order_number(accepted.order_id)}


def submit_tp_sl_order(desk: Desk) -> dict[str, Any]:
    """A take-profit or stop-loss of a position that is there."""
    way = _way(desk)
    if way not in (CLOSE_LONG, CLOSE_SHORT):
        raise refuse(_BAD_SIDE)
    order_id = _place_exit(desk, way, desk.said.required_choice("type", PURPOSES, _BAD_TYPE))
    return {"order_id": order_id, "client_order_id": client_order_id(desk)}


def submit_trail_order(desk: Desk) -> dict[str, Any]:
    said = desk.said
    way = _way(desk)
    percent = said.required_decimal("callback_rate")
    if not _LEAST_CALLBACK <= percent <= _MOST_CALLBACK:
        raise refuse(40011)
    leverage, margin_mode = _leverage(desk, way)
    accepted = desk.do(
        PlaceTrailing(
            account=desk.account,
            symbol=desk.symbol(),
            action=way.action,
            size=_size(desk),
            activation_price=_price(desk, "activation_price"),
            by=said.required_choice("activation_price_type", PRICE_TYPES),
            callback_ratio=percent / 100,
            reduce_only=way.reduces,
            position_side=way.position_side(desk.mode),
            leverage=leverage,
            margin_mode=margin_mode,
            client_order_id=client_order_id(desk),
        )
    )
    return {"order_id": desk.quirks.order_number(accepted.order_id)}


def presets(desk: Desk) -> tuple[Preset | None, Preset | None]:
    """Stop and target that travel inside an order."""
    return _preset(desk, "preset_stop_loss_price"), _preset(desk, "preset_take_profit_price")


def client_order_id(desk: Desk) -> str:
    """The client's id, empty if there is none."""
    found = desk.said.text("client_order_id") or ""
    if not re.fullmatch(f"[{desk.quirks.client_id_alphabet}]*", found):
        raise refuse(40048)
    if len(found) > CLIENT_ID_CHARACTERS:
        raise refuse(40049)
    return found


def limit_price_of_exit(desk: Desk) -> Decimal | None:
    """None, zero or the category `market` execute at market."""
    executive = desk.said.decimal("executive_price", _BAD_PRICE)
    if not executive or desk.said.text("category") == "market":
        return None
    return executive


def _place_exit(desk: Desk, way: Way, purpose: TriggerPurpose) -> str:
    said = desk.said
    named = said.choice("plan_category", _CATEGORIES)
    whole = desk.quirks.tp_sl_default_category == 2 if named is None else named
    accepted = desk.do(
        PlaceTrigger(
            account=desk.account,
            symbol=desk.symbol(),
            action=way.action,
            size=None if whole or not said.has("size") else _size(desk),
            purpose=purpose,
            trigger_price=_price(desk, "trigger_price"),
            by=said.choice("price_type", PRICE_TYPES) or TriggerPrice.LAST,
            direction=exit_direction(way.action, purpose),
            limit_price=None if whole else limit_price_of_exit(desk),
            reduce_only=True,
            position_side=way.position_side(desk.mode),
            client_order_id=client_order_id(desk),
        )
    )
    return str(desk.quirks.order_number(accepted.order_id))


def exit_direction(action: Action, purpose: TriggerPurpose) -> Direction:
    """A stop sells when the price falls, a target sells when it rises; buys the other way round."""
    rises = (action is Action.BUY) != (purpose is TriggerPurpose.TARGET)
    return Direction.RISES if rises else Direction.FALLS


def _preset(desk: Desk, name: str) -> Preset | None:
    price = desk.said.decimal(name, _BAD_PRICE)
    if price is None:
        return None
    return Preset(price, desk.said.choice(f"{name}_type", PRICE_TYPES) or TriggerPrice.LAST)


def _way(desk: Desk) -> Way:
    if isinstance(desk.said.values.get("side"), str):
        raise refuse(_BAD_SIDE)
    return desk.said.required_choice("side", WAYS, _BAD_SIDE)


def _size(desk: Desk) -> Decimal:
    return Decimal(desk.said.required_whole("size", _BAD_RANGE))


def _price(desk: Desk, name: str) -> Decimal:
    return desk.said.required_decimal(name, _BAD_PRICE)


def _leverage(desk: Desk, way: Way) -> tuple[Decimal | None, MarginMode | None]:
    """Leverage and margin type of what opens; ignored of what closes."""
    if way.reduces:
        return None, None
    return desk.said.decimal("leverage", 40040), desk.said.choice("open_type", MARGIN_MODES, _BAD_MARGIN)


__all__ = [
    "MARKET_PRICE",
    "client_order_id",
    "exit_direction",
    "limit_price_of_exit",
    "presets",
    "submit_order",
    "submit_plan_order",
    "submit_tp_sl_order",
    "submit_trail_order",
]
