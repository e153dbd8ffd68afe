"""The archive of candles, as those who read history see it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from attrs import frozen

from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError
from mtf_adapters.archive.folder import SeriesFolder
from mtf_adapters.archive.layout import LOCK, MANIFEST, TIMEFRAME, series_folder, series_folders, year_file
from mtf_adapters.archive.manifest import Manifest, Source
from mtf_core.market import COLUMNS, Candles, Contract

_SHOWN = 10
_LOOKS = 5


@frozen
class ArchivedSeries:
    """What there is of one symbol: its first and last open time, and per year how many candles and their digest."""

    venue: str
    symbol: str
    first_open_ms: int
    last_open_ms: int
    counts: dict[int, int]
    digests: dict[int, str]
    """Of each year's candles (`candles_digest`)."""
    size: int
    """Bytes of the files."""
    sources: tuple[Source, ...]
    contract: Contract | None
    """As the exchange described it when it was last asked; None for what came from files alone."""

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def reaches(self, first_ms: int | None, last_ms: int | None) -> bool:
        """Whether any minute of it may open within [first, last); None: from its first, to its last one."""
        begins_in_time = last_ms is None or self.first_open_ms < last_ms
        return begins_in_time and (first_ms is None or self.last_open_ms >= first_ms)

    @property
    def missing(self) -> int:
        """Minutes between the first and the last one that are not there."""
        return (self.last_open_ms - self.first_open_ms) // TIMEFRAME.ms + 1 - self.count


@frozen
class Listing:
    """All series that can be read, and what is wrong with the others."""

    series: tuple[ArchivedSeries, ...]
    problems: tuple[str, ...]


@frozen
class Verified:
    """What a look at every byte has shown."""

    files: int
    candles: int
    problems: tuple[str, ...]


@frozen
class Archive:
    """Candles of 1m by venue, symbol and calendar year, in Parquet files under one folder.

    Every file is compared with the manifest's SHA-256 before it is used. Reading raises `ArchiveError`, and
    `DamagedArchiveError` with the name of the file that is not as it was written.
    """

    root: Path

    def series(self) -> tuple[ArchivedSeries, ...]:
        """Everything that is there, by venue and symbol; raises where a manifest cannot be read."""
        listing = self.listing()
        if listing.problems:
            raise DamagedArchiveError("\n".join(listing.problems))
        return listing.series

    def listing(self) -> Listing:
        """The same, with problems told beside what can be read."""
        found, problems = [], []
        for venue, symbol, path in series_folders(self.root):
            try:
                manifest = SeriesFolder(path, venue, symbol).manifest()
            except ArchiveError as error:
                problems.append(str(error))
                continue
            if manifest.years:
                found.append(_series(venue, manifest))
        return Listing(tuple(found), tuple(problems))

    def folder(self, venue: str, symbol: str) -> SeriesFolder:
        """Where a symbol's candles are, or will be."""
        return SeriesFolder(series_folder(self.root, venue, symbol), venue, symbol)

    def candles(
        self, venue: str, symbol: str, first_open_ms: int | None = None, last_open_ms: int | None = None
    ) -> Candles:
        """The candles that open within [first, last], holes as they are; None: from the first, to the last one.

        `candles_digest` names what was handed out.
        """
        folder = self.folder(venue, symbol)
        manifest = folder.manifest()
        years = manifest.there(first_open_ms, last_open_ms)
        if not years and not manifest.years:
            raise ArchiveError(self._lacking(venue, symbol))
        whole = _joined([folder.year(manifest, year) for year in years])
        if not len(whole):
            return whole
        first = int(whole.open_ms[0]) if first_open_ms is None else first_open_ms
        return whole.between(first, int(whole.open_ms[-1]) if last_open_ms is None else last_open_ms)

    def verify(self) -> Verified:
        """Reads everything, and compares it with all that is said of it."""
        files = candles = 0
        problems: list[str] = []
        for venue, symbol, path in series_folders(self.root):
            folder = SeriesFolder(path, venue, symbol)
            proven = _proven(folder)
            files, candles = files + proven.files, candles + proven.candles
            problems += proven.problems
        return Verified(files, candles, tuple(problems))

    def _lacking(self, venue: str, symbol: str) -> str:
        there = [(one, name) for one, name, _ in series_folders(self.root)]
        same = [name for one, name in there if one == venue]
        elsewhere = [one for one, name in there if name == symbol]
        if elsewhere:
            hint = f"there are some of {', '.join(elsewhere)}"
        elif same:
            more = f" and {len(same) - _SHOWN} more" if len(same) > _SHOWN else ""
            hint = f"of {venue} there are {', '.join(same[:_SHOWN])}{more}"
        else:
            hint = "see mtf archive list" if there else "mtf archive import and mtf archive fetch bring some"
        return f"the archive {self.root} has no candles of {symbol} of {venue}; {hint}"


def _series(venue: str, manifest: Manifest) -> ArchivedSeries:
    return ArchivedSeries(
        venue=venue,
        symbol=manifest.symbol,
        first_open_ms=manifest.years[0].first_open_ms,
        last_open_ms=manifest.years[-1].last_open_ms,
        counts={record.year: record.count for record in manifest.years},
        digests={record.year: record.digest for record in manifest.years},
        size=sum(record.size for record in manifest.years),
        sources=manifest.sources,
        contract=manifest.contract,
    )


def _joined(parts: list[Candles]) -> Candles:
    """Years, oldest first, as one series."""
    if len(parts) < 2:
        return parts[0] if parts else Candles.empty(TIMEFRAME)
    columns = [np.concatenate([getattr(part, name) for part in parts]) for name in ("open_ms", *COLUMNS)]
    return Candles.trusted(TIMEFRAME, *columns)


def _proven(folder: SeriesFolder) -> Verified:
    """A look at every file of a series; while another process writes there, until both agree."""
    for _ in range(_LOOKS):
        candles, proven, problems = 0, [], []
        try:
            manifest = folder.manifest()
        except ArchiveError as error:
            return Verified(0, 0, (str(error),))
        for record in manifest.years:
            try:
                folder.prove(record)
            except DamagedArchiveError as error:
                problems.append(str(error))
            else:
                proven.append(record)
                candles += record.count
        if not problems or folder.manifest() == manifest:
            break
    return Verified(len(proven), candles, (*problems, *_strangers(folder.path, manifest)))


def _strangers(path: Path, manifest: Manifest) -> list[str]:
    """Files that nobody knows; what a death left half written (`.new`) is written over by the next."""
    known = {MANIFEST, LOCK, *(year_file(path, record.year).name for record in manifest.years)}
    return [
        f"{file}: is not in the manifest, and is not used"
        for file in sorted(path.iterdir())
        if file.name not in known and file.suffix != ".new"
    ]
