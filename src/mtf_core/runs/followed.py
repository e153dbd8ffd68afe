"""Which symbols a process follows that serves runs: those that a run of the profile could choose."""

from __future__ import annotations

from collections.abc import Sequence

from mtf_core.ports import Environment
from mtf_core.risk import Switchboard
from mtf_core.runs.admission import listed_of
from mtf_core.runs.universe import select_universe
from mtf_core.upkeep.contracts import current_contracts


async def followed_symbols(
    environment: Environment, profile: str | None, symbols: Sequence[str] = ()
) -> tuple[str, ...]:
    """The given symbols, or those that the profile's settings select, switched off or not.

    Raises `NotFoundError` when a given symbol has no contract.
    """
    settings = environment.profiles(profile).contracts.selection
    contracts = await current_contracts(environment, environment.venue.market, settings.refresh_interval_minutes)
    if symbols:
        return tuple(contract.symbol for contract in listed_of(symbols, contracts))
    now_ms = environment.venue.clock.now_ms()
    return select_universe(settings, contracts, Switchboard({}, now_ms), now_ms).symbols
