"""Which faults were met in which state of an intent, under which way of protecting; and which never were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from attrs import define, field

from tests.simulation.books import Books
from tests.simulation.faults import FaultKind

Triple = tuple[str, str, str]

ENTRY_STATES = ("planned", "submitting", "unknown", "resting", "cancelling")
POSITION_STATES = ("unprotected", "protected", "exiting", "closing")
REGIMES = ("first_fill", "full_fill", "own_stop")
_ONLY_WITH_A_POSITION = frozenset(
    {
        FaultKind.ADL,
        FaultKind.HAND_CLOSES,
        FaultKind.HAND_CLOSES_PART,
        FaultKind.HAND_FLIPS,
        FaultKind.HAND_CANCELS_STOP,
        FaultKind.HAND_TIGHTENS_STOP,
        FaultKind.HAND_LOOSENS_STOP,
    }
)
_ONLY_WITH_AN_ENTRY = frozenset({FaultKind.HAND_CANCELS_ENTRY})


def possible() -> frozenset[Triple]:
    """Every triple that a soak has to reach.

    An entry is planned, or submitting, for some milliseconds: what happens to the exchange or by hand in just those is
    not asked for. A hand acts on what there is.
    """
    found = set()
    for kind in FaultKind:
        for regime in REGIMES:
            for state in ENTRY_STATES:
                is_short = state in {"planned", "submitting"}
                if kind in _ONLY_WITH_A_POSITION or (is_short and not _strikes_calls(kind)):
                    continue
                found.add((str(kind), state, regime))
            for state in POSITION_STATES:
                if kind not in _ONLY_WITH_AN_ENTRY:
                    found.add((str(kind), state, regime))
    return frozenset(found)


def _strikes_calls(kind: FaultKind) -> bool:
    kinds = list(FaultKind)
    return kinds.index(kind) <= kinds.index(FaultKind.PAUSE)


@define
class Coverage:
    """How often each triple was reached."""

    reached: Counter[Triple] = field(factory=Counter)

    def note(self, kind: FaultKind, books: Books, regime: str) -> None:
        """A fault struck while the books looked like this."""
        for row in books.intents.values():
            if not row.is_live:
                continue
            if row.entry not in {"done", "rejected"}:
                self.reached[(str(kind), row.entry, regime)] += 1
            if row.position not in {"none", "closed"}:
                self.reached[(str(kind), row.position, regime)] += 1

    def add(self, others: Iterable[tuple[Triple, int]]) -> None:
        for triple, times in others:
            self.reached[triple] += times

    def unreached(self) -> list[Triple]:
        return sorted(possible() - set(self.reached))
