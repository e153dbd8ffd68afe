"""One Redis, opened from its URL when it is first used."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import SplitResult, parse_qsl, urlsplit

from attrs import field, frozen

if TYPE_CHECKING:
    from redis.asyncio import Redis

Value = TypeVar("Value")

_SCHEMES = ("redis", "rediss", "unix")
_DATABASE = re.compile(r"/?[0-9]*")
_TLS = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
_LOGIN = ("db", "username", "password")
_PARAMETERS = {"redis": _LOGIN, "unix": _LOGIN, "rediss": (*_LOGIN, *_TLS)}
_PATIENCE_S = 2.0


class InvalidRedisUrlError(ValueError):
    """The text is no URL of a Redis; the message shows no part of it, for it may hold a password."""


def _checked(_: object, __: object, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _SCHEMES and bool(parts.hostname or parts.path.strip("/")) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        schemes = ", ".join(f"{scheme}://…" for scheme in _SCHEMES)
        raise InvalidRedisUrlError(f"REDIS_URL is no address of a Redis; write {schemes}")
    _check_database(parts)


def _check_database(parts: SplitResult) -> None:
    """The client takes a database that is no number for 0, and hands on what it does not know."""
    allowed = _PARAMETERS[parts.scheme]
    asked = parse_qsl(parts.query, keep_blank_values=True)
    names = [name for name, _ in asked]
    if not set(names) <= set(allowed) or len(names) != len(set(names)):
        raise InvalidRedisUrlError(
            f"REDIS_URL names a parameter that is not known, or one twice; allowed after the ? are {', '.join(allowed)}"
        )
    by_path = parts.path if parts.scheme != "unix" else ""
    by_name = dict(asked).get("db")
    if not _DATABASE.fullmatch(by_path) or (by_name is not None and not by_name.isdecimal()):
        raise InvalidRedisUrlError("REDIS_URL names a database that is no number; write redis://HOST:PORT/0")
    if by_name is not None and by_path.strip("/"):
        raise InvalidRedisUrlError("REDIS_URL names its database twice; write redis://HOST:PORT/0")


@frozen(eq=False, slots=False)
class RedisConnection:
    """A pool of connections that nothing opens before it is needed."""

    url: str = field(repr=False, validator=_checked)

    @cached_property
    def client(self) -> Redis:
        from redis.asyncio import Redis  # noqa: PLC0415  (0.2 s to import, and most commands use none)

        # Not its default: with a timeout the client writes under `asyncio.wait_for`, where cancellations are lost.
        return Redis.from_url(self.url, socket_timeout=None, socket_connect_timeout=_PATIENCE_S)

    async def answer_of(self, call: Awaitable[Value]) -> Value:
        """What a call of the client gives; raises TimeoutError, an OSError, where that takes too long."""
        async with asyncio.timeout(_PATIENCE_S):
            return await call

    async def close(self) -> None:
        if "client" in self.__dict__:
            await self.client.aclose()
