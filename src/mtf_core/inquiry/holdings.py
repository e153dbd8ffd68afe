"""What an account holds beside what the store says of it: positions with their stops, and whose each live order is.

One sync of the account, and then the store: an intent is committed before its order leaves, so what is read in this
order misses no owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import frozen

from mtf_core.market import (
    AccountState,
    ClientIds,
    OpenOrder,
    OrderKind,
    OrderState,
    Position,
    TriggerPurpose,
    format_instant,
)
from mtf_core.orders import ClientId, Intent, Purpose, read_client_id
from mtf_core.orders.evidence import StopFault, protection_of
from mtf_core.ports import OrderStore, Request, Venue
from mtf_core.risk import Heartbeat

_R_STEP = Decimal("0.001")


class Owner(StrEnum):
    """Whose an order is."""

    OURS = "ours"
    """Of a live intent."""
    ORPHAN = "orphan"
    """It bears an id of this store, and no live intent accounts for it."""
    FOREIGN = "foreign"
    """Somebody else's, or made by hand."""


@frozen
class LiveOrder:
    """A live order, whose it is and what for."""

    order: OpenOrder
    owner: Owner
    purpose: str
    """`entry`, `stop`, `target`, `second_target`, `close` or `hand`; for a foreign one what it can do."""
    decision_key: str | None

    def to_json(self) -> dict[str, Any]:
        order = self.order
        return {
            "symbol": order.symbol,
            "order_id": order.order_id,
            "client_order_id": order.client_order_id,
            "owner": str(self.owner),
            "purpose": self.purpose,
            "decision_key": self.decision_key,
            "kind": str(order.kind),
            "side": str(order.side),
            "size": _text(order.size),
            "filled": _text(order.filled),
            "price": _text(order.price),
            "trigger_price": None if order.trigger is None else _text(order.trigger.price),
            "trigger_by": None if order.trigger is None else str(order.trigger.by),
            "reduce_only": order.reduce_only,
            "state": str(order.state),
            "created_at": _instant(order.created_ms),
        }


@frozen
class Holding:
    """A position, how much of it is ours, and how its protection stands beside the plan."""

    position: Position
    intent: Intent | None
    """The live intent that it came of; None: it is foreign."""
    ours: Decimal
    """Contracts, as the supervisor last proved them; never more than there are."""
    stop: OpenOrder | None
    """The armed stop of its side, as this read shows it."""
    fault: StopFault | None
    """What is wrong with the protection of our part; None: one armed stop as planned, or tighter."""
    targets: tuple[OpenOrder, ...]
    """Live orders that close it with a gain, the nearest first."""
    read_ms: int

    @property
    def foreign(self) -> Decimal:
        """Contracts that are not ours."""
        return self.position.size - self.ours

    @property
    def stop_since_ms(self) -> int | None:
        """Since when the stop stands as it does."""
        return None if self.stop is None else self.stop.updated_ms or self.stop.created_ms or None

    @property
    def r_now(self) -> Decimal | None:
        """How far the mark stands from the entry, in distances from the planned entry to the first stop."""
        mark, intent = self.position.mark_price, self.intent
        if mark is None or intent is None:
            return None
        one_r = abs(intent.terms.planned_entry - intent.wanted.stop.price)
        away = (mark - self.position.entry_price) * self.position.side.sign
        return (away / one_r).quantize(_R_STEP) if one_r else None

    def to_json(self) -> dict[str, Any]:
        position, stop = self.position, self.stop
        document: dict[str, Any] = {
            "symbol": position.symbol,
            "side": str(position.side),
            "size": _text(position.size),
            "ours": _text(self.ours),
            "foreign": _text(self.foreign),
            "entry_price": _text(position.entry_price),
            "mark_price": _text(position.mark_price),
            "liquidation_price": _text(position.liquidation_price),
            "leverage": _text(position.leverage),
            "margin_mode": str(position.margin_mode),
            "unrealised_usdt": _text(position.unrealised_profit),
            "r_now": None if self.r_now is None else float(self.r_now),
            "stop_price": None if stop is None or stop.trigger is None else _text(stop.trigger.price),
            "stop_by": None if stop is None or stop.trigger is None else str(stop.trigger.by),
            "stop_size": None if stop is None else _text(stop.size),
            "stop_since": _instant(self.stop_since_ms),
            "stop_fault": None if self.fault is None else str(self.fault),
            "targets": [
                {"price": _text(price_of(order)), "size": _text(order.size), "filled": _text(order.filled)}
                for order in self.targets
            ],
            "opened_at": _instant(position.opened_ms),
            "decision_key": None,
            "state": None,
            "plan": None,
        }
        if self.intent is not None:
            document |= {
                "decision_key": self.intent.decision_key,
                "state": str(self.intent.position),
                "plan": _plan_to_json(self.intent),
            }
        return document


