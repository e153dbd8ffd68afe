"""Which faults were met in which state of an intent, under which way of protecting; and which never were."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from attrs import define, field

from tests.simulation.books import Books
from tests.simulation.faults import FaultKind

Triple = tuple[str, str, str]

ENTRY_STATES = ("planned", "submitting", "unknown", "resting", "cancelling")
POSITION_STATES = ("unprotected", "protected", "exiting", "closing")
REGIMES = ("first_fill", "full_fill", "own_stop")
IMPOSSIBLE: Mapping[tuple[FaultKind, str], str] = {
    (FaultKind.HAND_CANCELS_ENTRY, "planned"): "while an attempt is planned the exchange has no entry of the symbol",
}
"""What cannot be reached under any regime, and why. Everything else is asked for: calls that take seconds, attempts
that follow a part that filled, and orders that fill while nobody looks bring each fault to each state."""


@cache
def possible() -> frozenset[Triple]:
    """Every triple that a soak has to reach."""
    return frozenset((str(kind), state, regime) for regime in REGIMES for kind, state in targets())


@cache
def targets() -> tuple[tuple[FaultKind, str], ...]:
    """Each fault with each state in which it can strike."""
    return tuple(
        (kind, state)
        for kind in FaultKind
        for state in ENTRY_STATES + POSITION_STATES
        if (kind, state) not in IMPOSSIBLE
    )


@define
class Coverage:
    """How often each triple was reached."""

    reached: Counter[Triple] = field(factory=Counter)

    def note(self, kind: FaultKind, books: Books, regime: str, symbol: str = "") -> None:
        """A fault struck while the books looked like this: what is of one symbol counts for that symbol's intents."""
        for row in books.live.values():
            if symbol and row.symbol != symbol:
                continue
            if row.entry in ENTRY_STATES:
                self.reached[(str(kind), row.entry, regime)] += 1
            if row.position in POSITION_STATES:
                self.reached[(str(kind), row.position, regime)] += 1

    def add(self, others: Iterable[tuple[Triple, int]]) -> None:
        for triple, times in others:
            self.reached[triple] += times

    def merge_into(self, path: Path) -> None:
        """Adds this to a file of JSON, made when it is not there: `fault state regime`, and how often."""
        kept = Counter(json.loads(path.read_text()) if path.exists() else {})
        kept.update({" ".join(triple): times for triple, times in self.reached.items()})
        path.write_text(json.dumps(dict(sorted(kept.items())), indent=0) + "\n")

    @classmethod
    def of_file(cls, path: Path) -> Coverage:
        """What runs so far have reached."""
        coverage = cls()
        for name, times in json.loads(path.read_text()).items():
            kind, state, regime = name.split()
            coverage.reached[(kind, state, regime)] = times
        return coverage

    def share(self) -> float:
        """Of what is possible, as a fraction."""
        return 1 - len(self.unreached()) / len(possible())

    def unreached(self) -> list[Triple]:
        return sorted(possible() - set(self.reached))
