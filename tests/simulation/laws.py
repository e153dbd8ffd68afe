"""The laws of orders, checked after every event of the exchange and every commit.

What is looked at is what the exchange did (the engine's stream of events) and what the database says (`books.py`).
Nothing of the program is asked, and nothing of it is imported: a mistake of the program cannot hide itself here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from decimal import Decimal

from attrs import define, field, frozen

from mtf_adapters.sandbox.matching.events import (
    BalanceChanged,
    Booked,
    Event,
    Filled,
    FillView,
    Liquidated,
    OrderCause,
    OrderChanged,
    OrderFamily,
    OrderView,
    PositionChanged,
)
from tests.simulation.books import Books, Change, FillRow, IntentRow

ENTRY_LIFE_MS = 10_000
"""After its commit a request may act for so long."""
HEARTBEAT_MS = 10_000
PROTECTED_WITHIN_MS = 5_000
LOOK_MS = 5_000
"""What becomes of a stop by somebody else's hand is seen at the next look, or earlier."""
FOREIGN_SEEN_WITHIN_MS = 3 * LOOK_MS
"""Two looks apart have to show it."""
SKEW_MS = 1_500
HAND = "hand"
"""How the owner's own orders are named, if at all."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SORRY = frozenset(
    {
        "unprotected",
        "cannot_protect",
        "cannot_close",
        "stale",
        "store_behind",
        "evidence_lost",
        "contradiction",
        "foreign_position",
    }
)
"""Alarms that say that a position stands without what should protect it."""
_FAULTS_OF_OURS = frozenset({"look_failed", "impossible_move"})
"""Alarms that say that the program itself is wrong."""


@frozen
class Violation:
    law: str
    at_ms: int
    text: str

    def __str__(self) -> str:
        return f"{self.law}: {self.text}"


@define
class Held:
    """One position, as executions make it."""

    size: Decimal = Decimal(0)
    ours: Decimal = Decimal(0)
    """What our entries opened and nobody closed yet."""
    bare_since_ms: int | None = None
    bare_by_fill: bool = True
    """Whether an execution made it bare; else somebody's hand, or the exchange, took the stop."""
    touched_by_hand: bool = False


@define
class Surroundings:
    """What the episode knows and the laws must: kept up to date by it."""

    by_hand: bool = False
    """What is happening just now is done by the owner."""
    supervised_since_ms: int | None = None
    """Since when a supervisor has lived, awake and with nothing in its way; None: none does."""
    blind_until_ms: int = 0
    """Until then calls or the database failed; nobody can be blamed for seconds."""
    wrong_clock_ms: int = 0
    """How wrong a process's clock is at most: the times that it stores are as wrong."""
    confirmed_ms: int = 0
    """When the operator last said that what the exchange shows is known."""
    delisted: set[str] = field(factory=set)
    fill_key: Callable[[FillView], str] = lambda fill: str(fill.fill_id)
    """How the exchange's face names an execution."""


