"""What every exchange that is reached over a wire has in common when it is built out of the settings."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import fields, frozen

from mtf_core.market import Capabilities
from mtf_core.ports import Venue
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError
from mtf_entrypoints.sharing import build_limiter
from mtf_entrypoints.venue_options import VenueOptions

if TYPE_CHECKING:
    from mtf_adapters.limits import BucketTable, Limiter
    from mtf_adapters.online.hosts import World
    from mtf_adapters.redis import RedisConnection


@frozen
class WireVenue:
    """An exchange that is reached over a wire: how it is built, and what can be told of it without asking it."""

    exchange: str
    name: str
    """As the exchange writes itself."""
    build: Callable[[Settings, Machine, RedisConnection | None], Venue]
    """Raises `SettingsError` for what cannot be, or would be silent."""
    capabilities: Capabilities
    environments: tuple[str, ...]
    default_environment: str
    no_key: str
    """The remark of a venue that was built without a key."""
    options_type: type[VenueOptions]
    remark: str = ""
    """What a person should know before choosing it."""

    def options(self, settings: Settings) -> VenueOptions:
        """What is set of this exchange: `Settings` has it under the exchange's name."""
        options: VenueOptions = getattr(settings, self.exchange)
        return options


_IN_A_HEADER = re.compile(r"[!-~]+")
"""What a key can be made of: a header carries no other characters as they are."""


def environment_of(settings: Settings, name: str, environments: Sequence[str], default: str) -> str:
    """Which of the exchange's worlds is meant; raises `SettingsError` for one that it does not have."""
    environment = settings.environment or default
    if environment not in environments:
        raise SettingsError(f"MTF_ENVIRONMENT: {name} has no {environment}; it has: {', '.join(environments)}")
    return environment


def key_of(options: VenueOptions, name: str, *, in_headers: Sequence[str]) -> tuple[str, ...] | None:
    """The parts of the key, or None where none is set; raises `SettingsError` for some of them without the others.

    `in_headers` names the parts that are sent in a header as they are.
    """
    parts = options.key_parts
    lacking = [variable for variable, part in parts.items() if part is None]
    if len(lacking) == len(parts):
        return None
    if lacking:
        raise SettingsError(f"a key of {name} has three parts; {' and '.join(lacking)} is not set")
    for part in in_headers:
        variable = options.variable(part)
        if not _IN_A_HEADER.fullmatch(parts[variable] or ""):
            raise SettingsError(f"{variable}: holds a blank or another character that no key has; it is sent as it is")
    return tuple(part or "" for part in parts.values())


def limiter_of(
    table: BucketTable,
    exchange: str,
    world: World,
    key: str,
    settings: Settings,
    machine: Machine,
    redis: RedisConnection | None,
) -> Limiter:
    """The budget of the exchange's limits at this place; `key` is a name of the key that does not tell it."""
    limiter = build_limiter(table, f"{exchange}:{world.kind.value}:{world.place}", key, settings, redis)
    machine.limited(exchange, limiter)
    return limiter


def refuse_the_sandbox_s(settings: Settings) -> None:
    """What describes a generated market means nothing at a real exchange, and nothing is silent."""
    given = settings.sandbox
    for attribute in fields(SandboxOptions):
        if getattr(given, attribute.name) != attribute.default:
            option = {"candle_files": "candles"}.get(attribute.name, attribute.name).replace("_", "-")
            raise SettingsError(f"--{option} describes the sandbox's market; the exchange is {settings.exchange}")
    if settings.at_ms is not None:
        raise SettingsError(f"--at: the exchange {settings.exchange} has no past to visit")
