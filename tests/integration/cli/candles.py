"""Candle files for tests: rows of a quiet minute series, written as CSV, whole or spoilt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from mtf_core.market import format_instant, parse_instant, to_ms

FIRST = "2026-01-30T00:00:00Z"
HEADER = "timestamp,open,high,low,close,volume"


@frozen
class Row:
    """One minute."""

    open_ms: int
    price: float

    def line(self) -> str:
        low, high = self.price - 1, self.price + 2
        return f"{format_instant(self.open_ms)},{self.price},{high},{low},{self.price + 0.5},10"


def minute_rows(count: int, first: str = FIRST) -> list[Row]:
    """Minutes one after another; the price saws between 100 and 106."""
    start = to_ms(parse_instant(first))
    return [Row(start + number * 60_000, 100.0 + number % 7) for number in range(count)]


def write_csv(path: Path, rows: Sequence[Row]) -> Path:
    return write_lines(path, [HEADER, *(row.line() for row in rows)])


def write_lines(path: Path, lines: Sequence[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
