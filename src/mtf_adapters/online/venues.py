"""What is the same of every exchange that is met over a network: its world in words, and the connection to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

from mtf_adapters.online.hosts import HostWorld, World
from mtf_core.ending import ended
from mtf_core.ports import ExchangeError, ExchangeWorld

WORLDS = {
    HostWorld.SANDBOX: ExchangeWorld.LOCAL,
    HostWorld.DEMO: ExchangeWorld.DEMO,
    HostWorld.LIVE: ExchangeWorld.LIVE,
}

_CONNECT_S = 3.0
"""How long the first look at the exchange's clock may take; a process that only reads its store starts without it."""
_MEASURE_S = 30.0
_MEASURE_SANDBOX_S = 0.5
"""A sandbox's time may be moved by hand."""

Sleep = Callable[[float], Awaitable[None]]


class Timed(Protocol):
    """A client that can read the exchange's clock."""

    async def measure_time(self) -> int: ...

    async def aclose(self) -> None: ...


def label_of(exchange: str, world: World) -> str:
    """Which world it is, for a person; `exchange` as it is written."""
    if world.kind is HostWorld.SANDBOX:
        return f"sandbox that speaks as {exchange}, at {world.place}"
    return (
        f"demo of {exchange}, play money" if world.kind is HostWorld.DEMO else f"live exchange {exchange}, real money"
    )


def namespace_of(name: str, world: World) -> str:
    """Sandboxes are told apart by where they are: what they serve, their addresses do not tell."""
    return f"{name}-{world.kind.value}" + (f"-{world.place}" if world.place else "")


def connection_of(rest: Timed, sleep: Sleep, *, is_sandbox: bool) -> Callable[[], AbstractAsyncContextManager[None]]:
    """What is open while a venue is used: the exchange's clock is read at first, and again and again."""

    @asynccontextmanager
    async def connection() -> AsyncIterator[None]:
        # An exchange that does not answer keeps no process from starting: each of its calls will say so.
        with suppress(ExchangeError, TimeoutError):
            async with asyncio.timeout(_CONNECT_S):
                await rest.measure_time()
                for _ in range(2 if is_sandbox else 1):  # the first call's round trip holds the handshake, too
                    await sleep(0.1 if is_sandbox else 0)
                    await rest.measure_time()
        keeper = asyncio.create_task(_keep_time(rest, sleep, _MEASURE_SANDBOX_S if is_sandbox else _MEASURE_S))
        try:
            yield
        finally:
            await ended(keeper)
            await rest.aclose()

    return connection


async def _keep_time(rest: Timed, sleep: Sleep, pause_s: float) -> None:
    while True:
        await sleep(pause_s)
        with suppress(ExchangeError):
            await rest.measure_time()
