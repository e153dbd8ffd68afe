"""What may follow what in the life of an intent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from mtf_core.orders.states import (
    ENTRY_MOVES,
    POSITION_MOVES,
    EntryCause,
    EntryMove,
    EntryState,
    PositionCause,
    PositionMove,
    PositionState,
    entry_after,
    position_after,
)

TABLES: list[Sequence[EntryMove | PositionMove]] = [ENTRY_MOVES, POSITION_MOVES]


def reached(moves: Iterable[EntryMove | PositionMove], start: EntryState | PositionState) -> set[str]:
    """Every state that some moves lead to from the start, the start included."""
    found: set[str] = {start}
    while True:
        further = {move.after for move in moves if move.before in found} - found
        if not further:
            return found
        found |= further


@pytest.mark.parametrize("moves", TABLES)
def test_a_cause_leads_from_a_state_to_one_other(moves: Sequence[EntryMove | PositionMove]) -> None:
    pairs = [(move.before, move.cause) for move in moves]
    assert len(pairs) == len(set(pairs))


def test_every_state_can_be_reached_and_every_cause_happens() -> None:
    assert reached(ENTRY_MOVES, EntryState.PLANNED) == set(EntryState)
    assert reached(POSITION_MOVES, PositionState.NONE) == set(PositionState)
    assert {move.cause for move in ENTRY_MOVES} == set(EntryCause)
    assert {move.cause for move in POSITION_MOVES} == set(PositionCause)


def test_from_every_state_the_end_can_be_reached() -> None:
    for entry in EntryState:
        assert reached(ENTRY_MOVES, entry) & {EntryState.DONE, EntryState.REJECTED}
    for position in PositionState:
        assert position is PositionState.NONE or PositionState.CLOSED in reached(POSITION_MOVES, position)


def test_nothing_but_a_further_attempt_follows_the_end_of_an_entry() -> None:
    after_the_end = [move for move in ENTRY_MOVES if move.before.is_final]
    assert {move.cause for move in after_the_end} == {EntryCause.FURTHER_ATTEMPT}
    assert {move.after for move in after_the_end} == {EntryState.PLANNED}


def test_an_entry_is_sent_from_one_state_alone_and_never_again() -> None:
    assert [move.before for move in ENTRY_MOVES if move.cause is EntryCause.SENDING] == [EntryState.PLANNED]
    further = {move.cause for move in ENTRY_MOVES if move.after is EntryState.PLANNED}
    assert further == {EntryCause.FURTHER_ATTEMPT}, "what was sent once is never planned again"
    assert EntryState.SUBMITTING not in {move.after for move in ENTRY_MOVES if move.before is not EntryState.PLANNED}


def test_an_entry_that_may_be_alive_ends_by_evidence_alone() -> None:
    """No time that passed, and no wish of ours, ends it: an answer, a read, or the operator."""
    evidence = {
        EntryCause.NOT_SENT,
        EntryCause.REFUSED,
        EntryCause.SEEN_ENDED,
        EntryCause.ABSENT,
        EntryCause.OPERATOR,
    }
    ended = {move.cause for move in ENTRY_MOVES if move.before.may_be_alive and move.after.is_final}
    assert ended == evidence


def test_absence_ends_only_what_was_never_seen() -> None:
    seen = {EntryState.RESTING, EntryState.CANCELLING}
    assert not [move for move in ENTRY_MOVES if move.cause is EntryCause.ABSENT and move.before in seen]


def test_a_position_is_over_by_evidence_alone() -> None:
    causes = {move.cause for move in POSITION_MOVES if move.after is PositionState.CLOSED}
    assert causes == {PositionCause.FLAT, PositionCause.FLIPPED, PositionCause.OPERATOR}


def test_a_position_is_protected_only_once_its_stop_was_read_back() -> None:
    causes = {move.cause for move in POSITION_MOVES if move.after is PositionState.PROTECTED}
    assert causes == {PositionCause.STOP_READ_BACK}


def test_whatever_fills_takes_the_protection_away_until_it_is_read_again() -> None:
    assert position_after(PositionState.PROTECTED, PositionCause.FILLED) is PositionState.UNPROTECTED


def test_what_is_not_in_the_table_does_not_happen() -> None:
    assert entry_after(EntryState.DONE, EntryCause.SEEN_LIVE) is None
    assert entry_after(EntryState.REJECTED, EntryCause.ACCEPTED) is None
    assert position_after(PositionState.NONE, PositionCause.FLAT) is None
    assert entry_after(EntryState.PLANNED, EntryCause.SENDING) is EntryState.SUBMITTING


def test_what_is_being_closed_already_has_no_time_to_be_up() -> None:
    timed = {move.before for move in POSITION_MOVES if move.cause is PositionCause.TIME_STOP}
    assert timed == {PositionState.UNPROTECTED, PositionState.PROTECTED, PositionState.EXITING}
