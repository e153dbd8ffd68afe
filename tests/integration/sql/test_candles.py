"""The candle store: bit for bit, many series at once, all or nothing."""

from uuid import uuid4

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtf_adapters.sql import Database, SqlCandleStore
from mtf_core.market import Candles, Gap, Timeframe
from mtf_core.ports import StoreError
from tests.integration.sql.examples import MINUTE, WORLD, as_columns, candles

M1, M5, H1 = Timeframe.M1, Timeframe.M5, Timeframe.H1
EVER = (0, 2**53)

_FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value + 0.0)  # -0.0 becomes 0.0


@given(rows=st.lists(st.tuples(*[_FLOATS] * 5), min_size=1, max_size=20), start=st.integers(-(2**40), 2**40))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_float_comes_back_bit_for_bit(
    database: Database, rows: list[tuple[float, ...]], start: int
) -> None:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    times = (start + np.arange(len(rows))) * MINUTE
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): Candles.trusted(M1, times, *columns)})
    found = (await store.read(["BTCUSDT"], M1, int(times[0]), int(times[-1])))["BTCUSDT"]
    assert found.open_ms.tolist() == times.tolist()
    for name, column in zip(("open", "high", "low", "close", "volume"), columns, strict=True):
        assert getattr(found, name).tobytes() == column.tobytes()


async def test_arrays_read_are_contiguous_native_and_read_only(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): candles(M1, range(3)), ("ETHUSDT", M1): candles(M1, range(3))})
    found = (await store.read(["BTCUSDT", "ETHUSDT"], M1, *EVER))["ETHUSDT"]
    for name, kind in (("open_ms", np.int64), ("open", np.float64), ("volume", np.float64)):
        column = getattr(found, name)
        assert column.dtype == np.dtype(kind)
        assert column.flags.c_contiguous
        assert not column.flags.writeable


async def test_symbols_and_timeframes_do_not_mix(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    series = {
        ("ETHUSDT", M1): candles(M1, range(5), first_price=1),
        ("BTCUSDT", M1): candles(M1, range(1, 4), first_price=2),
        ("BTCUSDT", M5): candles(M5, range(2), first_price=3),
    }
    assert await store.write(series) == 10
    found = await store.read(["BTCUSDT", "ETHUSDT"], M1, *EVER)
    assert {symbol: as_columns(part) for symbol, part in found.items()} == {
        "BTCUSDT": as_columns(series["BTCUSDT", M1]),
        "ETHUSDT": as_columns(series["ETHUSDT", M1]),
    }
    higher = await store.read(["BTCUSDT"], M5, *EVER)
    assert higher["BTCUSDT"].timeframe is M5
    assert as_columns(higher["BTCUSDT"]) == as_columns(series["BTCUSDT", M5])


async def test_a_symbol_without_candles_maps_to_empty_ones(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): candles(M1, [100])})
    found = await store.read(["BTCUSDT", "XRPUSDT", "BTCUSDT"], M1, 0, 99 * MINUTE)
    assert sorted(found) == ["BTCUSDT", "XRPUSDT"]
    assert [(len(part), part.timeframe) for part in found.values()] == [(0, M1), (0, M1)]
    assert await store.read([], M1, *EVER) == {}


async def test_both_ends_of_the_range_are_included(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): candles(M1, range(10))})
    found = await store.read(["BTCUSDT"], M1, 3 * MINUTE, 5 * MINUTE)
    assert found["BTCUSDT"].open_ms.tolist() == [3 * MINUTE, 4 * MINUTE, 5 * MINUTE]


