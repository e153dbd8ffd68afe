"""ATR over stored candles: the percentiles of the values that TA-Lib gives, and holes that stay missing."""

from __future__ import annotations

import numpy as np
import talib

from mtf_adapters.sql import Database
from mtf_core.inquiry import atr_statistics
from mtf_core.market import Candles, Timeframe
from mtf_core.ports import Stores
from mtf_core.records import Selection
from mtf_entrypoints.stores import build_stores

STEP = Timeframe.M5.ms
FIRST = 1_700_000_100_000 // STEP * STEP
WARM_UP = 14
"""Candles before the first ATR."""


def candles(count: int, *, without: tuple[int, ...] = (), base: float = 100.0) -> Candles:
    """Candles whose ranges differ, some of which are missing."""
    places = np.array([place for place in range(count) if place not in without])
    close = base + np.sin(places * 0.7) * 3
    columns = (close, close + 1 + places % 5, close - 1 - places % 3, close, np.ones(len(places)))
    return Candles.checked(Timeframe.M5, (FIRST + places * STEP).tolist(), *columns)


async def stored(database: Database, **series: Candles) -> Stores:
    stores = build_stores(database, "world")
    await stores.candles.write({(symbol, Timeframe.M5): one for symbol, one in series.items()})
    return stores


def ratios(of: Candles) -> list[float]:
    found = talib.ATR(of.high, of.low, of.close, 14) / of.close * 100
    return sorted(found[~np.isnan(found)].tolist())


async def test_percentiles_are_values_of_the_feature_by_nearest_rank() -> None:
    async with Database.open("memory") as database:
        one = candles(300)
        found = await atr_statistics(await stored(database, AUSDT=one), Selection())
    of_all, of_symbol = found.rows
    known = ratios(one)[: 300 - WARM_UP]
    assert (of_symbol.candles, of_symbol.missing) == (len(known), WARM_UP)
    for value, share in ((of_symbol.p50_percent, 50), (of_symbol.p80_percent, 80), (of_symbol.p90_percent, 90)):
        assert value is not None
        np.testing.assert_allclose(value, known[-(-share * len(known) // 100) - 1], rtol=1e-9)
    assert (of_all.symbol, of_all.candles, of_all.p50_percent) == (None, of_symbol.candles, of_symbol.p50_percent)


async def test_after_a_hole_an_atr_is_missing_until_it_is_warm_again() -> None:
    async with Database.open("memory") as database:
        found = await atr_statistics(await stored(database, AUSDT=candles(300, without=(100, 101))), Selection())
    assert (found.rows[0].missing, found.rows[0].candles) == (2 * WARM_UP + 2, 300 - 2 * WARM_UP - 2)
    assert found.rows[0].missing_share == found.rows[0].missing / 300


async def test_a_part_of_the_time_is_warm_from_its_first_candle_on() -> None:
    async with Database.open("memory") as database:
        stores = await stored(database, AUSDT=candles(300), BUSDT=candles(300, base=50.0))
        chosen = Selection(FIRST + 200 * STEP, FIRST + 250 * STEP, symbols=("AUSDT",))
        found = await atr_statistics(stores, chosen)
    assert [(row.symbol, row.candles, row.missing) for row in found.rows] == [(None, 50, 0), ("AUSDT", 50, 0)]
    assert (found.rows[0].first_ms, found.rows[0].last_ms) == (FIRST + 200 * STEP, FIRST + 249 * STEP)


async def test_all_symbols_together_are_told_beside_each_the_most_volatile_first() -> None:
    async with Database.open("memory") as database:
        stores = await stored(database, AUSDT=candles(100), BUSDT=candles(100, base=50.0))
        found = await atr_statistics(stores, Selection())
    assert [(row.symbol, row.candles) for row in found.rows] == [(None, 172), ("BUSDT", 86), ("AUSDT", 86)]


async def test_candles_that_never_become_warm_have_no_percentiles() -> None:
    async with Database.open("memory") as database:
        found = await atr_statistics(await stored(database, AUSDT=candles(5)), Selection())
        nothing = await atr_statistics(await stored(database), Selection(timeframes=(Timeframe.H4,)))
    assert (found.rows[0].candles, found.rows[0].missing, found.rows[0].p50_percent) == (0, 5, None)
    assert nothing.rows == ()
