"""Candles added to a series: what is there already must be the same, unless it may be replaced."""

from __future__ import annotations

import numpy as np
from attrs import define, field, frozen

from mtf_adapters.archive.errors import ArchiveError
from mtf_adapters.archive.folder import SeriesFolder
from mtf_adapters.archive.layout import TIMEFRAME, first_minute, year_of
from mtf_adapters.archive.manifest import Manifest
from mtf_core.market import COLUMNS, Candles, format_instant


@frozen
class Added:
    """How many candles were new, were there already with the same bits, and took the place of others."""

    added: int
    equal: int
    changed: int

    def __add__(self, other: Added) -> Added:
        return Added(self.added + other.added, self.equal + other.equal, self.changed + other.changed)


@frozen
class Differs:
    """The first candle that is another than the one that is kept, and how many there are of such."""

    open_ms: int
    column: str
    kept: float
    given: float
    count: int

    def __str__(self) -> str:
        more = f", and {self.count - 1} more" if self.count > 1 else ""
        return (
            f"the candle of {format_instant(self.open_ms)} has another {self.column} than the one in the archive "
            f"({self.given!r}, there {self.kept!r}){more}"
        )


@define
class Addition:
    """Candles on their way into one series. Nothing is on the disk before `keep`; within `SeriesFolder.alone`."""

    folder: SeriesFolder
    manifest: Manifest
    _years: dict[int, Candles] = field(factory=dict)
    _touched: set[int] = field(factory=set)

    @property
    def open_years(self) -> int:
        """How many years it holds in memory."""
        return len(self._years)

    def take(self, candles: Candles, *, replace: bool = False) -> Added | Differs:
        """All of these candles, or, where one differs and may not be replaced, none."""
        if candles.timeframe is not TIMEFRAME:
            raise ArchiveError(f"these are {candles.timeframe} candles; the archive keeps {TIMEFRAME} ones")
        merged: dict[int, Candles] = {}
        done = Added(0, 0, 0)
        for year, part in _by_year(candles):
            kept = self.year(year)
            compared = _compared(kept, part)
            if isinstance(compared, Differs):
                if not replace:
                    return compared
                compared = Added(len(part) - _common(kept, part), _common(kept, part) - compared.count, compared.count)
            done += compared
            if compared.added or compared.changed:
                merged[year] = kept.merged(part)
        self._years |= merged
        self._touched |= set(merged)
        return done

    def year(self, year: int) -> Candles:
        """What the series has of a year, with what was taken."""
        if year not in self._years:
            there = year in self.manifest.there()
            self._years[year] = self.folder.year(self.manifest, year) if there else Candles.empty(TIMEFRAME)
        return self._years[year]

    def keep(self, manifest: Manifest | None = None) -> None:
        """Brings what was taken onto the disk, with the manifest as it shall be; files that stay as they are are not
        written, and nor is a manifest that does."""
        wanted = self.manifest if manifest is None else manifest
        if self._touched or wanted != self.manifest:
            self.manifest = self.folder.keep(
                self.manifest, wanted, {year: self._years[year] for year in sorted(self._touched)}
            )
        self._years, self._touched = {}, set()


def _by_year(candles: Candles) -> list[tuple[int, Candles]]:
    if not len(candles):
        return []
    years = range(year_of(int(candles.open_ms[0])), year_of(int(candles.open_ms[-1])) + 1)
    parts = [(year, candles.between(first_minute(year), first_minute(year + 1) - 1)) for year in years]
    return [(year, part) for year, part in parts if len(part)]


def _common(kept: Candles, given: Candles) -> int:
    return int(np.isin(given.open_ms, kept.open_ms, assume_unique=True).sum())


def _compared(kept: Candles, given: Candles) -> Added | Differs:
    """Bit for bit; a price of minus zero or another NaN is another price."""
    common, at_kept, at_given = np.intersect1d(kept.open_ms, given.open_ms, assume_unique=True, return_indices=True)
    unlike = {
        name: getattr(kept, name)[at_kept].view(np.int64) != getattr(given, name)[at_given].view(np.int64)
        for name in COLUMNS
    }
    rows = np.flatnonzero(np.logical_or.reduce(list(unlike.values())))
    if not len(rows):
        return Added(len(given) - len(common), len(common), 0)
    row = int(rows[0])
    column = next(name for name in COLUMNS if unlike[name][row])
    return Differs(
        open_ms=int(common[row]),
        column=column,
        kept=float(getattr(kept, column)[at_kept[row]]),
        given=float(getattr(given, column)[at_given[row]]),
        count=len(rows),
    )
