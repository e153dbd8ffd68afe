"""The contract store: the whole list at once, every number exact."""

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtf_adapters.sql import Database, SqlContractStore
from mtf_core.market import Contract, ContractStatus
from mtf_core.ports import StoreError
from tests.integration.sql.examples import WORLD, contract, contracts


async def test_a_new_store_holds_no_contracts_and_was_never_synchronised(database: Database) -> None:
    store = SqlContractStore(database, WORLD)
    assert await store.all() == ()
    assert await store.synced_ms() is None


@given(stored=st.lists(contracts(), max_size=3, unique_by=lambda contract: contract.symbol))
@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_contracts_come_back_exactly_and_sorted_by_symbol(database: Database, stored: list[Contract]) -> None:
    store = SqlContractStore(database, WORLD)
    await store.replace_all(stored, synced_ms=1)
    assert await store.all() == tuple(sorted(stored, key=lambda contract: contract.symbol))


async def test_digits_of_a_decimal_survive_with_their_trailing_zeros(database: Database) -> None:
    store = SqlContractStore(database, WORLD)
    many = Decimal("0.12345678901234567890123456789012345")
    await store.replace_all([contract("BTCUSDT", tick_size=Decimal("0.10"), turnover_24h=many)], synced_ms=1)
    (found,) = await store.all()
    assert (str(found.tick_size), found.turnover_24h) == ("0.10", many)


async def test_replacing_removes_what_is_no_longer_listed_and_updates_the_rest(database: Database) -> None:
    store = SqlContractStore(database, WORLD)
    await store.replace_all([contract("BTCUSDT"), contract("LUNAUSDT")], synced_ms=1)
    listed = (contract("BTCUSDT", status=ContractStatus.CLOSE_ONLY), contract("ETHUSDT"))
    await store.replace_all(listed, synced_ms=2)
    assert await store.all() == listed
    assert await store.synced_ms() == 2


async def test_replacing_with_nothing_leaves_nothing_but_the_time(database: Database) -> None:
    store = SqlContractStore(database, WORLD)
    await store.replace_all([contract("BTCUSDT")], synced_ms=1)
    await store.replace_all([], synced_ms=2)
    assert await store.all() == ()
    assert await store.synced_ms() == 2


async def test_a_list_that_cannot_be_stored_leaves_the_old_one_with_its_time(database: Database) -> None:
    store = SqlContractStore(database, WORLD)
    before = (contract("BTCUSDT"), contract("ETHUSDT"))
    await store.replace_all(before, synced_ms=1)
    with pytest.raises(StoreError):
        await store.replace_all([contract("SOLUSDT"), contract("SOLUSDT")], synced_ms=2)
    assert await store.all() == before
    assert await store.synced_ms() == 1
