"""The whole application in the simulated world: it trades, and no law is broken."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import evolve

from tests.simulation.faults import Plan
from tests.simulation.soak import make_template
from tests.simulation.whole import WholeEpisode, whole_scenario
from tests.simulation.world import play

MINUTES = 14


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield make_template(Path(folder))


@pytest.mark.parametrize("seed", [2, 21])
def test_the_whole_application_breaks_no_law_whatever_goes_wrong(seed: int, template: Path) -> None:
    outcome = play(whole_scenario(seed, MINUTES), template, WholeEpisode)
    assert outcome.violations == ()
    assert outcome.struck


def test_the_same_seed_is_the_same_whole_application_twice(template: Path) -> None:
    calm = evolve(whole_scenario(1, 8), plan=Plan(()))
    first, second = (play(calm, template, WholeEpisode) for _ in range(2))
    assert first.digest == second.digest
    assert first.counts["entries"] > 0
