"""The order path in the simulated world: fixed seeds, and the same seed twice.

`SIMULATION_SEEDS=100-200` plays more of them; `make soak` plays as many minutes as one likes.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.coverage import possible
from tests.simulation.faults import MEANINGS, FaultKind, Plan, Window, drawn_plan
from tests.simulation.laws import Violation
from tests.simulation.shrink import shrunk
from tests.simulation.soak import make_template, report
from tests.simulation.world import Outcome, Scenario, play, scenario

MINUTES = 10
FIXED = (1, 2, 3, 4, 5, 6, 9, 10, 222, 322)
"""In 322 a database that was restored to before its first order entered again."""


def seeds() -> list[int]:
    """The fixed ones, and those that were asked for."""
    first, _, last = os.environ.get("SIMULATION_SEEDS", "").partition("-")
    more = range(int(first), int(last or first) + 1) if first else ()
    return [*FIXED, *more]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_template(tmp_path_factory.mktemp("template"))


def holds(outcome: Outcome) -> None:
    assert not outcome.violations, report(outcome)


def test_every_fault_has_a_meaning_and_is_drawn() -> None:
    assert set(MEANINGS) == set(FaultKind)
    assert {kind for seed in range(400) for kind in drawn_plan(seed, 600).kinds} == set(FaultKind)
    assert {kind for kind, _, _ in possible()} == {str(kind) for kind in FaultKind}


@pytest.mark.parametrize("seed", seeds())
def test_no_law_is_broken(template: Path, seed: int) -> None:
    holds(play(scenario(seed, MINUTES), template))


@pytest.mark.parametrize("seed", [1001, 1002])
def test_the_same_seed_gives_the_same_log_to_the_byte(template: Path, seed: int) -> None:
    first, second = (play(scenario(seed, 7), template) for _ in range(2))
    assert first.digest == second.digest
    assert first.counts == second.counts


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
