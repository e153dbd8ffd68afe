"""Calls that change or cancel orders of the book, close positions, or cancel everything after a while."""

from __future__ import annotations

from mtf_adapters.sandbox.faces.okx.asking import client_id_of, order_price_of, tag_of
from mtf_adapters.sandbox.faces.okx.codes import bad, missing, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.notes import Note
from mtf_adapters.sandbox.faces.okx.placing import check_band
from mtf_adapters.sandbox.faces.okx.quirks import order_number, order_of_number
from mtf_adapters.sandbox.faces.okx.rows import Row
from mtf_adapters.sandbox.faces.okx.words import MARGIN_MODES, NET, PRICE_TYPES, SIDES
from mtf_adapters.sandbox.matching.commands import (
    AmendOrder,
    AmendPresets,
    CancelEverythingAfter,
    CancelOrder,
    CloseAll,
    Preset,
)
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView, Refusal
from mtf_core.market import PositionMode, Side, TriggerPrice

_LEAST_TIMER_SEC, _MOST_TIMER_SEC = 10, 120
_GONE = {Refusal.ORDER_FINISHED: 51503, Refusal.UNKNOWN_ORDER: 51503}


def live_order(desk: Desk, otherwise: int) -> OrderView:
    """The order that the call names by either id, the exchange's first; raises for one that does not stand."""
    number, client_id = desk.said.text("ordId"), desk.said.text("clOrdId")
    if number is None and client_id is None:
        raise refuse(50015, "Either parameter ordId or clOrdId is required.")
    symbol = desk.named_contract().symbol
    for order in desk.world.engine.orders_of(desk.account, symbol, desk.now_ms + desk.quirks.visible_after_ms):
        if order.family is not OrderFamily.ORDER:
            continue
        own_id = "" if order.parent_id else order.client_order_id
        meant = order.order_id == order_of_number(number) if number is not None else client_id == own_id
        if meant:
            return order
    raise refuse(otherwise)


def cancel_order(desk: Desk) -> Row:
    order = live_order(desk, 51400)
    gone = {Refusal.ORDER_FINISHED: 51400, Refusal.UNKNOWN_ORDER: 51400}
    desk.do(CancelOrder(desk.account, order.symbol, order.order_id), gone)
    return {"ordId": order_number(order.order_id), "clOrdId": order.client_order_id}


def refused_change(desk: Desk) -> Row:
    said = {name: desk.said.values.get(name) for name in ("ordId", "clOrdId")}
    return {name: value if isinstance(value, str) else "" for name, value in said.items()}


def amend_order(desk: Desk) -> Row:
    """Price, total size, and the stop and target that still travel inside it."""
    said = desk.said
    order = live_order(desk, 51503)
    contract = desk.contract(order.symbol)
    price, size = said.decimal("newPx"), said.decimal("newSz")
    rows = said.rows("attachAlgoOrds")
    if price is None and size is None and not rows:
        raise refuse(50015, "Either parameter newSz or newPx is required.")
    if price is not None:
        check_band(desk, contract, order.action, price)
    if size is not None and size % contract.size_step:
        raise refuse(51121)
    if rows:
        _amend_attached(desk.saying(rows[0]), order)
    if size is not None and order.filled and size <= order.filled:
        desk.do(CancelOrder(desk.account, order.symbol, order.order_id), _GONE)  # what is left of it is nothing
    elif price is not None or size is not None:
        desk.do(AmendOrder(desk.account, order.symbol, order.order_id, price, size), _GONE)
    return {
        "ordId": order_number(order.order_id),
        "clOrdId": order.client_order_id,
        "reqId": said.text("reqId") or "",
    }


def _amend_attached(row: Desk, order: OrderView) -> None:
    """New levels of what travels inside an order that has not filled; a level is not taken out here."""
    if order.stop_price is None and order.target_price is None:
        raise refuse(51527)
    changed = {}
    for prefix, price, by, client_id in (
        ("Sl", order.stop_price, order.stop_by, order.stop_client_order_id),
        ("Tp", order.target_price, order.target_by, order.target_client_order_id),
    ):
        trigger = row.said.decimal(f"new{prefix}TriggerPx")
        if trigger is None:
            continue
        if trigger <= 0 or price is None:
            raise bad(f"new{prefix}TriggerPx")
        kind = row.said.choice(f"new{prefix}TriggerPxType", PRICE_TYPES) or by or TriggerPrice.LAST
        changed[prefix] = Preset(trigger, kind, client_id, order_price_of(row, f"new{prefix}OrdPx"))
    if not changed:
        raise bad("attachAlgoOrds")
    codes = {Refusal.INVALID: 51538, Refusal.PRESET_WRONG_SIDE: 51047, **_GONE}
    command = AmendPresets(row.account, order.symbol, order.order_id, changed.get("Sl"), changed.get("Tp"))
    row.do(command, codes)


def close_position(desk: Desk) -> list[Row]:
    """The whole side at market; exits that stand refuse it, unless they may be cancelled."""
    said = desk.said
    contract = desk.named_contract()
    said.required_choice("mgnMode", MARGIN_MODES)
    named = said.text("posSide")
    side: Side | None = None
    if desk.mode is PositionMode.HEDGE:
        if named is None:
            raise missing("posSide")
        if named not in SIDES:
            raise bad("posSide")
        side = SIDES[named]
    elif named not in (None, NET):
        raise bad("posSide")
    stands = [
        each
        for each in desk.live(contract.symbol)
        if each.family is OrderFamily.ORDER and each.reduce_only and side in (None, each.position_side)
    ]
    if stands and not said.flag("autoCxl"):
        raise refuse(51115)
    client_id, tag = client_id_of(desk, "clOrdId"), tag_of(desk)
    number = desk.do(CloseAll(desk.account, contract.symbol, side, client_id), {Refusal.NO_POSITION: 51023})
    desk.notes.keep(number, Note(tag=tag))
    return [
        {
            "instId": contract.symbol,
            "posSide": NET if side is None else str(side),
            "clOrdId": client_id,
            "tag": tag,
        }
    ]


def cancel_all_after(desk: Desk) -> list[Row]:
    """Of the whole account; what a tag would limit it to is not told apart here."""
    seconds = desk.said.whole("timeOut")
    if seconds is None:
        raise missing("timeOut")
    if seconds and not _LEAST_TIMER_SEC <= seconds <= _MOST_TIMER_SEC:
        raise bad("timeOut")
    if desk.said.has("tag"):
        raise bad("tag")
    desk.do(CancelEverythingAfter(desk.account, seconds))
    unit = 1000 if desk.quirks.timer_times_in_seconds else 1
    due_ms = desk.now_ms + seconds * 1000
    return [{"triggerTime": str(due_ms // unit) if seconds else "0", "tag": "", "ts": str(desk.now_ms // unit)}]
