"""Opening a candle file: what is in it, whatever it is called, and its text where it is one."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from pathlib import Path
from typing import IO, cast

from mtf_core.market import InvalidCandlesError

ALLOWED_FILES = "CSV or JSON (also in .gz or .zip), Parquet, Feather"

_GZIP, _ZIP, _PARQUET, _ARROW, _FEATHER_1 = b"\x1f\x8b", b"PK\x03\x04", b"PAR1", b"ARROW1", b"FEA1"
_SAMPLE = 4096


class Content(Enum):
    """What a file holds."""

    TEXT = auto()
    JSON = auto()
    PARQUET = auto()
    FEATHER = auto()


def content_of(path: Path) -> Content:
    """What a file holds, told by its first bytes; raises `InvalidCandlesError` and OSError."""
    with path.open("rb") as file:
        head = file.read(_SAMPLE)
    if head.startswith(_FEATHER_1):
        raise InvalidCandlesError("this is Feather version 1, which nothing writes any more; write version 2")
    if head.startswith(_PARQUET):
        return Content.PARQUET
    if head.startswith(_ARROW):
        return Content.FEATHER
    if path.suffix in (".parquet", ".feather"):
        raise InvalidCandlesError(f"the name ends in {path.suffix} but the content is something else")
    with opened_text(path) as text:
        begins = text.read(_SAMPLE)
    if "\0" in begins:
        raise InvalidCandlesError(f"the content is binary; allowed: {ALLOWED_FILES}")
    return Content.JSON if begins.lstrip()[:1] in ("[", "{") else Content.TEXT


@contextmanager
def opened_text(path: Path) -> Iterator[io.TextIOWrapper]:
    """The text of a file, plain, gzipped or the only file of a zip archive; a byte order mark is not part of it.

    What goes wrong while it is read is raised as `InvalidCandlesError`, too.
    """
    try:
        with path.open("rb") as file, _unpacked(path, file) as content:
            yield io.TextIOWrapper(content, encoding="utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
        raise InvalidCandlesError(f"the compressed data is damaged or cut off: {error}") from None
    except UnicodeDecodeError:
        raise InvalidCandlesError(f"the content is no UTF-8 text; allowed: {ALLOWED_FILES}") from None


def _unpacked(path: Path, file: IO[bytes]) -> IO[bytes]:
    head = file.read(len(_ZIP))
    file.seek(0)
    if head.startswith(_GZIP):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    if head == _ZIP:
        archive = zipfile.ZipFile(file)
        names = [info.filename for info in archive.infolist() if not info.is_dir()]
        if len(names) != 1:
            raise InvalidCandlesError(f"the archive holds {len(names)} files; allowed is one of candles")
        return archive.open(names[0])
    if path.suffix in (".gz", ".zip"):
        raise InvalidCandlesError(f"the name ends in {path.suffix} but the content is something else")
    return file
