"""Calls that ask for orders, executions and what waits for a price: the newest first, by pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from mtf_adapters.sandbox.faces.okx.algo_orders import is_meant
from mtf_adapters.sandbox.faces.okx.algos import Algo
from mtf_adapters.sandbox.faces.okx.codes import bad, refuse
from mtf_adapters.sandbox.faces.okx.desk import Desk
from mtf_adapters.sandbox.faces.okx.products import product_of
from mtf_adapters.sandbox.faces.okx.quirks import HISTORY_MS, KEPT_MS, algo_of_number, order_of_number
from mtf_adapters.sandbox.faces.okx.rows import Row, client_id_of
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView
from mtf_core.market import DAY_MS

MOST_ROWS = 100
FILLS_MS = 3 * DAY_MS
_ENDED_STATES = ("canceled", "filled", "mmp_canceled")
_ALGO_STATES = ("effective", "canceled", "order_failed")
_TYPES = ("conditional", "oco", "trigger", "move_order_stop", "chase", "iceberg", "twap")


def order(desk: Desk) -> list[Row]:
    """One order by either id, the exchange's first; by the client's the newest that bears it."""
    symbol = desk.named_contract().symbol
    number, client_id = desk.said.text("ordId"), desk.said.text("clOrdId")
    if number is None and client_id is None:
        raise refuse(50015, "Either parameter ordId or clOrdId is required.")
    oldest_ms = desk.now_ms - desk.quirks.order_query_days * DAY_MS
    found = [
        each
        for each in (*desk.ended(symbol), *desk.live(symbol))
        if each.family is OrderFamily.ORDER
        and (each.order_id == order_of_number(number) if number is not None else client_id == client_id_of(each, None))
        and (not each.state.is_final or each.updated_ms > oldest_ms)
    ]
    if not found:
        raise refuse(51603)
    newest = max(found, key=lambda each: each.order_id)
    return [desk.order_row(newest, desk.fills(symbol))]


def orders_pending(desk: Desk) -> list[Row]:
    live = [each for each in desk.live(desk.symbol_or_none()) if each.family is OrderFamily.ORDER]
    return _order_rows(desk, live)


def orders_history(desk: Desk) -> list[Row]:
    """Seven days; what was cancelled without an execution goes after two hours, which the engine sees to."""
    desk.said.required_text("instType")
    return _order_rows(desk, _ended_since(desk, HISTORY_MS))


def orders_history_archive(desk: Desk) -> list[Row]:
    """Three months, without what was cancelled without an execution."""
    desk.said.required_text("instType")
    return _order_rows(desk, [each for each in _ended_since(desk, KEPT_MS) if each.filled])


def _ended_since(desk: Desk, span_ms: int) -> list[OrderView]:
    oldest_ms = desk.now_ms - span_ms
    ended = desk.ended(desk.symbol_or_none())
    found = [each for each in ended if each.family is OrderFamily.ORDER and each.updated_ms > oldest_ms]
    return sorted(found, key=lambda each: each.order_id)


def _order_rows(desk: Desk, orders: Sequence[OrderView]) -> list[Row]:
    """The asked page; `orders` are the oldest first."""
    said = desk.said
    fills = desk.fills(desk.symbol_or_none())
    state, begin, end = said.text("state"), said.whole("begin"), said.whole("end")
    kinds = (said.text("ordType") or "").split(",")
    inst_type, family = said.text("instType"), said.text("instFamily") or said.text("uly")
    if state is not None and state not in (*_ENDED_STATES, "live", "partially_filled"):
        raise bad("state")
    paged = _page(desk, reversed(orders), lambda each: each.order_id, order_of_number)
    rows = (
        desk.order_row(each, fills)
        for each in paged
        if (begin is None or each.created_ms >= begin) and (end is None or each.created_ms <= end)
    )
    shown = (
        row
        for row in rows
        if state in (None, row["state"])
        and (kinds == [""] or row["ordType"] in kinds)
        and inst_type in (None, "ANY", row["instType"])
        and (family is None or product_of(desk.contract(row["instId"])).family == family)
    )
    return _at_most(desk, shown)


def fills(desk: Desk) -> list[Row]:
    return _fill_rows(desk, FILLS_MS)


def fills_history(desk: Desk) -> list[Row]:
    desk.said.required_text("instType")
    return _fill_rows(desk, KEPT_MS)


def _fill_rows(desk: Desk, span_ms: int) -> list[Row]:
    said = desk.said
    symbol, number = desk.symbol_or_none(), said.text("ordId")
    begin, end = said.whole("begin"), said.whole("end")
    inst_type, sub_type = said.text("instType"), said.text("subType")
    desk.world.catch_up()
    oldest_ms = desk.now_ms - span_ms
    found = [
        each
        for each in desk.world.engine.fills(desk.account, symbol, desk.now_ms)
        if each.time_ms > oldest_ms
        and (number is None or each.order_id == order_of_number(number))
        and (begin is None or each.time_ms >= begin)
        and (end is None or each.time_ms <= end)
    ]
    rows = (desk.fill_row(each) for each in reversed(found))
    shown = (row for row in rows if inst_type in (None, row["instType"]) and sub_type in (None, row["subType"]))
    older, newer = said.whole("after"), said.whole("before")
    paged = (
        row
        for row in shown
        if (older is None or int(row["billId"]) < older) and (newer is None or int(row["billId"]) > newer)
    )
    return _at_most(desk, paged)


def algo(desk: Desk) -> list[Row]:
    number, client_id = desk.said.text("algoId"), desk.said.text("algoClOrdId")
    if number is None and client_id is None:
        raise refuse(50015, "Either parameter algoId or algoClOrdId is required.")
    known = (*desk.live_algos(), *reversed(desk.ended_algos()))
    found = [each for each in known if is_meant(each, number, client_id)]
    if not found:
        raise refuse(51603)
    return [desk.algo_row(found[0])]


def algos_pending(desk: Desk) -> list[Row]:
    return _algo_rows(desk, desk.live_algos(desk.symbol_or_none()), None)


def algos_history(desk: Desk) -> list[Row]:
    """Three months; by state or by id."""
    state, number = desk.said.text("state"), desk.said.text("algoId")
    if state is None and number is None:
        raise refuse(50015, "Either parameter state or algoId is required.")
    if state is not None and state not in _ALGO_STATES:
        raise bad("state")
    ended = desk.ended_algos(desk.symbol_or_none())
    return _algo_rows(desk, ended, state if number is None else None)


def _algo_rows(desk: Desk, algos: Sequence[Algo], state: str | None) -> list[Row]:
    """The asked page; `algos` are the oldest first."""
    said = desk.said
    kinds = said.required_text("ordType").split(",")
    if not set(kinds) <= set(_TYPES):
        raise bad("ordType")
    number, client_id, inst_type = said.text("algoId"), said.text("algoClOrdId"), said.text("instType")
    meant = [
        each
        for each in algos
        if each.order_type in kinds and ((number is None and client_id is None) or is_meant(each, number, client_id))
    ]
    paged = _page(desk, reversed(meant), lambda each: each.number, algo_of_number)
    rows = (desk.algo_row(each) for each in paged)
    shown = (row for row in rows if state in (None, row["state"]) and inst_type in (None, row["instType"]))
    return _at_most(desk, shown)


T = TypeVar("T")


def _page(desk: Desk, items: Iterable[T], place: Callable[[T], int], engine_id: Callable[[str], int]) -> Iterable[T]:
    """`after` is older than an id, `before` newer; both leave the named one out."""
    older, newer = desk.said.text("after"), desk.said.text("before")
    return (
        each
        for each in items
        if (older is None or place(each) < engine_id(older)) and (newer is None or place(each) > engine_id(newer))
    )


def _at_most(desk: Desk, rows: Iterable[Row]) -> list[Row]:
    wanted = desk.said.whole("limit")
    most = MOST_ROWS if wanted is None else max(1, min(wanted, MOST_ROWS))
    return [row for _, row in zip(range(most), rows, strict=False)]
