"""The store of keys: the first run that claims a key keeps it, in its own world."""

from attrs import evolve

from mtf_adapters.sql import Database, SqlKeyedRunStore
from mtf_core.records import KeyedRun

FIRST = KeyedRun("a", "run-1", {"symbols": ["BTCUSDT"], "limit": None, "dry_run": True}, 5)


async def test_the_first_run_that_claims_a_key_keeps_it_until_it_gives_it_back(database: Database) -> None:
    store, elsewhere = SqlKeyedRunStore(database, "here"), SqlKeyedRunStore(database, "elsewhere")
    second = evolve(FIRST, run_id="run-2", asked_ms=6)
    assert await store.find("a") is None
    assert await store.claim(FIRST) == FIRST
    assert (await store.find("a"), await elsewhere.find("a"), await store.find("b")) == (FIRST, None, None)
    assert await store.claim(second) == FIRST
    assert await elsewhere.claim(second) == second
    await store.release(second)
    assert await store.claim(second) == FIRST
    await store.release(FIRST)
    assert await store.claim(second) == second
