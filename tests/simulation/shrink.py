"""From an episode that breaks a law to a smaller one that breaks the same law."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import evolve

from tests.simulation.program import Role
from tests.simulation.world import Outcome, Scenario

Play = Callable[[Scenario], Outcome]
_MOST_PLAYS = 60


def shrunk(outcome: Outcome, play: Play) -> Outcome:
    """The smallest that was found within some dozens of plays; at worst the episode itself."""
    smallest, left = outcome, _MOST_PLAYS
    progressed = True
    while progressed and left > 0:
        progressed = False
        for candidate in _smaller(smallest.scenario):
            left -= 1
            if left <= 0:
                break
            tried = play(candidate)
            if _law(tried) == _law(outcome):
                smallest, progressed = tried, True
                break
    return smallest


def _law(outcome: Outcome) -> str:
    return outcome.violations[0].law if outcome.violations else ""


def _smaller(scene: Scenario) -> Iterator[Scenario]:
    """Without half of the faults, without one of them, with fewer processes, in the usual order of steps."""
    windows = scene.plan.windows
    if len(windows) > 3:
        half = len(windows) // 2
        for part in (windows[:half], windows[half:]):
            yield evolve(scene, plan=evolve(scene.plan, windows=part))
    for place in range(len(windows)):
        yield evolve(scene, plan=scene.plan.without(place))
    if len(scene.roles) > 1:
        yield evolve(scene, roles=(Role.BOTH,))
    if scene.disorder:
        yield evolve(scene, disorder=0.0)
