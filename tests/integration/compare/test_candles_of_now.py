"""The candles that a comparison looks at: of the store, then of the archive, and longer ones built from minutes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mtf_adapters.archive import Archive
from mtf_adapters.archive.layout import venue_of_namespace
from mtf_adapters.sql import Database
from mtf_core.market import HOUR_MS, MINUTE_MS, Candles, Timeframe, parse_instant, to_ms
from mtf_core.replay.comparing.candles_of_now import CandlesOfNow
from mtf_entrypoints.candles_of_now import StoreAndArchive
from mtf_entrypoints.stores import build_stores
from tests.unit.archive.series import add

START_MS = to_ms(parse_instant("2026-02-02T00:00Z"))
NAMESPACE = "sandbox-seed-3-12"


def minutes(count: int, price: float = 100.0, from_ms: int = START_MS) -> Candles:
    times = from_ms + MINUTE_MS * np.arange(count)
    close = price + np.arange(count) / 100
    return Candles.checked(
        Timeframe.M1, times, open=close, high=close + 0.5, low=close - 0.5, close=close, volume=np.ones(count)
    )


async def test_longer_candles_that_are_not_stored_are_built_from_minutes_that_are() -> None:
    async with Database.open("memory") as database:
        candles = build_stores(database, NAMESPACE).candles
        whole = minutes(60)
        stored = whole.aggregated(Timeframe.M5)[:3]
        await candles.write({("BTCUSDT", Timeframe.M1): whole, ("BTCUSDT", Timeframe.M5): stored})
        last = START_MS + HOUR_MS - Timeframe.M5.ms
        found = await CandlesOfNow(candles).read(["BTCUSDT", "ETHUSDT"], Timeframe.M5, START_MS, last)
    assert found["BTCUSDT"].open_ms.tolist() == whole.aggregated(Timeframe.M5).open_ms.tolist()
    assert found["BTCUSDT"].close.tolist() == whole.aggregated(Timeframe.M5).close.tolist()
    assert len(found["ETHUSDT"]) == 0


async def test_a_longer_candle_of_which_a_minute_is_missing_stays_missing() -> None:
    async with Database.open("memory") as database:
        candles = build_stores(database, NAMESPACE).candles
        whole = minutes(15)
        await candles.write({("BTCUSDT", Timeframe.M1): whole[whole.open_ms != START_MS + 7 * MINUTE_MS]})
        found = await CandlesOfNow(candles).read(["BTCUSDT"], Timeframe.M5, START_MS, START_MS + 10 * MINUTE_MS)
    assert found["BTCUSDT"].open_ms.tolist() == [START_MS, START_MS + 10 * MINUTE_MS]


async def test_minutes_that_the_store_does_not_hold_come_from_the_archive_of_the_same_world(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "archive")
    for namespace, price in ((NAMESPACE, 100.0), ("another", 900.0)):
        add(archive, "BTCUSDT", minutes(60, price), venue=venue_of_namespace(namespace))
    async with Database.open("memory") as database:
        candles = build_stores(database, NAMESPACE).candles
        own = minutes(10, 200.0, START_MS + 20 * MINUTE_MS)
        await candles.write({("BTCUSDT", Timeframe.M1): own})
        both = StoreAndArchive(candles, archive, NAMESPACE)
        last = START_MS + 59 * MINUTE_MS
        found = (await both.read(["BTCUSDT", "ETHUSDT"], Timeframe.M1, START_MS, last))["BTCUSDT"]
        assert len(found) == 60
        assert found.close[20:30].tolist() == own.close.tolist(), "what the store has counts"
        assert found.close[:20].tolist() == minutes(60).close[:20].tolist()
        longer = await CandlesOfNow(both).read(["BTCUSDT"], Timeframe.M5, START_MS, START_MS + 55 * MINUTE_MS)
    assert len(longer["BTCUSDT"]) == 12
