"""Protective actions that leave before the store knows of them: lines of a file that are on the disk before."""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

from mtf_adapters.local.durable import opened_alone
from mtf_core.ports import Noted, StoreError, StoreUnavailableError
from mtf_core.records import (
    UnreadableRecordError,
    action_from_plain,
    action_to_plain,
    intent_from_plain,
    intent_to_plain,
)


class FileActionJournal:
    """The core's `ActionJournal`: a line for each action. Its processes may all use it; they are kept apart.

    A line without an end was cut off by a death, and its action did not leave: it is as if it had never been.
    """

    def __init__(self, path: Path) -> None:
        """The file, and its folder, are made when the first action is noted."""
        self._path = path
        self._known = 0
        """Up to where this process has read or written the file, without anything of others in between."""

    def note(self, noted: Noted) -> None:
        """On the disk when it returns; raises `StoreUnavailableError`."""
        line = _line(noted)
        try:
            with opened_alone(self._path) as file:
                end = _end_of_lines(_read_all(file))
                os.ftruncate(file, end)
                os.lseek(file, end, os.SEEK_SET)
                _write_all(file, line)
                os.fsync(file)
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: the journal cannot be written: {error.strerror}") from error
        if self._known == end:
            self._known = end + len(line)

    def noted(self) -> tuple[Noted, ...]:
        """What was noted and not forgotten, the oldest first; raises `StoreError` for a line that was changed since."""
        if not self._path.exists():
            return ()
        try:
            with opened_alone(self._path) as file:
                content = _read_all(file)
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: the journal cannot be read: {error.strerror}") from error
        self._known = _end_of_lines(content)
        lines = content[: self._known].splitlines()
        return tuple(self._noted(number, line) for number, line in enumerate(lines, start=1))

    def forget(self) -> None:
        """Empties the journal, unless another process has noted something that this one has not seen."""
        if not self._path.exists():
            return
        try:
            with opened_alone(self._path) as file:
                if _end_of_lines(_read_all(file)) == self._known:
                    os.ftruncate(file, 0)
                    os.fsync(file)
                    self._known = 0
        except OSError as error:
            raise StoreUnavailableError(f"{self._path}: the journal cannot be emptied: {error.strerror}") from error

    def _noted(self, number: int, line: bytes) -> Noted:
        said, _, text = line.partition(b" ")
        try:
            if said != _sum(text):
                raise ValueError("its check sum is another")
            return _noted_of(json.loads(text))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self._path}: line {number} cannot be read: {error}; an order that protects may have left that the"
                " store does not know, so compare the orders with the exchange before you remove it"
            ) from error


class MemoryActionJournal:
    """The core's `ActionJournal` for an account that ends with the process."""

    def __init__(self) -> None:
        self._noted: list[Noted] = []

    def note(self, noted: Noted) -> None:
        self._noted.append(noted)

    def noted(self) -> tuple[Noted, ...]:
        return tuple(self._noted)

    def forget(self) -> None:
        self._noted.clear()


def _line(noted: Noted) -> bytes:
    plain = {
        "decision_key": noted.decision_key,
        "venue_ms": noted.venue_ms,
        "action": action_to_plain(noted.action),
        "intent": intent_to_plain(noted.intent),
    }
    text = json.dumps(plain, separators=(",", ":")).encode()
    return _sum(text) + b" " + text + b"\n"


def _noted_of(plain: dict[str, Any]) -> Noted:
    try:
        intent, action = intent_from_plain(plain["intent"]), action_from_plain(plain["action"])
    except UnreadableRecordError as error:
        raise ValueError(str(error)) from error
    return Noted(plain["decision_key"], intent, action, plain["venue_ms"])


def _sum(text: bytes) -> bytes:
    return f"{zlib.crc32(text):08x}".encode()


def _end_of_lines(content: bytes) -> int:
    """Where the last whole line ends."""
    return content.rfind(b"\n") + 1


def _read_all(file: int) -> bytes:
    os.lseek(file, 0, os.SEEK_SET)
    parts = []
    while part := os.read(file, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]
