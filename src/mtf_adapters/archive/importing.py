"""Files of candles into the archive: each as a whole or not at all, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from attrs import evolve, frozen

from mtf_adapters.archive.adding import Added, Addition, Differs
from mtf_adapters.archive.archive import Archive
from mtf_adapters.archive.errors import ArchiveError
from mtf_adapters.archive.file_names import NameSays, told_by_name
from mtf_adapters.archive.layout import FILES, TIMEFRAME
from mtf_adapters.archive.manifest import Source
from mtf_adapters.archive.year_content import imported_parquet
from mtf_adapters.files.candle_table import CandleReading, ReadOptions, unused_option
from mtf_adapters.files.candles import read_candle_file
from mtf_core.market import Candles, InvalidCandlesError
from mtf_core.ports import Progress, no_progress

_OPEN_YEARS = 3
"""More years of one symbol are not held in memory (25 MB each) before they are written."""


@frozen
class ImportOptions:
    """What the user says of the files; `read` is what the reader is told, `now_ms` the time of the import."""

    read: ReadOptions
    now_ms: int
    venue: str = FILES
    symbol: str | None = None
    """None: each file's name says it."""
    replace: bool = False


@frozen
class FileImported:
    """A file whose candles are in the archive."""

    file: Path
    symbol: str
    first_open_ms: int
    last_open_ms: int
    done: Added
    remarks: tuple[str, ...]


@frozen
class FileRefused:
    """A file of which nothing is in the archive, and why."""

    file: Path
    why: str
    symbol: str | None = None


FileOutcome = FileImported | FileRefused


def import_files(
    archive: Archive, files: Sequence[Path], options: ImportOptions, progress: Progress = no_progress
) -> tuple[FileOutcome, ...]:
    """What became of each file, symbol by symbol; raises `ArchiveError` where nothing can be imported at all.

    The files of a symbol are written together, a few years at a time.
    """
    imported_parquet()
    named = [(file, told_by_name(file.name)) for file in files]
    if options.symbol is not None and len(told := sorted({says.symbol for _, says in named if says.symbol})) > 1:
        raise ArchiveError(
            f"the files are of {len(told)} symbols by their names ({', '.join(told[:4])}), so they cannot all be "
            f"{options.symbol}; import them one symbol at a time, or without --symbol"
        )
    outcomes: list[FileOutcome] = []
    groups: dict[str, list[tuple[Path, NameSays]]] = {}
    for file, says in named:
        symbol = options.symbol or says.symbol
        if symbol is None:
            outcomes.append(FileRefused(file, "its name does not say whose candles it holds; give --symbol"))
        else:
            groups.setdefault(symbol, []).append((file, says))
    for symbol, group in groups.items():
        for outcome in _whatever_happens(archive, symbol, group, options):
            outcomes.append(outcome)
            progress("files", len(outcomes), len(files))
    return tuple(outcomes)


def _whatever_happens(
    archive: Archive, symbol: str, files: Sequence[tuple[Path, NameSays]], options: ImportOptions
) -> Iterator[FileOutcome]:
    """The same where the symbol's own part of the archive fails: damaged, written by another process, a full disk."""
    over = set()
    try:
        for outcome in _imported(archive, symbol, files, options):
            over.add(outcome.file)
            yield outcome
    except (ArchiveError, OSError) as error:
        yield from (FileRefused(file, str(error), symbol) for file, _ in files if file not in over)


def _imported(
    archive: Archive, symbol: str, files: Sequence[tuple[Path, NameSays]], options: ImportOptions
) -> Iterator[FileOutcome]:
    folder = archive.folder(options.venue, symbol)
    with folder.alone() as manifest:
        addition = Addition(folder, manifest)
        taken: list[FileImported] = []
        for file, says in files:
            outcome = _taken(addition, symbol, file, says, options)
            if isinstance(outcome, FileRefused):
                yield outcome
                continue
            taken.append(outcome)
            if addition.open_years > _OPEN_YEARS:
                yield from _kept(addition, taken, options)
                taken = []
        yield from _kept(addition, taken, options)


def _taken(
    addition: Addition, symbol: str, file: Path, says: NameSays, options: ImportOptions
) -> FileImported | FileRefused:
    try:
        reading = _read(file, says, options.read)
    except InvalidCandlesError as error:
        return FileRefused(file, str(error).removeprefix(f"{file}: ") + _known_clock(says, options.read), symbol)
    done = addition.take(reading.candles, replace=options.replace)
    if isinstance(done, Differs):
        return FileRefused(file, f"{done}; nothing of it was stored. --replace takes the file's", symbol)
    opens = reading.candles.open_ms
    return FileImported(file, symbol, int(opens[0]), int(opens[-1]), done, reading.remarks)


def _read(file: Path, says: NameSays, options: ReadOptions) -> CandleReading:
    if says.one_minute is False:
        raise InvalidCandlesError(f"its name says that its candles are not of 1m; {_ONLY}")
    # A rarely traded symbol may have few candles that follow each other: the name then says what their spacing hides.
    timeframe = TIMEFRAME if says.one_minute else None
    reading = read_candle_file(file, evolve(options, timeframe=timeframe, drop_repeats=True))
    candles = reading.candles
    if candles.timeframe is not TIMEFRAME or (says.one_minute and _never_a_minute_apart(candles)):
        found = "more than a minute apart" if candles.timeframe is TIMEFRAME else f"of {candles.timeframe}"
        raise InvalidCandlesError(f"its candles are {found}; {_ONLY}")
    if unused := unused_option([reading], options):
        raise InvalidCandlesError(unused)
    return reading


def _known_clock(says: NameSays, read: ReadOptions) -> str:
    return f". By its name it is Bybit's: {says.clock}" if says.clock and read.zone is None else ""


_ONLY = f"the archive keeps {TIMEFRAME} candles, from which all others are built: get those"


def _never_a_minute_apart(candles: Candles) -> bool:
    return len(candles) > 1 and not (np.diff(candles.open_ms) == TIMEFRAME.ms).any()


def _kept(addition: Addition, taken: Sequence[FileImported], options: ImportOptions) -> Sequence[FileImported]:
    """Writes what was taken; only then it counts as imported."""
    new = [one for one in taken if one.done.added or one.done.changed]
    manifest = addition.manifest
    if new:
        manifest = manifest.with_source(
            Source(
                origin=FILES,
                label="",
                files=tuple(one.file.name for one in new),
                at_ms=options.now_ms,
                first_open_ms=min(one.first_open_ms for one in new),
                last_open_ms=max(one.last_open_ms for one in new),
                added=sum(one.done.added for one in new),
                changed=sum(one.done.changed for one in new),
            )
        )
    addition.keep(manifest)
    return taken