def _plan_to_json(intent: Intent) -> dict[str, Any]:
    """What was wanted, and where stop and targets are to stand now."""
    return {
        "profile": intent.terms.profile,
        "run_id": intent.terms.run_id,
        "size": _text(intent.wanted.size),
        "filled": _text(intent.filled),
        "entry_price": _text(intent.terms.planned_entry),
        "first_stop": _text(intent.wanted.stop.price),
        "stop_price": _text(intent.stop.price),
        "targets": [{"price": _text(one.price), "share": float(one.share)} for one in intent.targets],
        "entry_state": str(intent.entry),
        "first_fill_at": _instant(intent.progress.first_fill_ms),
    }


@frozen
class Holdings:
    """Everything that one sync of the account showed, with its owners."""

    account: AccountState
    positions: tuple[Holding, ...]
    orders: tuple[LiveOrder, ...]
    waiting: tuple[Intent, ...]
    """Live intents of which the account shows no position."""
    asked: tuple[Request, ...]
    """What operators asked for and nothing has become of yet."""
    supervisor: Heartbeat | None

    def of(self, symbol: str | None) -> Holdings:
        """The part of one symbol; everything for None."""
        if symbol is None:
            return self
        return Holdings(
            self.account,
            tuple(one for one in self.positions if one.position.symbol == symbol),
            tuple(one for one in self.orders if one.order.symbol == symbol),
            tuple(one for one in self.waiting if one.symbol == symbol),
            tuple(one for one in self.asked if one.symbol == symbol),
            self.supervisor,
        )

    def positions_to_json(self) -> dict[str, Any]:
        return {
            **self._head(),
            "equity_usdt": _text(self.account.equity),
            "available_usdt": _text(self.account.available_balance),
            "positions": [one.to_json() for one in self.positions],
            "waiting": [
                {
                    "symbol": one.symbol,
                    "decision_key": one.decision_key,
                    "side": str(one.side),
                    "entry_state": str(one.entry),
                    "state": str(one.position),
                    "plan": _plan_to_json(one),
                }
                for one in self.waiting
            ],
            "asked": [request_to_json(one) for one in self.asked],
        }

    def orders_to_json(self) -> dict[str, Any]:
        return {**self._head(), "orders": [one.to_json() for one in self.orders]}

    def _head(self) -> dict[str, Any]:
        beat = self.supervisor
        return {
            "read_at": format_instant(self.account.time_ms),
            "supervised_at": None if beat is None else format_instant(beat.beat_ms),
        }


def request_to_json(request: Request) -> dict[str, Any]:
    """What an operator asked, and what became of it; an empty outcome: nothing yet."""
    return {
        "number": request.number,
        "symbol": request.symbol,
        "kind": request.kind,
        "values": dict(request.values),
        "actor": request.actor,
        "asked_at": format_instant(request.asked_ms),
        "outcome": request.outcome,
    }


