"""OKX as a venue: its key, region, product, addresses and world out of the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_adapters.okx.capabilities import CAPABILITIES
from mtf_adapters.okx.hosts import (
    DEFAULT_ENVIRONMENT,
    DEFAULT_REGION,
    ENVIRONMENTS,
    HOSTS,
    Hosts,
    world_of_hosts,
)
from mtf_adapters.okx.limits import BUCKETS
from mtf_adapters.okx.products import PRODUCTS, SWAP, XPERP
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.venue import EXCHANGE, NO_KEY, okx_venue
from mtf_adapters.online.hosts import HostsError
from mtf_core.ports import Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import Settings, SettingsError
from mtf_entrypoints.venue_options import OkxOptions
from mtf_entrypoints.wire_venue import WireVenue, environment_of, key_of, limiter_of, refuse_the_sandbox_s

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection

_NAME = "OKX"
_SOLD = {"global": SWAP, "eea": XPERP, "us": SWAP}
"""What is traded in a region where no product is named: accounts of the EEA get no swaps in USDT."""


def okx_of(settings: Settings, machine: Machine, redis: RedisConnection | None = None) -> Venue:
    """The venue of the settings; raises `SettingsError` for what cannot be, or would be silent."""
    refuse_the_sandbox_s(settings)
    options = settings.okx
    environment = environment_of(settings, _NAME, ENVIRONMENTS, DEFAULT_ENVIRONMENT)
    region = options.region or DEFAULT_REGION
    product = PRODUCTS[options.product] if options.product else _SOLD[region]
    hosts = _hosts(options, HOSTS[region, environment])
    parts = key_of(options, _NAME, in_headers=["api_key", "passphrase"])
    key = None if parts is None else Credentials(*parts)
    try:
        world = world_of_hosts(hosts, region, environment)
    except HostsError as error:
        raise SettingsError(str(error)) from None
    return okx_venue(
        environment,
        region,
        product,
        hosts,
        key,
        machine.wall,
        limiter_of(BUCKETS, EXCHANGE, world, key.digest() if key else "", settings, machine, redis),
        random=machine.random,
        sleep=machine.sleep,
        timer=machine.timer,
        steady=machine.steady(),
    )


def _hosts(options: OkxOptions, default: Hosts) -> Hosts:
    return Hosts(
        rest=options.rest_url or default.rest,
        ws_public=options.ws_public_url or default.ws_public,
        ws_business=options.ws_business_url or default.ws_business,
        ws_private=options.ws_private_url or default.ws_private,
    )


OKX = WireVenue(
    exchange=EXCHANGE,
    name=_NAME,
    build=okx_of,
    capabilities=CAPABILITIES,
    environments=ENVIRONMENTS,
    default_environment=DEFAULT_ENVIRONMENT,
    no_key=NO_KEY,
    options_type=OkxOptions,
)
