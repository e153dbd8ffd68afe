"""What OKX is told to place and to change (sheet §6, §7). All numbers are text, and sizes are contracts."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mtf_adapters.okx.mapping import (
    AT_MARKET,
    CONDITIONAL,
    MARKET_IOC,
    ORDER_TYPES,
    POST_ONLY,
    PRICE_TYPES,
    sides_to,
)
from mtf_adapters.online.writing import client_id, plain
from mtf_core.market import (
    Amendment,
    EntryOrder,
    ExitOrder,
    InvalidOrderError,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPurpose,
)

_MARGIN = "cross"
"""Of what closes and protects: a position of its own margin is none of ours (capabilities)."""
_PREFIXES = {TriggerPurpose.STOP: "sl", TriggerPurpose.TARGET: "tp"}


def entry_body(order: EntryOrder) -> dict[str, Any]:
    """What `trade/order` is told to open a position; leverage is a setting of the contract."""
    attached = {**_level("sl", order.stop), **_level("tp", order.target)}
    return {
        "instId": order.symbol,
        "tdMode": order.margin_mode.value,
        "clOrdId": client_id(order.client_order_id),
        **_sides(order.side, opens=True),
        **_kind(order.order_type, order.time_in_force, order.price, post_only=order.post_only),
        "sz": plain(order.size),
        **({"attachAlgoOrds": [attached]} if attached else {}),
    }


def exit_body(order: ExitOrder) -> dict[str, Any]:
    """What `trade/order` is told to close: side and position side reduce and never open (sheet §6)."""
    return {
        "instId": order.symbol,
        "tdMode": _MARGIN,
        "clOrdId": client_id(order.client_order_id),
        **_sides(order.side, opens=False),
        **_kind(order.order_type, order.time_in_force, order.price, post_only=order.post_only),
        "sz": plain(order.size),
    }


def protection_body(order: ProtectiveOrder) -> dict[str, Any]:
    """What `trade/order-algo` is told. Raises `InvalidOrderError` for the whole position at a limit: it closes at
    market only."""
    if order.size is None and order.limit_price is not None:
        raise InvalidOrderError(f"{order.symbol}: an order for the whole position executes at market")
    size = {"closeFraction": "1", "reduceOnly": True} if order.size is None else {"sz": plain(order.size)}
    return {
        "instId": order.symbol,
        "tdMode": _MARGIN,
        "algoClOrdId": client_id(order.client_order_id),
        **_sides(order.side, opens=False),
        "ordType": CONDITIONAL,
        **size,
        **_level(_PREFIXES[order.purpose], order.trigger, order.limit_price),
    }


def amended_order_body(amendment: Amendment) -> dict[str, Any]:
    """The size is the whole of it, what has filled included."""
    if amendment.trigger is not None:
        raise InvalidOrderError(f"{amendment.symbol}: an order that does not wait for a price has no trigger to amend")
    return {
        "instId": amendment.symbol,
        "ordId": amendment.order_id,
        **({} if amendment.price is None else {"newPx": plain(amendment.price)}),
        **({} if amendment.size is None else {"newSz": plain(amendment.size)}),
    }


def amended_algo_body(amendment: Amendment) -> dict[str, Any]:
    """What changes, and nothing else; a trigger always with the price that fires it."""
    prefix = None if amendment.purpose is None else _PREFIXES.get(amendment.purpose)
    if prefix is None:
        raise InvalidOrderError(f"{amendment.symbol}: only stops and targets are amended")
    name, trigger = prefix.capitalize(), amendment.trigger
    level = {} if trigger is None else _trigger(f"new{name}", trigger)
    return {
        "instId": amendment.symbol,
        "algoId": amendment.order_id,
        **level,
        **({} if amendment.price is None else {f"new{name}OrdPx": plain(amendment.price)}),
        **({} if amendment.size is None else {"newSz": plain(amendment.size)}),
    }


def _sides(side: Side, *, opens: bool) -> Mapping[str, str]:
    word, position_side = sides_to(side, opens=opens)
    return {"side": word, "posSide": position_side}


def _kind(
    order_type: OrderType, time_in_force: TimeInForce, price: Decimal | None, *, post_only: bool
) -> Mapping[str, str]:
    """An order at market as the kind that leaves no rest: `market` is a limit at the edge of the price band, and what
    it does not fill may stay in the book (sheet §12.15)."""
    if order_type is OrderType.MARKET or price is None:
        return {"ordType": MARKET_IOC}
    return {"ordType": POST_ONLY if post_only else ORDER_TYPES[time_in_force], "px": plain(price)}


def _level(prefix: str, level: TriggerLevel | None, limit_price: Decimal | None = None) -> Mapping[str, str]:
    if level is None:
        return {}
    executed = AT_MARKET if limit_price is None else plain(limit_price)
    return {**_trigger(prefix, level), f"{prefix}OrdPx": executed}


def _trigger(prefix: str, level: TriggerLevel) -> Mapping[str, str]:
    """The price that fires it is always said: left out, it would be the last one."""
    return {f"{prefix}TriggerPx": plain(level.price), f"{prefix}TriggerPxType": PRICE_TYPES[level.by]}
