"""What episodes came to, as lines of a file and as a summary."""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attrs import asdict, define, field, frozen

from tests.simulation.coverage import Coverage, Triple, possible
from tests.simulation.world import Outcome


@frozen(kw_only=True)
class Played:
    """An episode as it is kept."""

    seed: int
    minutes: int
    """Asked for or drawn; `seconds` of the counts were played."""
    program: str
    """The version of what was played: `version()`."""
    digest: str
    counts: dict[str, int]
    struck: dict[str, int]
    reached: tuple[tuple[Triple, int], ...]
    violations: tuple[tuple[str, str], ...]
    """Law and text."""

    @classmethod
    def of(cls, outcome: Outcome, program: str) -> Played:
        return cls(
            seed=outcome.scenario.seed,
            minutes=outcome.scenario.minutes,
            program=program,
            digest=outcome.digest,
            counts=dict(outcome.counts),
            struck=dict(outcome.struck),
            reached=outcome.reached,
            violations=tuple((violation.law, violation.text) for violation in outcome.violations),
        )

    @classmethod
    def of_plain(cls, plain: dict[str, Any]) -> Played:
        reached = tuple((tuple(triple), times) for triple, times in plain.pop("reached"))
        violations = tuple((law, text) for law, text in plain.pop("violations"))
        return cls(reached=reached, violations=violations, **plain)

    def line(self) -> str:
        said = ": ".join(self.violations[0]) if self.violations else "no law broken"
        return f"seed {self.seed}: {self.counts}; {said}"


def version() -> str:
    """A digest of the program and of its simulation as they are on the disk now."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted([*here.parents[1].joinpath("src").rglob("*.py"), *here.glob("*.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


class OutcomeFile:
    """A line of JSON for each episode. One that was cut off by a death is as if it had never been."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, program: str) -> Iterator[Played]:
        """What that version of the program came to; raises ValueError for a line that is none of ours."""
        content = self._path.read_bytes() if self._path.exists() else b""
        whole = content[: content.rfind(b"\n") + 1]
        if whole != content:
            os.truncate(self._path, len(whole))
        for line in whole.splitlines():
            played = Played.of_plain(json.loads(line))
            if played.program == program:
                yield played

    def append(self, played: Played) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(played), separators=(",", ":")) + "\n")


@define
class Summary:
    """What all episodes came to."""

    seconds: int = 0
    """Of virtual time."""
    seconds_of_machine: float = 0.0
    seeds: set[int] = field(factory=set)
    counts: Counter[str] = field(factory=Counter)
    struck: Counter[str] = field(factory=Counter)
    coverage: Coverage = field(factory=Coverage)
    broken: list[Played] = field(factory=list)

    def add(self, played: Played) -> None:
        self.seconds += played.counts["seconds"]
        self.seeds.add(played.seed)
        self.counts.update(played.counts)
        self.struck.update(played.struck)
        self.coverage.add(played.reached)
        if played.violations:
            self.broken.append(played)

    def text(self) -> str:
        unreached = self.coverage.unreached()
        lines = [
            f"minutes      {self.seconds // 60:,} in {len(self.seeds):,} episodes, {self.seconds_of_machine:,.0f} s",
            f"entries      {self._often('entries')}",
            f"fills        {self._often('fills')}",
            f"commits      {self._often('commits')}",
            f"calls        {self._often('calls')}",
            f"deaths       {self._often('deaths')}, of processes",
            f"faults       {sum(self.struck.values()):,}, {self._a_minute(sum(self.struck.values()))} a minute,"
            f" of {len(self.struck)} kinds",
            f"triples      {len(possible()) - len(unreached):,} of {len(possible()):,} reached",
            f"violations   {len(self.broken)}",
        ]
        laws = Counter(played.violations[0][0] for played in self.broken)
        lines += [f"  {law}: {times}" for law, times in laws.most_common()]
        if self.broken:
            lines.append("  seeds " + ", ".join(str(played.seed) for played in self.broken))
        return "\n".join(lines)

    def _often(self, what: str) -> str:
        return f"{self.counts[what]:,}, {self._a_minute(self.counts[what])} a minute"

    def _a_minute(self, times: int) -> str:
        return f"{times * 60 / max(1, self.seconds):,.2f}"
