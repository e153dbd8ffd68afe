"""What was found so far: a line each in a file, so that a run that was stopped goes on where it was."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path

from attrs import asdict, frozen

from tests.mutation.drawing import Mutant


class Found(StrEnum):
    """What the tests said of a mutant."""

    CAUGHT = "caught"
    HANGS = "hangs"
    """They did not end in a time in which they always do."""
    ALIVE = "alive"


class Stage(StrEnum):
    """How much was tried."""

    NEAR = "near"
    """Tests that take about a second each, at most."""
    WHOLE = "whole"
    """Every test of the order path that comes by, and episodes of the simulation."""


@frozen
class Result:
    """One trial of one mutant."""

    mutant: str
    place: str
    digest: str
    """Of the file."""
    tests: str
    """Digest of the tests; what lives may be caught by others."""
    stage: Stage
    found: Found
    by: str
    """The test that noticed it; empty where none did."""
    seconds: float


class Results:
    """The last result of each mutant of a file that did not change since."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_mutant: dict[tuple[str, str], Result] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                self._keep(Result(**{**row, "stage": Stage(row["stage"]), "found": Found(row["found"])}))

    def add(self, result: Result) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(result)) + "\n")
        self._keep(result)

    def of(self, mutant: Mutant) -> Result | None:
        return self._by_mutant.get((mutant.name, mutant.digest))

    def is_due(self, mutant: Mutant, stage: Stage, tests: str) -> bool:
        """What was caught stays caught; what lives is tried again at a further stage, or by other tests."""
        result = self.of(mutant)
        if result is None or (result.found is Found.ALIVE and result.tests != tests):
            return True
        return result.found is Found.ALIVE and (result.stage, stage) == (Stage.NEAR, Stage.WHOLE)

    def _keep(self, result: Result) -> None:
        self._by_mutant[result.mutant, result.digest] = result


def table(mutants: Sequence[Mutant], results: Results, equivalent: Mapping[str, str]) -> str:
    """By file: how many count, and how many of them were caught; by what; then those that live, and the equivalent."""
    counting = [mutant for mutant in mutants if mutant.name not in equivalent]
    counted = [(mutant, result) for mutant in counting if (result := results.of(mutant)) is not None]
    all_of = Counter(mutant.file for mutant, _ in counted)
    dead = Counter(mutant.file for mutant, result in counted if result.found is not Found.ALIVE)
    lines = [f"{name:40}{dead[name]:4} of {number:3}" for name, number in sorted(all_of.items())]
    rate = 100 * dead.total() / max(all_of.total(), 1)
    lines.append(f"{'all':40}{dead.total():4} of {all_of.total():3}  {rate:.1f} %")
    by = Counter(_kind(result) for _, result in counted if result.found is not Found.ALIVE)
    lines.append("caught by: " + ", ".join(f"{kind} {number}" for kind, number in by.most_common()))
    lines.append(f"drawn {len(mutants)}, not tried yet {len(counting) - len(counted)}")
    for stage in Stage:
        alive = [m for m, result in counted if result.found is Found.ALIVE and result.stage is stage]
        lines += [f"alive after stage {stage}: {len(alive)}", *(f"  {one.place} {one.name}" for one in alive)]
    same = [mutant for mutant in mutants if mutant.name in equivalent]
    lines += [f"declared to change nothing: {len(same)}", *(f"  {m.name}\n    {equivalent[m.name]}" for m in same)]
    return "\n".join(lines)


def _kind(result: Result) -> str:
    if result.found is Found.HANGS:
        return "time limit"
    return " ".join(result.by.split("/")[1:2]) or "files that cannot be imported"
