"""Calls that place, change and cancel orders that wait for a price."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mtf_adapters.sandbox.faces.okx.algos import Algo
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
from mtf_adapters.sandbox.faces.okx.codes import bad, missing, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.notes import Note
from mtf_adapters.sandbox.faces.okx.placing import check_side
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, algo_of_number
from mtf_adapters.sandbox.faces.okx.rows import Row
from mtf_adapters.sandbox.faces.okx.words import PRICE_TYPES
from mtf_adapters.sandbox.matching.commands import (
    Action,
    AmendTrigger,
    CancelOrder,
    Direction,
    Leg,
    PlacePair,
    PlaceTrailing,
    PlaceTrigger,
)
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView, Refusal
from mtf_adapters.sandbox.matching.presets import fires_towards
from mtf_core.market import Contract, MarginMode, OrderState, PositionMode, Side, TriggerPrice, TriggerPurpose

_WHOLE = Decimal(1)
_LEAST_CALLBACK, _MOST_CALLBACK = Decimal("0.001"), Decimal(1)
_CODES: Mapping[Refusal, int] = {Refusal.DUPLICATE_CLIENT_ID: 51068, Refusal.NO_POSITION: 51058}
_TYPES: Mapping[str, str] = {each: each for each in ("conditional", "oco", "trigger", "move_order_stop")}


def place_algo(desk: Desk) -> Row:
    kind = desk.said.required_choice("ordType", _TYPES)
    contract = desk.named_contract()
    margin_mode, way = margin_of(desk), way_of(desk)
    client_id, tag = client_id_of(desk, "algoClOrdId"), tag_of(desk)
    if kind == "trigger":
        number = _trigger(desk, contract, margin_mode, way, client_id)
    elif kind == "move_order_stop":
        number = _trailing(desk, contract, margin_mode, way, client_id)
    else:
        number = _exit(desk, contract, way, client_id, kind)
    said_reduces = desk.said.flag("reduceOnly") if desk.said.has("reduceOnly") else None
    desk.notes.keep(number, Note(kind, tag, said_reduces))
    return {"algoId": algo_number(number), "clOrdId": "", "algoClOrdId": client_id, "tag": tag}


def refused_algo(desk: Desk) -> Row:
    said = desk.said.values
    named = {name: said.get(name) for name in ("algoId", "algoClOrdId", "tag")}
    shown = {name: value if isinstance(value, str) else "" for name, value in named.items()}
    return {**shown, "clOrdId": ""}


def _exit(desk: Desk, contract: Contract, way: Way, client_id: str, kind: str) -> int:
    """A stop, a target, or both as one."""
    size = _size_or_whole(desk, contract, way)
    if desk.mode is PositionMode.HEDGE and not way.reduces:
        raise bad("posSide")
    side = Side.LONG if way.action is Action.SELL else Side.SHORT
    stop, target = _leg(desk, "sl"), _leg(desk, "tp")
    if kind == "oco" and (stop is None or target is None):
        raise missing("slTriggerPx" if stop is None else "tpTriggerPx")
    if stop is None and target is None:
        raise missing("slTriggerPx")
    for leg, is_stop in ((stop, True), (target, False)):
        if leg is not None:
            check_side(desk, contract, side, leg.trigger_price, leg.by, is_stop=is_stop)
    if stop is not None and target is not None and (kind == "oco" or desk.mode is PositionMode.HEDGE):
        return desk.do(
            PlacePair(desk.account, contract.symbol, way.action, size, stop, target, way.side, client_id), _CODES
        )
    only, purpose = (stop, TriggerPurpose.STOP) if stop is not None else (target, TriggerPurpose.TARGET)
    assert only is not None
    return desk.do(
        PlaceTrigger(
            account=desk.account,
            symbol=contract.symbol,
            action=way.action,
            size=size,
            purpose=purpose if way.reduces else TriggerPurpose.ENTRY,
            trigger_price=only.trigger_price,
            by=only.by,
            direction=fires_towards(purpose, side),
            limit_price=only.limit_price,
            reduce_only=way.reduces,
            position_side=way.side,
            client_order_id=client_id,
            ends_with_position=True if desk.said.flag("cxlOnClosePos") else None,
        ),
        _CODES,
    )


def _size_or_whole(desk: Desk, contract: Contract, way: Way) -> Decimal | None:
    """None: the whole position. That has to reduce, and executes at market."""
    fraction = desk.said.decimal("closeFraction")
    if fraction is None:
        at_market = not any(order_price_of(desk, f"{prefix}OrdPx") for prefix in ("sl", "tp"))
        return size_of(desk, contract, at_market=at_market)
    if fraction != _WHOLE or desk.said.has("sz"):
        raise bad("closeFraction")
    if not way.reduces or any(order_price_of(desk, f"{prefix}OrdPx") is not None for prefix in ("sl", "tp")):
        raise bad("reduceOnly" if not way.reduces else "slOrdPx")
    return None


def _leg(desk: Desk, prefix: str) -> Leg | None:
    if not desk.said.has(f"{prefix}TriggerPx"):
        return None
    if not desk.said.has(f"{prefix}OrdPx"):
        raise missing(f"{prefix}OrdPx")
    by = desk.said.choice(f"{prefix}TriggerPxType", PRICE_TYPES) or TriggerPrice.LAST
    return Leg(price_of(desk, f"{prefix}TriggerPx"), by, order_price_of(desk, f"{prefix}OrdPx"))


def _trigger(desk: Desk, contract: Contract, margin_mode: MarginMode, way: Way, client_id: str) -> int:
    """An order that waits for a price, from wherever that may come."""
    trigger = price_of(desk, "triggerPx")
    if not desk.said.has("orderPx"):
        raise missing("orderPx")
    by = desk.said.choice("triggerPxType", PRICE_TYPES) or TriggerPrice.LAST
    tick = desk.tick(contract.symbol)
    now = tick.mark if by is TriggerPrice.MARK else tick.last
    limit = order_price_of(desk, "orderPx")
    return desk.do(
        PlaceTrigger(
            account=desk.account,
            symbol=contract.symbol,
            action=way.action,
            size=size_of(desk, contract, at_market=limit is None),
            purpose=TriggerPurpose.ENTRY,
            trigger_price=trigger,
            by=by,
            direction=Direction.RISES if trigger > now else Direction.FALLS,
            limit_price=limit,
            reduce_only=way.reduces,
            position_side=way.side,
            leverage=desk.world.engine.leverage(desk.account, contract.symbol)[0],
            margin_mode=margin_mode,
            client_order_id=client_id,
        ),
        _CODES,
    )


def _trailing(desk: Desk, contract: Contract, margin_mode: MarginMode, way: Way, client_id: str) -> int:
    """By a ratio; a distance in money (`callbackSpread`) is not served here."""
    ratio = desk.said.decimal("callbackRatio")
    if ratio is None:
        raise bad("callbackSpread") if desk.said.has("callbackSpread") else missing("callbackRatio")
    if not _LEAST_CALLBACK <= ratio < _MOST_CALLBACK:
        raise bad("callbackRatio")
    return desk.do(
        PlaceTrailing(
            account=desk.account,
            symbol=contract.symbol,
            action=way.action,
            size=size_of(desk, contract, at_market=True),
            activation_price=desk.said.decimal("activePx") or desk.tick(contract.symbol).last,
            by=TriggerPrice.LAST,
            callback_ratio=ratio,
            reduce_only=way.reduces,
            position_side=way.side,
            leverage=desk.world.engine.leverage(desk.account, contract.symbol)[0],
            margin_mode=margin_mode,
            client_order_id=client_id,
        ),
        _CODES,
    )


def named_algo(desk: Desk, otherwise: int) -> Algo:
    """The live algo that the call names by either id; raises for one that is not there, or not any more."""
    number, client_id = desk.said.text("algoId"), desk.said.text("algoClOrdId")
    if number is None and client_id is None:
        raise refuse(50015, "Either parameter algoId or algoClOrdId is required.")
    symbol = desk.symbol_or_none()
    for algo in desk.live_algos(symbol):
        if is_meant(algo, number, client_id):
            return algo
    triggered = any(
        is_meant(algo, number, client_id) and algo.told.state is OrderState.TRIGGERED
        for algo in desk.ended_algos(symbol)
    )
    raise refuse(51416 if triggered and otherwise == 51400 else otherwise)


def is_meant(algo: Algo, number: str | None, client_id: str | None) -> bool:
    """By the exchange's id where there is one, else by the client's."""
    if number is not None:
        return algo.number == algo_of_number(number)
    return client_id == algo.halves[0].client_order_id


def cancel_algo(desk: Desk) -> Row:
    desk.named_contract()
    algo = named_algo(desk, 51400)
    first = algo.halves[0]
    if first.family is OrderFamily.TRAILING and not desk.quirks.cancel_algos_takes_trailing:
        raise refuse(51400)
    desk.do(CancelOrder(desk.account, first.symbol, first.order_id), {Refusal.ORDER_FINISHED: 51400})
    return {"algoId": algo_number(algo.number), "algoClOrdId": first.client_order_id, "clOrdId": "", "tag": ""}


def amend_algo(desk: Desk) -> Row:
    """Triggers, prices and sizes of stops and targets; of one for the whole position the trigger alone."""
    contract = desk.named_contract()
    algo = named_algo(desk, 51503)
    first = algo.halves[0]
    if first.family is OrderFamily.TRAILING:
        raise refuse(51503)
    said = desk.said
    size = said.decimal("newSz")
    whole = first.size is None
    if whole and (size is not None or any(order_price_of(desk, f"new{each}OrdPx") for each in ("Sl", "Tp"))):
        raise refuse(51523)
    changes = [_change(desk, contract, algo, prefix) for prefix in ("Sl", "Tp", "")]
    wanted = [change for change in changes if change is not None]
    if not wanted and size is None:
        raise refuse(50015, "Either parameter newSz or newSlTriggerPx is required.")
    for order, trigger, by, limit in wanted or [(half, None, None, None) for half in algo.halves]:
        desk.do(AmendTrigger(desk.account, first.symbol, order.order_id, trigger, by, limit, size), _CODES)
    return {
        "algoId": algo_number(algo.number),
        "algoClOrdId": first.client_order_id,
        "reqId": said.text("reqId") or "",
    }


_PURPOSES = {"Sl": TriggerPurpose.STOP, "Tp": TriggerPurpose.TARGET, "": TriggerPurpose.ENTRY}
_Change = tuple[OrderView, Decimal | None, TriggerPrice | None, Decimal | None]


def _change(desk: Desk, contract: Contract, algo: Algo, prefix: str) -> _Change | None:
    """What is asked of one half: its order, trigger, kind of price and limit. A half cannot be added here.

    Without a prefix it is the trigger of an order that is neither stop nor target.
    """
    said = desk.said
    names = [f"new{prefix}{each}" for each in ("TriggerPx", "OrdPx", "TriggerPxType")]
    if not any(said.has(name) for name in names):
        return None
    half = algo.half(_PURPOSES[prefix])
    if half is None:
        raise bad(names[0])
    trigger = said.decimal(names[0])
    by = said.choice(names[2], PRICE_TYPES)
    if trigger is not None and prefix:
        side = Side.LONG if half.action is Action.SELL else Side.SHORT
        wanted_by = by or half.trigger_by or TriggerPrice.LAST
        check_side(desk, contract, side, trigger, wanted_by, is_stop=prefix == "Sl")
    return half, trigger, by, order_price_of(desk, names[1])
