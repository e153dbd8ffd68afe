"""Which mutants are tried: a share of each file of the order path, as large as the file."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from attrs import frozen

from tests.mutation.mutator import Mutation, mutations_of

CORE = Path("src/mtf_core")
SCOPE = ("orders/**/*.py", "execution/*.py", "risk/*.py", "runs/placing.py", "runs/executing.py")


@frozen
class Mutant:
    """One change of one file of the core."""

    file: str
    digest: str
    """Of the file's content; what was found of another content does not count."""
    mutation: Mutation
    nth: int
    """Where a function has several places that change alike: which of them, from 1."""

    @property
    def name(self) -> str:
        """Which it is, wherever its lines move to."""
        change = self.mutation
        nth = f" #{self.nth}" if self.nth > 1 else ""
        return f"{self.file} {change.function or '-'}: {change.kind}: {change.before} → {change.after}{nth}"

    @property
    def place(self) -> str:
        return f"{self.file}:{self.mutation.line}"


def files_in_scope(root: Path) -> list[Path]:
    """Files that are changed, in a fixed order."""
    found = {path for pattern in SCOPE for path in (root / CORE).glob(pattern)}
    return sorted(path for path in found if path.name != "__init__.py")


def mutants_of(root: Path, path: Path) -> Iterator[Mutant]:
    """Every change of a file."""
    source = path.read_text()
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    times: Counter[tuple[str, ...]] = Counter()
    for change in mutations_of(source):
        alike = (change.function, change.kind, change.before, change.after)
        times[alike] += 1
        yield Mutant(path.relative_to(root / CORE).as_posix(), digest, change, times[alike])


def drawn(root: Path, number: int, seed: int) -> list[Mutant]:
    """So many mutants. More of the same seed are the same and others, and a change elsewhere in a file keeps them."""
    placed: list[tuple[float, str, Mutant]] = []
    for path in files_in_scope(root):
        lines = sum(1 for line in path.read_text().splitlines() if line.strip())
        shuffled = sorted(mutants_of(root, path), key=lambda one: _chance(seed, one))
        placed += [((index + 0.5) / lines, one.file, one) for index, one in enumerate(shuffled)]
    return [one for _, _, one in sorted(placed, key=lambda entry: entry[:2])[:number]]


def _chance(seed: int, mutant: Mutant) -> bytes:
    return hashlib.sha256(f"{seed} {mutant.name}".encode()).digest()
