"""What waits for a price as rows of OKX's answers and pushes."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.faces.okx.algos import Algo
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, order_number
from mtf_adapters.sandbox.faces.okx.rows import (
    AT_MARKET,
    ZERO,
    Row,
    flag,
    or_empty,
    prices_of,
    says_reduce_only,
    side_word,
)
from mtf_adapters.sandbox.faces.okx.words import algo_state_word
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView
from mtf_core.market import Contract, OrderState, TriggerPrice, TriggerPurpose


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
        "reduceOnly": flag(says_reduce_only(first, algo.note)),
        **prices_of("sl", *told_prices(stop)),
        **prices_of("tp", *told_prices(target)),
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


def told_prices(half: OrderView | None) -> tuple[Decimal | None, TriggerPrice | None, Decimal | None]:
    return (None, None, None) if half is None else (half.trigger_price, half.trigger_by, half.price)


def _actual_side(fired: OrderView) -> str:
    if fired.family is OrderFamily.TRAILING or fired.purpose is TriggerPurpose.ENTRY:
        return str(fired.action)
    return "sl" if fired.purpose is TriggerPurpose.STOP else "tp"
