"""How many intents a store had committed, in a small file outside of its database: a restored store is behind it."""

from __future__ import annotations

import re
import zlib
from pathlib import Path

from mtf_adapters.local.durable import opened_alone, replace_whole
from mtf_core.ports import StoreError, StoreUnavailableError

_STORE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_CONTENT = re.compile(
    rb"(?P<said>mtf high water (?P<store_id>[0-9A-Za-z-]+) (?P<counter>\d{1,18})) (?P<sum>[0-9a-f]{8})\n"
)


class FileHighWater:
    """The core's `HighWater`: a file for each store. Its processes may all use it; they are kept apart."""

    def __init__(self, folder: Path) -> None:
        """The folder is made when the first mark is written."""
        self._folder = folder

    async def read(self, store_id: str) -> int | None:
        """The store's mark; None: nothing was ever noted of it. Raises `StoreError` for a file that is no mark."""
        path = self._path(store_id)
        try:
            return _counter(path, store_id)
        except OSError as error:
            raise StoreUnavailableError(f"{path}: the mark of the store cannot be read: {error.strerror}") from error

    async def raise_to(self, store_id: str, counter: int) -> None:
        """On the disk when it returns; a lower number than what is there changes nothing."""
        path = self._path(store_id)
        try:
            with opened_alone(path.with_suffix(".lock")):
                before = _counter(path, store_id)
                if before is None or before < counter:
                    replace_whole(path, _content(store_id, counter))
        except OSError as error:
            raise StoreUnavailableError(f"{path}: the mark of the store cannot be written: {error.strerror}") from error

    def _path(self, store_id: str) -> Path:
        if not _STORE_ID.fullmatch(store_id):
            raise StoreError(f"{store_id!r} is no id of a store")
        return self._folder / f"{store_id}.mark"


class MemoryHighWater:
    """The core's `HighWater` for an account that ends with the process."""

    def __init__(self) -> None:
        self._marks: dict[str, int] = {}

    async def read(self, store_id: str) -> int | None:
        return self._marks.get(store_id)

    async def raise_to(self, store_id: str, counter: int) -> None:
        self._marks[store_id] = max(counter, self._marks.get(store_id, counter))


def _counter(path: Path, store_id: str) -> int | None:
    """Raises OSError, and `StoreError` for a file that holds anything but this store's mark."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    found = _CONTENT.fullmatch(content)
    if found is None or found["store_id"].decode() != store_id or _sum(found["said"]) != found["sum"]:
        raise StoreError(
            f"{path}: this file does not hold the mark of the store any more, so nobody can say whether the store is"
            " whole; compare the orders with the exchange, delete the file, then `mtf recover --confirm`"
        )
    return int(found["counter"])


def _content(store_id: str, counter: int) -> bytes:
    said = f"mtf high water {store_id} {counter}".encode()
    return said + b" " + _sum(said) + b"\n"


def _sum(said: bytes) -> bytes:
    return f"{zlib.crc32(said):08x}".encode()
