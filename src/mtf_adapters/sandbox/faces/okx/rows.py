"""The engine's views as rows of OKX's answers and pushes: everything is text, what does not apply is empty text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from hashlib import blake2b
from typing import Any

from attrs import frozen

from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.faces.okx.algos import Algo
from mtf_adapters.sandbox.faces.okx.notes import NOTHING, Note
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, attached_number, order_number
from mtf_adapters.sandbox.faces.okx.words import (
    CATEGORIES,
    NET,
    algo_state_word,
    cancel_source,
    kind_word,
    source_word,
    state_word,
    sub_type,
)
from mtf_adapters.sandbox.matching.commands import Preset
from mtf_adapters.sandbox.matching.events import BalanceView, FillView, OrderFamily, OrderView, PositionView
from mtf_core.market import (
    Contract,
    FillCause,
    MarginMode,
    OrderState,
    PositionMode,
    Side,
    TriggerPrice,
    TriggerPurpose,
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
        "reduceOnly": flag(_says_reduce_only(order, around.note)),
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


def _says_reduce_only(order: OrderView, note: Note) -> bool:
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
        stop = _preset(order.stop_price, order.stop_by, order.stop_client_order_id)
        target = _preset(order.target_price, order.target_by, order.target_client_order_id)
        failed = order.presets_failed
    named = stop or target
    if named is None:
        return []
    return [
        {
            "attachAlgoId": attached_number(order.order_id),
            "attachAlgoClOrdId": named.client_order_id,
            **_prices("sl", stop.price if stop else None, stop.by if stop else None, None),
            **_prices("tp", target.price if target else None, target.by if target else None, None),
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


def _preset(price: Decimal | None, by: TriggerPrice | None, client_id: str) -> Preset | None:
    return None if price is None or by is None else Preset(price, by, client_id)


def _prices(prefix: str, price: Decimal | None, by: TriggerPrice | None, limit: Decimal | None) -> Row:
    there = price is not None
    return {
        f"{prefix}TriggerPx": or_empty(price),
        f"{prefix}TriggerPxType": str(by or TriggerPrice.LAST) if there else "",
        f"{prefix}OrdPx": (AT_MARKET if limit is None else text(limit)) if there else "",
    }


def algo_row(algo: Algo, contract: Contract, last: Decimal) -> Row:
    """One order that waits, or has waited; `last` is the price now."""
    told, first = algo.told, algo.halves[0]
    stop, target = algo.half(TriggerPurpose.STOP), algo.half(TriggerPurpose.TARGET)
    is_trailing = first.family is OrderFamily.TRAILING
    is_trigger = first.purpose is TriggerPurpose.ENTRY and stop is None and algo.order_type == "trigger"
    state, child = algo_state_word(told, algo.child), algo.child
    fired = state in ("effective", "order_failed")
    executed = child is not None and child.state is not OrderState.REJECTED
    child_id = order_number(told.child_id) if executed and told.child_id else ""
    if not (is_trailing or is_trigger or stop or target):
        # A stop or target that opens, on a one-way account: the engine has it as a trigger.
        stop = first
    return {
        "algoId": algo_number(algo.number),
        "algoClOrdId": first.client_order_id,
        "clOrdId": "",
        "instType": product_of(contract).inst_type,
        "instId": first.symbol,
        "ccy": "",
        "ordType": algo.order_type,
        "side": str(first.action),
        "posSide": side_word(first.position_side),
        "tdMode": str(first.margin_mode),
        "lever": text(first.leverage),
        "sz": or_empty(first.size),
        "closeFraction": "1" if first.size is None else "",
        "reduceOnly": flag(_says_reduce_only(first, algo.note)),
        **_prices("sl", *_told(stop)),
        **_prices("tp", *_told(target)),
        "tpOrdKind": "condition",
        "triggerPx": or_empty(first.trigger_price) if is_trigger else "",
        "triggerPxType": str(first.trigger_by or "") if is_trigger else "",
        "ordPx": (AT_MARKET if first.price is None else text(first.price)) if is_trigger else "",
        "activePx": or_empty(first.trigger_price) if is_trailing else "",
        "callbackRatio": or_empty(first.callback_ratio) if is_trailing else "",
        "callbackSpread": "",
        "moveTriggerPx": "",
        "state": state,
        "ordId": child_id,
        "ordIdList": [child_id] if child_id else [],
        "linkedOrd": {"ordId": ""},
        "actualSide": _actual_side(told) if fired else "",
        "actualPx": or_empty(child.average_price) if executed and child else "",
        "actualSz": text(child.size or ZERO) if executed and child else "0",
        "failCode": "51112" if state == "order_failed" else "",
        "last": text(last),
        "triggerTime": str(told.updated_ms) if fired else "",
        "cTime": str(first.created_ms),
        "uTime": str(told.updated_ms),
        "tag": algo.note.tag,
        "attachAlgoOrds": [],
        "amendPxOnTriggerType": "0",
        "quickMgnType": "",
        "tgtCcy": "",
        "ctVal": text(contract.contract_size),
    }


def _told(half: OrderView | None) -> tuple[Decimal | None, TriggerPrice | None, Decimal | None]:
    return (None, None, None) if half is None else (half.trigger_price, half.trigger_by, half.price)


def _actual_side(fired: OrderView) -> str:
    if fired.family is OrderFamily.TRAILING or fired.purpose is TriggerPurpose.ENTRY:
        return str(fired.action)
    return "sl" if fired.purpose is TriggerPurpose.STOP else "tp"


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


@frozen
class Held:
    """One side of a contract: a position, or the place where one was."""

    contract: Contract
    side: Side
    mode: PositionMode
    leverage: Decimal
    margin_mode: MarginMode
    last: Decimal
    mark: Decimal
    equity: Decimal
    now_ms: int
    position: PositionView | None = None
    whole: Sequence[Algo] = ()
    """What waits to close all of it."""


def position_row(held: Held) -> Row:
    """One position; a place that is empty has `pos` 0."""
    position, contract, product = held.position, held.contract, product_of(held.contract)
    size = position.size if position else ZERO
    signed = size * held.side.sign if held.mode is PositionMode.ONE_WAY else size
    worth = size * contract.contract_size * held.mark
    cross = held.margin_mode is MarginMode.CROSS
    fees = position.fees if position else ZERO
    realised = position.realised_profit if position else ZERO
    keeps = position.maintenance_margin if position else ZERO
    profit = position.unrealised_profit if position else ZERO
    margin = position.margin if position else ZERO
    carried = held.equity if cross else margin + profit
    return {
        "instType": product.inst_type,
        "instId": contract.symbol,
        "posId": position_id(contract.symbol, held.side, held.mode),
        "posSide": side_word(held.side if held.mode is PositionMode.HEDGE else None),
        "pos": text(signed),
        "availPos": "",
        "avgPx": or_empty(position.entry_price if position and size else None),
        "nonSettleAvgPx": "",
        "bePx": or_empty(position.entry_price if position and size else None),
        "markPx": text(held.mark),
        "idxPx": text(held.mark),
        "last": text(held.last),
        "liqPx": or_empty(position.liquidation_price if position and size else None),
        "mgnMode": str(held.margin_mode),
        "lever": text(held.leverage),
        "margin": "" if cross else text(margin),
        "imr": text(worth / held.leverage) if cross and size else "",
        "mmr": text(keeps) if size else "",
        "mgnRatio": text(carried / keeps) if keeps else "",
        "notionalUsd": text(worth) if size else "",
        "upl": text(profit),
        "uplRatio": text(profit / margin) if margin else "",
        "uplLastPx": text(profit),
        "realizedPnl": text(realised - fees),
        "pnl": text(realised),
        "fee": text(-fees),
        "fundingFee": "0",
        "liqPenalty": "0",
        "settledPnl": "",
        "adl": "1" if size else "",
        "ccy": product.settle_currency,
        "posCcy": "",
        "tradeId": "",
        "interest": "",
        "liab": "",
        "liabCcy": "",
        "closeOrderAlgo": [_whole_row(algo) for algo in held.whole],
        "cTime": str(position.opened_ms if position else held.now_ms),
        "uTime": str(position.updated_ms if position else held.now_ms),
    }


def _whole_row(algo: Algo) -> Row:
    stop, target = algo.half(TriggerPurpose.STOP), algo.half(TriggerPurpose.TARGET)
    shown = {**_prices("sl", *_told(stop)), **_prices("tp", *_told(target))}
    kept = {name: value for name, value in shown.items() if not name.endswith("OrdPx")}
    return {"algoId": algo_number(algo.number), **kept, "closeFraction": "1"}


def position_id(symbol: str, side: Side, mode: PositionMode) -> str:
    """The same for the same place, always."""
    place = symbol if mode is PositionMode.ONE_WAY else f"{symbol}/{side}"
    return str(1_700_000_000_000_000_000 + digest_of(place) % 10**17)


def digest_of(name: str) -> int:
    """A number that is the same for the same name, always."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest())


