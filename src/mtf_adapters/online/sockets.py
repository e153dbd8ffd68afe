"""Sockets that are kept open: connect, greet, listen, ping, notice silence, and connect again.

What an exchange says and wants to hear is a `Dialect`; how one stays connected is the same for all.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, Protocol, TypeVar

from attrs import define, field, frozen
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from mtf_core.ending import ended
from mtf_core.ports import Clock, Connected, Disconnected, Silent

Event = TypeVar("Event")
Told_co = TypeVar("Told_co", covariant=True)

_QUIET = logging.getLogger("mtf_adapters.sockets")
_QUIET.setLevel(logging.INFO)
"""The library writes every frame to its log at the level of debugging, the one that logs in with a key among them."""


_HELD_UP_S = 1.0


class RefusedError(Exception):
    """The exchange does not let this socket in, or not to all of what it needs; the message says why."""


class LeavingError(Exception):
    """The exchange has announced that it will close this socket: one connects again before it does."""


@frozen
class Patience:
    """How long one waits for what, in seconds."""

    open_s: float = 10.0
    """For a connection, and again for all answers to the greeting."""
    ping_s: float = 10.0
    dead_s: float = 30.0
    """Without any frame, pongs included: the connection is given up."""
    silent_s: float = 20.0
    """Without a frame that counts: `Silent` is told."""
    stale_s: float = 90.0
    """Without a frame that counts, though pongs come: the connection is given up."""
    again_s: float = 1.0
    """Before the second try to connect at most; doubles with each."""
    longest_again_s: float = 30.0


class Dialect(Protocol[Told_co]):
    """What one socket of an exchange says and hears, connection after connection."""

    url: str
    pongs_count: bool
    """Whether a pong is enough not to be silent: where nothing may happen for hours."""

    async def greet(self, socket: ClientConnection, tell: Callable[[Told_co], Awaitable[None]]) -> None:
        """Logs in and subscribes; returns when everything is confirmed. Raises `RefusedError`."""
        ...

    def ping(self) -> str:
        """A frame that the exchange answers."""
        ...

    def hear(self, frame: str | bytes) -> Sequence[Told_co] | None:
        """The events of a frame; None for one that carries no data (a pong, an acknowledgement).

        Raises `RefusedError` or `LeavingError` where the connection is of no use any more.
        """
        ...


@define(eq=False)
class Turnstile:
    """Lets one connection begin, and the next a while later: where an exchange counts how many begin in a second."""

    interval_s: float
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    timer: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)

    async def __call__(self) -> None:
        now = self.timer()
        begins = max(now, self._next_at)
        self._next_at = begins + self.interval_s
        if begins > now:
            await self.sleep(begins - now)


async def _at_once() -> None:
    """Nobody counts how many connections begin."""


class _Direct(connect):
    """Connects to where it was told to and nowhere else: a redirection would carry a key to another host."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


@define(eq=False)
class _Hub(Generic[Event]):
    """Events of several sockets as one stream, which is connected while every one of them is."""

    clock: Clock
    total: int
    queue: asyncio.Queue[Event | Connected | Disconnected | Silent | BaseException] = field(
        factory=lambda: asyncio.Queue(10_000)
    )
    _up: set[int] = field(factory=set)

    async def up(self, number: int) -> None:
        self._up.add(number)
        if len(self._up) == self.total:
            await self.queue.put(Connected(self.clock.now_ms()))

    async def down(self, number: int, why: str) -> None:
        self._up.discard(number)
        await self.queue.put(Disconnected(self.clock.now_ms(), why))


async def events_of(
    dialects: Sequence[Dialect[Event]],
    clock: Clock,
    patience: Patience,
    *,
    random: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]],
    timer: Callable[[], float] = time.monotonic,
    turnstile: Callable[[], Awaitable[None]] = _at_once,
) -> AsyncIterator[Event | Connected | Disconnected | Silent]:
    """The events of all sockets, for as long as one listens; closing the iterator closes them."""
    hub: _Hub[Event] = _Hub(clock, len(dialects))
    lines = [
        _Line(number, dialect, hub, patience, random, sleep, timer, turnstile)
        for number, dialect in enumerate(dialects)
    ]
    tasks = [asyncio.create_task(line.stay_connected()) for line in lines]
    for task in tasks:
        task.add_done_callback(lambda done: _pass_on(done, hub.queue))
    try:
        while True:
            event = await hub.queue.get()
            if isinstance(event, BaseException):
                raise event
            yield event
    finally:
        await ended(*tasks)


