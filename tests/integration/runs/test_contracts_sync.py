"""Synchronising contracts: the exchange's list replaces the stored one, unless there is nothing on it."""

from __future__ import annotations

import pytest

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import Contract
from mtf_core.ports import ExchangeUnavailableError
from mtf_core.upkeep import stored_contracts, sync_contracts
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


async def test_an_empty_list_is_no_list_and_the_stored_contracts_stay() -> None:
    async with world(eager()) as there:
        before = await sync_contracts(there.environment)
        there.exchange.market = Silent(seed=7, symbols=20)
        with pytest.raises(ExchangeUnavailableError, match="no contract at all"):
            await sync_contracts(there.environment)
        assert len(await stored_contracts(there.environment)) == before.count
