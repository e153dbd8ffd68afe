"""A whole exchange behind BitMart's face, put together: market, engine, world, keys, control route."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.script import Script
from mtf_adapters.sandbox.faces.bitmart.signing import Credential
from mtf_adapters.sandbox.faces.bitmart.streams import PRIVATE_PATH, PUBLIC_PATH
from mtf_adapters.sandbox.faces.control import PREFIX, Control
from mtf_adapters.sandbox.faces.http import Receive, Scope, Send
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import OpenAccount
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock, WorldClock

ACCOUNT = "trader"
BALANCE = Decimal(10_000)
BEAT_S = 0.1
_PROTOCOL = "?protocol=1.1"
_LOG = logging.getLogger("mtf.sandbox")


@frozen(eq=False)
class BitmartSandbox:
    """One exchange with one account, as an ASGI application."""

    world: World
    face: BitmartFace
    control: Control
    credential: Credential

    @classmethod
    def of(
        cls,
        market: Market,
        clock: WorldClock,
        *,
        seed: int = 1,
        balance: Decimal = BALANCE,
        script: Script | None = None,
        machine_s: Callable[[], float] = time.monotonic,
    ) -> BitmartSandbox:
        """The account's keys follow from the seed; `machine_s` is the time by which requests are counted."""
        script = script or Script()
        engine = MatchingEngine(market.contracts(clock.now_ms()), script.quirks.rules())
        world = World(market, engine, clock)
        world.do(OpenAccount(ACCOUNT, balance))
        credential = Credential.of_seed(ACCOUNT, seed)
        face = BitmartFace(world, [credential], script.quirks, FaultPlan(script.faults), machine_s)
        return cls(world, face, Control(world, face), credential)

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
        return {
            "face": "bitmart",
            "rest": f"http://{address}",
            "ws_public": f"ws://{address}{PUBLIC_PATH}{_PROTOCOL}",
            "ws_private": f"ws://{address}{PRIVATE_PATH}{_PROTOCOL}",
            "control": f"http://{address}{PREFIX}",
            "key": self.credential.key,
            "secret": self.credential.secret,
            "memo": self.credential.memo,
        }