class Laws:
    """Keeps the state that the laws speak of; `violated` is told of each breach, once."""

    def __init__(
        self, books: Callable[[], Books], about: Surroundings, steps: dict[str, Decimal], account: str
    ) -> None:
        self._account = account
        """What becomes of others is no business of these laws."""
        self._books = books
        self._about = about
        self._steps = steps
        """The size step of each symbol with which intents count."""
        self.found: list[Violation] = []
        self.orders: dict[int, OrderView] = {}
        self.held: dict[tuple[str, str], Held] = {}
        self.fills: dict[tuple[str, str], Filled] = {}
        self.alive: dict[int, OrderView] = {}
        """Orders that have not ended."""
        self._exits: dict[tuple[str, str], dict[int, OrderView]] = {}
        """Of those, the ones that reduce, by symbol and the side of the position that they make smaller."""
        self._unbooked: dict[tuple[str, str], Filled] = {}
        """Executions that the database does not hold."""
        self._booked = Decimal(0)
        self._killed_since_ms: int | None = None
        self._by_key: dict[str, list[int]] = {}
        self._told: set[str] = set()
        self._committed_before: set[str] = set()
        self._counters_before: set[int] = set()
        self._foreign_ids: set[str] = set()
        """Ids of orders that another's hand placed."""
        self._foreign_since_ms: int | None = None
        """Since when something foreign has stood on the account without a break."""

    # What happens

    def on_event(self, at_ms: int, event: Event) -> None:
        if account_of(event) != self._account:
            return
        if isinstance(event, OrderChanged):
            self._on_order(at_ms, event)
        elif isinstance(event, Filled):
            self._on_fill(at_ms, event)
        elif isinstance(event, Booked):
            self._booked += event.flow.amount
        elif isinstance(event, PositionChanged):
            held = self.held.get((event.position.symbol, str(event.position.side)))
            if (held.size if held else Decimal(0)) != event.position.size:
                self._breach("books", at_ms, f"executions of {event.position.symbol} do not add up to the position")
        elif isinstance(event, BalanceChanged) and event.balance.wallet != self._booked:
            self._breach("money", at_ms, f"the balance is {event.balance.wallet}, its rows say {self._booked}")
        self._look_for_foreign(at_ms)
        self._look_at_protection(at_ms)

    def on_commit(self, at_ms: int, change: Change) -> None:
        books = self._books()
        self._killed_since_ms = (self._killed_since_ms or at_ms) if books.is_killed else None
        for _, row in change.intents:
            if row.filled + row.alive > row.planned:
                self._breach("entries", at_ms, f"{row.key}: {row.filled} + {row.alive} steps, planned {row.planned}")
        for kind, subject, text in change.alarms:
            if kind in _FAULTS_OF_OURS:
                self._breach("faults", at_ms, f"{kind} of {subject}: {text}")
        for booked in change.fills:
            self._look_at_booked(at_ms, booked)
        self._look_at_protection(at_ms)

    def on_time(self, at_ms: int) -> None:
        self._look_at_protection(at_ms)

    def on_restored(self) -> None:
        """The database was replaced by an earlier one: what it lacks is not forgotten here."""
        books = self._books()
        self._committed_before |= set(books.entry_ids)
        self._counters_before |= {row.counter for row in books.intents.values()}
        self._unbooked = dict(self.fills)

    # 1. Entries, and 4. refusal

    def _on_order(self, at_ms: int, event: OrderChanged) -> None:
        order, before = event.order, self.orders.get(event.order.order_id)
        if before is None and self._about.by_hand and order.client_order_id:
            self._foreign_ids.add(order.client_order_id)
        self._keep(order)
        if before is None and not self._about.by_hand:
            self._on_placed(at_ms, order)
        if event.cause is OrderCause.CANCELLED and not self._about.by_hand:
            self._on_cancelled(at_ms, order)
        self._look_at_key(at_ms, order)

    def _keep(self, order: OrderView) -> None:
        self.orders[order.order_id] = order
        kept = [self.alive]
        if order.reduce_only:
            kept.append(self._exits.setdefault((order.symbol, _reduces(order)), {}))
        for orders in kept:
            if order.state.is_final:
                orders.pop(order.order_id, None)
            else:
                orders[order.order_id] = order

    def _on_placed(self, at_ms: int, order: OrderView) -> None:
        if order.parent_id or not order.client_order_id:
            return  # of another order, whose turn it was
        books = self._books()
        if order.reduce_only:
            self._look_at_id(at_ms, order)
            return
        key = books.entry_ids.get(order.client_order_id)
        if key is None:
            if order.client_order_id not in self._committed_before:
                self._breach("entries", at_ms, f"an order that opens {order.symbol} is of no committed intent")
            return
        row = books.intents[key]
        if self._lacks_what_was_sent(books, row.counter):
            self._breach("refusal", at_ms, f"{key} was placed though the database lacks intents that were sent")
        opens = "long" if order.action == "buy" else "short"
        if (row.symbol, row.side) != (order.symbol, opens):
            self._breach("entries", at_ms, f"{key} wanted {row.side} {row.symbol}; {opens} {order.symbol} was placed")
        self._by_key.setdefault(key, []).append(order.order_id)
        self._look_at_refusal(at_ms, key, books)

    def _lacks_what_was_sent(self, books: Books, counter: int) -> bool:
        """What was committed and never left may be forgotten; what an operator confirmed lies below what is counted."""
        lost = self._committed_before.difference(books.entry_ids)
        if not lost:
            return False
        sent = (order.client_order_id for order in self.orders.values() if order.client_order_id in lost)
        return any((_counter_of(one, books.tag_of) or 1) >= counter for one in sent)

    def _is_foreign(self, client_order_id: str) -> bool:
        return client_order_id.startswith(HAND) or client_order_id in self._foreign_ids

    def _look_for_foreign(self, at_ms: int) -> None:
        """A part of a position that no entry of ours opened, or an order that another placed and that would open."""
        held = any(held.size > held.ours for held in self.held.values())
        rests = any(not one.reduce_only and self._is_foreign(one.client_order_id) for one in self.alive.values())
        self._foreign_since_ms = (self._foreign_since_ms or at_ms) if held or rests else None

    def _look_at_refusal(self, at_ms: int, key: str, books: Books) -> None:
        may_lag_ms = ENTRY_LIFE_MS + SKEW_MS
        if self._killed_since_ms is not None and at_ms - self._killed_since_ms > may_lag_ms:
            self._breach("refusal", at_ms, f"{key} was placed while the kill switch was on")
        if books.condition == "recovery":
            self._breach("refusal", at_ms, f"{key} was placed in recovery")
        old_ms = HEARTBEAT_MS + may_lag_ms + self._about.wrong_clock_ms
        if books.read_ms is None or at_ms - books.read_ms > old_ms:
            self._breach("refusal", at_ms, f"{key} was placed while nobody supervised")
        if self._foreign_since_ms is None or self._about.supervised_since_ms is None:
            return
        known_ms = max(self._about.blind_until_ms, self._about.confirmed_ms)
        since_ms = max(self._foreign_since_ms, self._about.supervised_since_ms, known_ms)
        if at_ms - since_ms > FOREIGN_SEEN_WITHIN_MS + may_lag_ms:
            self._breach("refusal", at_ms, f"{key} was placed though something foreign has stood since {since_ms}")

    def _look_at_id(self, at_ms: int, order: OrderView) -> None:
        """An exit names the intent that it belongs to, and it is one that was committed."""
        books = self._books()
        known = _counter_of(order.client_order_id, books.tag_of)
        is_known = known in self._counters_before or any(row.counter == known for row in books.intents.values())
        if known is None or not is_known:
            self._breach("knowledge", at_ms, f"an exit of {order.symbol} is of no committed intent")

    def _look_at_key(self, at_ms: int, order: OrderView) -> None:
        key = self._books().entry_ids.get(order.client_order_id) if not order.reduce_only else None
        if key is None:
            return
        orders = [self.orders[number] for number in self._by_key.get(key, ())]
        alive = [one for one in orders if not one.state.is_final]
        if len(alive) > 1:
            self._breach("entries", at_ms, f"{key}: {len(alive)} attempts are alive at once")
        filled = sum((one.filled for one in orders), Decimal(0))
        may = sum(((one.size or Decimal(0)) - one.filled for one in alive), Decimal(0))
        row = self._books().intents[key]
        planned = row.planned * self._steps[row.symbol]
        if filled + may > planned:
            self._breach("entries", at_ms, f"{key}: filled {filled} and {may} may fill, planned {planned}")

    # 2. Protection

    def _on_cancelled(self, at_ms: int, order: OrderView) -> None:
        parent = self.orders.get(order.parent_id)
        if self._is_foreign(order.client_order_id) or (parent and self._is_foreign(parent.client_order_id)):
            self._breach("foreign", at_ms, f"an order of another's hand was cancelled ({order.symbol})")
        if order.purpose != "stop" or not order.reduce_only:
            return
        side = _reduces(order)
        held = self.held.get((order.symbol, side))
        if held is not None and held.ours > 0 and held.size > 0 and not self.armed(order.symbol, side):
            self._breach("protection", at_ms, f"the only stop of an open {side} {order.symbol} was cancelled")

    def armed(self, symbol: str, side: str) -> list[OrderView]:
        exits = self._exits.get((symbol, side), {})
        return [one for one in exits.values() if one.family is OrderFamily.TRIGGER and one.purpose == "stop"]

    def _is_covered(self, symbol: str, side: str, size: Decimal) -> bool:
        covered = Decimal(0)
        for stop in self.armed(symbol, side):
            if stop.size is None:
                return True
            covered += stop.size
        return covered >= size

    def _look_at_protection(self, at_ms: int) -> None:
        for (symbol, side), held in self.held.items():
            if held.size <= 0 or held.ours <= 0:
                held.bare_since_ms = None
                continue
            need = min(held.ours, held.size)
            if self._is_covered(symbol, side, need):
                held.bare_since_ms = None
                continue
            if held.bare_since_ms is None:
                held.bare_since_ms, held.bare_by_fill = at_ms, not self._about.by_hand
            self._look_at_bare(at_ms, symbol, side, held)

    def _look_at_bare(self, at_ms: int, symbol: str, side: str, held: Held) -> None:
        assert held.bare_since_ms is not None
        if self._about.supervised_since_ms is None or self._is_leaving(symbol, side):
            return
        allowed_ms = PROTECTED_WITHIN_MS + SKEW_MS + (0 if held.bare_by_fill else LOOK_MS)
        since_ms = max(held.bare_since_ms, self._about.supervised_since_ms, self._about.blind_until_ms)
        if at_ms - since_ms <= allowed_ms or self._is_alarmed(symbol):
            return
        since_s = held.bare_since_ms / 1000
        self._breach("protection", at_ms, f"{side} {symbol} has had no armed stop over {held.size} since {since_s} s")

    def _is_leaving(self, symbol: str, side: str) -> bool:
        """Whether a stop has fired, or a close is on the exchange: what is left is on its way out."""
        exits = self._exits.get((symbol, side), {})
        return any(one.family is OrderFamily.ORDER and one.price is None for one in exits.values())

    def _is_alarmed(self, symbol: str) -> bool:
        books = self._books()
        subjects = {symbol} | {key for key, row in books.intents.items() if row.symbol == symbol}
        return any(kind in _SORRY and subject in subjects for kind, subject in books.alarms)

    # Exits never open; 3. knowledge

    def _on_fill(self, at_ms: int, event: Filled) -> None:
        fill = event.fill
        key = (fill.symbol, self._about.fill_key(fill))
        self.fills[key] = event
        if key not in self._books().fills:
            self._unbooked[key] = event
        held = self.held.setdefault((fill.symbol, str(fill.side)), Held())
        order = self.orders.get(fill.order_id)
        is_ours = fill.client_order_id in self._books().entry_ids or fill.client_order_id in self._committed_before
        if fill.opens:
            if held.size == 0:
                held.ours, held.touched_by_hand = Decimal(0), False
            held.size += fill.size
            held.ours += fill.size if is_ours else Decimal(0)
            held.touched_by_hand = held.touched_by_hand or not is_ours
            if order is not None and order.reduce_only:
                self._breach("exits", at_ms, f"an exit has opened {fill.size} of {fill.side} {fill.symbol}")
            if not is_ours and not self._about.by_hand and not self._is_foreign(fill.client_order_id):
                self._breach("exits", at_ms, f"{fill.size} of {fill.side} {fill.symbol} were opened by no entry")
        else:
            held.size -= fill.size
            # A hand closes its own part first, also where its order is matched later than it was placed. What bears no
            # id may be a stop that fired, or ADL: it is taken for ours.
            placed_by_hand = self._about.by_hand or self._is_foreign(fill.client_order_id)
            is_hands = placed_by_hand and bool(fill.client_order_id)
            held.ours = min(held.ours, held.size) if is_hands else max(Decimal(0), held.ours - fill.size)
            if held.size < 0:
                self._breach("exits", at_ms, f"more of {fill.side} {fill.symbol} was closed than there was")

    def _look_at_booked(self, at_ms: int, row: FillRow) -> None:
        """Nothing is booked that the exchange did not do, and nothing otherwise than it did it."""
        key = (row.symbol, row.fill_id)
        self._unbooked.pop(key, None)
        real = self.fills.get(key)
        if real is None:
            self._breach("knowledge", at_ms, f"an execution {key} was booked that never was")
            return
        fill = real.fill
        told = (row.price, row.size, row.fee, row.profit, row.opens)
        if told != (fill.price, fill.size, fill.fee, fill.realised_profit, fill.opens):
            self._breach("knowledge", at_ms, f"the execution {key} was booked as {told}")

    # At the end

    def at_rest(self, at_ms: int, *, evidence_was_lost: bool) -> None:
        """Faults have stopped long enough ago: everything is protected, resolved and known."""
        for law, text in self.unrest(evidence_was_lost=evidence_was_lost):
            self._breach(law, at_ms, text)

    def unrest(self, *, evidence_was_lost: bool) -> list[tuple[str, str]]:
        """What is not resolved yet: the law that it would break at the end, and what it is."""
        return [
            *self._unresolved(evidence_was_lost),
            *self._unprotected(evidence_was_lost),
            *self._forgotten(evidence_was_lost),
        ]

    def _unresolved(self, evidence_was_lost: bool) -> Iterator[tuple[str, str]]:
        books = self._books()
        for key, row in books.intents.items():
            if not row.is_live or (evidence_was_lost and _is_parked(key, row, books)):
                continue
            if row.entry in {"planned", "submitting", "unknown", "cancelling", "evidence_lost"}:
                yield "liveness", f"{key} is {row.entry} still"
            if row.position in {"unprotected", "closing", "exiting", "stale"}:
                yield "liveness", f"{key} is {row.position} still"

    def _unprotected(self, evidence_was_lost: bool) -> Iterator[tuple[str, str]]:
        live = {row.symbol for row in self._books().intents.values() if row.is_live}
        for (symbol, side), held in self.held.items():
            if held.size <= 0 or held.ours <= 0 or held.touched_by_hand or evidence_was_lost:
                continue
            if held.bare_since_ms is not None:
                yield "liveness", f"{side} {symbol} has no stop though nothing fails any more"
            if symbol not in live:
                yield "liveness", f"{side} {symbol} is open and no live intent knows of it"

    def _forgotten(self, evidence_was_lost: bool) -> Iterator[tuple[str, str]]:
        books = self._books()
        for order in self.alive.values():
            key = books.entry_ids.get(order.client_order_id)
            if key is not None and not books.intents[key].is_live:
                yield "liveness", f"the entry of {key} is alive, and its intent is over"
        for (_, fill_id), event in self._unbooked.items():
            key = books.entry_ids.get(event.fill.client_order_id)
            if key is not None and not evidence_was_lost:
                yield "knowledge", f"the execution {fill_id} of {key} was never booked"

    def _breach(self, law: str, at_ms: int, text: str) -> None:
        if text in self._told:
            return
        self._told.add(text)
        self.found.append(Violation(law, at_ms, text))


