"""One year of one symbol as the bytes of a Parquet file, and back.

The columns are plain numbers that every program reads: `minute` counts from the year's beginning, and a value is its
ticks times `step`, divided by 10 to the power of `decimals`. Both stand in the file's metadata under `mtf`, as JSON. A
few values that are on no grid stand in a column of their own (`volume_odd`) where they belong; a column of which too
many are on none holds doubles.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_adapters.archive.digests import candles_digest
from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError
from mtf_adapters.archive.grids import Grid, off_grid, on_grid
from mtf_adapters.archive.layout import TIMEFRAME, first_minute
from mtf_core.market import COLUMNS, MINUTE_MS, Candles
from mtf_core.records.codec import UnreadableRecordError, from_plain, to_plain

FORMAT = 1
_FACTS = b"mtf"
_DELTAS, _SPLIT = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"
_INT32 = np.iinfo(np.int32)


@frozen
class YearFacts:
    """What a year's file says of itself."""

    format: int
    symbol: str
    timeframe: str
    year: int
    count: int
    digest: str
    columns: dict[str, Grid | None]
    """The grid of each column; None: it holds doubles."""


def year_content(symbol: str, year: int, candles: Candles) -> tuple[bytes, str]:
    """The bytes of a year's file and the digest of its candles, all of which open within the year."""
    pyarrow, parquet = imported_parquet()
    minutes = ((candles.open_ms - first_minute(year)) // MINUTE_MS).astype(np.int32)
    arrays: dict[str, Any] = {"minute": pyarrow.array(minutes)}
    encodings, grids = {"minute": _DELTAS}, {}
    for name in COLUMNS:
        values = getattr(candles, name)
        found = on_grid(np.ascontiguousarray(values))
        grids[name] = None if found is None else found.grid
        arrays[name] = pyarrow.array(values if found is None else _narrow(found.ticks))
        encodings[name] = _SPLIT if found is None else _DELTAS
        if found is not None and found.is_odd.any():
            arrays[_odd(name)] = pyarrow.array(values, mask=~found.is_odd)
            encodings[_odd(name)] = _SPLIT
    digest = candles_digest(candles)
    facts = YearFacts(FORMAT, symbol, str(TIMEFRAME), year, len(candles), digest, grids)
    table = pyarrow.table(arrays).replace_schema_metadata({_FACTS: json.dumps(to_plain(facts)).encode()})
    buffer = io.BytesIO()
    parquet.write_table(
        table, buffer, compression="zstd", use_dictionary=False, column_encoding=encodings, write_statistics=False
    )
    return buffer.getvalue(), digest


def year_candles(content: bytes, symbol: str, year: int) -> tuple[Candles, YearFacts]:
    """The candles of a year's file and what it says of itself.

    The content is not compared with its digest: see `proven_candles`. Raises `DamagedArchiveError`, which names no
    file, for bytes that are no such year.
    """
    pyarrow, parquet = imported_parquet()
    try:
        file = parquet.ParquetFile(pyarrow.BufferReader(content))
        facts = _facts(file.schema_arrow.metadata or {}, symbol, year)
        table = file.read(use_threads=False)
        columns = [_values(table, name, facts.columns[name]) for name in COLUMNS]
        opens = table.column("minute").to_numpy().astype(np.int64) * MINUTE_MS + first_minute(year)
    except (pyarrow.ArrowException, OSError, KeyError, ValueError, TypeError) as error:
        raise DamagedArchiveError(f"it cannot be read: {str(error).splitlines()[0][:200]}") from error
    return Candles.trusted(TIMEFRAME, opens, *columns), facts


def proven_candles(content: bytes, symbol: str, year: int) -> tuple[Candles, YearFacts]:
    """The same, after the candles were compared with the digest that the file bears; raises `DamagedArchiveError`."""
    candles, facts = year_candles(content, symbol, year)
    if candles_digest(candles) != facts.digest:
        raise DamagedArchiveError("its candles do not fit their digest")
    return candles, facts


def imported_parquet() -> tuple[ModuleType, ModuleType]:
    """pyarrow and its part for Parquet; raises `ArchiveError` where the extra is not installed."""
    try:
        import pyarrow  # noqa: PLC0415  # an optional extra, and slow to import
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError:
        raise ArchiveError(
            "the archive of candles needs pyarrow; install the extra: pip install 'mtf-orchestrator[parquet]'"
        ) from None
    return pyarrow, pyarrow.parquet


def _odd(name: str) -> str:
    return f"{name}_odd"


def _narrow(ticks: NDArray[np.int64]) -> NDArray[Any]:
    """32 bits where they suffice: they are read faster."""
    fits = not len(ticks) or (ticks.min() >= _INT32.min and ticks.max() <= _INT32.max)
    return ticks.astype(np.int32) if fits else ticks


def _facts(metadata: Mapping[bytes, bytes], symbol: str, year: int) -> YearFacts:
    if _FACTS not in metadata:
        raise DamagedArchiveError("it is no file of this archive")
    try:
        plain = json.loads(metadata[_FACTS])
        if isinstance(plain, dict) and plain.get("format") != FORMAT:
            raise DamagedArchiveError(f"it has the format {plain.get('format')}, this version reads {FORMAT}")
        facts = from_plain(plain, YearFacts)
    except (UnreadableRecordError, json.JSONDecodeError) as error:
        raise DamagedArchiveError(f"what it says of itself cannot be read: {error}") from error
    if (facts.symbol, facts.timeframe, facts.year) != (symbol, str(TIMEFRAME), year):
        raise DamagedArchiveError(f"it holds {facts.timeframe} candles of {facts.symbol} in {facts.year}")
    return facts


def _values(table: Any, name: str, grid: Grid | None) -> NDArray[np.float64]:
    column = table.column(name)
    if grid is None:
        return np.array(column.to_numpy(), dtype=np.float64)
    values = off_grid(column.to_numpy(), grid)
    if _odd(name) in table.column_names:
        odd = table.column(_odd(name))
        values[odd.is_valid().to_numpy()] = odd.drop_null().to_numpy()
    return values
