"""What of the store is told in figures: whether each position's stop is confirmed, and how old that is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.orders import EntryState, Intent, PositionState
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess
from mtf_core.risk import AccountCondition, Heartbeat
from mtf_core.watching.figures import StoreFigures, _position
from tests.unit.orders.intents import an_intent

NOW_MS = 2_000_000
BEAT = Heartbeat("supervisor-1", NOW_MS - 500, NOW_MS - 2000)


def held(state: PositionState, bare_since_ms: int | None = None) -> Intent:
    intent = an_intent(entry=EntryState.DONE, position=state)
    return evolve(intent, progress=evolve(intent.progress, held=Decimal(10), unprotected_since_ms=bare_since_ms))


def test_a_protected_position_is_confirmed_by_the_last_reading_of_the_account() -> None:
    found = _position(held(PositionState.PROTECTED), BEAT, NOW_MS)
    assert (found.is_confirmed, found.protection_age_s, found.contracts) == (True, 2.0, Decimal(10))


@pytest.mark.parametrize("state", [PositionState.UNPROTECTED, PositionState.EXITING, PositionState.CLOSING])
def test_one_that_was_seen_without_its_stop_is_not_confirmed_since_then(state: PositionState) -> None:
    found = _position(held(state, NOW_MS - 7000), BEAT, NOW_MS)
    assert (found.is_confirmed, found.protection_age_s) == (False, 7.0)


@pytest.mark.parametrize("state", [PositionState.UNPROTECTED, PositionState.STALE])
def test_one_of_which_nobody_knows_since_when_is_as_old_as_can_be(state: PositionState) -> None:
    found = _position(held(state), BEAT, NOW_MS)
    assert (found.is_confirmed, found.protection_age_s) == (False, float("inf"))


def test_without_anybody_who_read_the_account_no_age_is_known() -> None:
    assert _position(held(PositionState.PROTECTED), None, NOW_MS).protection_age_s == float("inf")


def stream(state: ProcessState, age_ms: int = 1000) -> ProcessRecord:
    process = RunningProcess(ProcessKind.STREAM, "stream-1", "here", 1, "0.1.0")
    return ProcessRecord(process, state, 0, NOW_MS - 40_000, NOW_MS - age_ms, NOW_MS)


@pytest.mark.parametrize(
    ("process", "silent_s"),
    [
        (stream(ProcessState.STREAMING), 0.0),
        (stream(ProcessState.BY_CALLS), 40.0),
        (stream(ProcessState.SILENT), 40.0),
        (stream(ProcessState.STREAMING, age_ms=20_000), 20.0),
    ],
)
def test_a_stream_is_silent_since_it_or_its_process_is_not_heard(process: ProcessRecord, silent_s: float) -> None:
    figures = StoreFigures(condition=AccountCondition.NORMAL, kill_switch_on=False, mark=None, processes=(process,))
    assert figures.stream_silent_s == silent_s
    assert figures.heartbeat_age_s(ProcessKind.STREAM) == process.age_ms / 1000
    assert figures.heartbeat_age_s(ProcessKind.SUPERVISE) is None
