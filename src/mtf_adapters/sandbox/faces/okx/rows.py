"""The engine's views as rows of OKX's answers and pushes: everything is text, what does not apply is empty text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.faces.okx.notes import NOTHING, Note
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, attached_number, order_number
from mtf_adapters.sandbox.faces.okx.words import (
    CATEGORIES,
    NET,
    cancel_source,
    kind_word,
    source_word,
    state_word,
    sub_type,
)
from mtf_adapters.sandbox.matching.commands import Preset
from mtf_adapters.sandbox.matching.events import FillView, OrderFamily, OrderView
from mtf_core.market import (
    Contract,
    FillCause,
    PositionMode,
    Side,
    TriggerPrice,
)

Row = dict[str, Any]

ZERO = Decimal(0)
FIRST_TRADE_ID, FIRST_BILL_ID = 1_204_500_000, 2_481_900_000_000_000_000
TOLD_AFTER_MS = 2
"""How long after an execution its row is made: `ts` is not `fillTime`."""
AT_MARKET = "-1"


def or_empty(value: Decimal | None) -> str:
    return "" if value is None else text(value)


def flag(value: bool) -> str:
    return "true" if value else "false"


@frozen
class Surroundings:
    """What a row of an order shows beside the order itself."""

    contract: Contract
    mode: PositionMode
    fills: Sequence[FillView] = ()
    """Its executions, the oldest first."""
    parent: OrderView | None = None
    """The waiting order that it came from."""
    note: Note = NOTHING


def side_word(side: Side | None) -> str:
    """Of a position's side; None: of a one-way account."""
    return NET if side is None else str(side)


def client_id_of(order: OrderView, parent: OrderView | None) -> str:
    """The client's id; what a waiting order became has none of its own."""
    is_child = order.family is OrderFamily.ORDER and (parent is not None or order.parent_id)
    return "" if is_child else order.client_order_id


def order_row(order: OrderView, around: Surroundings) -> Row:
    """One order of the book, live or ended."""
    product, fills, parent = product_of(around.contract), around.fills, around.parent
    last = fills[-1] if fills else None
    paid = sum((fill.fee for fill in fills), ZERO)
    return {
        "instType": product.inst_type,
        "instId": order.symbol,
        "ordId": order_number(order.order_id),
        "clOrdId": client_id_of(order, parent),
        "tag": around.note.tag,
        "ccy": "",
        "px": or_empty(order.price),
        "pxType": "",
        "pxUsd": "",
        "pxVol": "",
        "sz": text(order.size or ZERO),
        "ordType": around.note.order_type or kind_word(order),
        "side": str(order.action),
        "posSide": side_word(order.position_side),
        "tdMode": str(order.margin_mode),
        "lever": text(order.leverage),
        "state": state_word(order),
        "accFillSz": text(order.filled),
        "fillSz": text(last.size) if last else "0",
        "fillPx": text(last.price) if last else "",
        "tradeId": trade_id(last) if last else "",
        "fillTime": str(last.time_ms) if last else "",
        "avgPx": or_empty(order.average_price),
        "fee": text(-paid),
        "feeCcy": product.settle_currency,
        "rebate": "0",
        "rebateCcy": product.settle_currency,
        "pnl": text(sum((fill.realised_profit for fill in fills), ZERO)),
        "category": CATEGORIES[order.cause],
        "reduceOnly": flag(says_reduce_only(order, around.note)),
        "source": source_word(parent),
        "cancelSource": cancel_source(order),
        "cancelSourceReason": "",
        "attachAlgoOrds": attached_rows(order, around.note),
        "attachAlgoClOrdId": "",
        "algoId": algo_number(parent.pair_id or parent.order_id) if parent else "",
        "algoClOrdId": parent.client_order_id if parent else "",
        "linkedAlgoOrd": {"algoId": ""},
        "isTpLimit": "false",
        "stpId": "",
        "stpMode": "cancel_maker",
        "tgtCcy": "",
        "quickMgnType": "",
        "slTriggerPx": "",
        "slTriggerPxType": "",
        "slOrdPx": "",
        "tpTriggerPx": "",
        "tpTriggerPxType": "",
        "tpOrdPx": "",
        "cTime": str(order.created_ms),
        "uTime": str(order.updated_ms),
    }


