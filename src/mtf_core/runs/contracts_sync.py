"""Contracts: synchronised from the exchange, read from the store."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import MINUTE_MS, Contract
from mtf_core.ports import AuditEvent, ExchangeUnavailableError, MarketData
from mtf_core.runs.context import RunContext


@frozen
class ContractSync:
    """What a synchronisation changed."""

    count: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    synced_ms: int


async def sync_contracts(context: RunContext) -> ContractSync:
    """Replaces the stored contracts by the exchange's list."""
    return await _sync(context, context.venue.market)


async def _sync(context: RunContext, market: MarketData) -> ContractSync:
    now_ms = context.venue.clock.now_ms()
    listed = await market.contracts()
    if not listed:
        raise ExchangeUnavailableError("the exchange lists no contract at all; the stored ones are kept")
    stored = {contract.symbol for contract in await context.stores.contracts.all()}
    current = {contract.symbol for contract in listed}
    await context.stores.contracts.replace_all(listed, now_ms)
    done = ContractSync(len(listed), tuple(sorted(current - stored)), tuple(sorted(stored - current)), now_ms)
    details = {"count": done.count, "added": len(done.added), "removed": len(done.removed)}
    await context.stores.audit.append([AuditEvent(now_ms, "run", "contracts_synced", "contracts", details)])
    return done


async def stored_contracts(context: RunContext) -> tuple[Contract, ...]:
    """The contracts as last synchronised; empty when they never were."""
    return await context.stores.contracts.all()


async def current_contracts(context: RunContext, market: MarketData, refresh_minutes: int) -> tuple[Contract, ...]:
    """The stored contracts, synchronised first when they are older than the settings allow.

    An instant before the last synchronisation needs its own: contracts are as of the venue's clock.
    """
    synced_ms = await context.stores.contracts.synced_ms()
    age_ms = None if synced_ms is None else context.venue.clock.now_ms() - synced_ms
    if age_ms is None or not 0 <= age_ms < refresh_minutes * MINUTE_MS:
        await _sync(context, market)
    return await context.stores.contracts.all()
