"""When a process is late, when it is gone, and when nobody misses it."""

from __future__ import annotations

import pytest

from mtf_core.records import ProcessKind, ProcessRecord, ProcessState, RunningProcess, Vitality, present


def record(
    owner: str, beat_ms: int, *, kind: ProcessKind = ProcessKind.SUPERVISE, started_ms: int = 0, account: str = "trader"
) -> ProcessRecord:
    process = RunningProcess(kind, owner, "box", 1, "0.1.0", account)
    return ProcessRecord(process, ProcessState.WORKING, started_ms, started_ms, beat_ms, 1_000_000)


@pytest.mark.parametrize(
    ("age_ms", "vitality"),
    [(0, "alive"), (15_000, "alive"), (15_001, "late"), (60_000, "late"), (60_001, "gone"), (-5, "alive")],
)
def test_a_process_is_late_after_fifteen_seconds_and_gone_after_a_minute(age_ms: int, vitality: str) -> None:
    assert record("a", 1_000_000 - age_ms).vitality is Vitality(vitality)


def test_one_that_died_is_missed_until_another_one_begins_its_work() -> None:
    died = record("a", 900_000)
    assert present([died]) == (died,)
    assert present([died, stood_by := record("b", 1_000_000, started_ms=850_000)]) == (died, stood_by)
    assert present([died, successor := record("c", 1_000_000, started_ms=910_000)]) == (successor,)


def test_one_of_another_kind_or_account_is_no_successor() -> None:
    died = record("a", 900_000)
    others = [
        record("b", 1_000_000, started_ms=910_000, kind=ProcessKind.SERVE),
        record("c", 1_000_000, started_ms=910_000, account="another"),
    ]
    assert died in present([died, *others])


def test_one_that_died_before_it_knew_its_account_is_replaced_by_one_that_does() -> None:
    died, successor = record("a", 900_000, account=""), record("b", 1_000_000, started_ms=910_000)
    assert present([died, successor]) == (successor,)
