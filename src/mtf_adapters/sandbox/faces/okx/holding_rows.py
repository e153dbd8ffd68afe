"""Positions and money as rows of OKX's answers and pushes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.numbers import text
from mtf_adapters.sandbox.faces.okx.algo_rows import told_prices
from mtf_adapters.sandbox.faces.okx.algos import Algo
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import algo_number
from mtf_adapters.sandbox.faces.okx.rows import ZERO, Row, digest_of, or_empty, prices_of, side_word
from mtf_adapters.sandbox.matching.events import BalanceView, PositionView
from mtf_core.market import Contract, MarginMode, PositionMode, Side, TriggerPurpose


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
    funding = position.funding if position else ZERO
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
        "realizedPnl": text(realised - fees + funding),
        "pnl": text(realised),
        "fee": text(-fees),
        "fundingFee": text(funding),
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
    shown = {**prices_of("sl", *told_prices(stop)), **prices_of("tp", *told_prices(target))}
    kept = {name: value for name, value in shown.items() if not name.endswith("OrdPx")}
    return {"algoId": algo_number(algo.number), **kept, "closeFraction": "1"}


def position_id(symbol: str, side: Side, mode: PositionMode) -> str:
    """The same for the same place, always."""
    place = symbol if mode is PositionMode.ONE_WAY else f"{symbol}/{side}"
    return str(1_700_000_000_000_000_000 + digest_of(place) % 10**17)


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
