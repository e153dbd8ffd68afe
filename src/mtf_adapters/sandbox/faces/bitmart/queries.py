"""Calls that ask for orders and executions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.bitmart.desk import UNKNOWN_TO_QUERY, Desk
from mtf_adapters.sandbox.faces.bitmart.quirks import WrongUnit
from mtf_adapters.sandbox.faces.bitmart.rows import Row, fill_row, history_row, order_row, plan_row
from mtf_adapters.sandbox.faces.bitmart.words import ORDER_TYPES, order_type_word
from mtf_adapters.sandbox.matching.events import FillView, OrderFamily, OrderView
from mtf_core.market import DAY_MS, OrderType, TriggerPurpose

MOST_OPEN, MOST_HISTORY = 100, 200
USUAL_SPAN_DAYS, LONGEST_SPAN_DAYS = 7, 90
BAD_TIME = 40039
FAR_FUTURE_SEC = 10_000_000_000
"""A time in seconds beyond this (the year 2286) is meant as milliseconds."""


@frozen
class Span:
    """From and until, both included, in milliseconds."""

    from_ms: int
    until_ms: int

    def holds(self, instant_ms: int) -> bool:
        return self.from_ms <= instant_ms <= self.until_ms


def order(desk: Desk) -> Row:
    """One order by the exchange's id; there is no way to ask by the client's."""
    symbol = desk.symbol()
    number = desk.quirks.engine_id(desk.said.required_whole("order_id", UNKNOWN_TO_QUERY))
    desk.world.catch_up()
    found = desk.world.engine.order(desk.account, number, desk.now_ms) if number > 0 and _is_main(desk) else None
    if found is None or found.symbol != symbol or found.family is OrderFamily.TRIGGER:
        raise refuse(UNKNOWN_TO_QUERY)
    return order_row(found, desk.mode, desk.quirks)


def open_orders(desk: Desk) -> list[Row] | None:
    symbol = desk.symbol_or_none()
    wanted = desk.said.text("type")
    partly = desk.said.text("order_state") == "partially_filled"
    found = [
        order_row(order, desk.mode, desk.quirks)
        for order in desk.live(symbol, OrderFamily.ORDER, OrderFamily.TRAILING)
        if wanted in (None, order_type_word(order)) and (order.filled or not partly)
    ]
    return as_list(desk, found[: most(desk, "limit", MOST_OPEN)])


def plan_orders(desk: Desk) -> list[Row] | None:
    symbol = desk.symbol_or_none()
    kind, plan_type = desk.said.choice("type", ORDER_TYPES), desk.said.text("plan_type")
    found = [
        plan_row(order, _size_for_now(desk, order), desk.mode, desk.quirks)
        for order in desk.live(symbol, OrderFamily.TRIGGER)
        if (kind is None or (order.price is None) == (kind is OrderType.MARKET))
        and (plan_type is None or (order.purpose is TriggerPurpose.ENTRY) == (plan_type == "plan"))
    ]
    return as_list(desk, found[: most(desk, "limit", MOST_OPEN)])


def order_history(desk: Desk) -> list[Row] | None:
    """Ended orders, the newest first, at most 200: there is no paging."""
    symbol = desk.symbol()
    span = span_in_seconds(desk)
    if span is None or not _is_main(desk):
        return _history_list(desk, [])
    orders = [each for each in desk.ended(symbol) if span.holds(each.created_ms) and _is_meant(desk, each)]
    rows = [history_row(order, desk.mode, desk.quirks) for order in _newest_orders(orders)]
    return _history_list(desk, rows)


def trades(desk: Desk) -> list[Row] | None:
    """Executions, the newest first, at most 200."""
    symbol = desk.symbol_or_none()
    span = span_in_seconds(desk)
    if span is None or not _is_main(desk):
        return as_list(desk, [])
    desk.world.catch_up()
    fills = desk.world.engine.fills(desk.account, symbol, desk.now_ms)
    found = [fill for fill in fills if span.holds(fill.time_ms) and _is_meant(desk, fill)]
    newest = sorted(found, key=lambda fill: (-fill.time_ms, -fill.fill_id))[:MOST_HISTORY]
    engine = desk.world.engine
    orders = {fill.order_id: engine.order(desk.account, fill.order_id, desk.now_ms) for fill in newest}
    return as_list(desk, [fill_row(fill, orders[fill.order_id], desk.quirks) for fill in newest])


def as_list(desk: Desk, rows: list[Row]) -> list[Row] | None:
    """The rows, or what the exchange answers where there are none."""
    return None if not rows and desk.quirks.empty_list_is_null else rows


def _history_list(desk: Desk, rows: list[Row]) -> list[Row] | None:
    return None if not rows and desk.quirks.empty_history_is_null else as_list(desk, rows)


def most(desk: Desk, name: str, largest: int) -> int:
    """How many rows at most; more than the largest number asks for the largest."""
    wanted = desk.said.whole(name)
    return largest if wanted is None else max(1, min(wanted, largest))


def span_in_seconds(desk: Desk) -> Span | None:
    """The span that `start_time` and `end_time` name in seconds; None for one in which nothing can lie.

    Without them the last seven days.
    """
    start, end = desk.said.whole("start_time", BAD_TIME), desk.said.whole("end_time", BAD_TIME)
    for given in (start, end):
        if given is not None and given > FAR_FUTURE_SEC:
            if desk.quirks.wrong_time_unit is WrongUnit.ERROR:
                raise refuse(BAD_TIME)
            return None
    return span_of(desk.now_ms, None if start is None else start * 1000, None if end is None else end * 1000 + 999)


def span_of(now_ms: int, start_ms: int | None, end_ms: int | None) -> Span:
    """The span with what was left out filled in; raises 40039 for one that is empty or too long."""
    until_ms = now_ms if end_ms is None else end_ms
    from_ms = until_ms - USUAL_SPAN_DAYS * DAY_MS if start_ms is None else start_ms
    if until_ms <= from_ms or until_ms - from_ms > LONGEST_SPAN_DAYS * DAY_MS + 999:
        raise refuse(BAD_TIME)
    return Span(from_ms, until_ms)


def _is_main(desk: Desk) -> bool:
    """Whether the futures account is meant; the copy-trading one holds nothing here."""
    return desk.said.text("account") in (None, "futures")


def _is_meant(desk: Desk, item: OrderView | FillView) -> bool:
    order_id, client_id = desk.said.text_or_number("order_id"), desk.said.text("client_order_id")
    return order_id in (None, str(desk.quirks.order_number(item.order_id))) and client_id in (
        None,
        item.client_order_id,
    )


def _newest_orders(orders: Sequence[OrderView]) -> Sequence[OrderView]:
    return sorted(orders, key=lambda each: (-each.created_ms, -each.order_id))[:MOST_HISTORY]


def _size_for_now(desk: Desk, waiting: OrderView) -> Decimal:
    """What a whole-position order would reduce at this moment."""
    positions = desk.world.engine.positions(desk.account, waiting.symbol)
    sides = (waiting.position_side,) if waiting.position_side else tuple(each.side for each in positions)
    return sum((each.size for each in positions if each.side in sides), Decimal(0))
