"""What of the facts calls for help, and what does not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from mtf_core.market import DAY_MS, ContractStatus
from mtf_core.orders import Alarm, AlarmKind
from mtf_core.ports import Disk
from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess
from mtf_core.risk import RiskLock, Span
from mtf_core.settings.alerts import AlertSettings
from mtf_core.watching import Alert, Condition, Facts, Pulse, advice_of, conditions_of, is_supervised
from mtf_core.watching.facts import Pace
from mtf_core.watching.losses import LossSeen
from tests.unit.watching.beats import beat

NOW_MS = 1_770_000_000_000
QUIET = Facts(now_ms=NOW_MS)
SETTINGS = AlertSettings()


def process(kind: ProcessKind, age_ms: int, state: ProcessState = ProcessState.WORKING, **times: int) -> ProcessRecord:
    who = RunningProcess(kind, f"{kind}-1", "box", 4711, "0.1.0")
    started_ms, since_ms = times.get("started_ms", NOW_MS - DAY_MS), times.get("since_ms", NOW_MS - DAY_MS)
    return ProcessRecord(who, state, started_ms, since_ms, NOW_MS - age_ms, NOW_MS)


def words(facts: Facts, settings: AlertSettings = SETTINGS) -> list[str]:
    return [one.word for one in conditions_of(facts, settings)]


def found(word: str, facts: Facts) -> Condition:
    (one,) = [one for one in conditions_of(facts, SETTINGS) if one.word == word]
    return one


def test_nothing_calls_for_help_where_nothing_was_ever_started() -> None:
    assert conditions_of(QUIET, SETTINGS) == ()


@pytest.mark.parametrize("word", [*Alert, *AlarmKind])
def test_every_word_says_what_to_do(word: str) -> None:
    assert advice_of(word).endswith(".")


@pytest.mark.parametrize(
    "wanted",
    [
        {"live": 1},
        {"real_run_ms": NOW_MS - 60_000},
        {"processes": (process(ProcessKind.SUPERVISE, 20_000, ProcessState.SUPERVISING),)},
        {"processes": (process(ProcessKind.SUPERVISE, 1000, ProcessState.STANDING_BY),)},
    ],
)
def test_a_supervisor_is_missing_where_its_signs_of_life_stopped_and_somebody_needs_it(wanted: dict[str, Any]) -> None:
    facts = evolve(QUIET, beat_age_ms=15_001.0, read_age_ms=15_001.0, **wanted)
    assert words(facts) == [Alert.SUPERVISOR_MISSING]
    assert "no sign of life for 15 s" in found(Alert.SUPERVISOR_MISSING, facts).text
    assert words(evolve(facts, beat_age_ms=15_000.0)) == []


def test_a_supervisor_that_was_ended_with_nothing_open_is_not_missed() -> None:
    facts = evolve(QUIET, beat_age_ms=1e9, read_age_ms=1e9, real_run_ms=NOW_MS - 700_000)
    assert words(facts) == []


def test_one_that_stood_by_and_died_is_told_as_a_process_that_is_gone() -> None:
    died = process(ProcessKind.SUPERVISE, 20_000, ProcessState.STANDING_BY)
    facts = evolve(QUIET, beat_age_ms=1000.0, read_age_ms=1000.0, processes=(died,))
    assert words(facts) == [Alert.PROCESS_GONE]
    assert found(Alert.PROCESS_GONE, facts).subject == "supervise process 4711 on box"
    assert words(evolve(facts, beat_age_ms=10_001.0)) == [], "it may be the one that supervised"


def test_a_supervisor_that_never_gets_going_is_missing_after_a_minute() -> None:
    def trying(passed_ms: int) -> Facts:
        record = process(ProcessKind.SUPERVISE, 0, ProcessState.STARTING, started_ms=NOW_MS - passed_ms)
        return evolve(QUIET, processes=(record,))

    assert words(trying(60_000)) == []
    assert words(trying(60_001)) == [Alert.SUPERVISOR_MISSING]


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (ProcessKind.STREAM, Alert.STREAM_LATE),
        (ProcessKind.WORKER, Alert.CONSUMER_MISSING),
        (ProcessKind.SERVE, Alert.PROCESS_GONE),
    ],
)
def test_a_process_that_is_late_is_told_by_what_it_did(kind: ProcessKind, word: Alert) -> None:
    assert words(evolve(QUIET, processes=(process(kind, 15_000),))) == []
    assert words(evolve(QUIET, processes=(process(kind, 15_001),))) == [word]


def test_a_stream_that_hears_nothing_is_told_after_the_time_that_is_set() -> None:
    def by_calls(since_s: int) -> Facts:
        record = process(ProcessKind.STREAM, 0, ProcessState.BY_CALLS, since_ms=NOW_MS - since_s * 1000)
        return evolve(QUIET, processes=(record,))

    assert words(by_calls(60)) == []
    assert words(by_calls(61)) == [Alert.STREAM_SILENT]
    assert words(by_calls(61), AlertSettings(stream_silent_sec=120)) == []
    silent = process(ProcessKind.STREAM, 0, ProcessState.SILENT, since_ms=NOW_MS)
    assert words(evolve(QUIET, processes=(silent,))) == [Alert.STREAM_SILENT]


def runs(last_s: int, *gaps_s: int) -> Facts:
    ended = [NOW_MS - last_s * 1000]
    for gap_s in gaps_s:
        ended.append(ended[-1] - gap_s * 1000)
    return evolve(QUIET, paces=(Pace("scalper", tuple(ended)),))


def test_a_run_is_late_beyond_its_usual_pace_and_forgotten_after_a_day() -> None:
    assert words(runs(240, 60, 60, 60)) == []
    late = runs(241, 60, 60, 60)
    assert words(late) == [Alert.RUN_LATE]
    assert "they used to come every 60 s" in found(Alert.RUN_LATE, late).text
    assert words(late, AlertSettings(run_late_sec=0)) == []
    assert words(runs(86_401, 60, 60, 60)) == []


def test_a_pause_does_not_hide_the_usual_pace() -> None:
    assert words(runs(241, 60, 5000, 60)) == [Alert.RUN_LATE]


def test_runs_that_follow_no_pace_are_not_missed() -> None:
    assert words(runs(5000, 60)) == [], "two runs are no pace"
    assert words(runs(9000, 3601, 3601, 3601)) == [], "somebody asks now and then"


def test_alarms_of_supervision_are_told_as_they_stand_before_everything_else() -> None:
    alarm = Alarm(AlarmKind.UNPROTECTED, "BTCUSDT:5m:1:long", "no armed stop for 6 s", NOW_MS)
    facts = evolve(QUIET, alarms=(alarm,), kill_switch_on=True, live=1, beat_age_ms=20_000.0)
    assert words(facts) == ["unprotected", Alert.SUPERVISOR_MISSING, Alert.KILL_SWITCH_ON]
    assert found("unprotected", facts) == Condition("unprotected", alarm.subject, alarm.text)


def test_a_limit_that_was_reached_is_told_once_by_its_lock_and_not_as_an_alarm_too() -> None:
    lock = RiskLock(NOW_MS - NOW_MS % DAY_MS, "scalper", Decimal(1000), Decimal("50.5"), NOW_MS)
    alarm = Alarm(AlarmKind.LOSS_LOCK, "scalper", "locked", NOW_MS)
    near = LossSeen("scalper", Span.DAY, Decimal(49), Decimal(50))
    facts = evolve(QUIET, loss_locks=(lock,), alarms=(alarm,), losses=(near,))
    assert words(facts) == [Alert.LOSS_LIMIT_REACHED]
    assert "scalper has lost 50.5 in a day" in found(Alert.LOSS_LIMIT_REACHED, facts).text


def test_a_limit_is_near_from_the_share_that_is_set() -> None:
    def lost(loss: str) -> Facts:
        return evolve(QUIET, losses=(LossSeen("scalper", Span.WEEK, Decimal(loss), Decimal(50)),))

    assert words(lost("39.99")) == []
    assert words(lost("40")) == [Alert.LOSS_LIMIT_NEAR]
    assert found(Alert.LOSS_LIMIT_NEAR, lost("40")).subject == "scalper week"
    assert words(lost("40"), AlertSettings(loss_near_pct=Decimal("0.9"))) == []


def test_a_venue_that_closes_is_told_as_a_whole_and_of_a_live_symbol_alone() -> None:
    trading, closing, gone = ContractStatus.TRADING, ContractStatus.CLOSE_ONLY, ContractStatus.DELISTED
    assert words(evolve(QUIET, contracts={trading: 1, gone: 300})) == []
    assert words(evolve(QUIET, contracts={closing: 1, gone: 300})) == [Alert.VENUE_CLOSE_ONLY]
    assert words(evolve(QUIET, contracts={gone: 300})) == [Alert.VENUE_CLOSED]
    live = evolve(QUIET, contracts={trading: 1}, live_statuses={"AUSDT": trading, "BUSDT": closing, "CUSDT": gone})
    told = conditions_of(live, SETTINGS)
    assert [(one.word, one.subject) for one in told] == [("venue_closed", "CUSDT"), ("venue_close_only", "BUSDT")]


def test_a_disk_is_nearly_full_below_the_share_that_is_set() -> None:
    facts = evolve(QUIET, disks=(Disk("/var/lib/mtf", 10 * 2**30 - 1, 100 * 2**30),))
    assert words(facts) == [Alert.DISK_NEARLY_FULL]
    assert "10.0 of 100.0 GiB" in found(Alert.DISK_NEARLY_FULL, facts).text
    assert words(facts, AlertSettings(disk_free_pct=Decimal("0.05"))) == []


def test_a_supervisor_counts_as_alive_only_once_its_signs_were_seen_to_change() -> None:
    """What is stored may be from before this process began to watch."""
    pulse = Pulse()
    assert pulse.see(None, 0) == (None, None)
    assert pulse.see(beat(1, 1), 1000) == (0, 0)
    assert not pulse.moves
    assert pulse.see(beat(1, 1), 9000) == (8000, 8000)
    assert pulse.see(beat(2, 1), 10_000) == (0, 9000)
    assert pulse.moves


@pytest.mark.parametrize(
    ("changed", "supervised"),
    [
        ({}, True),
        ({"beat_moves": False}, False),
        ({"beat_age_ms": 15_001.0}, False),
        ({"read_age_ms": 30_001.0}, False),
        ({"beat_age_ms": None}, False),
    ],
)
def test_an_account_is_supervised_while_somebody_lives_and_looks(changed: dict[str, Any], supervised: bool) -> None:
    facts = evolve(QUIET, beat_age_ms=15_000.0, read_age_ms=30_000.0, beat_moves=True)
    assert is_supervised(evolve(facts, **changed)) is supervised