async def read_holdings(venue: Venue, orders: OrderStore) -> Holdings:
    """One sync of the account, then the store; raises `PortError`."""
    account = await (venue.account.account_state() if venue.trading is None else venue.trading.sync())
    live = await orders.live()
    newest = live[-1:] or (await orders.history(1)).items
    tag = newest[0].tag if newest else None
    found = holdings_of(account, live, tag, venue.capabilities.client_ids)
    return Holdings(
        account, found.positions, found.orders, found.waiting, await orders.requests(), await orders.heartbeat()
    )


def holdings_of(account: AccountState, live: Sequence[Intent], tag: int | None, ids: ClientIds) -> Holdings:
    """What an account shows beside the live intents. `tag`: of the store; None: it never gave out an id."""
    orders = tuple(_owned(order, live, tag, ids) for order in account.open_orders)
    positions = tuple(_held(position, live, account) for position in account.positions)
    shown = {(one.position.symbol, one.position.side) for one in positions}
    waiting = tuple(intent for intent in live if (intent.symbol, intent.side) not in shown)
    return Holdings(account, positions, orders, waiting, (), None)


def _owned(order: OpenOrder, live: Sequence[Intent], tag: int | None, ids: ClientIds) -> LiveOrder:
    made = read_client_id(order.client_order_id, ids) if order.client_order_id else None
    is_of_store = made is not None and made.tag == tag
    for intent in live:
        purpose = _purpose(order, intent, made if is_of_store else None)
        if purpose is not None:
            return LiveOrder(order, Owner.OURS, purpose, intent.decision_key)
    if made is not None and is_of_store:
        return LiveOrder(order, Owner.ORPHAN, made.purpose.name.lower(), None)
    return LiveOrder(order, Owner.FOREIGN, _does(order), None)


def _purpose(order: OpenOrder, intent: Intent, made: ClientId | None) -> str | None:
    """What the order is to the intent; None: it is none of its.

    A stop that travelled inside the entry has no id of ours once it is armed: it is known by what it can do.
    """
    if order.symbol != intent.symbol:
        return None
    if order.order_id in intent.order_ids() or order.client_order_id in intent.client_order_ids():
        return Purpose.ENTRY.name.lower()
    if made is not None:
        return made.purpose.name.lower() if made.counter == intent.counter else None
    has_position = not intent.position.is_over
    is_nameless = not order.client_order_id and order.reduce_only and order.side is intent.side
    return _does(order) if is_nameless and has_position else None


def _does(order: OpenOrder) -> str:
    if order.purpose is not None:
        return str(order.purpose)
    return "close" if order.reduce_only else "entry"


def _held(position: Position, live: Iterable[Intent], account: AccountState) -> Holding:
    of_symbol = [order for order in account.open_orders if order.symbol == position.symbol]
    intent = next((one for one in live if (one.symbol, one.side) == (position.symbol, position.side)), None)
    closing = [order for order in of_symbol if order.reduce_only and order.side is position.side]
    targets = sorted(filter(_is_target, closing), key=lambda order: price_of(order) * position.side.sign)
    if intent is None:
        stops = [order for order in closing if _is_armed_stop(order)]
        return Holding(position, None, Decimal(0), stops[0] if stops else None, None, tuple(targets), account.time_ms)
    held = min(position.size, intent.progress.held or intent.filled)
    size = position.size if held == 0 else held
    found = protection_of(intent.side, size, intent.stop, of_symbol, intent.terms.tick_size)
    return Holding(position, intent, held, found.stop, found.fault, tuple(targets), account.time_ms)


def _is_armed_stop(order: OpenOrder) -> bool:
    return order.purpose is TriggerPurpose.STOP and order.state is OrderState.LIVE


def _is_target(order: OpenOrder) -> bool:
    return order.purpose is TriggerPurpose.TARGET or (order.kind is OrderKind.LIMIT and order.purpose is None)


def price_of(order: OpenOrder) -> Decimal:
    """Where an order acts: its trigger, else its limit; 0 for one that acts at once."""
    return order.trigger.price if order.trigger is not None else order.price or Decimal(0)


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _instant(at_ms: int | None) -> str | None:
    return format_instant(at_ms) if at_ms else None
