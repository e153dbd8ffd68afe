"""Synchronising contracts: the exchange's list replaces the stored one, unless there is nothing on it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import BracketUnit, Contract, ContractStatus
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.upkeep import stored_contracts, sync_contracts
from mtf_core.upkeep.contracts import ContractFacet
from tests.integration.runs.world import MARKET, eager, world


class Silent(GeneratedMarket):
    """A market that answers, with no contract on its list."""

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return ()


async def test_the_exchanges_list_is_stored_with_what_came_and_what_went() -> None:
    async with world(eager()) as there:
        first = await sync_contracts(there.environment)
        assert first.count == len(MARKET.contracts(there.clock.now_ms())) == len(first.added)
        there.exchange.market = GeneratedMarket(seed=7, symbols=12)
        second = await sync_contracts(there.environment)
        assert (second.count, second.added) == (12, ())
        assert len(second.removed) == first.count - 12
        assert len(await stored_contracts(there.environment)) == 12


class Changed(GeneratedMarket):
    """A market that changed the grid and the brackets of one contract, and closed another."""

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return tuple(map(_changed, super().contracts(now_ms)))


def _changed(contract: Contract) -> Contract:
    match contract.symbol:
        case "BTCUSDT":
            tick = contract.tick_size / 10
            return evolve(contract, tick_size=tick, brackets=contract.brackets[:1], turnover_24h=Decimal(1))
        case "ETHUSDT":
            return evolve(contract, status=ContractStatus.CLOSE_ONLY)
        case _:
            return contract


async def test_what_changed_of_a_contract_is_told_and_leaves_a_trace_and_turnover_is_no_change() -> None:
    async with world(eager()) as there:
        assert (await sync_contracts(there.environment)).changed == ()
        assert (await sync_contracts(there.environment)).changed == ()
        there.exchange.market = Changed(seed=7, symbols=20)
        changed = (await sync_contracts(there.environment)).changed
        facets = [(change.symbol, change.facet) for change in changed]
        expected = [
            ("BTCUSDT", ContractFacet.GRID),
            ("BTCUSDT", ContractFacet.BRACKETS),
            ("ETHUSDT", ContractFacet.STATUS),
        ]
        assert facets == expected
        assert (changed[0].before, changed[0].after) == ({"tick_size": "0.1"}, {"tick_size": "0.01"})
        assert changed[2].after == {"status": "close_only"}
        page = await there.stores.audit.history(9, action="contract_changed")
        assert sorted(event.details["facet"] for event in page.items) == ["brackets", "grid", "status"]


class InContracts(GeneratedMarket):
    """A market that states the brackets of one contract in contracts now."""

    def contracts(self, now_ms: int) -> tuple[Contract, ...]:
        return tuple(
            evolve(one, brackets=one.brackets[:1], brackets_in=BracketUnit.CONTRACTS)
            if one.symbol == "BTCUSDT"
            else one
            for one in super().contracts(now_ms)
        )


async def test_brackets_that_mean_something_else_now_have_changed() -> None:
    async with world(eager()) as there:
        await sync_contracts(there.environment)
        there.exchange.market = InContracts(seed=7, symbols=20)
        (change,) = (await sync_contracts(there.environment)).changed
        assert (change.symbol, change.facet) == ("BTCUSDT", ContractFacet.BRACKETS)
        assert (change.before["brackets_in"], change.after["brackets_in"]) == ("notional", "contracts")
        stored = {one.symbol: one.brackets_in for one in await stored_contracts(there.environment)}
        assert stored.pop("BTCUSDT") is BracketUnit.CONTRACTS
        assert set(stored.values()) == {BracketUnit.NOTIONAL}


async def test_an_empty_list_is_no_list_and_the_stored_contracts_stay() -> None:
    async with world(eager()) as there:
        before = await sync_contracts(there.environment)
        there.exchange.market = Silent(seed=7, symbols=20)
        with pytest.raises(ExchangeUnavailableError, match="no contract at all"):
            await sync_contracts(there.environment)
        assert len(await stored_contracts(there.environment)) == before.count
