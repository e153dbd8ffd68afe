"""Calls that place orders of the book, with the stop and target that travel inside them."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.faces.okx.asking import (
    Way,
    client_id_of,
    margin_of,
    order_price_of,
    price_of,
    size_of,
    tag_of,
    way_of,
)
from mtf_adapters.sandbox.faces.okx.codes import RefusedError, bad, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.notes import Note
from mtf_adapters.sandbox.faces.okx.parameters import Parameters
from mtf_adapters.sandbox.faces.okx.public import price_limits
from mtf_adapters.sandbox.faces.okx.quirks import order_number
from mtf_adapters.sandbox.faces.okx.rows import Row
from mtf_adapters.sandbox.faces.okx.words import KINDS, PRICE_TYPES, SELF_TRADES
from mtf_adapters.sandbox.matching.commands import Action, PlaceOrder, Preset, SelfTrade
from mtf_core.market import Contract, OrderType, Side, TriggerPrice

_BANDED = {"1": True, "0": False}


def place_order(desk: Desk) -> Row:
    said = desk.said
    contract = desk.named_contract()
    margin_mode, way = margin_of(desk), way_of(desk)
    kind = said.required_choice("ordType", KINDS)
    at_market = kind.order_type is OrderType.MARKET
    size = size_of(desk, contract, at_market=at_market)
    price = None if at_market else _within_band(desk, contract, way.action, price_of(desk, "px"))
    stop, target = attached(desk, contract, way)
    failed = None if _on_their_sides(desk, contract, way, price, stop, target) else (stop, target)
    if failed is not None:
        stop, target = None, None
    client_id, tag = client_id_of(desk, "clOrdId"), tag_of(desk)
    leverage, _ = desk.world.engine.leverage(desk.account, contract.symbol)
    number = desk.do(
        PlaceOrder(
            account=desk.account,
            symbol=contract.symbol,
            action=way.action,
            size=size,
            order_type=kind.order_type,
            price=price,
            time_in_force=kind.time_in_force,
            post_only=kind.post_only,
            reduce_only=way.reduces,
            position_side=way.side,
            leverage=leverage,
            margin_mode=margin_mode,
            client_order_id=client_id,
            stop=stop,
            target=target,
            self_trade=said.choice("stpMode", SELF_TRADES) or SelfTrade.CANCEL_MAKER,
        )
    )
    # In hedge mode it is nothing that is said, and nothing that is shown.
    said_reduces = way.reduces if way.side is None else None
    desk.notes.keep(number, Note(said.text("ordType") or "", tag, said_reduces, failed))
    return {"ordId": order_number(number), "clOrdId": client_id, "tag": tag}


def refused_order(desk: Desk) -> Row:
    """What the row of an order that was not taken says of it."""
    return {"ordId": "", "clOrdId": _said(desk, "clOrdId"), "tag": _said(desk, "tag")}


def _said(desk: Desk, name: str) -> str:
    value = desk.said.values.get(name)
    return value if isinstance(value, str) else ""


def _within_band(desk: Desk, contract: Contract, action: Action, price: Decimal) -> Decimal:
    """The price, moved into the band where that was asked for; raises 51006 for one beyond it."""
    most, least = price_limits(desk, contract)
    if (price <= most) if action is Action.BUY else (price >= least):
        return price
    if desk.said.choice("pxAmendType", _BANDED):
        return most if action is Action.BUY else least
    raise refuse(51006)


def check_band(desk: Desk, contract: Contract, action: Action, price: Decimal) -> None:
    most, least = price_limits(desk, contract)
    if price > most if action is Action.BUY else price < least:
        raise refuse(51006)


def attached(desk: Desk, contract: Contract, way: Way) -> tuple[Preset | None, Preset | None]:
    """Stop and target that travel inside the order: one of each at most, both for all of it."""
    rows = desk.said.rows("attachAlgoOrds")
    if not rows:
        return None, None
    if way.reduces:
        raise refuse(51100)
    if len(rows) > 1:
        raise refuse(51000, "Parameter attachAlgoOrds error: split orders are not served here")
    row = desk.saying(rows[0])
    for name in ("callbackRatio", "callbackSpread", "slTriggerRatio", "tpTriggerRatio"):
        if row.said.has(name):
            raise bad(name)
    client_id = client_id_of(row, "attachAlgoClOrdId")
    if client_id and any(client_id == each.client_order_id for each in desk.live()):
        raise refuse(51068)
    stop, target = _preset(row, "sl", client_id), _preset(row, "tp", client_id)
    if stop is None and target is None:
        raise bad("attachAlgoOrds")
    return stop, target


def _on_their_sides(
    desk: Desk, contract: Contract, way: Way, price: Decimal | None, stop: Preset | None, target: Preset | None
) -> bool:
    """Whether stop and target lie where they should; raises where that refuses the whole entry."""
    opens = Side.LONG if way.action is Action.BUY else Side.SHORT
    try:
        for preset, is_stop in ((stop, True), (target, False)):
            if preset is not None:
                check_side(desk, contract, opens, preset.price, preset.by, is_stop=is_stop, price=price)
    except RefusedError:
        if desk.quirks.bad_stop_refuses_entry:
            raise
        return False
    return True


def _preset(row: Desk, prefix: str, client_id: str) -> Preset | None:
    said: Parameters = row.said
    trigger = said.decimal(f"{prefix}TriggerPx")
    if trigger is None:
        return None
    if trigger <= 0:
        raise bad(f"{prefix}TriggerPx")
    if not said.has(f"{prefix}OrdPx"):
        raise bad(f"{prefix}OrdPx")
    by = said.choice(f"{prefix}TriggerPxType", PRICE_TYPES) or TriggerPrice.LAST
    return Preset(trigger, by, client_id, order_price_of(row, f"{prefix}OrdPx"))


def check_side(
    desk: Desk,
    contract: Contract,
    side: Side,
    trigger: Decimal,
    by: TriggerPrice,
    *,
    is_stop: bool,
    price: Decimal | None = None,
) -> None:
    """A stop lies on the losing side, a target on the winning one: of an order's price, or of the market's."""
    tick = desk.tick(contract.symbol)
    now = price if price is not None else tick.mark if by is TriggerPrice.MARK else tick.last
    below = is_stop is (side is Side.LONG)
    if trigger < now if below else trigger > now:
        return
    if price is not None:
        codes = {(False, Side.LONG): 51046, (True, Side.LONG): 51047, (False, Side.SHORT): 51048}
        raise refuse(codes.get((is_stop, side), 51049))
    by_mark = {(False, Side.LONG): 51300, (True, Side.LONG): 51302, (False, Side.SHORT): 51303}
    by_last = {(False, Side.LONG): 51277, (True, Side.LONG): 51278, (False, Side.SHORT): 51279}
    if by is TriggerPrice.MARK:
        raise refuse(by_mark.get((is_stop, side), 51305))
    raise refuse(by_last.get((is_stop, side), 51280))
