"""Many episodes: `make soak MINUTES=… SEED=…`, or `python -m tests.simulation.soak --help`.

Ends with a summary; the exit code is 1 when a law was broken, and then the seed is printed, its faults are shrunk, and
the last events are shown. With a file of outcomes a soak that was killed goes on where it was.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from mtf_adapters.sql import Database
from tests.simulation.coverage import Coverage, possible
from tests.simulation.outcomes import OutcomeFile, Played, Summary, version
from tests.simulation.shrink import shrunk
from tests.simulation.wirings import FACES
from tests.simulation.world import Outcome, play, scenario

_A_LINE_EVERY_S = 60.0


def make_template(folder: Path) -> Path:
    """An empty database with the program's tables."""
    path = folder / "template.db"

    async def made() -> None:
        async with Database.open(f"sqlite:///{path}") as database:
            await database.upgrade()

    asyncio.run(made())
    return path


def seeds_of(first: int, minutes: int, episode: int | None, face: str | None = None) -> list[int]:
    """As many seeds, one after the other, as make so many virtual minutes."""
    seeds, left = [], minutes
    while left > 0 or not seeds:
        seeds.append(first + len(seeds))
        left -= scenario(seeds[-1], episode, face).minutes
    return seeds


def outcomes(
    seeds: list[int], episode: int | None, workers: int, template: Path, face: str | None = None
) -> Iterator[Outcome]:
    """Each seed's episode, whichever ends first."""
    work = partial(played, episode=episode, template=template, face=face)
    if workers == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=50) as pool:
        yield from pool.imap_unordered(work, seeds)


def played(seed: int, *, episode: int | None, template: Path, face: str | None = None) -> Outcome:
    return play(scenario(seed, episode, face), template)


def report(outcome: Outcome) -> str:
    """A broken episode for people: how to play it again, what failed, and what happened last."""
    scene = outcome.scenario
    lines = [
        f"seed {scene.seed}: {outcome.violations[0]}",
        f"again: python -m tests.simulation.soak --seed {scene.seed} --minutes 1 --episode {scene.minutes}"
        f" --face {scene.face}",
        f"processes {', '.join(scene.roles)}; face {scene.face}, {scene.regime}, {scene.position_mode};"
        f" a decision each {scene.every_s} s; entries take {scene.entries_take_s} s; disorder {scene.disorder}",
        "faults:",
        *(f"  {window}" for window in scene.plan.windows),
        "the last events:",
        *(f"  {line}" for line in outcome.timeline),
    ]
    return "\n".join(lines)


class Told:
    """What a soak says of itself while it runs: a line a minute, and each broken episode as soon as it is known."""

    def __init__(self, minutes: int, before: Summary) -> None:
        self._minutes = minutes
        self._began_s = self._said_s = time.monotonic()
        self._before_s = before.seconds

    def progress(self, summary: Summary) -> None:
        now_s = time.monotonic()
        if now_s - self._said_s < _A_LINE_EVERY_S:
            return
        self._said_s = now_s
        pace = (summary.seconds - self._before_s) / 60 / (now_s - self._began_s)
        print(
            f"{summary.seconds // 60:,} of {self._minutes:,} minutes, {pace:.1f} a second,"
            f" {len(summary.broken)} broken, {summary.coverage.share():.0%} of what can be reached was",
            flush=True,
        )


def main() -> int:
    asked = _arguments()
    file = OutcomeFile(asked.from_file) if asked.from_file else None
    summary = Summary()
    program = version() + (f" {asked.face}" if asked.face else "")
    for before in file.read(program) if file else ():
        summary.add(before)
    told, fresh = Told(asked.minutes, summary), Coverage()
    began_s = time.monotonic()
    seeds = [
        seed for seed in seeds_of(asked.seed, asked.minutes, asked.episode, asked.face) if seed not in summary.seeds
    ]
    with tempfile.TemporaryDirectory() as folder:
        template = make_template(Path(folder))
        for outcome in outcomes(seeds, asked.episode, asked.workers, template, asked.face):
            one = Played.of(outcome, program)
            if file:
                file.append(one)
            summary.add(one)
            fresh.add(outcome.reached)
            if asked.each:
                print(one.line(), flush=True)
            if outcome.violations and len(summary.broken) <= asked.show:
                print(report(outcome if asked.whole else shrunk(outcome, partial(play, template=template))), flush=True)
            told.progress(summary)
    summary.seconds_of_machine = time.monotonic() - began_s
    print(summary.text())
    if asked.coverage:
        fresh.merge_into(asked.coverage)
    if asked.unreached:
        print("unreached:", *(" · ".join(triple) for triple in summary.coverage.unreached()), sep="\n  ")
    return 1 if summary.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=2000, help="virtual minutes in all")
    parser.add_argument("--episode", type=int, help="virtual minutes of each episode; they are drawn otherwise")
    parser.add_argument("--face", choices=FACES, help="behind which every episode is played; it is drawn otherwise")
    parser.add_argument("--seed", type=int, default=1, help="of the first episode; the next ones follow")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="processes at work")
    parser.add_argument(
        "--from-file",
        type=Path,
        help="a file of outcomes, a line each: what it holds of this version of the program is not played again",
    )
    parser.add_argument("--coverage", type=Path, help="a JSON file to which what was reached is added")
    parser.add_argument("--show", type=int, default=3, help="how many broken episodes are shown")
    parser.add_argument("--whole", action="store_true", help="shows broken episodes without shrinking them")
    parser.add_argument("--each", action="store_true", help="a line for each episode")
    parser.add_argument("--unreached", action="store_true", help=f"lists what was not reached of {len(possible())}")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
