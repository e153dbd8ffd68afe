"""The states of an intent, and the one table that says what may follow what, and why.

An intent is two machines side by side: its entry, and the position that came of it. Whatever is not in the table does
not happen: it raises an alarm, and the intent stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen


class EntryState(StrEnum):
    """Where the order that opens stands, as far as evidence goes."""

    PLANNED = "planned"
    """Committed, and nothing was sent."""
    SUBMITTING = "submitting"
    """Committed as about to be sent: from here on it may exist."""
    UNKNOWN = "unknown"
    """Sent, and nobody knows what became of it. Never sent again."""
    RESTING = "resting"
    """Seen on the exchange; it may fill."""
    CANCELLING = "cancelling"
    """Asked to end, and not seen to have ended."""
    DONE = "done"
    """Seen to have ended, with whatever was filled."""
    REJECTED = "rejected"
    """The exchange refused it; nothing of it exists."""
    EVIDENCE_LOST = "evidence_lost"
    """The exchange no longer shows what became of it. The operator closes it."""

    @property
    def is_final(self) -> bool:
        """Whether the order can fill no more, by evidence."""
        return self in {EntryState.DONE, EntryState.REJECTED}

    @property
    def may_be_alive(self) -> bool:
        """Whether the order may be on the exchange, or come to be there."""
        return self in {
            EntryState.SUBMITTING,
            EntryState.UNKNOWN,
            EntryState.RESTING,
            EntryState.CANCELLING,
            EntryState.EVIDENCE_LOST,
        }


class PositionState(StrEnum):
    """Where the position that came of the entry stands."""

    NONE = "none"
    UNPROTECTED = "unprotected"
    """There is a position, and no armed stop of the right side and size was read back."""
    PROTECTED = "protected"
    EXITING = "exiting"
    """Its stop has fired, or a target has, and not everything is closed."""
    CLOSING = "closing"
    """It is being closed at market, and will be until it is flat by evidence."""
    CLOSED = "closed"
    """Flat, and every contract of it explained by executions."""
    STALE = "stale"
    """What was read does not fit what is known. Nothing is cancelled; the symbol stays busy."""

    @property
    def is_over(self) -> bool:
        return self in {PositionState.NONE, PositionState.CLOSED}


class EntryCause(StrEnum):
    """Why an entry's state changes."""

    SENDING = "sending"
    """The last guards passed; the bytes are about to leave."""
    GAVE_UP = "gave_up"
    """A guard, the deadline or the leverage stood against it before anything was sent."""
    NOT_SENT = "not_sent"
    """It is proven that nothing left this process."""
    ACCEPTED = "accepted"
    """The exchange's answer says that it has it."""
    REFUSED = "refused"
    """The exchange's answer says that nothing of it exists."""
    NO_ANSWER = "no_answer"
    """No answer came, or none that proves anything."""
    SEEN_LIVE = "seen_live"
    SEEN_ENDED = "seen_ended"
    """Read as ended, and its fills add up to what it says it filled."""
    ABSENT = "absent"
    """After its last instant no source shows it: it never was, and never will be."""
    CANCEL_SENT = "cancel_sent"
    OUT_OF_SIGHT = "out_of_sight"
    """Older than what the exchange remembers."""
    OPERATOR = "operator"
    """The operator says what became of it."""
    FURTHER_ATTEMPT = "further_attempt"
    """The attempt before is final; another one is committed, and passes every guard like the first."""


class PositionCause(StrEnum):
    """Why a position's state changes."""

    FILLED = "filled"
    """An execution opened or enlarged it."""
    STOP_READ_BACK = "stop_read_back"
    """Exactly one armed stop of the right side, size and trigger was read."""
    STOP_MISSING = "stop_missing"
    """A successful read shows no such stop."""
    EXIT_FIRED = "exit_fired"
    """A stop or a target became an order that closes."""
    EXIT_ENDED = "exit_ended"
    """It ended, and something is left."""
    CANNOT_PROTECT = "cannot_protect"
    TIME_STOP = "time_stop"
    CLOSE_ASKED = "close_asked"
    """By the operator, or because its stop fired and did not fill in time."""
    FLAT = "flat"
    """Two reads apart show no position, and executions explain all of it."""
    UNEXPLAINED = "unexplained"
    """The position is gone, or another, and executions do not say why."""
    EXPLAINED = "explained"
    """Executions came that say why; the position is as they say."""
    FLIPPED = "flipped"
    """By hand there is now a position of the other side."""
    OPERATOR = "operator"


@frozen
class EntryMove:
    before: EntryState
    cause: EntryCause
    after: EntryState


@frozen
class PositionMove:
    before: PositionState
    cause: PositionCause
    after: PositionState


