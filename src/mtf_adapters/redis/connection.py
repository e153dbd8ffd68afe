"""One Redis, opened from its URL when it is first used."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import field, frozen

if TYPE_CHECKING:
    from redis.asyncio import Redis

_SCHEMES = ("redis", "rediss", "unix")
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


@frozen(eq=False, slots=False)
class RedisConnection:
    """A pool of connections that nothing opens before it is needed."""

    url: str = field(repr=False, validator=_checked)

    @cached_property
    def client(self) -> Redis:
        from redis.asyncio import Redis  # noqa: PLC0415  (0.2 s to import, and most commands use none)

        return Redis.from_url(self.url, socket_timeout=_PATIENCE_S, socket_connect_timeout=_PATIENCE_S)

    async def close(self) -> None:
        if "client" in self.__dict__:
            await self.client.aclose()
