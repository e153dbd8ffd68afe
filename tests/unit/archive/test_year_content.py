"""A year as the bytes of a file: exact, small, and open to every program that reads Parquet."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from mtf_adapters.archive import DamagedArchiveError, candles_digest
from mtf_adapters.archive.year_content import proven_candles, year_candles, year_content
from mtf_core.market import MINUTE_MS, Candles
from tests.unit.archive.series import YEAR_MS, decimals, odd_series, same, with_value


@given(odd_series())
def test_what_is_written_is_read_back_bit_for_bit(candles: Candles) -> None:
    content, digest = year_content("BTCUSDT", 2025, candles)
    back, facts = proven_candles(content, "BTCUSDT", 2025)
    assert same(back, candles)
    assert facts.digest == digest == candles_digest(candles) == candles_digest(back)


def test_odd_values_among_many_are_kept_as_they_are() -> None:
    candles = decimals(1000)
    for row, value in ((0, 0.1 + 0.2), (400, -0.0), (999, float("nan"))):
        candles = with_value(candles, "volume", row, value)
    content, _ = year_content("BTCUSDT", 2025, candles)
    assert "volume_odd" in pq.ParquetFile(io.BytesIO(content)).schema_arrow.names
    assert same(proven_candles(content, "BTCUSDT", 2025)[0], candles)


def test_the_first_and_the_last_minute_of_a_leap_year_have_their_place() -> None:
    first = 1_704_067_200_000  # 2024-01-01T00:00Z
    opens = np.array([first, first + 366 * 1440 * MINUTE_MS - MINUTE_MS], dtype=np.int64)
    two = decimals(2)
    candles = Candles.trusted(two.timeframe, opens, two.open, two.high, two.low, two.close, two.volume)
    assert same(year_candles(year_content("BTCUSDT", 2024, candles)[0], "BTCUSDT", 2024)[0], candles)


def columns_of(candles: Candles) -> tuple[pa.Table, dict[str, str]]:
    """The table as other programs see it, and the types of its columns."""
    table = pq.read_table(io.BytesIO(year_content("BTCUSDT", 2025, candles)[0]))
    return table, dict(zip(table.column_names, map(str, table.schema.types), strict=True))


def test_the_columns_are_whole_numbers_for_other_programs() -> None:
    candles = decimals(2000)
    table, types = columns_of(candles)
    names = ["minute", "open_from_close_before", "high_above", "low_below", "close", "volume"]
    assert types == dict.fromkeys(names, "int32")
    assert np.array_equal(table.column("close").to_numpy() / 100, candles.close)
    assert table.column("minute").to_numpy().tolist() == list(range(2000))
    assert not table.column("open_from_close_before").to_numpy()[1:].any()
    assert set(table.column("high_above").to_numpy()) == {1}


def test_prices_without_a_grid_in_common_are_kept_apart_each_as_exact_as_it_can_be() -> None:
    third = decimals(400).close / 3
    candles = decimals(400)
    candles = Candles.trusted(candles.timeframe, candles.open_ms, candles.open, candles.high, third, third, third)
    _, types = columns_of(candles)
    kinds = {"open": "int32", "high": "int32", "low": "double", "close": "double", "volume": "double"}
    assert types == {"minute": "int32", **kinds}
    assert same(proven_candles(year_content("BTCUSDT", 2025, candles)[0], "BTCUSDT", 2025)[0], candles)


@pytest.mark.parametrize("price", [2.0**30 - 1, 2.0**30 + 1, 2.0**31 + 1, 2.0**52 + 1])
def test_large_prices_take_wider_numbers(price: float) -> None:
    candles = with_value(with_value(decimals(3, price=1000.0), "high", 1, price), "low", 2, 1.0)
    whole = Candles.trusted(
        candles.timeframe,
        candles.open_ms,
        *(np.rint(getattr(candles, name)) for name in ("open", "high", "low")),
        np.rint(candles.close),
        candles.volume,
    )
    assert columns_of(whole)[1]["high_above"] == ("int32" if price < 2**30 else "int64")
    assert same(proven_candles(year_content("BTCUSDT", 2025, whole)[0], "BTCUSDT", 2025)[0], whole)


def test_a_candle_takes_few_bytes() -> None:
    assert len(year_content("BTCUSDT", 2025, decimals(50_000))[0]) < 4 * 50_000


def test_the_digest_is_the_contents_and_not_the_files() -> None:
    """The value was computed once by hand from the words of `candles_digest`; another release must find the same."""
    candles = decimals(3)
    assert candles_digest(candles) == "3dd73e53999a3850a3f98c1a5b9895e7fa822fd095593f2145ece1bc3f33f07a"
    assert candles_digest(with_value(candles, "low", 1, 99.0)) != candles_digest(candles)
    assert candles_digest(candles[:2]) != candles_digest(candles)


def refusal(content: bytes, symbol: str = "BTCUSDT", year: int = 2025) -> str:
    with pytest.raises(DamagedArchiveError) as refused:
        proven_candles(content, symbol, year)
    return str(refused.value)


def test_bytes_that_are_no_such_year_are_refused() -> None:
    content, _ = year_content("BTCUSDT", 2025, decimals(100))
    assert "it cannot be read" in refusal(content[:-20])
    assert "it cannot be read" in refusal(b"")
    assert refusal(content, "ETHUSDT") == "it holds 1m candles of BTCUSDT in 2025"
    assert refusal(content, year=2024) == "it holds 1m candles of BTCUSDT in 2025"
    foreign = io.BytesIO()
    pq.write_table(pa.table({"minute": [1]}), foreign)
    assert refusal(foreign.getvalue()) == "it is no file of this archive"


def test_a_later_format_is_refused_by_its_number() -> None:
    content, _ = year_content("BTCUSDT", 2025, decimals(3))
    table = pq.read_table(io.BytesIO(content))
    later = table.replace_schema_metadata(
        {b"mtf": table.schema.metadata[b"mtf"].replace(b'"format": 1', b'"format": 2')}
    )
    buffer = io.BytesIO()
    pq.write_table(later, buffer)
    assert refusal(buffer.getvalue()) == "it has the format 2, this version reads 1"


def test_candles_that_do_not_fit_their_digest_are_refused() -> None:
    """As when a program writes the columns anew and keeps the metadata."""
    content, _ = year_content("BTCUSDT", 2025, decimals(3))
    table = pq.read_table(io.BytesIO(content))
    changed = table.set_column(4, "close", pa.array([1, 2, 3], pa.int32()))
    buffer = io.BytesIO()
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), buffer)
    assert refusal(buffer.getvalue()) == "its candles do not fit their digest"
    assert year_candles(buffer.getvalue(), "BTCUSDT", 2025)[0].open_ms[0] == YEAR_MS