_E, _C = EntryState, EntryCause
ENTRY_MOVES: tuple[EntryMove, ...] = (
    EntryMove(_E.PLANNED, _C.SENDING, _E.SUBMITTING),
    EntryMove(_E.PLANNED, _C.GAVE_UP, _E.REJECTED),
    EntryMove(_E.SUBMITTING, _C.NOT_SENT, _E.REJECTED),
    EntryMove(_E.SUBMITTING, _C.REFUSED, _E.REJECTED),
    EntryMove(_E.SUBMITTING, _C.ACCEPTED, _E.RESTING),
    EntryMove(_E.SUBMITTING, _C.NO_ANSWER, _E.UNKNOWN),
    # A process that died while it sent: what it sent is looked for like any other that got no answer.
    EntryMove(_E.SUBMITTING, _C.SEEN_LIVE, _E.RESTING),
    EntryMove(_E.SUBMITTING, _C.SEEN_ENDED, _E.DONE),
    EntryMove(_E.SUBMITTING, _C.ABSENT, _E.DONE),
    EntryMove(_E.SUBMITTING, _C.OUT_OF_SIGHT, _E.EVIDENCE_LOST),
    EntryMove(_E.UNKNOWN, _C.SEEN_LIVE, _E.RESTING),
    EntryMove(_E.UNKNOWN, _C.SEEN_ENDED, _E.DONE),
    EntryMove(_E.UNKNOWN, _C.ABSENT, _E.DONE),
    EntryMove(_E.UNKNOWN, _C.OUT_OF_SIGHT, _E.EVIDENCE_LOST),
    # An acceptance says that the exchange has it, not that it is live: its end may be all that is ever seen.
    EntryMove(_E.RESTING, _C.SEEN_LIVE, _E.RESTING),
    EntryMove(_E.RESTING, _C.SEEN_ENDED, _E.DONE),
    EntryMove(_E.RESTING, _C.CANCEL_SENT, _E.CANCELLING),
    EntryMove(_E.RESTING, _C.OUT_OF_SIGHT, _E.EVIDENCE_LOST),
    # A cancel that did not reach the order is asked for again.
    EntryMove(_E.CANCELLING, _C.SEEN_LIVE, _E.CANCELLING),
    EntryMove(_E.CANCELLING, _C.CANCEL_SENT, _E.CANCELLING),
    EntryMove(_E.CANCELLING, _C.SEEN_ENDED, _E.DONE),
    EntryMove(_E.CANCELLING, _C.OUT_OF_SIGHT, _E.EVIDENCE_LOST),
    EntryMove(_E.EVIDENCE_LOST, _C.SEEN_LIVE, _E.RESTING),
    EntryMove(_E.EVIDENCE_LOST, _C.SEEN_ENDED, _E.DONE),
    EntryMove(_E.EVIDENCE_LOST, _C.OPERATOR, _E.DONE),
    EntryMove(_E.DONE, _C.FURTHER_ATTEMPT, _E.PLANNED),
    EntryMove(_E.REJECTED, _C.FURTHER_ATTEMPT, _E.PLANNED),
)

_P, _W = PositionState, PositionCause
_OPEN = (_P.UNPROTECTED, _P.PROTECTED, _P.EXITING, _P.CLOSING)
POSITION_MOVES: tuple[PositionMove, ...] = (
    PositionMove(_P.NONE, _W.FILLED, _P.UNPROTECTED),
    PositionMove(_P.NONE, _W.UNEXPLAINED, _P.STALE),
    PositionMove(_P.UNPROTECTED, _W.FILLED, _P.UNPROTECTED),
    PositionMove(_P.UNPROTECTED, _W.STOP_MISSING, _P.UNPROTECTED),
    PositionMove(_P.UNPROTECTED, _W.STOP_READ_BACK, _P.PROTECTED),
    # More was filled than the stop was read for: until it is read again, the part is not protected.
    PositionMove(_P.PROTECTED, _W.FILLED, _P.UNPROTECTED),
    PositionMove(_P.PROTECTED, _W.STOP_READ_BACK, _P.PROTECTED),
    PositionMove(_P.PROTECTED, _W.STOP_MISSING, _P.UNPROTECTED),
    PositionMove(_P.UNPROTECTED, _W.EXIT_FIRED, _P.EXITING),
    PositionMove(_P.PROTECTED, _W.EXIT_FIRED, _P.EXITING),
    PositionMove(_P.EXITING, _W.EXIT_FIRED, _P.EXITING),
    PositionMove(_P.EXITING, _W.EXIT_ENDED, _P.UNPROTECTED),
    PositionMove(_P.EXITING, _W.FILLED, _P.EXITING),
    PositionMove(_P.UNPROTECTED, _W.CANNOT_PROTECT, _P.CLOSING),
    *(PositionMove(state, _W.TIME_STOP, _P.CLOSING) for state in _OPEN[:3]),
    *(PositionMove(state, _W.CLOSE_ASKED, _P.CLOSING) for state in _OPEN),
    # What fills while it is being closed is closed with it.
    PositionMove(_P.CLOSING, _W.FILLED, _P.CLOSING),
    *(PositionMove(state, _W.FLAT, _P.CLOSED) for state in _OPEN),
    *(PositionMove(state, _W.FLIPPED, _P.CLOSED) for state in (*_OPEN, _P.STALE)),
    *(PositionMove(state, _W.UNEXPLAINED, _P.STALE) for state in _OPEN),
    PositionMove(_P.STALE, _W.EXPLAINED, _P.UNPROTECTED),
    PositionMove(_P.STALE, _W.FLAT, _P.CLOSED),
    PositionMove(_P.STALE, _W.UNEXPLAINED, _P.STALE),
    PositionMove(_P.STALE, _W.OPERATOR, _P.CLOSED),
    # A late execution of an entry that was still alive, or was believed to have ended.
    PositionMove(_P.CLOSED, _W.FILLED, _P.UNPROTECTED),
)

_ENTRY: Mapping[tuple[EntryState, EntryCause], EntryState] = {
    (move.before, move.cause): move.after for move in ENTRY_MOVES
}
_POSITION: Mapping[tuple[PositionState, PositionCause], PositionState] = {
    (move.before, move.cause): move.after for move in POSITION_MOVES
}


def entry_after(state: EntryState, cause: EntryCause) -> EntryState | None:
    """The state that follows; None where the cause cannot happen in this state: an alarm."""
    return _ENTRY.get((state, cause))


def position_after(state: PositionState, cause: PositionCause) -> PositionState | None:
    """The state that follows; None where the cause cannot happen in this state: an alarm."""
    return _POSITION.get((state, cause))
