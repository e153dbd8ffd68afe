"""Many episodes: what is kept of them, and how a soak goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from tests.simulation.coverage import Coverage, possible
from tests.simulation.outcomes import OutcomeFile, Played, Summary
from tests.simulation.soak import seeds_of
from tests.simulation.world import scenario

PLAYED = Played(
    seed=7,
    minutes=25,
    program="this",
    digest="abc",
    counts={"seconds": 1500, "entries": 12, "fills": 30, "deaths": 1},
    struck={"pause": 2},
    reached=((("pause", "resting", "own_stop"), 2),),
    violations=(("money", "one cent is gone"),),
)


def test_an_episode_is_kept_in_a_line_and_read_back_as_it_was(tmp_path: Path) -> None:
    file = OutcomeFile(tmp_path / "soak.jsonl")
    quiet = evolve(PLAYED, seed=8, violations=(), reached=())
    file.append(PLAYED)
    file.append(quiet)
    assert list(file.read("this")) == [PLAYED, quiet]


def test_a_line_that_a_death_cut_off_is_as_if_it_had_never_been(tmp_path: Path) -> None:
    path = tmp_path / "soak.jsonl"
    file = OutcomeFile(path)
    file.append(PLAYED)
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    assert list(file.read("this")) == [PLAYED]
    file.append(evolve(PLAYED, seed=8))
    assert [played.seed for played in file.read("this")] == [7, 8]


def test_what_another_version_of_the_program_came_to_is_left_out(tmp_path: Path) -> None:
    file = OutcomeFile(tmp_path / "soak.jsonl")
    file.append(evolve(PLAYED, program="before"))
    assert list(file.read("this")) == []


def test_seeds_follow_each_other_until_the_minutes_are_there() -> None:
    seeds = seeds_of(5, 300, None)
    assert seeds == list(range(5, 5 + len(seeds)))
    assert sum(scenario(seed).minutes for seed in seeds) >= 300 > sum(scenario(seed).minutes for seed in seeds[:-1])
    assert seeds_of(5, 300, 100) == [5, 6, 7]


def test_a_summary_says_how_much_happened_a_minute_and_which_seeds_broke_a_law() -> None:
    summary = Summary()
    summary.add(PLAYED)
    summary.add(evolve(PLAYED, seed=8, violations=()))
    text = summary.text()
    assert "minutes      50 in 2 episodes" in text
    assert "entries      24, 0.48 a minute" in text
    assert "faults       4, 0.08 a minute" in text
    assert "money: 1" in text
    assert text.rpartition("seeds")[2].strip() == "7"


def test_what_runs_have_reached_adds_up_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "coverage.json"
    for times in (2, 3):
        coverage = Coverage()
        coverage.add(((("pause", "resting", "own_stop"), times),))
        coverage.merge_into(path)
    assert Coverage.of_file(path).reached == {("pause", "resting", "own_stop"): 5}


@pytest.mark.parametrize("triple", [("pause", "resting", "own_stop"), ("hand_closes", "unknown", "full_fill")])
def test_what_was_reached_is_no_longer_asked_for(triple: tuple[str, str, str]) -> None:
    coverage = Coverage()
    assert triple in coverage.unreached()
    coverage.add(((triple, 1),))
    assert triple not in coverage.unreached()
    assert coverage.share() == pytest.approx(1 / len(possible()))
