"""The stages of a run, one after the other, over the symbols that it chose."""

from __future__ import annotations

from contextlib import suppress

from mtf_core.execution import Desk
from mtf_core.ports import PortError
from mtf_core.runs.account import sync_account
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.admission import admit_symbols, lock_symbols
from mtf_core.runs.deciding import RunCache, decide
from mtf_core.runs.entries import simulate_entries
from mtf_core.runs.findings import Findings
from mtf_core.runs.placing import place_entries
from mtf_core.runs.universe import Universe
from mtf_core.upkeep.zones import settle_zones


async def stages_of(run: ActiveRun, desk: Desk | None, cache: RunCache, universe: Universe) -> Findings:
    """Locks, account, busy filter, decisions, and entries: planned alone, or placed where there is a desk."""
    locked = await lock_symbols(run, universe.contracts)
    account = await sync_account(run)
    admitted = await admit_symbols(run, locked.contracts, account)
    decided = await decide(run, cache, admitted.contracts)
    contracts = {contract.symbol: contract for contract in admitted.contracts}
    ready = decided.ready()
    if desk is None:
        entries = await simulate_entries(run, cache, ready, contracts, account)
    else:
        entries = await place_entries(run, desk, cache, ready, contracts, account)
    return Findings(universe, locked, account, admitted, decided, entries)


async def settle_earlier(run: ActiveRun) -> None:
    """Stores what became of the zone events of earlier runs: the minutes since then are stored by now."""
    with run.watch.stage("zones"):
        stores, carry_ms = run.environment.stores, run.profile.trading.carry_ms(run.environment.venue.exchange)
        workers = run.request.workers
        await settle_zones(
            stores.zones, stores.candles, run.exchange, run.instant_ms, carry_ms=carry_ms, workers=workers
        )


async def put_back(run: ActiveRun, universe: Universe) -> None:
    """Symbols that waited for this run wait for the next one: no run has looked at them yet."""
    with suppress(PortError):
        for queued in universe.queued:
            await run.environment.stores.switches.queue(queued)
