"""Pages from the newest backwards, over rows that may share a time: the cursor is the last row's time and its key."""

from __future__ import annotations

from typing import TypeVar

from mtf_core.ports import InvalidCursorError, StoreError

Key = TypeVar("Key", int, str)

_MOST_DIGITS = 18  # fits into the 8 bytes of a column


def cursor_after(time_ms: int, key: int | str) -> str:
    """The cursor of the page that follows a row."""
    return f"{time_ms}.{key}"


def position(cursor: str, key_type: type[Key]) -> tuple[int, Key]:
    """The time and the key of the row before the page; raises `InvalidCursorError`."""
    time, _, key = cursor.partition(".")
    if not _is_number(time.removeprefix("-")) or not key or (key_type is int and not _is_number(key)):
        raise InvalidCursorError(f"{cursor!r} is no cursor of these pages; give the one that came with the page before")
    return int(time), key_type(key)


def refuse_empty(limit: int) -> None:
    """A page without entries would say that it is the last."""
    if limit < 1:
        raise StoreError(f"a page has 1 entry or more, not {limit}")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
