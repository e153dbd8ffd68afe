"""One look at one intent: what was read, and what follows from it so far."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import Any

from attrs import define, evolve, field

from mtf_core.market import (
    ClientIds,
    OpenOrder,
    OrderState,
    Position,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders.actions import SwitchOff
from mtf_core.orders.asked import Answer, Asked
from mtf_core.orders.client_ids import Purpose
from mtf_core.orders.intent import ExitReason, Intent, Progress
from mtf_core.orders.lifecycle import Alarm, AlarmKind, EventKind, LifecycleEvent
from mtf_core.orders.states import (
    EntryCause,
    EntryState,
    PositionCause,
    PositionState,
    entry_after,
    position_after,
)
from mtf_core.orders.supervision.ledger import Ledger, purpose_of
from mtf_core.orders.supervision.rules import Rules
from mtf_core.orders.view import MarketNow, View

_ZERO = Decimal(0)

_TOLD_AS = {
    PositionState.PROTECTED: EventKind.PROTECTED,
    PositionState.EXITING: EventKind.EXITING,
    PositionState.CLOSING: EventKind.EXITING,
    PositionState.CLOSED: EventKind.CLOSED,
}


class Due(Enum):
    """Whether a write of one kind is to be decided now."""

    NEW = "new"
    AGAIN = "again"
    """This view began before it was decided, and cannot show it: the same once more."""
    WAIT = "wait"
    """It was sent, and no read can be relied on to show it yet."""


@define(eq=False)
class Look:
    """What was read is never changed; intent, events and alarms grow as the parts of the look do their work."""

    intent: Intent
    view: View
    market: MarketNow
    rules: Rules
    asked: tuple[Asked, ...]
    now_ms: int
    ledger: Ledger | None = None
    """None: executions were not read, or less than is known was shown."""
    events: list[LifecycleEvent] = field(factory=list)
    alarms: dict[AlarmKind, Alarm] = field(factory=dict)
    answers: list[Answer] = field(factory=list)
    switch_off: SwitchOff | None = None
    end_entry_because: str = ""
    """Why the entry is to end, as far as the parts found so far."""
    is_flat: bool = False
    """Nothing of ours is left, and executions explain it."""
    over_by: PositionCause | None = None
    """Two reads apart agreed that it is: the position is over once nothing of ours is left over."""

    # What was read

    @property
    def progress(self) -> Progress:
        return self.intent.progress

    @property
    def ids(self) -> ClientIds:
        return self.rules.capabilities.client_ids

    @property
    def view_ms(self) -> int:
        """When the account's read began; now, where there is none."""
        return self.now_ms if self.view.account is None else min(self.view.account.begun_venue_ms, self.now_ms)

    @property
    def live(self) -> tuple[OpenOrder, ...]:
        return self.view.live or ()

    @property
    def ended(self) -> tuple[OpenOrder, ...]:
        return () if self.view.ended is None else self.view.ended.value

    @property
    def position(self) -> Position | None:
        return self.view.position(self.intent.side)

    @property
    def position_size(self) -> Decimal:
        return _ZERO if self.position is None else self.position.size

    @property
    def sign(self) -> int:
        return self.intent.side.sign

    @property
    def mark(self) -> Decimal | None:
        return self.market.mark

    def fires_at_once(self, stop: TriggerLevel) -> bool | None:
        """Whether a stop there would fire as soon as it stood; None where the market could not be read.

        The last price is not read: it counts as beyond where both sides of the book are.
        """
        quote = self.market.quote
        if quote is None:
            return None
        book = (quote.book.best_bid, quote.book.best_ask)
        prices = book if stop.by is TriggerPrice.LAST else (quote.mark.price,)
        return all(is_beyond(price, stop.price, self.intent.side) for price in prices)

    @property
    def closable(self) -> Decimal:
        """What may be closed: ours, and never more than there is."""
        return min(self.progress.held, self.position_size)

    @property
    def flipped(self) -> bool:
        """Whether the account holds the other side where it can hold one side only."""
        account = self.view.account
        one_way = account is not None and account.value.position_mode is PositionMode.ONE_WAY
        other = self.view.position(self.intent.side.opposite)
        return one_way and other is not None and self.position is None

    def armed(self) -> tuple[OpenOrder, ...]:
        """Every stop that stands over our side, whoever's."""
        found = {
            order.order_id: order  # a row that is told twice is one order
            for order in self.live
            if order.purpose is TriggerPurpose.STOP
            and order.side is self.intent.side
            and order.reduce_only
            and order.state is OrderState.LIVE
        }
        return tuple(found.values())

    def purpose(self, order: OpenOrder) -> Purpose | None:
        """What an order is for, where it is ours."""
        return purpose_of(self.intent, order.client_order_id, self.ids)

    def is_our_stop(self, order: OpenOrder) -> bool:
        """By its id, because it was read back before, or because it travelled inside our entry."""
        read_back = "" if self.progress.stop_is_foreign else self.progress.stop_order_id
        known = {read_back, self.progress.replaced_stop_id} - {""}
        if self.purpose(order) is Purpose.STOP or order.order_id in known:
            return True
        # Where somebody else trades on this side, a stop without an id may be theirs, also when their part is closed.
        progress = self.progress
        is_alone = progress.others_ms is None and self.position_size <= progress.opened - progress.closed
        carried = any(attempt.carries_stop for attempt in self.intent.attempts())
        travels = carried and is_alone and not order.client_order_id
        # Which price fires it is not told of one that has ended, by every exchange.
        return travels and order.trigger is not None and order.trigger.price == self.intent.wanted.stop.price

    # What follows

    def note(self, **changes: Any) -> None:
        """Changes what is remembered; most of what is noted was so before."""
        progress = self.intent.progress
        if any(getattr(progress, name) != value for name, value in changes.items()):
            self.intent = evolve(self.intent, progress=evolve(progress, **changes))

    def sends(self, **at: int | None) -> None:
        self.note(sent=evolve(self.progress.sent, **at))

    def due(self, sent_ms: int | None, next_ms: int = 0, wait_ms: int | None = None) -> Due:
        """Whether a write that was last decided at `sent_ms` is due, not before `next_ms`."""
        if sent_ms is not None and self.view_ms < sent_ms:
            return Due.AGAIN
        wait = self.rules.settle_ms if wait_ms is None else wait_ms
        is_on_its_way = sent_ms is not None and self.view_ms < sent_ms + wait
        return Due.WAIT if is_on_its_way or self.now_ms < next_ms else Due.NEW

    def move_entry(self, cause: EntryCause) -> bool:
        """Changes the entry's state by the table; where the table has no such move: an alarm, and False."""
        before, after = self.intent.entry, entry_after(self.intent.entry, cause)
        if after is None:
            self._impossible("entry", before, cause)
            return False
        self.intent = evolve(self.intent, entry=after)
        if after is not before and after not in {EntryState.DONE, EntryState.RESTING}:
            self.tell(EventKind.STATE, entry_before=before, entry_after=after, cause=cause)
        return True

    def move_position(self, cause: PositionCause, **details: object) -> bool:
        """The same for the position's state."""
        before, after = self.intent.position, position_after(self.intent.position, cause)
        if after is None:
            self._impossible("position", before, cause)
            return False
        self.intent = evolve(self.intent, position=after)
        if after is not before:
            kind = _TOLD_AS.get(after, EventKind.STATE)
            self.tell(kind, position_before=before, position_after=after, cause=cause, **details)
        return True

    def leaves_because(self, reason: ExitReason) -> None:
        """The first reason that stands counts."""
        self.note(exit_reason=self.progress.exit_reason or reason)

    def tell(self, kind: EventKind, **details: object) -> None:
        told = {name: text_of(value) for name, value in details.items() if value is not None}
        intent = self.intent
        self.events.append(
            LifecycleEvent(intent.decision_key, intent.symbol, intent.attempt.number, kind, self.view_ms, told)
        )

    def alarm(self, kind: AlarmKind, text: str) -> None:
        """One that stands now; a look that does not raise it again ends it."""
        intent = self.intent
        self.alarms.setdefault(kind, Alarm(kind, intent.decision_key, f"{intent.symbol}: {text}", self.view_ms))

    def answer(self, asked: Asked, outcome: str) -> None:
        self.answers.append(Answer(asked.number, outcome))

    def _impossible(self, what: str, state: object, cause: object) -> None:
        self.alarm(AlarmKind.IMPOSSIBLE_MOVE, f"{cause} cannot happen to a {what} that is {state}; nothing was changed")


def text_of(value: object) -> str:
    """Exact text, as events hold it."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    return str(value)


def is_beyond(price: Decimal, level: Decimal, side: Side) -> bool:
    """Whether a price is at or beyond a stop's level, on the losing side."""
    return (price - level) * side.sign <= 0
