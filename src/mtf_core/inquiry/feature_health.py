"""Which features are missing, how often and for whom: from what each run marked when it ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define, field, frozen

from mtf_core.inquiry.flat import row_to_json, selection_to_json, share
from mtf_core.market import Timeframe
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.records import RunTally, Selection
from mtf_core.records.marks import FeatureKey, named

_TOLD_EVERY = 100


@frozen
class FeatureHealth:
    """How often the trees of a timeframe asked for a feature, and how often it was missing. Share: a fraction 0..1.

    One row is one symbol in one run. A feature with an offset, like `close[1]`, is one of its own.
    """

    timeframe: Timeframe
    feature: str
    rows: int
    missing: int
    missing_share: float | None
    symbols: int
    """Symbols that lacked it at least once."""
    runs: int
    """Runs in which a symbol lacked it."""


@frozen
class FeaturesHealth:
    """The health of every feature that was asked for; those that are missing most first."""

    selection: Selection
    runs: int
    """Runs that marked what was missing."""
    unmarked_runs: int
    rows: tuple[FeatureHealth, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            **selection_to_json(self.selection),
            "runs": self.runs,
            "runs_without_features": self.unmarked_runs,
            "rows": [row_to_json(row) for row in self.rows],
        }


async def feature_health(
    stores: Stores, selection: Selection, progress: Progress = no_progress, aside: Aside = at_once
) -> FeaturesHealth:
    """The health of the features that the selected runs asked for; of none where nothing fits."""
    counted = _Features(selection)
    async for tally in stores.tallies.runs(selection):
        counted.add(tally)  # and forgotten: a week of runs would fill the memory
        if counted.runs % _TOLD_EVERY == 0:
            progress("runs", counted.runs, counted.runs)
    return await aside(counted.health)


def health_of(selection: Selection, runs: Sequence[RunTally]) -> FeaturesHealth:
    """The health of the features in these runs."""
    counted = _Features(selection)
    for run in runs:
        counted.add(run)
    return counted.health()


@define(eq=False)
class _Features:
    selection: Selection
    runs: int = 0
    marked: int = 0
    _found: dict[FeatureKey, _Feature] = field(factory=dict)

    def add(self, run: RunTally) -> None:
        """Counts the run, and what it marked."""
        self.runs += 1
        marks = run.counts.marks if run.counts is not None else None
        if marks is None or not marks.symbols:
            return
        self.marked += 1
        chosen = marks.chosen(self.selection.symbols)
        for key, missing in marks.missing.items():
            if self.selection.has_timeframe(key.timeframe):
                self._found.setdefault(key, _Feature()).add(marks.symbols, chosen, missing & chosen)

    def health(self) -> FeaturesHealth:
        rows = [one.health(key) for key, one in self._found.items() if one.rows]
        rows.sort(key=lambda row: (-row.missing, row.timeframe.ms, row.feature))
        return FeaturesHealth(self.selection, self.marked, self.runs - self.marked, tuple(rows))


@define(eq=False)
class _Feature:
    rows: int = 0
    missing: int = 0
    runs: int = 0
    _lacking: dict[tuple[str, ...], int] = field(factory=dict)

    def add(self, symbols: tuple[str, ...], chosen: int, missing: int) -> None:
        self.rows += chosen.bit_count()
        if missing:
            self.missing += missing.bit_count()
            self.runs += 1
            self._lacking[symbols] = self._lacking.get(symbols, 0) | missing

    def health(self, key: FeatureKey) -> FeatureHealth:
        symbols = {name for names, lacking in self._lacking.items() for name in named(names, lacking)}
        return FeatureHealth(
            key.timeframe,
            key.name,
            self.rows,
            self.missing,
            share(self.missing, self.rows),
            len(symbols),
            self.runs,
        )
