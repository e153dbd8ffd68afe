"""An exchange on which secrets are planted, and which can be made to say back everything that it was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import Enum, auto
from urllib.parse import quote

from attrs import define, field

from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BALANCE, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.bitmart.signing import Credential
from mtf_adapters.sandbox.faces.control import Control
from mtf_adapters.sandbox.faces.http import Receive, Response, Scope, Send, read_request, send_response
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.faults import FaultPlan
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.matching.commands import Level, OpenAccount, Tick
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import FlowingClock
from mtf_core.market import on_grid_at_or_below
from tests.integration.execution.counter import AT_MS
from tests.integration.secrets.planted import secret

CREDENTIAL = Credential(ACCOUNT, secret("key", "/+="), secret("secret", '"&\\'), secret("memo", " é#"))


class Mood(Enum):
    """How it answers private calls."""

    FRIENDLY = auto()
    REFUSES = auto()
    """With a code that it knows, and everything that it was sent in the message."""
    RAVES = auto()
    """With a code that nobody knows."""
    BREAKS = auto()
    """With a page of a gateway that shows the request."""
    SAYS_NONSENSE = auto()
    """With what it was sent in the place of data."""
    LEADS_AWAY = auto()
    """To an address that holds what it was sent."""
    SILENT = auto()
    """Not at all."""


@define(eq=False)
class Hostile:
    """The sandbox behind its moods, as an ASGI application; it knows the secret and the memo, as an exchange does."""

    sandbox: BitmartSandbox
    mood: Mood = Mood.FRIENDLY
    answered: set[Mood] = field(factory=set)
    """Moods in which somebody called."""

    def show(self, symbol: str, factor: str) -> None:
        """The market is at so many times its price for a moment."""
        world = self.sandbox.world
        price = world.quote(symbol).last * Decimal(factor)
        contract = world.engine.contract(symbol)
        assert contract is not None
        price, size = on_grid_at_or_below(price, contract.tick_size), Decimal(100_000)
        tick = contract.tick_size
        world.happen(Tick(symbol, (Level(price - tick, size),), (Level(price + tick, size),), last=price, mark=price))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_private = scope["type"] == "http" and "/private/" in scope["path"]
        if self.mood is Mood.FRIENDLY or not is_private:
            await self.sandbox(scope, receive, send)
            return
        request = await read_request(scope, receive)
        sent = " ".join((*request.headers.values(), request.body.decode(), CREDENTIAL.secret, CREDENTIAL.memo))
        self.answered.add(self.mood)
        if self.mood is Mood.SILENT:
            await asyncio.sleep(60)
        await send_response(send, _answer(self.mood, sent))


def _answer(mood: Mood, sent: str) -> Response:
    plain = {"Content-Type": "application/json"}

    def document(code: int, data: object) -> bytes:
        return json.dumps({"code": code, "message": sent, "trace": "t", "data": data}).encode()

    match mood:
        case Mood.REFUSES:
            return Response(401, document(30005, None), plain)
        case Mood.RAVES:
            return Response(400, document(49123, sent), plain)
        case Mood.BREAKS:
            return Response(502, f"<html>{sent}</html>".encode(), {"Content-Type": "text/html"})
        case Mood.LEADS_AWAY:
            return Response(302, b"", {"Location": f"http://127.0.0.1:9/?{quote(sent)}"})
        case _:
            return Response(200, document(1000, [{"currency": sent, "equity": sent, "symbol": sent}]), plain)


@asynccontextmanager
async def hostile_exchange() -> AsyncIterator[tuple[Hostile, str]]:
    """One account with a planted key, friendly at first; and its address."""
    market, clock = GeneratedMarket(1, 12), FlowingClock(AT_MS)
    script = parse_script("quirks: {rate_limits: false}")
    world = World(market, MatchingEngine(market.contracts(AT_MS), script.quirks.rules()), clock)
    world.do(OpenAccount(ACCOUNT, BALANCE))
    face = BitmartFace(world, [CREDENTIAL], script.quirks, FaultPlan(script.faults))
    sandbox = BitmartSandbox(world, face, Control(world, face), CREDENTIAL)
    hostile = Hostile(sandbox)
    async with sandbox.beating(), served(hostile) as address:
        yield hostile, address