async def test_writing_again_replaces_every_column_and_keeps_the_others(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    old, new = candles(M1, range(6)), candles(M1, range(2, 4), first_price=900)
    await store.write({("BTCUSDT", M1): old})
    assert await store.write({("BTCUSDT", M1): new}) == 2
    found = (await store.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]
    assert as_columns(found) == as_columns(old.merged(new))


async def test_candles_written_out_of_order_are_read_in_order(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    for opens in ([7, 9], [1, 2], [8], [0]):
        await store.write({("BTCUSDT", M1): candles(M1, opens)})
    found = (await store.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]
    assert (found.open_ms // MINUTE).tolist() == [0, 1, 2, 7, 8, 9]


@given(
    parts=st.lists(st.sets(st.integers(0, 1_000), min_size=1, max_size=300), min_size=1, max_size=4),
    deleted=st.tuples(st.integers(0, 1_000), st.integers(0, 400)),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_order_of_writes_and_deletions_leaves_what_it_would_leave_in_memory(
    database: Database, parts: list[set[int]], deleted: tuple[int, int]
) -> None:
    """Blocks are filled, overlapped, torn and closed again; the last word on each candle counts."""
    store, expected = SqlCandleStore(database, uuid4().hex), Candles.empty(M5)
    for number, opens in enumerate(parts):
        part = candles(M5, sorted(opens), first_price=100.0 * (number + 1))
        assert await store.write({("BTCUSDT", M5): part}) == len(part)
        expected = expected.merged(part)
    first, last = deleted[0] * M5.ms, (deleted[0] + deleted[1]) * M5.ms
    gone = await store.delete("BTCUSDT", M5, first, last)
    kept = expected.between(0, first - 1).merged(expected.between(last + 1, 2**53))
    assert gone == len(expected) - len(kept)
    assert as_columns((await store.read(["BTCUSDT"], M5, *EVER))["BTCUSDT"]) == as_columns(kept)
    assert await store.gaps("BTCUSDT", M5) == kept.gaps()
    spans = [("BTCUSDT", M5, int(kept.open_ms[0]), int(kept.open_ms[-1]), len(kept))] if len(kept) else []
    assert list(await store.spans()) == spans


async def test_a_candle_off_the_grid_of_its_timeframe_is_refused(database: Database) -> None:
    there = candles(M5, [1, 2])
    columns = [getattr(there, name) for name in ("open", "high", "low", "close", "volume")]
    with pytest.raises(StoreError, match="BTCUSDT 5m: a candle does not open on the timeframe's grid"):
        await SqlCandleStore(database, WORLD).write({("BTCUSDT", M5): Candles.trusted(M5, there.open_ms + 1, *columns)})


async def test_empty_series_store_nothing(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    assert await store.write({}) == 0
    assert await store.write({("BTCUSDT", M1): Candles.empty(M1)}) == 0
    assert await store.spans() == ()


async def test_gaps_are_those_of_the_stored_candles(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    stored = candles(M5, [2, 3, 5, 9, 10])
    await store.write(
        {("BTCUSDT", M5): stored, ("ETHUSDT", M5): candles(M5, [4]), ("BTCUSDT", M1): candles(M1, [0, 9])}
    )
    step = M5.ms
    assert await store.gaps("BTCUSDT", M5) == (Gap(4 * step, 4 * step, 1), Gap(6 * step, 8 * step, 3))
    assert await store.gaps("BTCUSDT", M5) == stored.gaps()
    assert await store.gaps("ETHUSDT", M5) == ()
    assert await store.gaps("XRPUSDT", M5) == ()


async def test_spans_list_every_series_by_symbol_and_timeframe(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write(
        {
            ("ETHUSDT", M5): candles(M5, [1, 4]),
            ("BTCUSDT", H1): candles(H1, [3]),
            ("BTCUSDT", M5): candles(M5, [7, 8, 10]),
        }
    )
    assert await store.spans() == (
        ("BTCUSDT", M5, 7 * M5.ms, 10 * M5.ms, 3),
        ("BTCUSDT", H1, 3 * H1.ms, 3 * H1.ms, 1),
        ("ETHUSDT", M5, 1 * M5.ms, 4 * M5.ms, 2),
    )


async def test_many_long_series_are_written_and_read_in_one_go(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    series = {(f"S{number:03d}USDT", M1): candles(M1, range(number, number + 700)) for number in range(60)}
    assert await store.write(series) == 42_000
    symbols = [symbol for symbol, _ in series]
    found = await store.read(symbols, M1, *EVER)
    assert list(found) == symbols
    assert all(as_columns(found[symbol]) == as_columns(series[symbol, M1]) for symbol in symbols)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
async def test_a_number_that_is_not_finite_stores_nothing_of_any_series(database: Database, bad: float) -> None:
    store = SqlCandleStore(database, WORLD)
    broken = candles(M1, range(3))
    volume = np.array([1.0, bad, 1.0])
    columns = (broken.open_ms, broken.open, broken.high, broken.low, broken.close, volume)
    with pytest.raises(StoreError, match="ZZZUSDT 1m: a candle's volume is not a finite number"):
        await store.write({("BTCUSDT", M1): broken, ("ZZZUSDT", M1): Candles.trusted(M1, *columns)})
    assert await store.spans() == ()


async def test_candles_of_another_timeframe_than_their_key_are_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="BTCUSDT: 5m candles cannot be stored as 1m ones"):
        await SqlCandleStore(database, WORLD).write({("BTCUSDT", M1): candles(M5, range(3))})


async def test_a_write_that_the_database_refuses_half_way_leaves_nothing(database: Database) -> None:
    """The last symbol cannot be encoded, so the failure comes from the driver, after the transaction began."""
    store = SqlCandleStore(database, WORLD)
    with pytest.raises(StoreError):
        await store.write({("BTCUSDT", M1): candles(M1, range(3)), ("\ud800", M5): candles(M5, range(3))})
    assert await store.spans() == ()
    assert await store.write({("BTCUSDT", M1): candles(M1, range(3))}) == 3


async def test_deleted_candles_are_gone_at_both_ends_of_the_range_and_no_others(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    kept = {("ETHUSDT", M1): candles(M1, range(10)), ("BTCUSDT", M5): candles(M5, range(3))}
    await store.write({("BTCUSDT", M1): candles(M1, range(10)), **kept})
    assert await store.delete("BTCUSDT", M1, 3 * MINUTE, 5 * MINUTE) == 3
    found = (await store.read(["BTCUSDT"], M1, *EVER))["BTCUSDT"]
    assert (found.open_ms // MINUTE).tolist() == [0, 1, 2, 6, 7, 8, 9]
    assert await store.gaps("BTCUSDT", M1) == (Gap(3 * MINUTE, 5 * MINUTE, 3),)
    for (symbol, timeframe), series in kept.items():
        assert as_columns((await store.read([symbol], timeframe, *EVER))[symbol]) == as_columns(series)


async def test_deleting_what_is_not_there_deletes_nothing(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): candles(M1, range(3))})
    assert await store.delete("XRPUSDT", M1, *EVER) == 0
    assert await store.delete("BTCUSDT", M5, *EVER) == 0
    assert await store.delete("BTCUSDT", M1, 2 * MINUTE, MINUTE) == 0
    assert await store.spans() == (("BTCUSDT", M1, 0, 2 * MINUTE, 3),)


async def test_a_series_deleted_whole_can_be_written_again(database: Database) -> None:
    store = SqlCandleStore(database, WORLD)
    await store.write({("BTCUSDT", M1): candles(M1, range(3))})
    assert await store.delete("BTCUSDT", M1, *EVER) == 3
    assert await store.spans() == ()
    await store.write({("BTCUSDT", M1): candles(M1, [7])})
    assert await store.spans() == (("BTCUSDT", M1, 7 * MINUTE, 7 * MINUTE, 1),)
