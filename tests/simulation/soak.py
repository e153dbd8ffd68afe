"""Many episodes, one after the other: `make soak MINUTES=…`, or `python -m tests.simulation.soak --help`.

Ends with a summary; the exit code is 1 when a law was broken, and then the seed is printed, its faults are shrunk, and
the last events are shown.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from attrs import define, field

from mtf_adapters.sql import Database
from tests.simulation.coverage import Coverage, possible
from tests.simulation.shrink import shrunk
from tests.simulation.world import Outcome, play, scenario

EPISODE_MINUTES = 25


def make_template(folder: Path) -> Path:
    """An empty database with the program's tables."""
    path = folder / "template.db"

    async def made() -> None:
        async with Database.open(f"sqlite:///{path}") as database:
            await database.upgrade()

    asyncio.run(made())
    return path


@define
class Summary:
    """What all episodes came to."""

    seconds: int = 0
    """Of virtual time."""
    episodes: int = 0
    counts: Counter[str] = field(factory=Counter)
    struck: Counter[str] = field(factory=Counter)
    coverage: Coverage = field(factory=Coverage)
    broken: list[Outcome] = field(factory=list)

    def add(self, outcome: Outcome) -> None:
        self.seconds += outcome.counts["seconds"]
        self.episodes += 1
        self.counts.update(outcome.counts)
        self.struck.update(outcome.struck)
        self.coverage.add(outcome.reached)
        if outcome.violations:
            self.broken.append(outcome)

    def text(self, seconds: float) -> str:
        unreached = self.coverage.unreached()
        lines = [
            f"minutes      {self.seconds // 60:,} in {self.episodes:,} episodes, {seconds:,.0f} s",
            f"entries      {self.counts['entries']:,}",
            f"fills        {self.counts['fills']:,}",
            f"commits      {self.counts['commits']:,}",
            f"calls        {self.counts['calls']:,}, {self.counts['calls'] * 60 // max(1, self.seconds):,} a minute",
            f"deaths       {self.counts['deaths']:,} of processes",
            f"faults       {sum(self.struck.values()):,} of {len(self.struck)} kinds",
            f"triples      {len(possible()) - len(unreached)} of {len(possible())} reached",
            f"violations   {len(self.broken)}",
        ]
        laws = Counter(outcome.violations[0].law for outcome in self.broken)
        lines += [f"  {law}: {times}" for law, times in laws.most_common()]
        return "\n".join(lines)


def outcomes(seeds: range, minutes: int, workers: int, template: Path) -> Iterator[Outcome]:
    """Each seed's episode, in the order of the seeds."""
    work = partial(played, minutes=minutes, template=template)
    if workers == 1:
        yield from map(work, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(workers, maxtasksperchild=50) as pool:
        yield from pool.imap(work, seeds)


def played(seed: int, *, minutes: int, template: Path) -> Outcome:
    return play(scenario(seed, minutes), template)


def report(outcome: Outcome) -> str:
    """A broken episode for people: how to play it again, what failed, and what happened last."""
    scene = outcome.scenario
    lines = [
        f"seed {scene.seed}: {outcome.violations[0]}",
        f"again: python -m tests.simulation.soak --seed {scene.seed} --minutes 1 --episode {scene.minutes}",
        f"processes {', '.join(scene.roles)}; face {scene.face}, {scene.regime}; disorder {scene.disorder}",
        "faults:",
        *(f"  {window}" for window in scene.plan.windows),
        "the last events:",
        *(f"  {line}" for line in outcome.timeline),
    ]
    return "\n".join(lines)


def main() -> int:
    asked = _arguments()
    began = time.monotonic()
    summary = Summary()
    episodes = max(1, -(-asked.minutes // asked.episode))
    with tempfile.TemporaryDirectory() as folder:
        template = make_template(Path(folder))
        for outcome in outcomes(range(asked.seed, asked.seed + episodes), asked.episode, asked.workers, template):
            summary.add(outcome)
            if asked.each:
                said = outcome.violations[0] if outcome.violations else "no law broken"
                print(f"seed {outcome.scenario.seed}: {dict(outcome.counts)}; {said}", flush=True)
            if outcome.violations and len(summary.broken) <= asked.show:
                print(report(outcome if asked.whole else shrunk(outcome, partial(play, template=template))), flush=True)
        print(summary.text(time.monotonic() - began))
        if asked.unreached:
            print("unreached:", *(" · ".join(triple) for triple in summary.coverage.unreached()), sep="\n  ")
    return 1 if summary.broken else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.soak", description=__doc__)
    parser.add_argument("--minutes", type=int, default=2000, help="virtual minutes in all")
    parser.add_argument("--episode", type=int, default=EPISODE_MINUTES, help="virtual minutes of one episode")
    parser.add_argument("--seed", type=int, default=1, help="of the first episode; the next ones follow")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // 2), help="processes at work")
    parser.add_argument("--show", type=int, default=3, help="how many broken episodes are shown")
    parser.add_argument("--whole", action="store_true", help="shows broken episodes without shrinking them")
    parser.add_argument("--each", action="store_true", help="a line for each episode")
    parser.add_argument("--unreached", action="store_true", help="lists what was not reached")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