def says_reduce_only(order: OrderView, note: Note) -> bool:
    """In hedge mode a closing order reduces by nature and says nothing of it."""
    if note.reduce_only is not None:
        return note.reduce_only
    return order.reduce_only and order.position_side is None


def attached_rows(order: OrderView, note: Note) -> list[Row]:
    """The stop and target inside an order: one row, as one algo will come of them; or what failed of them."""
    if note.failed_stop is not None:
        stop, target = note.failed_stop
        failed = True
    else:
        stop = _preset(order.stop_price, order.stop_by, order.stop_client_order_id, order.stop_limit_price)
        target = _preset(order.target_price, order.target_by, order.target_client_order_id, order.target_limit_price)
        failed = order.presets_failed
    named = stop or target
    if named is None:
        return []
    return [
        {
            "attachAlgoId": attached_number(order.order_id),
            "attachAlgoClOrdId": named.client_order_id,
            **_preset_prices("sl", stop),
            **_preset_prices("tp", target),
            "tpOrdKind": "condition" if target else "",
            "sz": "",
            "amendPxOnTriggerType": "0",
            "slTriggerRatio": "",
            "tpTriggerRatio": "",
            "callbackRatio": "",
            "callbackSpread": "",
            "activePx": "",
            "failCode": "51149" if failed else "",
            "failReason": "Order timed out. Please try again later." if failed else "",
        }
    ]


def _preset(
    price: Decimal | None, by: TriggerPrice | None, client_id: str, limit_price: Decimal | None
) -> Preset | None:
    return None if price is None or by is None else Preset(price, by, client_id, limit_price)


def _preset_prices(prefix: str, preset: Preset | None) -> Row:
    return prices_of(prefix, preset.price, preset.by, preset.limit_price) if preset else prices_of(prefix)


def prices_of(
    prefix: str, price: Decimal | None = None, by: TriggerPrice | None = None, limit: Decimal | None = None
) -> Row:
    """The fields of a stop (`sl`) or a target (`tp`), empty where there is none."""
    there = price is not None
    return {
        f"{prefix}TriggerPx": or_empty(price),
        f"{prefix}TriggerPxType": str(by or TriggerPrice.LAST) if there else "",
        f"{prefix}OrdPx": (AT_MARKET if limit is None else text(limit)) if there else "",
    }


def trade_id(fill: FillView) -> str:
    """Below zero for what the exchange did by itself."""
    number = FIRST_TRADE_ID + fill.fill_id
    return str(number if fill.cause is FillCause.ORDER else -number)


def fill_row(fill: FillView, order: OrderView | None, around: Surroundings) -> Row:
    """One execution. `order` None: it is not remembered any more."""
    product, contract = product_of(around.contract), around.contract
    by_exchange = fill.cause is not FillCause.ORDER
    client_id = fill.client_order_id if order is None else client_id_of(order, around.parent)
    rate = contract.maker_fee if fill.is_maker else contract.taker_fee
    return {
        "instType": product.inst_type,
        "instId": fill.symbol,
        "tradeId": trade_id(fill),
        "ordId": order_number(fill.order_id),
        "clOrdId": client_id,
        "billId": str(FIRST_BILL_ID + fill.fill_id),
        "subType": sub_type(fill, around.mode),
        "tag": around.note.tag,
        "fillPx": text(fill.price),
        "fillSz": text(fill.size),
        "fillIdxPx": "",
        "fillMarkPx": "",
        "fillPnl": text(fill.realised_profit),
        "side": str(fill.action),
        "posSide": side_word(fill.side if around.mode is PositionMode.HEDGE else None),
        "execType": "" if by_exchange else "M" if fill.is_maker else "T",
        "feeCcy": product.settle_currency,
        "fee": text(-fill.fee),
        "feeRate": text(ZERO if by_exchange else -rate),
        "fillTime": str(fill.time_ms),
        "ts": str(fill.time_ms + TOLD_AFTER_MS),
    }


def digest_of(name: str) -> int:
    """A number that is the same for the same name, always."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
