"""The switch store: the last word per key."""

from mtf_adapters.sql import Database, SqlSwitchStore
from mtf_core.market import Timeframe
from mtf_core.risk import GLOBAL_SWITCH, QueuedSymbol, Switch, switch_key
from tests.integration.sql.examples import WORLD


async def test_switches_come_back_sorted_by_key_whether_expired_or_not(database: Database) -> None:
    store = SqlSwitchStore(database, WORLD)
    kill = Switch(GLOBAL_SWITCH, on=False, until_ms=None, reason="kill", changed_ms=3)
    pair = Switch(switch_key("BTCUSDT", Timeframe.M5), on=True, until_ms=None, reason="", changed_ms=1)
    symbol = Switch(switch_key("BTCUSDT"), on=False, until_ms=2, reason="busy", changed_ms=1)
    assert await store.all() == ()
    await store.put([kill, pair, symbol])
    assert await store.all() == (symbol, pair, kill)


async def test_putting_a_switch_again_replaces_all_of_it(database: Database) -> None:
    store = SqlSwitchStore(database, WORLD)
    other = Switch("ETHUSDT", on=False, until_ms=9, reason="order", changed_ms=1)
    await store.put([Switch("BTCUSDT", on=False, until_ms=500, reason="busy", changed_ms=1), other])
    again = Switch("BTCUSDT", on=True, until_ms=None, reason="free", changed_ms=2)
    await store.put([again])
    assert await store.all() == (again, other)


async def test_of_one_key_put_twice_at_once_the_last_wins(database: Database) -> None:
    store = SqlSwitchStore(database, WORLD)
    first = Switch("BTCUSDT", on=False, until_ms=500, reason="busy", changed_ms=1)
    last = Switch("BTCUSDT", on=True, until_ms=None, reason="free", changed_ms=2)
    await store.put([first, last])
    assert await store.all() == (last,)


async def test_putting_nothing_changes_nothing(database: Database) -> None:
    store = SqlSwitchStore(database, WORLD)
    await store.put([])
    assert await store.all() == ()


async def test_a_queued_symbol_is_taken_once_and_by_its_own_world(database: Database) -> None:
    store, elsewhere = SqlSwitchStore(database, WORLD), SqlSwitchStore(database, "elsewhere")
    assert await store.take_queued() == ()
    for symbol, at in (("ETHUSDT", 1), ("BTCUSDT", 2), ("ETHUSDT", 3)):
        await store.queue(QueuedSymbol(symbol, at, "operator"))
    waiting = (QueuedSymbol("BTCUSDT", 2, "operator"), QueuedSymbol("ETHUSDT", 3, "operator"))
    assert await store.queued() == waiting
    assert await elsewhere.take_queued() == ()
    assert await store.take_queued() == waiting
    assert await store.take_queued() == await store.queued() == ()
