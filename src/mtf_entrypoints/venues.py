"""The exchanges that can be used, each under (exchange, market type), and how its venue is built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mtf_core.ports import Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.sandbox_venue import sandbox_venue
from mtf_entrypoints.settings import DEFAULT_EXCHANGE, Settings, SettingsError
from mtf_entrypoints.wires import WIRES

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection

VenueBuilder = Callable[[Settings, Machine, "RedisConnection | None"], Venue]
"""What builds a venue: the settings, the machine's time and chance, and the Redis in which its limits may be shared."""


def _sandbox(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    return sandbox_venue(settings, machine)  # it has no limits to share


def _over_a_wire(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    return WIRES[settings.exchange]().build(settings, machine, redis)


def _paper(settings: Settings, machine: Machine, redis: RedisConnection | None) -> Venue:
    from mtf_entrypoints.paper import paper_of  # noqa: PLC0415  (the engine and HTTP, only where they are used)

    return paper_of(settings, machine, redis)


VENUES: Mapping[tuple[str, str], VenueBuilder] = {
    (DEFAULT_EXCHANGE, "perpetual"): _sandbox,
    **{(exchange, "perpetual"): _over_a_wire for exchange in WIRES},
}


def build_venue(settings: Settings, machine: Machine, redis: RedisConnection | None = None) -> Venue:
    """The venue of the settings; raises `SettingsError` for one that is not registered or cannot be built."""
    builder = VENUES.get((settings.exchange, settings.market_type))
    if builder is None:
        known = ", ".join(f"{exchange} ({market_type})" for exchange, market_type in VENUES)
        raise SettingsError(f"unknown exchange {settings.exchange!r} ({settings.market_type}); known: {known}")
    return (_paper if settings.paper else builder)(settings, machine, redis)
