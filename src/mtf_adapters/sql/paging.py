"""Pages from the newest backwards, over rows that the store numbered: the cursor is the number of the last row."""

from __future__ import annotations

from mtf_core.ports import InvalidCursorError, StoreError

_MOST_DIGITS = 18  # fits into the 8 bytes of a column


def position(cursor: str) -> int:
    """The number of the row before the page; raises `InvalidCursorError`."""
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= _MOST_DIGITS):
        raise InvalidCursorError(f"{cursor!r} is no cursor of these pages; give the one that came with the page before")
    return int(cursor)


def refuse_empty(limit: int) -> None:
    """A page without entries would say that it is the last."""
    if limit < 1:
        raise StoreError(f"a page has 1 entry or more, not {limit}")
