"""What an exchange shows of an account and the store does not know: each difference by its name, and what is due.

Pure. What belongs to a live intent is no difference: its supervisor sees it. A difference counts once it was seen in
two reads that lie apart, for a list may lag behind what was just cancelled or closed. Nothing here closes a position,
and nothing that can only reduce is cancelled while there is something that it could reduce.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market import (
    AccountState,
    ClientIds,
    Fill,
    MarginMode,
    OpenOrder,
    OrderState,
    Position,
    PositionMode,
    Side,
    TriggerPurpose,
)
from mtf_core.orders.actions import Cancellation
from mtf_core.orders.client_ids import ClientId, read_client_id
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import AlarmKind


class DifferenceKind(StrEnum):
    """What is on the exchange and not in the store."""

    FOREIGN_POSITION = "foreign_position"
    """A position without a live intent. Its symbol is busy; it is protected only where our ids are in its fills."""
    ENLARGED_POSITION = "enlarged_position"
    """A position of a live intent that is larger than the intent accounts for: the rest is somebody else's."""
    OPENING_ORDER = "opening_order"
    """An order of ours that could open, without a live intent: cancelled."""
    REDUCING_ORDER = "reducing_order"
    """An order of ours that can only reduce, without a live intent, where there is a position: left, and told."""
    LEFTOVER = "leftover"
    """The same where there is no position: cancelled."""
    FOREIGN_ORDER = "foreign_order"
    """An order that bears another store's id or none, and belongs to no live intent: left, and told."""
    MODES = "modes"
    """Position or margin mode is not what the settings say."""
    AHEAD = "ahead"
    """An order bears a number of ours that the store has not given out yet: the store is behind."""


_ALARMS: Mapping[DifferenceKind, AlarmKind] = {
    DifferenceKind.FOREIGN_POSITION: AlarmKind.FOREIGN_POSITION,
    DifferenceKind.ENLARGED_POSITION: AlarmKind.FOREIGN_POSITION,
    DifferenceKind.OPENING_ORDER: AlarmKind.ORPHAN_ORDER,
    DifferenceKind.REDUCING_ORDER: AlarmKind.ORPHAN_ORDER,
    DifferenceKind.LEFTOVER: AlarmKind.ORPHAN_ORDER,
    DifferenceKind.FOREIGN_ORDER: AlarmKind.FOREIGN_ORDER,
    DifferenceKind.MODES: AlarmKind.MODES_CHANGED,
    DifferenceKind.AHEAD: AlarmKind.RECOVERY,
}


@frozen
class Difference:
    """One thing that the exchange shows and the store does not know."""

    kind: DifferenceKind
    symbol: str
    """Empty where it is the account's."""
    text: str
    """One sentence for a person."""
    order: OpenOrder | None = None
    position: Position | None = None

    @property
    def name(self) -> str:
        """The same for the same thing in every read."""
        what = self.order.order_id if self.order is not None else self.position.side if self.position else ""
        return f"{self.kind}:{self.symbol}:{what}"

    @property
    def alarm(self) -> AlarmKind:
        return _ALARMS[self.kind]

    @property
    def is_shared(self) -> bool:
        """Whether somebody else may be trading on the account."""
        return self.kind in {
            DifferenceKind.FOREIGN_POSITION,
            DifferenceKind.ENLARGED_POSITION,
            DifferenceKind.FOREIGN_ORDER,
        }

    @property
    def cancellation(self) -> Cancellation | None:
        """What ends the order; None where it must not be touched."""
        if self.order is None or self.kind not in {DifferenceKind.OPENING_ORDER, DifferenceKind.LEFTOVER}:
            return None
        return Cancellation(self.order.symbol, self.order.order_id, self.order.kind)


