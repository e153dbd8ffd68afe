"""The verdict on samples that are made up: what it calls bad, and what it does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from mtf_core.settings.trading import RetentionSettings
from tests.application.databases import Stored
from tests.application.samples import Sample
from tests.application.verdict import judge, slope_of

RETENTION = RetentionSettings(candles_per_series=1440, runs_days=1, runs_most=480, audit_days=1)
DAYS = 3 * 1440
Change = Callable[[Sample], Sample]


def calm(minute: int) -> Sample:
    """A sample of a process that stands still; its memory follows the time of the day, and the garbage collector."""
    return Sample(
        minute=minute,
        real_s=minute,
        cpu_s=minute,
        rss_kb=300_000 + 500 * (minute // 5 % 7) + 20 * ((minute + 680) % 1440),
        threads={"MainThread": 1, "sqlite": 3},
        files={"mtf.db": 3, "socket": 4},
        tasks={"Supervisor.run_until": 1, "Watcher.run": 1},
        stored=stored(minute) if minute % 60 == 0 else None,
        done={"runs": minute + 1, "order submitted": 4, "answered 200 /health": minute},
    )


def stored(minute: int) -> Stored:
    runs = min(minute, 480 + minute % 60)
    tables = {
        "contracts": 10,
        "series": 30,
        "runs": runs,
        "decisions": 200 * runs,
        "audit": min(minute, 1440),
        "order_events": minute,
    }
    candles = {"1m": min(600 + minute, 1900), "4h": 1192}
    sizes = {"run_blocks": 4096 * runs, "order_events": 100 * minute}
    return Stored(100 << 20, 4 << 20, 0, tables, sizes, candles, {"decisions": 0}, min(minute, 1440 + minute % 60))


def soaked(change: Change = lambda sample: sample, minutes: int = DAYS) -> list[Sample]:
    return [change(calm(minute)) for minute in range(5, minutes + 1, 5)]


def with_stored(sample: Sample, change: Callable[[Stored], Stored]) -> Sample:
    return sample if sample.stored is None else evolve(sample, stored=change(sample.stored))


def with_rows(sample: Sample, **rows: int) -> Sample:
    return with_stored(sample, lambda it: evolve(it, tables={**it.tables, **rows}))


GROWING: dict[str, Change] = {
    # Two days lie between the days that are compared.
    "memory": lambda one: evolve(one, rss_kb=one.rss_kb + round(0.06 * 300_000 * one.minute / 2880)),
    "files": lambda one: evolve(one, files={**one.files, "socket": 4 + int(one.minute > 3000)}),
    "tasks": lambda one: evolve(one, tasks={**one.tasks, "Watcher.look": int(one.minute > 3000)}),
    "threads": lambda one: evolve(one, threads={**one.threads, "worker": int(one.minute > 3000)}),
    "rows of runs": lambda one: with_rows(one, runs=round(one.minute)),
    "rows of series": lambda one: with_rows(one, series=round(one.minute)),
    "rows of decisions": lambda one: with_stored(
        one, lambda it: evolve(it, orphans={"decisions": int(one.minute > 3000)})
    ),
    "rows of audit": lambda one: with_stored(one, lambda it: evolve(it, audit_minutes=one.minute)),
    "candles of 1m": lambda one: with_stored(one, lambda it: evolve(it, candles={"1m": 600 + round(one.minute)})),
    "bytes of run_blocks": lambda one: with_stored(
        one, lambda it: evolve(it, bytes={"run_blocks": round(4096 * one.minute)})
    ),
    "work": lambda one: evolve(one, done={**one.done, "answered 500 /health": 1}),
}


def test_a_process_that_stands_still_is_good() -> None:
    verdict = judge(soaked(), RETENTION)
    assert verdict.broken == ()
    assert all(finding.holds is not None for finding in verdict.findings if finding.what in GROWING)


@pytest.mark.parametrize("what", GROWING)
def test_what_grows_is_called_out_and_nothing_else(what: str) -> None:
    assert judge(soaked(GROWING[what]), RETENTION).broken == (what,)


@pytest.mark.parametrize("minutes", [1700, 2000, 2880, 3000, DAYS])
def test_memory_that_follows_the_time_of_the_day_does_not_grow(minutes: int) -> None:
    assert judge(soaked(minutes=minutes), RETENTION).broken == ()


@pytest.mark.parametrize("minutes", [1700, 2000, 2880, 3000])
def test_memory_that_grows_beside_it_does(minutes: int) -> None:
    """By 8 % in a day."""
    assert judge(
        soaked(lambda one: evolve(one, rss_kb=one.rss_kb + 18 * round(one.minute)), minutes), RETENTION
    ).broken == ("memory",)


def test_what_grows_in_the_first_hour_only_is_a_warm_up() -> None:
    def warming(one: Sample) -> Sample:
        return evolve(one, rss_kb=one.rss_kb - round(2000 * max(0.0, 60 - one.minute)), tasks={"one": one.minute >= 60})

    assert judge(soaked(warming), RETENTION).broken == ()


def test_what_is_kept_for_ever_may_grow() -> None:
    (orders,) = [one for one in judge(soaked(), RETENTION).findings if one.what == "rows of order_events"]
    assert orders.holds is None


def test_a_symbol_that_comes_back_may_have_its_old_candles_and_a_new_window_for_an_hour() -> None:
    def coming_back(one: Sample) -> Sample:
        return with_stored(one, lambda it: evolve(it, candles={"1m": 3100 if one.minute % 600 < 30 else 1880}))

    assert judge(soaked(coming_back), RETENTION).broken == ()


def test_a_soak_that_did_nothing_is_bad() -> None:
    idle = judge(soaked(lambda one: evolve(one, done={})), RETENTION)
    assert idle.broken == ("work",)


def test_connections_of_a_pool_may_be_opened_late_up_to_its_size() -> None:
    def pooled(connections: int) -> tuple[str, ...]:
        late = soaked(lambda one: evolve(one, files={**one.files, "mtf.db": 3 if one.minute < 3000 else connections}))
        return judge(late, RETENTION).broken

    assert (pooled(6), pooled(7)) == ((), ("files",))


def test_a_table_whose_retention_was_not_reached_is_not_judged() -> None:
    (audit,) = [one for one in judge(soaked(minutes=1200), RETENTION).findings if one.what == "rows of audit"]
    assert audit.holds is None


def test_a_soak_that_ended_in_its_warm_up_is_not_judged() -> None:
    with pytest.raises(ValueError, match="nothing to judge before minute 100"):
        judge(soaked(minutes=95), RETENTION)


def test_a_slope_does_not_follow_single_samples() -> None:
    points = [(float(hour), 300.0 + 2 * hour) for hour in range(100)]
    points[50] = (50.0, 10_000.0)
    assert slope_of(points) == pytest.approx(2.0)
