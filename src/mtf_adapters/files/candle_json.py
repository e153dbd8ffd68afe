"""Candle tables out of JSON: a list of rows as freqtrade and exchanges write them, or of objects with names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from mtf_adapters.files.candle_blocks import (
    ROWS_PER_BLOCK,
    Block,
    block_of_texts,
    floats_of_cells,
    name_of_number,
    table_of_blocks,
)
from mtf_adapters.files.candle_columns import CandleColumns, columns_by_name, columns_by_place
from mtf_adapters.files.candle_opening import opened_text
from mtf_adapters.files.candle_table import CandleTable
from mtf_core.market import InvalidCandlesError

_ALLOWED = "allowed is a list of rows, [[time, open, high, low, close, volume], …], or of objects with these names"


def read_json_table(path: Path) -> CandleTable:
    """The candle columns of a JSON file; its first candle is row 1. Raises `InvalidCandlesError` and OSError."""
    with opened_text(path) as text:
        content = text.read()
    try:
        # Rows stay text until their block is read: years of minutes as objects would take gigabytes.
        raws = msgspec.json.decode(content, type=list[msgspec.Raw])
    except msgspec.DecodeError as error:
        raise InvalidCandlesError(f"the content is no list in JSON: {error}; {_ALLOWED}") from None
    del content
    if not raws:
        raise InvalidCandlesError("there are no candles in it")
    first = msgspec.json.decode(raws[0])
    if isinstance(first, dict):
        names = list(first)
        columns = columns_by_name(names, [str(first[name]) for name in names])
    elif isinstance(first, list):
        names = []
        columns = columns_by_place([str(value) for value in first])
    else:
        raise InvalidCandlesError(f"row 1 is {first!r}; {_ALLOWED}")
    return table_of_blocks(columns, list(_blocks(columns, names, raws)))


def _blocks(columns: CandleColumns, names: Sequence[str], raws: Sequence[msgspec.Raw]) -> Iterator[Block]:
    places = (*columns.texts, *columns.numbers)
    keys: Sequence[Any] = [names[place] for place in places] if names else places
    for start in range(0, len(raws), ROWS_PER_BLOCK):
        block = msgspec.json.decode(b"[" + b",".join(map(bytes, raws[start : start + ROWS_PER_BLOCK])) + b"]")
        rows = np.arange(start + 1, start + 1 + len(block), dtype=np.int64)
        picked = [_picked(row, keys, number) for row, number in zip(block, rows.tolist(), strict=True)]
        cells = list(zip(*picked, strict=True))
        texts = [list(map(str, column)) for column in cells[: len(columns.texts)]]
        numbers = enumerate(cells[len(columns.texts) :])
        floats = [floats_of_cells(column, name_of_number(place), rows) for place, column in numbers]
        yield block_of_texts(columns, texts, floats, rows)


def _picked(row: Any, keys: Sequence[Any], number: int) -> tuple[Any, ...]:
    try:
        return tuple(row[key] for key in keys)
    except (KeyError, IndexError, TypeError):
        raise InvalidCandlesError(f"row {number} is not like row 1; {_ALLOWED}") from None
