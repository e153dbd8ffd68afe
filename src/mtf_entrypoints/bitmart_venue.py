"""BitMart as a venue: its key, addresses and world out of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_adapters.bitmart.capabilities import CAPABILITIES
from mtf_adapters.bitmart.hosts import DEFAULT_ENVIRONMENT, HOSTS, Hosts, world_of_hosts
from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import CLOSED, EXCHANGE, NO_KEY, bitmart_venue
from mtf_adapters.online.hosts import HostsError
from mtf_core.ports import Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Settings, SettingsError
from mtf_entrypoints.venue_options import BitmartOptions
from mtf_entrypoints.wire_venue import WireVenue, environment_of, key_of, limiter_of, refuse_the_sandbox_s

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection

_NAME = "BitMart"


def bitmart_of(settings: Settings, machine: Machine, redis: RedisConnection | None = None) -> Venue:
    """The venue of the settings; raises `SettingsError` for what cannot be, or would be silent."""
    refuse_the_sandbox_s(settings)
    environment = environment_of(settings, _NAME, tuple(HOSTS), DEFAULT_ENVIRONMENT)
    hosts, parts = _hosts(settings.bitmart, HOSTS[environment]), key_of(settings.bitmart, _NAME, in_headers=["api_key"])
    key = None if parts is None else Credentials(*parts)
    try:
        world = world_of_hosts(hosts, environment)
    except HostsError as error:
        raise SettingsError(str(error)) from None
    return bitmart_venue(
        environment,
        hosts,
        key,
        machine.wall,
        limiter_of(BUCKETS, EXCHANGE, world, key.digest() if key else "", settings, machine, redis),
        random=machine.random,
        sleep=machine.sleep,
        timer=machine.timer,
        steady=machine.steady(),
    )


def _hosts(options: BitmartOptions, default: Hosts) -> Hosts:
    return Hosts(
        public_api=options.public_api_url or default.public_api,
        private_api=options.private_api_url or default.private_api,
        ws_public=options.ws_public_url or default.ws_public,
        ws_private=options.ws_private_url or default.ws_private,
    )


BITMART = WireVenue(
    exchange=EXCHANGE,
    name=_NAME,
    build=bitmart_of,
    capabilities=CAPABILITIES,
    environments=tuple(HOSTS),
    default_environment=DEFAULT_ENVIRONMENT,
    no_key=NO_KEY,
    options_type=BitmartOptions,
    remark=CLOSED,
)