def coin_row(balance: BalanceView, currency: str, maintenance: Decimal, now_ms: int) -> Row:
    """One coin of `details`."""
    used = balance.order_margin + balance.position_margin
    return {
        "ccy": currency,
        "eq": text(balance.equity),
        "cashBal": text(balance.wallet),
        "availEq": text(balance.available),
        "availBal": text(balance.available),
        "frozenBal": text(used),
        "ordFrozen": text(balance.order_margin),
        "upl": text(balance.unrealised_profit),
        "isoEq": "0",
        "isoUpl": "0",
        "eqUsd": text(balance.equity),
        "disEq": text(balance.equity),
        "imr": text(used),
        "mmr": text(maintenance),
        "mgnRatio": text(balance.equity / maintenance) if maintenance else "",
        "liab": "",
        "crossLiab": "",
        "isoLiab": "",
        "interest": "",
        "twap": "0",
        "maxLoan": "",
        "notionalLever": "",
        "stgyEq": "0",
        "spotInUseAmt": "",
        "uTime": str(now_ms),
    }


def account_row(coins: Sequence[Row], equity: Decimal, now_ms: int) -> Row:
    """The whole account; in futures mode most of its sums are not told."""
    untold = ("adjEq", "availEq", "borrowFroz", "imr", "isoEq", "mgnRatio", "mmr", "notionalUsd", "ordFroz", "upl")
    return {"uTime": str(now_ms), "totalEq": text(equity), **dict.fromkeys(untold, ""), "details": list(coins)}