@frozen(kw_only=True)
class Known:
    """What the store knows, read after the account was: an order may have been committed and sent in between."""

    live: tuple[Intent, ...]
    tag: int
    counter: int
    """How many intents the store has ever committed."""
    ids: ClientIds
    position_mode: PositionMode | None = None
    """As the settings say; None: any."""
    margin_mode: MarginMode | None = None
    by_hand: frozenset[str] = frozenset()
    """Symbols that a person trades on the same account: what is foreign there is nothing new."""


def differences(account: AccountState, known: Known) -> tuple[Difference, ...]:
    """Everything that the account shows and no live intent accounts for, sorted by name. Raises nothing."""
    found = [
        *_modes(account, known),
        *(one for position in account.positions if (one := _of_position(position, known)) is not None),
        *(one for order in account.open_orders if (one := _of_order(order, account, known)) is not None),
    ]
    return tuple(sorted(found, key=lambda one: one.name))


def armed_stops(orders: Iterable[OpenOrder], symbol: str, side: Side) -> tuple[OpenOrder, ...]:
    """Every stop that stands over a position, whoever's."""
    return tuple(
        order
        for order in orders
        if (order.symbol, order.side) == (symbol, side)
        and order.purpose is TriggerPurpose.STOP
        and order.reduce_only
        and order.state is OrderState.LIVE
    )


def _modes(account: AccountState, known: Known) -> Iterable[Difference]:
    wanted, is_now = known.position_mode, account.position_mode
    if wanted is not None and is_now is not None and is_now is not wanted:
        text = (
            f"the account's position mode is {is_now}, the settings want {wanted}: set it back, or change the settings"
        )
        yield Difference(DifferenceKind.MODES, "", text)
    for intent in known.live:
        for position in account.positions:
            is_its = position.symbol == intent.symbol and position.side is intent.side
            if is_its and position.margin_mode is not intent.wanted.margin_mode:
                text = f"{intent.symbol}: the margin mode is {position.margin_mode}, not {intent.wanted.margin_mode}"
                yield Difference(DifferenceKind.MODES, intent.symbol, text, position=position)


def _of_position(position: Position, known: Known) -> Difference | None:
    if position.symbol in known.by_hand or not position.size:
        return None
    accounted = [_accounted(one) for one in known.live if _concerns(one, position.symbol, position.side)]
    if accounted:
        return _enlarged(position, max(accounted))
    text = (
        f"{position.symbol}: a {position.side} position of {position.size} contracts belongs to no intent; "
        f"close it by hand, give it a stop with `mtf protect {position.symbol} --stop PRICE`, or list the symbol in "
        "orders.account_shared_ok"
    )
    return Difference(DifferenceKind.FOREIGN_POSITION, position.symbol, text, position=position)


def _accounted(intent: Intent) -> Decimal:
    """The most that an intent may hold."""
    return intent.progress.opened - intent.progress.closed + intent.possibly_alive


def _enlarged(position: Position, accounted: Decimal) -> Difference | None:
    if position.size <= accounted:
        return None
    text = (
        f"{position.symbol}: the {position.side} position has {position.size} contracts, and its intent accounts for "
        f"{accounted:f}; close the others by hand, or list the symbol in orders.account_shared_ok"
    )
    return Difference(DifferenceKind.ENLARGED_POSITION, position.symbol, text, position=position)


def _of_order(order: OpenOrder, account: AccountState, known: Known) -> Difference | None:
    made = read_client_id(order.client_order_id, known.ids)
    is_ours = made is not None and made.tag == known.tag
    if made is not None and is_ours and made.counter > known.counter:
        text = f"{order.symbol}: order {order.order_id} bears number {made.counter} of this store, which is at "
        return Difference(DifferenceKind.AHEAD, order.symbol, f"{text}{known.counter}: was it restored?", order)
    if _belongs(order, made if is_ours else None, known.live):
        return None
    if is_ours:
        return _orphan(order, account, known)
    is_adopted = order.reduce_only and not order.client_order_id and _has_intent(order, known)
    if is_adopted or order.symbol in known.by_hand:
        return None
    does = "could open a position" if order.may_open else "can only reduce"
    text = f"{order.symbol}: order {order.order_id} is not of this store and {does}; it is left alone"
    return Difference(DifferenceKind.FOREIGN_ORDER, order.symbol, text, order)


