"""`temporal.yaml`: every key does something or is refused, with its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from mtf_adapters.files.config_dir import SCHEDULES_FILE, shipped_config_dir
from mtf_adapters.files.yaml import parse_yaml
from mtf_core.config_nodes import ConfigError, Problems
from mtf_entrypoints.temporal.plan import Overlap, Planned, read_schedules

PROFILES = ("scalper_micro", "regular")
ONE = "schedules:\n  - id: mtf-cleanup\n    workflow: Cleanup\n    every: 1h\n"
RUN = "schedules:\n  - id: mtf-run\n    workflow: MtfRun\n    every: 1m\n    request: {%s}\n"

EACH = RUN.replace("mtf-run", '"mtf-run-{profile}"')


def read(text: str) -> tuple[Planned, ...]:
    problems = Problems()
    node = parse_yaml(text, "temporal.yaml", problems)
    assert node is not None, problems.errors
    return read_schedules(node, PROFILES)


def complaint(text: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(text)
    return str(refused.value)


def test_the_shipped_file_has_a_run_for_each_enabled_profile_one_after_the_other() -> None:
    shipped = read(Path(shipped_config_dir() / SCHEDULES_FILE).read_text("utf-8"))
    assert [one.id for one in shipped] == [
        "mtf-run-scalper-micro",
        "mtf-run-regular",
        "mtf-contract-sync",
        "mtf-cleanup",
        "mtf-kline-repair",
    ]
    first, second = shipped[:2]
    assert (first.offset, second.offset) == (timedelta(seconds=3), timedelta(seconds=8))
    assert (first.request["profile"], second.request["profile"]) == PROFILES
    assert first.overlap is Overlap.SKIP
    assert first.catch_up == timedelta(seconds=30)
    assert not any(one.is_live for one in shipped)


@pytest.mark.parametrize(
    ("line", "field", "shown"),
    [
        ("every: 2h", "when", "every 2h"),
        ("offset: 7s", "when", "every 1h, 7s later"),
        ("jitter: 2s", "jitter", "2s"),
        ("overlap: buffer_one", "overlap", "buffer_one"),
        ("catch_up: 1d", "catch-up", "1d"),
        ("pause_on_failure: true", "pause on failure", "yes"),
        ("request: {dry_run: false}", "request", "dry_run false"),
        ("workflow: KlineRepair", "workflow", "KlineRepair"),
    ],
)
def test_every_key_changes_what_is_planned(line: str, field: str, shown: str) -> None:
    key = line.partition(":")[0]
    kept = "".join(f"{each}\n" for each in ONE.splitlines() if not each.strip().startswith(f"{key}:"))
    (planned,) = read(kept + f"    {line}\n")
    assert planned.shown()[field] == shown
    assert read(ONE)[0].shown()[field] != shown


def test_a_cron_stands_in_the_place_of_an_interval() -> None:
    (planned,) = read(ONE.replace("every: 1h", "cron: 0 9 * * *"))
    assert planned.shown()["when"] == "cron 0 9 * * * (UTC)"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("schedules: 3", "no list of schedules"),
        ("schedule: []", "unknown key 'schedule'"),
        (ONE + "    when: 3s\n", "temporal.yaml:5: schedules[0].when: unknown key 'when'"),
        (ONE.replace("every: 1h", ""), "either `every`"),
        (ONE + "    cron: 0 9 * * *\n", "either `every`"),
        (ONE.replace("1h", "often"), "a number with s, m, h or d"),
        (ONE.replace("1h", "0s"), "at least 1s"),
        (ONE + "    offset: 1h\n", "mtf-cleanup starts 1h after its interval began"),
        (ONE.replace("every: 1h", "cron: hourly"), "five fields"),
        (ONE.replace("every: 1h", "cron: 0 9 * * *\n    offset: 3s"), "only beside `every`"),
        (ONE + "    apart: 5s\n", "apart has no effect here"),
        (
            RUN.replace("mtf-run", '"mtf-{profile}"').replace("every: 1m", "cron: 0 9 * * *\n    apart: 5s") % "",
            "apart",
        ),
        (RUN.replace("mtf-run", '"mtf-{profile}"') % "profile: regular", "request.profile: profile beside {profile}"),
        (RUN % "max_age_sec: null", "a number from 0 to 3600"),
        (ONE + "    overlap: maybe\n", "skip, buffer_one, cancel_other, allow_all"),
        (ONE + "    pause_on_failure: 1\n", "true or false"),
        (ONE.replace("Cleanup", "Clean"), "did you mean 'Cleanup'?"),
        (ONE.replace("mtf-cleanup", "Mtf Cleanup"), "small letters"),
        (ONE + ONE.partition("\n")[2], "two schedules are called mtf-cleanup"),
        (ONE + "    request: {symbols: BTCUSDT}\n", "unknown key 'symbols'"),
        (ONE + "    request: {dry_run: 1}\n", "true or false"),
        (RUN % "dry_run: maybe", "true or false"),
        (RUN % "worker: 8", "did you mean 'workers'?"),
        (RUN % "workers: 0", "workers"),
        (RUN % "max_age_sec: soon", "a number from 0 to 3600"),
        (RUN % "max_age_sec: true", "a number from 0 to 3600"),
        (RUN % "max_error_share: 2", "a number from 0 to 1"),
    ],
)
def test_what_nothing_reads_or_nothing_can_use_is_refused(text: str, says: str) -> None:
    assert says in complaint(text)


def test_every_problem_of_the_file_is_told_at_once() -> None:
    text = complaint(ONE + "    when: 3s\n    overlap: maybe\n")
    assert "unknown key 'when'" in text
    assert "overlap 'maybe'" in text


def test_only_a_run_that_is_not_dry_is_live() -> None:
    assert read(RUN % "dry_run: false")[0].is_live
    assert not read(RUN % "dry_run: true")[0].is_live
    assert not read(ONE + "    request: {dry_run: false}\n")[0].is_live
