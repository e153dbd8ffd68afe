"""Where in an archive's folder what stands: `ROOT/VENUE/SYMBOL/1m/2025.parquet`, and beside it the manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from mtf_adapters.archive.errors import ArchiveError
from mtf_core.market import Timeframe, from_ms, to_ms
from mtf_core.symbols import is_symbol

TIMEFRAME = Timeframe.M1
"""The one timeframe that is kept: all others are built from it."""
MANIFEST = "manifest.json"
LOCK = ".lock"
FILES = "files"
"""The venue of imported files, where nobody names another."""

_YEAR_FILE = re.compile(r"(\d{4})\.parquet", re.ASCII)
_VENUE = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}", re.ASCII)


def checked_venue(name: str) -> str:
    """A name that may be a folder on every system; raises `ArchiveError`."""
    if not _VENUE.fullmatch(name):
        raise ArchiveError(
            f"the venue {name!r}: allowed are small letters a to z and digits, then . _ and -, too, like binance"
        )
    return name


def venue_of_namespace(namespace: str) -> str:
    """The folder of an exchange's world, like `bitmart-live`."""
    return checked_venue(re.sub(r"[^a-z0-9._-]+", "-", namespace.lower()).lstrip("._-")[:100])


def series_folder(root: Path, venue: str, symbol: str) -> Path:
    """Where the candles of a symbol are; raises `ArchiveError` for what cannot be one."""
    if not is_symbol(symbol):
        raise ArchiveError(f"{symbol!r} is no symbol")
    return root / checked_venue(venue) / symbol / str(TIMEFRAME)


def series_folders(root: Path) -> Iterator[tuple[str, str, Path]]:
    """Venue, symbol and folder of all that is there, sorted; what is no series of candles is passed over."""
    for folder in sorted(root.glob(f"*/*/{TIMEFRAME}")):
        symbol, venue = folder.parent.name, folder.parent.parent.name
        if is_symbol(symbol) and _VENUE.fullmatch(venue) and (any(year_files(folder)) or (folder / MANIFEST).exists()):
            yield venue, symbol, folder


def year_file(folder: Path, year: int) -> Path:
    return folder / f"{year:04}.parquet"


def year_files(folder: Path) -> Iterator[tuple[int, Path]]:
    """The years that a folder has files of, oldest first."""
    for path in sorted(folder.glob("*.parquet")):
        if named := _YEAR_FILE.fullmatch(path.name):
            yield int(named[1]), path


def first_minute(year: int) -> int:
    """When the year begins, in ms."""
    return to_ms(datetime(year, 1, 1, tzinfo=UTC))


def year_of(open_ms: int) -> int:
    return from_ms(open_ms).year
