"""Contracts: synchronised from the exchange, read from the store."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import frozen

from mtf_core.market import MINUTE_MS, Contract
from mtf_core.ports import Environment, ExchangeUnavailableError, MarketData
from mtf_core.records import AuditEvent, JsonObject


class ContractFacet(StrEnum):
    """What of a contract may change under those who trade it."""

    STATUS = "status"
    """Trading, for closing only, delisted."""
    GRID = "grid"
    """Tick, size step, size of a contract: plans made on the old grid do not fit any more."""
    LIMITS = "limits"
    """Least and largest sizes, least notional, leverage, expiry."""
    BRACKETS = "brackets"
    FEES = "fees"


_FIELDS: Mapping[ContractFacet, tuple[str, ...]] = {
    ContractFacet.STATUS: ("status",),
    ContractFacet.GRID: ("tick_size", "size_step", "contract_size"),
    ContractFacet.LIMITS: (
        *("min_size", "max_size", "max_market_size", "min_notional"),
        *("min_leverage", "max_leverage", "expires_at_ms"),
    ),
    ContractFacet.BRACKETS: ("brackets", "brackets_in"),
    ContractFacet.FEES: ("maker_fee", "taker_fee"),
}


@frozen
class ContractChange:
    """One facet of a contract that changed; `before` and `after` name the fields and their values."""

    symbol: str
    facet: ContractFacet
    before: Mapping[str, str]
    after: Mapping[str, str]


@frozen
class ContractSync:
    """What a synchronisation changed."""

    count: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    synced_ms: int
    changed: tuple[ContractChange, ...] = ()


def changes_between(before: Contract, after: Contract) -> tuple[ContractChange, ...]:
    """What changed of one contract, turnover apart: it changes all the time."""
    changes = []
    for facet, names in _FIELDS.items():
        differing = [name for name in names if getattr(before, name) != getattr(after, name)]
        if differing:
            was, now = ({name: _text(getattr(one, name)) for name in differing} for one in (before, after))
            changes.append(ContractChange(after.symbol, facet, was, now))
    return tuple(changes)


def _text(value: object) -> str:
    """A number as it is written, brackets as notional caps with their leverage."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, tuple):
        return ", ".join(f"{bracket.notional_cap:f} x{bracket.max_leverage:f}" for bracket in value)
    return str(value)


async def sync_contracts(environment: Environment) -> ContractSync:
    """Replaces the stored contracts by the exchange's list."""
    return await _sync(environment, environment.venue.market)


async def _sync(environment: Environment, market: MarketData) -> ContractSync:
    now_ms = environment.venue.clock.now_ms()
    listed = await market.contracts()
    if not listed:
        raise ExchangeUnavailableError("the exchange lists no contract at all; the stored ones are kept")
    stored = {contract.symbol: contract for contract in await environment.stores.contracts.all()}
    current = {contract.symbol: contract for contract in listed}
    changed = tuple(
        change
        for symbol in sorted(stored.keys() & current.keys())
        for change in changes_between(stored[symbol], current[symbol])
    )
    await environment.stores.contracts.replace_all(listed, now_ms)
    added, removed = sorted(current.keys() - stored.keys()), sorted(stored.keys() - current.keys())
    done = ContractSync(len(listed), tuple(added), tuple(removed), now_ms, changed)
    await environment.stores.audit.append(_events(done))
    return done


def _events(done: ContractSync) -> list[AuditEvent]:
    """One of the synchronisation, and one of each change."""
    counts: JsonObject = {
        "count": done.count,
        "added": len(done.added),
        "removed": len(done.removed),
        "changed": len({change.symbol for change in done.changed}),
    }
    events = [AuditEvent(done.synced_ms, "run", "contracts_synced", "contracts", counts)]
    for change in done.changed:
        details: JsonObject = {"facet": str(change.facet), "before": dict(change.before), "after": dict(change.after)}
        events.append(AuditEvent(done.synced_ms, "run", "contract_changed", change.symbol, details))
    return events


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