def _orphan(order: OpenOrder, account: AccountState, known: Known) -> Difference:
    """One of ours that no live intent accounts for."""
    kind, text = DifferenceKind.LEFTOVER, "has nothing left to reduce: it is cancelled, in recovery once you confirm"
    if order.may_open:
        kind, text = (
            DifferenceKind.OPENING_ORDER,
            "could open a position without an intent: it is cancelled, in recovery once you confirm",
        )
    elif _has_intent(order, known) or any(position.symbol == order.symbol for position in account.positions):
        kind, text = DifferenceKind.REDUCING_ORDER, "reduces without an intent of its own, and is left"
    return Difference(kind, order.symbol, f"{order.symbol}: our order {order.order_id} {text}", order)


def _belongs(order: OpenOrder, ours: ClientId | None, live: Sequence[Intent]) -> bool:
    """Whether a live intent accounts for the order: by its ids, or because it can only reduce what the intent holds."""
    for intent in live:
        if intent.symbol != order.symbol:
            continue
        if order.order_id in intent.order_ids() or order.client_order_id in intent.client_order_ids():
            return True
        if ours is not None and not order.may_open and ours.counter == intent.counter:
            return True
    return False


def _has_intent(order: OpenOrder, known: Known) -> bool:
    return any(_concerns(intent, order.symbol, order.side) for intent in known.live)


def _concerns(intent: Intent, symbol: str, side: Side) -> bool:
    return intent.symbol == symbol and intent.side is side


@frozen
class Sightings:
    """Since when each difference has been seen without a break, by the exchange's time."""

    since_ms: Mapping[str, int] = field(factory=dict)

    def seen(self, found: Sequence[Difference], read_ms: int) -> Sightings:
        """After a read that began at `read_ms` and showed these, and no others."""
        return Sightings({one.name: self.since_ms.get(one.name, read_ms) for one in found})

    def settled(self, found: Sequence[Difference], read_ms: int, settle_ms: int) -> tuple[Difference, ...]:
        """Those that a read at least `settle_ms` before this one showed as well."""
        return tuple(one for one in found if read_ms - self.since_ms.get(one.name, read_ms) >= max(1, settle_ms))


def opened_by(
    side: Side, fills: Iterable[Fill], ended: Iterable[OpenOrder], tag: int, ids: ClientIds
) -> frozenset[int]:
    """The numbers of our intents whose executions opened what stands of the side's position now.

    What was closed again counts no more: another's part may stand there today. Some exchanges' executions carry no id
    of ours; there the orders that they name tell. What closed and names none of ours closed others' parts first.
    """
    named = {order.order_id: order.client_order_id for order in ended}
    parts: dict[int | None, Decimal] = {}  # by the number of our intent; None: everybody else's
    for fill in sorted((fill for fill in fills if fill.side is side), key=lambda fill: (fill.time_ms, not fill.opens)):
        text = fill.client_order_id or named.get(fill.order_id, "")
        made = read_client_id(text, ids) if text else None
        whose = made.counter if made is not None and made.tag == tag else None
        if fill.opens:
            parts[whose] = parts.get(whose, Decimal(0)) + fill.size
        else:
            _take(parts, whose, fill.size)
    return frozenset(one for one in parts if one is not None)


def _take(parts: dict[int | None, Decimal], whose: int | None, size: Decimal) -> None:
    """Closes so much. What is more than there is to close was opened before what was read."""
    closes = [whose] if whose is not None else sorted(parts, key=lambda one: one is not None)
    for one in closes:
        if one not in parts:
            continue
        taken = min(size, parts[one])
        parts[one] -= taken
        size -= taken
        if not parts[one]:
            del parts[one]
