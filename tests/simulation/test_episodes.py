"""The order path in the simulated world: fixed seeds of every length, fresh ones, and the same seed twice.

`SIMULATION_SEEDS=100-200` plays more of them; `make soak` plays as many minutes as one likes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from attrs import evolve

from mtf_core.market import PositionMode
from tests.simulation.coverage import possible
from tests.simulation.faults import MEANINGS, FaultKind, Plan, Window, drawn_plan
from tests.simulation.laws import Violation
from tests.simulation.outcomes import OutcomeFile, version
from tests.simulation.shrink import shrunk
from tests.simulation.soak import make_template, report
from tests.simulation.wirings import WIRINGS
from tests.simulation.world import Outcome, Scenario, play, scenario

FIXED = {25: range(1, 7), 60: range(101, 104), 240: range(301, 302)}
"""Seeds by the minutes of their episodes."""
MENDED = (
    *((67, 15, None), (200171, 25, None), (500085, 25, None), (600050, 25, "bitmart"), (800075, 25, None)),
    *((1000036, 25, None), (1000132, 25, None), (1100204, 60, None), (3000163, 25, None), (3000436, 60, None)),
    *((4000594, 25, "bitmart"), (5000029, 25, None), (6000192, 25, None), (8000136, 25, "bitmart")),
    *(
        (10000016, 25, "bitmart"),
        (12000046, 25, None),
        (15000076, 25, "bitmart"),
        (18000638, 60, None),
        (26000001, 60, "okx"),
    ),
)
"""Episodes of a soak that broke a law, by seed, minutes and the face behind which they did; what was behind them is
mended."""
ON_OKX = range(1, 5)
"""Seeds of episodes behind OKX's face."""
TWICE = range(2000, 2100)
"""Seeds of short episodes that are played twice."""
SHORT = 6
ROOT = Path(__file__).parents[2]


def episodes() -> list[tuple[int, int]]:
    """Seeds and minutes: the fixed ones, and those that were asked for."""
    first, _, last = os.environ.get("SIMULATION_SEEDS", "").partition("-")
    more = [(seed, 25) for seed in range(int(first), int(last or first) + 1)] if first else []
    return [*((seed, minutes) for minutes, seeds in FIXED.items() for seed in seeds), *more]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


def holds(outcome: Outcome) -> None:
    assert not outcome.violations, report(outcome)


def test_every_fault_has_a_meaning_and_is_drawn() -> None:
    assert set(MEANINGS) == set(FaultKind)
    assert {kind for seed in range(400) for kind in drawn_plan(seed, 600).kinds} == set(FaultKind)
    assert {kind for kind, _, _ in possible()} == {str(kind) for kind in FaultKind}


@pytest.mark.parametrize(("seed", "minutes"), episodes())
def test_no_law_is_broken(template: Path, seed: int, minutes: int) -> None:
    holds(play(scenario(seed, minutes), template))


@pytest.mark.parametrize(("seed", "minutes", "face"), MENDED)
def test_what_broke_a_law_once_breaks_none_any_more(template: Path, seed: int, minutes: int, face: str | None) -> None:
    holds(play(scenario(seed, minutes, face), template))


@pytest.mark.parametrize("seed", ON_OKX)
def test_no_law_is_broken_behind_okx_s_face(template: Path, seed: int) -> None:
    outcome = play(scenario(seed, 15, "okx"), template)
    holds(outcome)
    assert outcome.counts["entries"] > 0


def test_the_same_seed_gives_the_same_log_to_the_byte(template: Path, tmp_path: Path) -> None:
    """In another process, too, which puts its sets in another order."""
    path = tmp_path / "outcomes.jsonl"
    asked = ["--seed", TWICE.start, "--minutes", len(TWICE) * SHORT, "--episode", SHORT, "--workers", 1]
    command = [sys.executable, "-m", "tests.simulation.soak", "--whole", "--from-file", path, *asked]
    other = subprocess.Popen(
        [str(word) for word in command],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        here = {seed: play(scenario(seed, SHORT), template) for seed in TWICE}
        said, _ = other.communicate()
    finally:
        other.kill()
    for outcome in here.values():
        holds(outcome)
    assert other.returncode == 0, said
    there = {played.seed: played.digest for played in OutcomeFile(path).read(version())}
    assert there == {seed: outcome.digest for seed, outcome in here.items()}


def test_a_database_that_is_restored_to_before_its_first_order_enters_nothing_more(template: Path) -> None:
    """It did: nothing at the exchange told it of what it had forgotten."""
    restored = Plan((Window(FaultKind.STORE_RESTORED, 200.0, 201.0, number=0),))
    outcome = play(Scenario(seed=7, minutes=12, plan=restored), template)
    holds(outcome)
    assert outcome.struck["store_restored"] == 1
    assert outcome.counts["entries"] > 0


def test_a_one_way_account_is_traded_on_natively_and_refused_behind_every_face(template: Path) -> None:
    native = Scenario(seed=7, minutes=9, plan=Plan(()), position_mode=PositionMode.ONE_WAY)
    traded = play(native, template)
    holds(traded)
    assert traded.counts["fills"] > 2
    for face in WIRINGS:
        refused = play(evolve(native, face=face, minutes=6), template)
        holds(refused)
        assert refused.counts["entries"] == 0


def test_an_episode_that_crosses_midnight_is_like_others(template: Path) -> None:
    late = Scenario(seed=7, minutes=9, plan=Plan(()))
    holds(play(evolve(late, start_ms=late.start_ms + 86_400_000 - 180_000), template))


def test_an_episode_in_which_nothing_goes_wrong_trades(template: Path) -> None:
    """What is proven would be worth nothing if nothing happened."""
    outcome = play(Scenario(seed=7, minutes=12, plan=Plan(())), template)
    holds(outcome)
    assert outcome.counts["entries"] > 3
    assert outcome.counts["fills"] > 6


def test_what_the_exchange_forgot_in_a_restart_is_known_from_the_store(template: Path) -> None:
    """It was not: the position was closed, and its intent stayed `closing`, without an alarm, for ever."""
    forgets = Plan((Window(FaultKind.FORGETS_HISTORY, 60.0, 61.0),))
    outcome = play(Scenario(seed=7, minutes=9, plan=forgets, disorder=0.0), template)
    holds(outcome)
    assert outcome.struck["forgets_history"] == 1


def test_a_broken_episode_shrinks_to_the_faults_that_it_needs() -> None:
    """On a world that breaks a law whenever the price crashes, whatever else goes wrong."""
    windows = [Window(kind, at, at + 5.0) for at, kind in enumerate(FaultKind)]

    def broken(scene: Scenario) -> Outcome:
        found = (Violation("money", 0, "gone"),) if FaultKind.CRASH in scene.plan.kinds else ()
        return Outcome(scene, found, "", Counter(), Counter(), (), ())

    smallest = shrunk(broken(Scenario(seed=1, minutes=12, plan=Plan(tuple(windows)))), broken)
    assert [window.kind for window in smallest.scenario.plan.windows] == [FaultKind.CRASH]
