"""Positions and live orders as tables, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterator

from mtf_core.inquiry.holdings import Holding, Holdings, LiveOrder, price_of
from mtf_core.market import OpenOrder, format_instant
from mtf_core.orders import Intent
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.render.words import UNSEEN, age, plain
from mtf_entrypoints.cli.sheets import Sheet


def positions_table(found: Holdings) -> Sheet:
    right = ("size", "entry", "mark", "profit", "R now", "stop")
    table = output.table(
        *("symbol", "side", "size", "entry", "mark", "profit", "R now", "stop", "stands", "targets", "plan", "state"),
        right=right,
        optional=("mark", "plan", "stands"),
    )
    for one in found.positions:
        position = one.position
        table.add_row(
            position.symbol,
            str(position.side),
            _size_cell(one),
            plain(position.entry_price),
            plain(position.mark_price),
            plain(position.unrealised_profit),
            UNSEEN if one.r_now is None else f"{one.r_now:+.2f}",
            _stop_cell(one),
            UNSEEN if one.stop_since_ms is None else age(found.account.time_ms - one.stop_since_ms),
            ", ".join(_target_cell(order) for order in one.targets) or UNSEEN,
            UNSEEN if one.intent is None else plan_cell(one.intent),
            "not of mtf" if one.intent is None else str(one.intent.position),
        )
    return table


def _size_cell(one: Holding) -> str:
    if one.intent is None or not one.foreign:
        return plain(one.position.size)
    return f"{plain(one.position.size)} ({plain(one.ours)} ours)"


def _stop_cell(one: Holding) -> str:
    price = None if one.stop is None or one.stop.trigger is None else plain(one.stop.trigger.price)
    if one.fault is not None:
        return str(one.fault).upper() if price is None else f"{price} {str(one.fault).upper()}"
    return price or "NONE"


def _target_cell(order: OpenOrder) -> str:
    size = "" if order.size is None else f" ×{plain(order.size)}"
    return f"{plain(price_of(order))}{size}"


def plan_cell(intent: Intent) -> str:
    planned = f"{plain(intent.wanted.size)} at {plain(intent.terms.planned_entry)}"
    return f"{planned}, stop {plain(intent.wanted.stop.price)}"


def beside(found: Holdings, supervised: bool) -> Iterator[str]:
    for intent in found.waiting:
        filled = f"{plain(intent.filled)} of {plain(intent.wanted.size)} filled"
        states = f"entry {intent.entry}, position {intent.position}"
        yield f"{intent.symbol}: {intent.side}, {states}, {filled} at {plain(intent.terms.planned_entry)}"
    for request in found.asked:
        since = age(found.account.time_ms - request.asked_ms)
        yield f"{request.symbol}: {request.kind} was asked by {request.actor} {since} ago; nothing came of it yet"
    equity = f"equity {plain(found.account.equity)}, available {plain(found.account.available_balance)}"
    yield f"{equity}, read {format_instant(found.account.time_ms)}"
    if not supervised and (found.positions or found.waiting):
        yield "NOBODY SUPERVISES this account: start `mtf supervise`"


def orders_table(found: tuple[LiveOrder, ...]) -> Sheet:
    table = output.table(
        *("symbol", "side", "purpose", "size", "filled", "price", "state", "owner", "intent", "order"),
        right=("size", "filled", "price"),
        optional=("order", "state", "filled"),
    )
    for one in found:
        order = one.order
        at = plain(price_of(order)) if price_of(order) else "market"
        table.add_row(
            order.symbol,
            str(order.side),
            one.purpose,
            "whole" if order.size is None else plain(order.size),
            plain(order.filled),
            f"{at} ({order.trigger.by})" if order.trigger is not None else at,
            str(order.state),
            str(one.owner),
            one.decision_key or UNSEEN,
            order.order_id,
        )
    return table
