"""Whose an account is, and how many intents that store had committed, in a small file outside of its database.

A restored store is behind it, and one that was made anew is another."""

from __future__ import annotations

import asyncio
import hashlib
import re
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

from mtf_adapters.local.durable import opened_alone, replace_whole
from mtf_core.ports import Mark, StoreError, StoreNotOursError, StoreUnavailableError

InThread = Callable[..., Awaitable[None]]
"""Carries out a function that may block, with its values."""
_STORE_ID = re.compile(r"[0-9A-Za-z-]{1,64}")
_CONTENT = re.compile(
    rb"(?P<said>mtf high water (?P<account>[0-9a-f]{32}) (?P<store_id>[0-9A-Za-z-]{1,64}) (?P<counter>\d{1,18}))"
    rb" (?P<sum>[0-9a-f]{8})\n"
)


class FileHighWater:
    """The core's `HighWater`: a file for each account. Processes may all use it; they are kept apart."""

    def __init__(self, folder: Path, in_thread: InThread = asyncio.to_thread) -> None:
        """The folder is made when the first mark is written. `in_thread` carries out what waits for the disk."""
        self._folder = folder
        self._in_thread = in_thread

    async def read(self, account: str) -> Mark | None:
        """None: nothing was ever noted of the account. Raises `StoreError` for a file that is no mark."""
        path = self._path(account)
        try:
            return _mark(path, account)
        except OSError as error:
            raise StoreUnavailableError(f"{path}: the mark of the account cannot be read: {error.strerror}") from error

    async def raise_to(self, account: str, mark: Mark) -> None:
        """On the disk when it returns; a lower number than what is there changes nothing."""
        await self._in_thread(self._write, account, lambda before: _higher(account, before, mark))

    async def hand_over(self, account: str, mark: Mark) -> None:
        """On the disk when it returns, whosever it was."""
        await self._in_thread(self._write, account, lambda _: mark)

    def _write(self, account: str, wanted: Callable[[Mark | None], Mark]) -> None:
        path = self._path(account)
        try:
            with opened_alone(path.with_suffix(".lock")):
                before = _mark(path, account)
                after = wanted(before)
                if after != before:
                    replace_whole(path, _content(account, after))
        except OSError as error:
            text = f"{path}: the mark of the account cannot be written: {error.strerror}"
            raise StoreUnavailableError(text) from error

    def _path(self, account: str) -> Path:
        return self._folder / f"{_digest(account)}.mark"


class MemoryHighWater:
    """The core's `HighWater` for an account that ends with the process."""

    def __init__(self) -> None:
        self._marks: dict[str, Mark] = {}

    async def read(self, account: str) -> Mark | None:
        return self._marks.get(account)

    async def raise_to(self, account: str, mark: Mark) -> None:
        self._marks[account] = _higher(account, self._marks.get(account), mark)

    async def hand_over(self, account: str, mark: Mark) -> None:
        self._marks[account] = mark


def _higher(account: str, before: Mark | None, mark: Mark) -> Mark:
    if before is None:
        return mark
    if before.store_id != mark.store_id:
        raise StoreNotOursError.by_the_mark(account)
    return max(before, mark, key=lambda one: one.counter)


def _mark(path: Path, account: str) -> Mark | None:
    """Raises OSError, and `StoreError` for a file that holds anything but this account's mark."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    found = _CONTENT.fullmatch(content)
    if found is None or found["account"].decode() != _digest(account) or _sum(found["said"]) != found["sum"]:
        raise StoreError(
            f"{path}: this file does not hold the mark of the account any more, so nobody can say whether the store is"
            " whole; compare the orders with the exchange, delete the file, then `mtf recover --confirm`"
        )
    return Mark(found["store_id"].decode(), int(found["counter"]))


def _content(account: str, mark: Mark) -> bytes:
    if not _STORE_ID.fullmatch(mark.store_id):
        raise StoreError(f"{mark.store_id!r} is no id of a store")
    said = f"mtf high water {_digest(account)} {mark.store_id} {mark.counter}".encode()
    return said + b" " + _sum(said) + b"\n"


def _digest(account: str) -> str:
    """Accounts are named in any letters, and files are not."""
    return hashlib.sha256(account.encode()).hexdigest()[:32]


def _sum(said: bytes) -> bytes:
    return f"{zlib.crc32(said):08x}".encode()
