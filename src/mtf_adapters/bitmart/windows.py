"""History that is answered without pages: a span is cut until no part of it fills an answer (sheet §5.17)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from mtf_core.ports import ExchangeUnavailableError

Row = TypeVar("Row")


async def read_span(
    ask: Callable[[int, int], Awaitable[list[Row]]], from_ms: int, until_ms: int, *, longest_ms: int, most_rows: int
) -> list[Row]:
    """Rows of [from, until], the oldest window first; those on the border of two windows may come twice.

    `ask` answers at most `most_rows` rows of a window of at most `longest_ms`. Raises `ExchangeUnavailableError` where
    a second alone holds as many: what else is in it cannot be seen.
    """
    rows: list[Row] = []
    start = from_ms
    while start <= until_ms:
        end = min(until_ms, start + longest_ms)
        rows += await _read_window(ask, start, end, most_rows)
        start = end + 1
    return rows


async def _read_window(
    ask: Callable[[int, int], Awaitable[list[Row]]], from_ms: int, until_ms: int, most_rows: int
) -> list[Row]:
    rows = await ask(from_ms, until_ms)
    if len(rows) < most_rows:
        return rows
    if until_ms - from_ms < 1000:
        raise ExchangeUnavailableError(f"more than {most_rows} rows of history in one second: some cannot be seen")
    middle = (from_ms + until_ms) // 2
    earlier = await _read_window(ask, from_ms, middle, most_rows)
    return earlier + await _read_window(ask, middle + 1, until_ms, most_rows)
