"""What reads of an exchange prove of an intent. A failed read proves nothing, an empty one only what it can.

Pure functions of what was read; each says what follows, or that nothing does yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

from attrs import frozen

from mtf_core.market import ClientIds, Fill, OpenOrder, OrderState, Position, Side, TriggerLevel, TriggerPurpose
from mtf_core.orders.intent import Attempt, Intent
from mtf_core.orders.states import EntryCause, EntryState

Value = TypeVar("Value")


@frozen
class Read(Generic[Value]):
    """What a successful read gave, and when it began, by the exchange's time."""

    value: Value
    begun_venue_ms: int


@frozen
class EntryReads:
    """Where an entry may show itself; None: that read failed, or was not made.

    `fills` and `ended` reach back to `since_venue_ms`, or as far as the exchange remembers.
    """

    open: Read[tuple[OpenOrder, ...]] | None
    ended: Read[tuple[OpenOrder, ...]] | None
    fills: Read[tuple[Fill, ...]] | None
    since_venue_ms: int
    position: Position | None = None
    """Of the intent's side, from the same read as `open`."""

    @property
    def all_begun_after_venue_ms(self) -> int | None:
        """The earliest beginning of all reads; None where one is missing."""
        reads = (self.open, self.ended, self.fills)
        begun = [read.begun_venue_ms for read in reads if read is not None]
        return min(begun) if len(begun) == len(reads) else None


@frozen
class Proven:
    """What follows for the entry: its cause, and the order behind it where one was seen."""

    cause: EntryCause
    order: OpenOrder | None = None


@frozen
class Contradiction:
    """What was read cannot be: an alarm, and nothing changes. The text says what does not fit."""

    why: str


EntryEvidence = Proven | Contradiction | None
"""None: nothing follows yet."""


def entry_evidence(intent: Intent, reads: EntryReads, ids: ClientIds, settled_after_ms: int) -> EntryEvidence:
    """What the reads prove of the current attempt.

    `settled_after_ms`: the tolerated skew and the exchange's lag, together.

    An order is the intent's by its client id, and only if symbol, side, size and price are those that were asked for.
    It has ended once the exchange says so and its executions add up to what it says it filled. It never was once every
    source was read after the request could no longer have an effect, and none shows it. Where executions do not carry
    our id, one that opened the same side and that no order shown explains may be its own: then it is not absent. Nor is
    it while the side has, or had when it was read last, a position that executions do not explain: the lists lag behind
    it. Where they still do a minute later, and nobody has ever seen the order, the exchange has forgotten it.
    """
    order = _shown(intent.attempt, reads)
    if order is not None:
        unlike = _unlike(intent, order)
        if unlike:
            return Contradiction(f"{intent.attempt.client_order_id}: the exchange shows another {', '.join(unlike)}")
        return _of_order(order, reads)
    return _absence(intent, reads, ids, settled_after_ms)


def _of_order(order: OpenOrder, reads: EntryReads) -> EntryEvidence:
    if not order.state.is_final:
        return Proven(EntryCause.SEEN_LIVE, order)
    if order.state is OrderState.REJECTED:
        return Proven(EntryCause.SEEN_ENDED, order) if not order.filled else Contradiction("refused, and filled")
    if reads.fills is None:
        return None
    filled = sum((fill.size for fill in reads.fills.value if fill.order_id == order.order_id), Decimal(0))
    if filled > order.filled:
        return Contradiction(f"{order.order_id}: executions of {filled}, and the order says {order.filled}")
    return Proven(EntryCause.SEEN_ENDED, order) if filled == order.filled else None


def _shown(attempt: Attempt, reads: EntryReads) -> OpenOrder | None:
    """The order as it was read last: an end outweighs what an earlier read showed as live."""
    found = [
        order
        for read in (reads.ended, reads.open)
        if read is not None
        for order in read.value
        if order.client_order_id == attempt.client_order_id or (attempt.order_id and order.order_id == attempt.order_id)
    ]
    return max(found, key=lambda order: (order.state.is_final, order.filled), default=None)


def _unlike(intent: Intent, order: OpenOrder) -> list[str]:
    attempt = intent.attempt
    differs = {
        "symbol": order.symbol != intent.symbol,
        "side": order.side is not intent.side,
        "size": order.size != attempt.size,
        "price": order.price is not None and attempt.price is not None and order.price != attempt.price,
        "purpose": order.reduce_only,
    }
    return [name for name, unlike in differs.items() if unlike]


def _executed(intent: Intent, reads: EntryReads, ids: ClientIds, settled_after_ms: int) -> bool:
    """Whether an execution is the attempt's, or may be."""
    attempt, fills = intent.attempt, reads.fills.value if reads.fills is not None else ()
    told = any(
        fill.client_order_id == attempt.client_order_id or (attempt.order_id and fill.order_id == attempt.order_id)
        for fill in fills
    )
    if told or ids.lookup_fills_ms:
        return told
    shown = {order.order_id for read in (reads.open, reads.ended) if read is not None for order in read.value}
    explained = shown | intent.order_ids()
    since_ms = attempt.created_ms - settled_after_ms
    return any(
        fill.opens and fill.side is intent.side and fill.time_ms >= since_ms and fill.order_id not in explained
        for fill in fills
    )


