"""One year of one symbol as the bytes of a Parquet file, and back.

Every column holds whole numbers: `minute` counts from the year's beginning, `volume` in steps, `close` in ticks, and
the other prices are told by their distance from it (`distances`). A value is its ticks times `step`, divided by 10 to
the power of `decimals`; both stand in the file's metadata under `mtf`, as JSON. A few values that are on no grid stand
in a column of their own (`volume_odd`) where they belong. Where the prices have no grid in common, each is kept in
ticks of its own (`open`), and a column of which too many values are on none holds doubles.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_adapters.archive.digests import candles_digest
from mtf_adapters.archive.distances import NAMES, as_distances, as_prices
from mtf_adapters.archive.errors import ArchiveError, DamagedArchiveError
from mtf_adapters.archive.grids import Grid, OnGrid, off_grid, on_grid
from mtf_adapters.archive.layout import TIMEFRAME, first_minute
from mtf_core.market import COLUMNS, MINUTE_MS, Candles
from mtf_core.records.codec import UnreadableRecordError, from_plain, to_plain

FORMAT = 1
_FACTS = b"mtf"
_DELTAS, _SPLIT = "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"
_NARROW = 2**30
"""Within it the sum and the difference of any two numbers have 32 bits."""


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
    columns = [("minute", ((candles.open_ms - first_minute(year)) // MINUTE_MS).astype(np.int32), _DELTAS)]
    found = _on_grids(candles)
    columns += _columns(candles, found)
    odd = {
        _odd(name): pyarrow.array(getattr(candles, name), mask=~one.is_odd)
        for name, one in found.items()
        if one is not None and one.is_odd.any()
    }
    digest = candles_digest(candles)
    grids = {name: None if one is None else one.grid for name, one in found.items()}
    facts = YearFacts(FORMAT, symbol, str(TIMEFRAME), year, len(candles), digest, grids)
    table = pyarrow.table({**{name: pyarrow.array(values) for name, values, _ in columns}, **odd})
    buffer = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({_FACTS: json.dumps(to_plain(facts)).encode()}),
        buffer,
        compression="zstd",
        use_dictionary=False,
        column_encoding={**{name: encoding for name, _, encoding in columns}, **dict.fromkeys(odd, _SPLIT)},
        write_statistics=False,
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
        columns = _values(table, facts.columns)
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


def _on_grids(candles: Candles) -> dict[str, OnGrid | None]:
    """Each column on its grid: that which all prices have in common, where there is one."""
    names = COLUMNS[:4]
    together = on_grid(np.concatenate([getattr(candles, name) for name in names]))
    found: dict[str, OnGrid | None]
    if together is None:
        found = {name: on_grid(np.ascontiguousarray(getattr(candles, name))) for name in names}
    else:
        shape = (len(names), len(candles))
        ticks, is_odd = together.ticks.reshape(shape), together.is_odd.reshape(shape)
        found = {name: OnGrid(together.grid, ticks[at], is_odd[at]) for at, name in enumerate(names)}
    return {**found, COLUMNS[4]: on_grid(np.ascontiguousarray(candles.volume))}


def _columns(candles: Candles, found: Mapping[str, OnGrid | None]) -> list[tuple[str, NDArray[Any], str]]:
    """The names, values and encodings of the columns of values."""
    *prices, volume = (found[name] for name in COLUMNS)
    split = (COLUMNS[4], candles.volume if volume is None else _narrow(volume.ticks)[0], _SPLIT)
    ticks = [one.ticks for one in prices if one is not None]
    if len(ticks) == 4 and len({one.grid for one in prices if one is not None}) == 1:
        named = zip(NAMES, as_distances(*_narrow(*ticks)), (_SPLIT, _SPLIT, _SPLIT, _DELTAS), strict=True)
        return [*named, split]
    apart = zip(COLUMNS, prices, strict=False)
    return [
        (name, getattr(candles, name), _SPLIT) if one is None else (name, _narrow(one.ticks)[0], _DELTAS)
        for name, one in apart
    ] + [split]


def _narrow(*columns: NDArray[np.int64]) -> Sequence[NDArray[Any]]:
    """The columns with 32 bits, where these suffice for all of them: they are read faster."""
    if all(not len(ticks) or (ticks.min() > -_NARROW and ticks.max() < _NARROW) for ticks in columns):
        return [ticks.astype(np.int32) for ticks in columns]
    return columns


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


def _values(table: Any, grids: Mapping[str, Grid | None]) -> list[NDArray[np.float64]]:
    """Open, high, low, close and volume."""
    if NAMES[1] in table.column_names:
        kept = [*as_prices(*(table.column(name).to_numpy() for name in NAMES)), table.column(COLUMNS[4]).to_numpy()]
    else:
        kept = [table.column(name).to_numpy() for name in COLUMNS]
    columns = []
    for name, numbers in zip(COLUMNS, kept, strict=True):
        grid = grids[name]
        values = np.array(numbers, dtype=np.float64) if grid is None else off_grid(numbers, grid)
        if _odd(name) in table.column_names:
            odd = table.column(_odd(name))
            values[odd.is_valid().to_numpy()] = odd.drop_null().to_numpy()
        columns.append(values)
    return columns
