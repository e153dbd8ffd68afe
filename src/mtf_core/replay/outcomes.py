"""What became of the READY minutes: traded, refused by whom, sent and not filled; and contexts that waited in vain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from attrs import frozen

from mtf_core.market import MINUTE_MS
from mtf_core.replay.ledger import Afterwards, Fate, Ledger, WaitingContext


@frozen
class Missed:
    """Entries that were sent and did not fill, and where the price went then, in R gross from the planned entry."""

    count: int
    followed: int
    """Of how many the price was followed."""
    first: Mapping[str, int]
    """What it reached first: `target`, `stop`, `both`, `neither`."""
    best_r: float | None
    """Of half of them it went no farther than this for the trade."""
    worst_r: float | None
    """Of half of them no farther against it; not above zero."""


@frozen
class ReadyOutcomes:
    """Every READY minute counted once: minutes = traded + still open + not filled + all refusals."""

    minutes: int
    planned: int
    """Of them had an order plan."""
    filled: int
    """Opened a position that was left again."""
    still_open: int
    """Their order rests, or their position is open, at the end."""
    not_filled: Missed
    by_ending: Mapping[str, Missed]
    """The same by what ended the order."""
    refused: Mapping[str, int]
    """By reason, from the most frequent: guards, filters, and skips of planning."""

    @property
    def refused_total(self) -> int:
        return sum(self.refused.values())


@frozen
class Waiting:
    """Contexts that had a side while nothing confirmed it."""

    stretches: int
    minutes: int
    """Of all symbols together."""
    longest_minutes: int
    by_reason: Mapping[str, int]
    """Minutes, the most first."""
    by_symbol: Mapping[str, int]


def ready_outcomes(ledger: Ledger) -> ReadyOutcomes:
    fates = Counter(one.fate for one in ledger.ready)
    missed: dict[str, list[Afterwards | None]] = {}
    for one in ledger.ready:
        if one.fate is Fate.NOT_FILLED:
            missed.setdefault(one.ended or "unknown", []).append(one.afterwards)
    return ReadyOutcomes(
        minutes=len(ledger.ready),
        planned=sum(one.plan is not None for one in ledger.ready),
        filled=fates[Fate.TRADED],
        still_open=fates[Fate.STILL_OPEN],
        not_filled=_missed([one for part in missed.values() for one in part]),
        by_ending={ended: _missed(missed[ended]) for ended in sorted(missed)},
        refused=most_first(
            Counter(
                "unknown" if one.reason is None else str(one.reason)
                for one in ledger.ready
                if one.fate in (Fate.REFUSED, Fate.NOT_PLANNED)
            )
        ),
    )


def _missed(afterwards: Sequence[Afterwards | None]) -> Missed:
    known = [one for one in afterwards if one is not None]
    first = Counter(one.first for one in known)
    return Missed(
        count=len(afterwards),
        followed=len(known),
        first=dict(sorted(first.items())),
        best_r=float(median(one.best_r for one in known)) if known else None,
        worst_r=float(median(one.worst_r for one in known)) if known else None,
    )


def waiting_of(contexts: Sequence[WaitingContext]) -> Waiting:
    by_reason: Counter[str] = Counter()
    by_symbol: Counter[str] = Counter()
    for one in contexts:
        by_reason[str(one.reason)] += _minutes(one)
        by_symbol[one.symbol] += _minutes(one)
    return Waiting(
        stretches=len(contexts),
        minutes=sum(by_reason.values()),
        longest_minutes=max(map(_minutes, contexts), default=0),
        by_reason=most_first(by_reason),
        by_symbol=most_first(by_symbol),
    )


def _minutes(one: WaitingContext) -> int:
    return (one.last_ms - one.first_ms) // MINUTE_MS + 1


def most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """From the most frequent; equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