def _holds_unexplained(intent: Intent, reads: EntryReads) -> bool:
    """Whether the position is larger than what executions since the commit left of it, whoever's they are."""
    fills = reads.fills.value if reads.fills is not None else ()
    return reads.position is not None and reads.position.size > ours(intent.side, fills, reads.position)


def _has_held_unexplained(intent: Intent) -> bool:
    """Whether a position is looked after as the intent's that no execution has explained yet: it was there, and one
    read without it, perhaps another account's, is no proof that its entry never was."""
    return not intent.position.is_over and not intent.filled


_NEVER_SEEN = frozenset({EntryState.SUBMITTING, EntryState.UNKNOWN})
_FORGOTTEN_AFTER_MS = 60_000


def _remembered_ms(ids: ClientIds) -> int:
    """How far back our ids are shown by every source that shows them at all."""
    return min((ms for ms in (ids.lookup_history_ms, ids.lookup_fills_ms) if ms), default=0)


def _absence(intent: Intent, reads: EntryReads, ids: ClientIds, settled_after_ms: int) -> EntryEvidence:
    """No list of orders shows it: it never was, or it is out of sight, or it is too early to tell."""
    attempt, earliest = intent.attempt, reads.all_begun_after_venue_ms
    if earliest is None or earliest <= attempt.not_after_ms + settled_after_ms:
        return None
    if earliest - attempt.created_ms > _remembered_ms(ids):
        return Proven(EntryCause.OUT_OF_SIGHT)  # it may have ended, and be forgotten
    if reads.since_venue_ms > attempt.created_ms:
        return None  # nobody looked as far back as it may have ended
    was_seen = bool(attempt.order_id) or _has_held_unexplained(intent)
    if was_seen or _executed(intent, reads, ids, settled_after_ms) or _holds_unexplained(intent, reads):
        # The exchange had it: that it is not shown is the lists' lag, not its absence. One that nobody has ever seen,
        # and that no list shows long after, is forgotten.
        is_forgotten = earliest > attempt.not_after_ms + settled_after_ms + _FORGOTTEN_AFTER_MS
        return Proven(EntryCause.OUT_OF_SIGHT) if is_forgotten and intent.entry in _NEVER_SEEN else None
    return Proven(EntryCause.ABSENT)


class StopFault(StrEnum):
    """Why a position does not count as protected."""

    NONE_ARMED = "none_armed"
    SEVERAL = "several"
    """More than one stop is armed: together they could close more than there is."""
    WRONG_SIZE = "wrong_size"
    LOOSER = "looser"
    """It would fire later than planned: the loss would be larger."""
    WRONG_TRIGGER = "wrong_trigger"
    """Another price fires it."""


@frozen
class Protection:
    """How a position is protected: the one armed stop, or what is wrong. A tighter stop than planned is none."""

    stop: OpenOrder | None
    fault: StopFault | None


def ours(side: Side, our_fills: Iterable[Fill], position: Position | None) -> Decimal:
    """How many contracts of a position are ours: never more than our executions left open, nor than there are."""
    net = sum((fill.size if fill.opens else -fill.size for fill in our_fills if fill.side is side), Decimal(0))
    held = position.size if position is not None and position.side is side else Decimal(0)
    return max(Decimal(0), min(net, held))


def protection_of(
    side: Side, size: Decimal, planned: TriggerLevel, orders: Sequence[OpenOrder], tolerance: Decimal = Decimal(0)
) -> Protection:
    """The protection of `size` contracts, from a successful read of the symbol's live orders.

    `tolerance` is how much looser than planned a stop may be, in quote currency (a tick of rounding).
    """
    stops = [
        order
        for order in orders
        if order.purpose is TriggerPurpose.STOP
        and order.side is side
        and order.reduce_only
        and order.state is OrderState.LIVE
    ]
    if not stops:
        return Protection(None, StopFault.NONE_ARMED)
    if len(stops) > 1:
        return Protection(None, StopFault.SEVERAL)
    (stop,) = stops
    if stop.size is not None and stop.size != size:
        return Protection(stop, StopFault.WRONG_SIZE)
    if stop.trigger is None or stop.trigger.by is not planned.by:
        return Protection(stop, StopFault.WRONG_TRIGGER)
    if (planned.price - stop.trigger.price) * side.sign > tolerance:
        return Protection(stop, StopFault.LOOSER)
    return Protection(stop, None)


class Gone(StrEnum):
    """What a position that is no longer there says."""

    EXPLAINED = "explained"
    """Executions add up: everything that was opened was closed."""
    UNEXPLAINED = "unexplained"
    """They do not: nothing is booked, nothing is cancelled."""


def gone(side: Side, fills: Iterable[Fill]) -> Gone:
    """Whether executions explain that nothing of the side's position is left; liquidation and ADL are executions."""
    opened = closed = Decimal(0)
    for fill in fills:
        if fill.side is side and fill.opens:
            opened += fill.size
        elif fill.side is side:
            closed += fill.size
    return Gone.EXPLAINED if opened and opened == closed else Gone.UNEXPLAINED
