"""The switch store: an operator has the last word per key, whoever decides by what was read does not."""

import asyncio

import attrs
import pytest

from mtf_adapters.sql import Database, SqlSwitchStore
from mtf_adapters.sql.schema import switches as table
from mtf_adapters.sql.transactions import changing
from mtf_core.market import Timeframe
from mtf_core.risk import GLOBAL_SWITCH, QueuedSymbol, Switch, SwitchChange, switch_key
from tests.integration.sql.examples import WORLD
from tests.integration.sql.standing import standing


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


BUSY = Switch("BTCUSDT", on=False, until_ms=500, reason="busy", changed_ms=1)
BY_HAND = Switch("BTCUSDT", on=False, until_ms=None, reason="by hand", changed_ms=2)
FREE = Switch("BTCUSDT", on=True, until_ms=None, reason="free again", changed_ms=3)


async def test_a_switch_that_is_as_it_was_read_is_changed(database: Database) -> None:
    store, elsewhere = SqlSwitchStore(database, WORLD), SqlSwitchStore(database, "elsewhere")
    assert await store.change([]) == ()
    assert await store.change([SwitchChange(None, BUSY)]) == (BUSY,)
    assert await store.change([SwitchChange(BUSY, FREE)]) == (FREE,)
    assert await elsewhere.change([SwitchChange(BUSY, FREE)]) == ()
    assert (await store.all(), await elsewhere.all()) == ((FREE,), ())


@pytest.mark.parametrize("before", [None, BUSY, attrs.evolve(BY_HAND, changed_ms=1), attrs.evolve(BY_HAND, until_ms=9)])
async def test_a_switch_that_was_thrown_since_it_was_read_stays_and_the_others_change(
    database: Database, before: Switch | None
) -> None:
    store, other = SqlSwitchStore(database, WORLD), attrs.evolve(BUSY, key="ETHUSDT")
    await store.put([BY_HAND])
    assert await store.change([SwitchChange(before, FREE), SwitchChange(None, other)]) == (other,)
    assert await store.all() == (BY_HAND, other)


async def test_a_switch_that_is_being_thrown_is_waited_for(shared_database: Database) -> None:
    """The operator's transaction is open while the run writes what it decided before."""
    store = SqlSwitchStore(shared_database, WORLD)
    await store.put([BUSY])
    async with standing(shared_database, changing(table.update().values(attrs.asdict(BY_HAND)))):
        change = asyncio.create_task(store.change([SwitchChange(BUSY, FREE)]))
        await asyncio.sleep(0.05)
        assert not change.done()
    assert await change == ()
    assert await store.all() == (BY_HAND,)
