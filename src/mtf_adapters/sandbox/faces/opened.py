"""A whole exchange behind a face, as one ASGI application: its face, its control route, and the beat of its time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from attrs import frozen

from mtf_adapters.sandbox.faces.control import PREFIX, Control
from mtf_adapters.sandbox.faces.control import Face as ControlledFace
from mtf_adapters.sandbox.faces.http import Receive, Scope, Send
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock, WorldClock

ACCOUNT = "trader"
BALANCE = Decimal(10_000)
BEAT_S = 0.1
_LOG = logging.getLogger("mtf.sandbox")


def world_of(market: Market, clock: WorldClock, rules: VenueRules, balance: Decimal) -> World:
    """The market with an engine of those rules, and in it the one account with its money."""
    world = World(market, MatchingEngine(market.contracts(clock.now_ms()), rules), clock)
    world.do(OpenAccount(ACCOUNT, balance))
    return world


class Face(ControlledFace, Protocol):
    """One venue's words."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


F = TypeVar("F", bound=Face)
C = TypeVar("C")


@frozen(eq=False)
class OpenedSandbox(Generic[F, C]):
    """One exchange with one account."""

    world: World
    face: F
    control: Control
    credential: C

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        is_control = path == PREFIX or path.startswith(PREFIX + "/")
        await (self.control if is_control and scope["type"] == "http" else self.face)(scope, receive, send)

    @asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Moves the world and feeds the streams while time flows; a stepped world moves when it is told to."""
        beat = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            beat.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beat  # raises what broke it, if something did

    async def _beat(self) -> None:
        while not isinstance(self.world.clock, SteppedClock):
            await asyncio.sleep(BEAT_S)
            try:
                self.world.catch_up()
                self.face.push()
            except Exception:
                _LOG.exception("time stands still: the world could not be moved")
                raise

    def addresses(self, address: str) -> dict[str, str]:
        """What a client has to be told, for an address of host and port."""
        raise NotImplementedError
