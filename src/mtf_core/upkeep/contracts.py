"""Contracts: synchronised from the exchange, read from the store."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import MINUTE_MS, Contract
from mtf_core.ports import Environment, ExchangeUnavailableError, MarketData
from mtf_core.records import AuditEvent


@frozen
class ContractSync:
    """What a synchronisation changed."""

    count: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    synced_ms: int


async def sync_contracts(environment: Environment) -> ContractSync:
    """Replaces the stored contracts by the exchange's list."""
    return await _sync(environment, environment.venue.market)


async def _sync(environment: Environment, market: MarketData) -> ContractSync:
    now_ms = environment.venue.clock.now_ms()
    listed = await market.contracts()
    if not listed:
        raise ExchangeUnavailableError("the exchange lists no contract at all; the stored ones are kept")
    stored = {contract.symbol for contract in await environment.stores.contracts.all()}
    current = {contract.symbol for contract in listed}
    await environment.stores.contracts.replace_all(listed, now_ms)
    done = ContractSync(len(listed), tuple(sorted(current - stored)), tuple(sorted(stored - current)), now_ms)
    details = {"count": done.count, "added": len(done.added), "removed": len(done.removed)}
    await environment.stores.audit.append([AuditEvent(now_ms, "run", "contracts_synced", "contracts", details)])
    return done


async def stored_contracts(environment: Environment) -> tuple[Contract, ...]:
    """The contracts as last synchronised; empty when they never were."""
    return await environment.stores.contracts.all()


async def current_contracts(environment: Environment, market: MarketData, refresh_minutes: int) -> tuple[Contract, ...]:
    """The stored contracts, synchronised first when they are older than the settings allow.

    An instant before the last synchronisation needs its own: contracts are as of the venue's clock.
    """
    synced_ms = await environment.stores.contracts.synced_ms()
    age_ms = None if synced_ms is None else environment.venue.clock.now_ms() - synced_ms
    if age_ms is None or not 0 <= age_ms < refresh_minutes * MINUTE_MS:
        await _sync(environment, market)
    return await environment.stores.contracts.all()
