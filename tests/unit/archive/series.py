"""Series for tests of the archive, and how they are put there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from mtf_adapters.archive import Archive
from mtf_adapters.archive.adding import Added, Addition, Differs
from mtf_adapters.archive.layout import FILES, first_minute
from mtf_core.market import COLUMNS, MINUTE_MS, Candles, Timeframe

YEAR_MS = first_minute(2025)


def same(one: Candles, other: Candles) -> bool:
    """Whether every bit is the same."""
    return all(
        getattr(one, name).tobytes() == getattr(other, name).tobytes() and len(one) == len(other)
        for name in ("open_ms", *COLUMNS)
    )


def decimals(count: int, *, first_ms: int = YEAR_MS, price: float = 100.0, seed: int = 1) -> Candles:
    """Minutes as an exchange shows them: prices in hundredths, volume in thousandths."""
    random = np.random.default_rng(seed)
    close = np.round(price + np.cumsum(random.integers(-3, 4, count)) / 100, 2)
    open_ = np.concatenate([[price], close[:-1]])
    high, low = np.round(np.maximum(open_, close) + 0.01, 2), np.round(np.minimum(open_, close) - 0.01, 2)
    volume = np.round(random.integers(0, 90_000, count) / 1000, 3)
    opens = first_ms + np.arange(count, dtype=np.int64) * MINUTE_MS
    return Candles.checked(Timeframe.M1, opens, open_, high, low, close, volume)


def add(
    archive: Archive, symbol: str, candles: Candles, *, replace: bool = False, venue: str = FILES
) -> Added | Differs:
    """Adds candles as an import does."""
    folder = archive.folder(venue, symbol)
    with folder.alone() as manifest:
        addition = Addition(folder, manifest)
        done = addition.take(candles, replace=replace)
        addition.keep()
    return done


def with_value(candles: Candles, column: str, row: int, value: float) -> Candles:
    """The series with one value changed."""
    columns = {name: getattr(candles, name).copy() for name in COLUMNS}
    columns[column][row] = value
    return Candles.trusted(candles.timeframe, candles.open_ms.copy(), *columns.values())


def file_of(archive: Archive, symbol: str, year: int = 2025, venue: str = FILES) -> Path:
    return archive.root / venue / symbol / "1m" / f"{year}.parquet"


def odd_floats() -> st.SearchStrategy[float]:
    """Everything that a double can be, and most of all what traders' numbers are."""
    return st.one_of(
        st.decimals(min_value=0, max_value=100_000, places=4, allow_nan=False).map(float),
        st.integers(0, 10**9).map(float),
        st.floats(),
        st.sampled_from([-0.0, 0.0, float("nan"), float("inf"), 5e-324, 2.0**53, 2.0**53 + 2, 0.1 + 0.2, 1e22]),
    )


@st.composite
def odd_series(draw: st.DrawFn) -> Candles:
    """Minutes of one year with holes and whatever numbers, on grids more often than not."""
    minutes = sorted(draw(st.sets(st.integers(0, 525_599), min_size=1, max_size=30)))
    opens = np.array(minutes, dtype=np.int64) * MINUTE_MS + YEAR_MS
    return Candles.trusted(Timeframe.M1, opens, *(draw(_column(len(minutes))) for _ in COLUMNS))


def _column(count: int) -> st.SearchStrategy[NDArray[np.float64]]:
    def as_array(values: Sequence[float]) -> NDArray[np.float64]:
        return np.array(values, dtype=np.float64)

    on_a_grid = st.builds(
        lambda ticks, step, places: as_array([tick * step / 10.0**places for tick in ticks]),
        st.lists(st.integers(0, 10**7), min_size=count, max_size=count),
        st.sampled_from([1, 5, 25, 100]),
        st.integers(0, 8),
    )
    return st.one_of(on_a_grid, st.lists(odd_floats(), min_size=count, max_size=count).map(as_array))