def account_of(event: Event) -> str:
    """Whose the event is."""
    match event:
        case OrderChanged():
            return event.order.account
        case Filled():
            return event.fill.account
        case PositionChanged():
            return event.position.account
        case BalanceChanged():
            return event.balance.account
        case Booked():
            return event.flow.account
        case Liquidated():
            return event.account


def _is_parked(key: str, row: IntentRow, books: Books) -> bool:
    """Whether it waits for the operator, and says so: where the exchange no longer shows what became of it."""
    return "evidence_lost" in {row.entry, row.position} or bool({("stale", key), ("evidence_lost", key)} & books.alarms)


def _reduces(order: OrderView) -> str:
    """The side of the position that a reducing order makes smaller."""
    if order.position_side is not None:
        return str(order.position_side)
    return "short" if order.action == "buy" else "long"


def _counter_of(client_order_id: str, store_id: str) -> int | None:
    """The counter inside an id of the store's tag; None for any other. Read as `orders.md` describes ids: 20 bits of
    tag, 28 of counter, 4 of purpose, 76 of digest, in the digits that the venue allows."""
    number = 0
    base = len(_DIGITS)
    for letter in client_order_id:
        if letter not in _DIGITS:
            return None
        number = number * base + _DIGITS.index(letter)
    tag = int.from_bytes(hashlib.sha256(store_id.encode()).digest()[:3], "big") >> 4
    if number >> 108 != tag:
        return None
    return number >> 80 & (1 << 28) - 1
