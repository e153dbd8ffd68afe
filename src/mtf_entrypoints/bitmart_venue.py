"""BitMart as a venue: its key, addresses and world out of the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attrs import fields

from mtf_adapters.bitmart.hosts import DEFAULT_ENVIRONMENT, HOSTS, Hosts, world_of_hosts
from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import EXCHANGE, bitmart_venue
from mtf_adapters.online.hosts import HostsError
from mtf_core.ports import Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import BitmartOptions, SandboxOptions, Settings, SettingsError
from mtf_entrypoints.sharing import build_limiter

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection


def bitmart_of(settings: Settings, machine: Machine, redis: RedisConnection | None = None) -> Venue:
    """The venue of the settings; raises `SettingsError` for what cannot be, or would be silent."""
    _refuse_the_sandbox_s(settings)
    environment = settings.environment or DEFAULT_ENVIRONMENT
    if environment not in HOSTS:
        raise SettingsError(f"MTF_ENVIRONMENT: BitMart has no {environment}; it has: {', '.join(HOSTS)}")
    hosts, key = _hosts(settings.bitmart, HOSTS[environment]), _credentials(settings.bitmart)
    try:
        world = world_of_hosts(hosts, environment)
    except HostsError as error:
        raise SettingsError(str(error)) from None
    place = f"{EXCHANGE}:{world.kind.value}:{world.place}"
    limiter = build_limiter(BUCKETS, place, key.digest() if key else "", settings, redis)
    machine.limited(EXCHANGE, limiter)
    return bitmart_venue(
        environment,
        hosts,
        key,
        machine.wall,
        limiter,
        random=machine.random,
        sleep=machine.sleep,
        timer=machine.timer,
        steady=machine.steady(),
    )


_IN_A_HEADER = re.compile(r"[!-~]+")
"""What a key can be made of: a header carries no other characters as they are."""


def _hosts(options: BitmartOptions, default: Hosts) -> Hosts:
    return Hosts(
        public_api=options.public_api_url or default.public_api,
        private_api=options.private_api_url or default.private_api,
        ws_public=options.ws_public_url or default.ws_public,
        ws_private=options.ws_private_url or default.ws_private,
    )


def _credentials(options: BitmartOptions) -> Credentials | None:
    """The key, or None where nothing of one is set; raises `SettingsError` for a part of one."""
    parts = {
        "BITMART_API_KEY": options.api_key,
        "BITMART_SECRET_KEY": options.secret_key,
        "BITMART_API_MEMO": options.api_memo,
    }
    lacking = [name for name, value in parts.items() if value is None]
    if len(lacking) == len(parts):
        return None
    if lacking:
        raise SettingsError(f"a key of BitMart has three parts; {' and '.join(lacking)} is not set")
    if not _IN_A_HEADER.fullmatch(options.api_key or ""):
        raise SettingsError("BITMART_API_KEY: holds a blank or another character that no key has; it is sent as it is")
    return Credentials(*(value or "" for value in parts.values()))


def _refuse_the_sandbox_s(settings: Settings) -> None:
    """What describes a generated market means nothing here, and nothing is silent."""
    given = settings.sandbox
    for attribute in fields(SandboxOptions):
        if getattr(given, attribute.name) != attribute.default:
            option = {"candle_files": "candles"}.get(attribute.name, attribute.name).replace("_", "-")
            raise SettingsError(f"--{option} describes the sandbox's market; the exchange is {settings.exchange}")
    if settings.at_ms is not None:
        raise SettingsError(f"--at: the exchange {settings.exchange} has no past to visit")
