"""What happened to an intent, as an append-only story, and what calls for help.

Each event bears the times of the exchange and of this program; details are plain values, money as exact text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class EventKind(StrEnum):
    PLANNED = "planned"
    """Committed with its reservation; nothing was sent."""
    REFUSED = "refused"
    """A guard, the leverage or the exchange said no; nothing of it exists."""
    SUBMITTED = "submitted"
    """The bytes left, and an answer came or did not."""
    ACCEPTED = "accepted"
    PARTLY_FILLED = "partly_filled"
    FILLED = "filled"
    PROTECTED = "protected"
    """Exactly one armed stop over all that is held was read back."""
    PROTECTION_MOVED = "protection_moved"
    """A stop or a target was moved; details say from where to where, and why."""
    CANCELLED = "cancelled"
    """The entry, or its rest, was ended by us."""
    EXPIRED = "expired"
    """The entry never was: nothing shows it after its last instant; or its rest was dropped by the exchange."""
    EXITING = "exiting"
    """A stop or a target fired, or a close was sent."""
    CLOSED = "closed"
    """Flat by evidence; details hold the trade."""
    STATE = "state"
    """Any other change of a state; details name it, with its cause."""
    HAND = "hand"
    """An operator asked for something."""
    SENT = "sent"
    """A write left that protects, closes or cancels; details name it, why, and the exchange's answer."""


@frozen
class LifecycleEvent:
    """One event. The store gives it its place in the story and this program's time."""

    decision_key: str
    symbol: str
    attempt: int
    kind: EventKind
    venue_ms: int
    """The exchange's time of what happened, or of the read that showed it."""
    details: Mapping[str, str] = field(factory=dict)


class AlarmKind(StrEnum):
    """What a person has to know at once."""

    UNPROTECTED = "unprotected"
    """A position has had no armed stop for longer than allowed."""
    CANNOT_PROTECT = "cannot_protect"
    CANNOT_CLOSE = "cannot_close"
    """Closing has not led to a flat position; raised every round."""
    STALE = "stale"
    """What was read does not fit what is known."""
    EVIDENCE_LOST = "evidence_lost"
    CONTRADICTION = "contradiction"
    """The exchange shows under our id what we did not ask for."""
    IMPOSSIBLE_MOVE = "impossible_move"
    """A cause that cannot happen in this state: nothing was changed."""
    FOREIGN_POSITION = "foreign_position"
    FOREIGN_ORDER = "foreign_order"
    ORPHAN_ORDER = "orphan_order"
    """An order of our tag that belongs to no intent."""
    ACCOUNT_SHARED = "account_shared"
    MODES_CHANGED = "modes_changed"
    STOP_LOOSENED = "stop_loosened"
    LATE_ENTRY = "late_entry"
    """An entry was found alive after its last instant."""
    RECOVERY = "recovery"
    STORE_BEHIND = "store_behind"
    """A protective action went out before the store knew of it."""
    LOSS_LOCK = "loss_lock"
    """A limit on losses was reached: a profile enters nothing more."""
    ACCOUNT_UNREAD = "account_unread"
    """The account could not be read for longer than a position may be without its stop: nobody knows whether one is."""
    LOOK_WAITS = "look_waits"
    """A look at an intent has waited for an answer for longer than a position may be without its stop."""
    LOOK_FAILED = "look_failed"
    """A look at an intent broke off by a fault of this program; the looks at others go on."""


@frozen
class Alarm:
    """One alarm. `subject` is a decision key, a symbol or the account; `kind` and `subject` together are its name."""

    kind: AlarmKind
    subject: str
    text: str
    """One sentence for a person: what is, and what to do."""
    venue_ms: int