def _pass_on(task: asyncio.Task[None], queue: asyncio.Queue[Any]) -> None:
    """A bug in a line ends the stream loudly."""
    if not task.cancelled() and (error := task.exception()) is not None:
        with suppress(asyncio.QueueFull):
            queue.put_nowait(error)


@define(eq=False)
class _Line(Generic[Event]):
    """One socket of a stream."""

    number: int
    dialect: Dialect[Event]
    hub: _Hub[Event]
    patience: Patience
    random: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    timer: Callable[[], float]
    turnstile: Callable[[], Awaitable[None]]
    _heard_at: float = field(default=0.0, init=False)
    """When the last frame came."""
    _counted_at: float = field(default=0.0, init=False)
    """When the last one came that counts."""
    _given_up: str = field(default="", init=False)

    async def stay_connected(self) -> None:
        failures = 0
        while True:
            await self.turnstile()
            begun = self.timer()
            why = await self._once()
            failures = 0 if self.timer() - begun > self.patience.dead_s else failures + 1
            await self.hub.down(self.number, why)
            longest = min(self.patience.longest_again_s, self.patience.again_s * 2 ** min(failures, 10) / 2)
            await self.sleep(longest * (0.5 + self.random() / 2))

    async def _once(self) -> str:
        """One connection from beginning to end; returns why it ended."""
        self._given_up = ""
        try:
            async with _Direct(
                self.dialect.url,
                logger=_QUIET,
                open_timeout=self.patience.open_s,
                close_timeout=1,
                ping_interval=None,  # the exchange's own pings are what it counts
                max_size=4 * 1024 * 1024,
                proxy=None,
                user_agent_header=None,
                additional_headers={"User-Agent": "mtf-orchestrator"},
            ) as socket:
                await self._listen(socket)
        except ConnectionClosed as error:
            why = f"closed by the exchange ({error.rcvd.code})" if error.rcvd else "the connection broke"
        except (RefusedError, LeavingError) as error:
            why = str(error)
        except TimeoutError:
            why = f"no answer within {self.patience.open_s:g} s"
        except (OSError, WebSocketException) as error:
            why = f"cannot be reached ({type(error).__name__})"
        else:
            why = "closed by the exchange"
        return self._given_up or why

    async def _listen(self, socket: ClientConnection) -> None:
        async with asyncio.timeout(self.patience.open_s):
            await self.dialect.greet(socket, self.hub.queue.put)
        await self.hub.up(self.number)
        heart = asyncio.create_task(self._beat(socket))
        try:
            async for frame in socket:
                self._heard_at = self.timer()
                events = self.dialect.hear(frame)
                if events is not None or self.dialect.pongs_count:
                    self._counted_at = self._heard_at
                for event in events or ():
                    await self.hub.queue.put(event)
        except LeavingError as error:
            self._given_up = str(error)  # and the socket is closed as one that is done with, not as one that failed
        finally:
            await ended(heart)

    async def _beat(self, socket: ClientConnection) -> None:
        """Pings, and notices when nothing comes."""
        pinged = now = self._heard_at = self._counted_at = self.timer()
        told = False
        pause_s = min(1.0, self.patience.ping_s / 4, self.patience.silent_s / 4)
        while True:
            before = now
            await self.sleep(pause_s)
            now = self.timer()
            held_up_s = now - before - pause_s
            if held_up_s > _HELD_UP_S:  # it was this process that nothing moved in: that time is nobody's silence
                self._heard_at += held_up_s
                self._counted_at += held_up_s
                continue
            silent_s = now - self._counted_at
            if now - self._heard_at >= self.patience.dead_s or silent_s >= self.patience.stale_s:
                self._given_up = f"nothing came for {max(now - self._heard_at, silent_s):.0f} s"
                await socket.close()
                return
            told = told and silent_s >= self.patience.silent_s
            if silent_s >= self.patience.silent_s and not told:
                told = True
                await self.hub.queue.put(Silent(self.hub.clock.now_ms(), round(silent_s * 1000)))
            if now - pinged >= self.patience.ping_s:
                pinged = now
                with suppress(ConnectionClosed):
                    await socket.send(self.dialect.ping())
