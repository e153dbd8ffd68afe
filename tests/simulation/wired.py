"""The same exchange behind a face, and the adapter that speaks to it: HTTP in virtual time, without sockets.

A request that left goes its way in a task of nobody, like one on a wire; what goes wrong with it the face does itself.
What one venue has otherwise than another stands in a `Wiring`.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any

import httpx
from attrs import evolve, frozen

from mtf_adapters.limits import BucketTable, Limiter, Unlimited
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.sandbox.faces.http import App, ConnectionDroppedError
from mtf_adapters.sandbox.faults import Fault, FaultPlan, FaultScript
from mtf_adapters.sandbox.faults import FaultKind as WireFault
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_adapters.sandbox.world import World
from mtf_core.market import Capabilities, MarginMode
from mtf_core.ports import ExchangeWorld, Venue
from tests.simulation.faults import FaultKind, Weather
from tests.simulation.processes import leaves
from tests.simulation.virtual import now_s

_OF_ANY_CALL = {
    FaultKind.LOST_REQUEST: (WireFault.LOST_REQUEST, WireFault.RESET),
    FaultKind.LOST_ANSWER: (WireFault.LOST_ANSWER,),
    FaultKind.LATE_REQUEST: (WireFault.LATE_REQUEST,),
    FaultKind.LATE_ANSWER: (WireFault.LATE_ANSWER,),
    FaultKind.SERVER_ERROR: (WireFault.SERVER_ERROR, WireFault.CDN_PAGE),
    FaultKind.SERVER_ERROR_AFTER: (WireFault.SERVER_ERROR_AFTER, WireFault.CDN_PAGE_AFTER),
    FaultKind.GARBLED: (
        WireFault.MALFORMED,
        WireFault.TRUNCATED,
        WireFault.RESET_MID_BODY,
        WireFault.NULL,
        WireFault.NO_DATA,
        WireFault.UNKNOWN_CODE,
    ),
    FaultKind.RATE_LIMITED: (WireFault.RATE_LIMITED,),
    FaultKind.MAINTENANCE: (WireFault.MAINTENANCE,),
}
_OF_READS = {
    FaultKind.STALE_READ: (WireFault.STALE,),
    FaultKind.EMPTY_READ: (WireFault.EMPTY,),
    FaultKind.OTHER_ACCOUNT: (WireFault.OTHER_ACCOUNT,),
}


@frozen
class Words:
    """What a face calls the calls that faults aim at."""

    time: str
    protects: frozenset[str]
    """Those that place or move a stop."""
    cancels: frozenset[str]
    protection_refused: Fault
    cancel_not_found: Fault


class WeatherPlan(FaultPlan):
    """The face's plan of faults: the episode's weather of the moment."""

    def __init__(self, words: Words, weather: Weather, struck: Callable[[FaultKind], None], seed: int) -> None:
        super().__init__(FaultScript(calls=(Fault(kind=WireFault.STALE, probability=0.0),)))  # answers are remembered
        self._words = words
        self._weather = weather
        self._struck = struck
        self._draw = random.Random(f"wired {seed}")

    def of_call(self, endpoint: str, *, writes: bool) -> Fault | None:
        kinds = set(_OF_ANY_CALL) | (set() if writes or endpoint == self._words.time else set(_OF_READS))
        kinds |= {FaultKind.PROTECTION_REFUSED} if endpoint in self._words.protects else set()
        kinds |= {FaultKind.CANCEL_NOT_FOUND} if endpoint in self._words.cancels else set()
        window = self._weather.now(now_s(), frozenset(kinds))
        if window is None:
            return None
        self._struck(window.kind)
        if window.kind is FaultKind.PROTECTION_REFUSED:
            return self._words.protection_refused
        if window.kind is FaultKind.CANCEL_NOT_FOUND:
            return self._words.cancel_not_found
        chosen = self._draw.choice({**_OF_ANY_CALL, **_OF_READS}[window.kind])
        late_s = 300 ** self._draw.random() if chosen is WireFault.LATE_REQUEST else self._draw.uniform(1, 9)
        return Fault(kind=chosen, delay_ms=30_000 if chosen in _LOST else int(late_s * 1000))


_LOST = frozenset({WireFault.LOST_REQUEST, WireFault.LOST_ANSWER})


class Post(httpx.AsyncBaseTransport):
    """Carries requests to the face in virtual time."""

    def __init__(self, face: App, opens: Callable[[httpx.Request], bool], seed: str, entries_take_s: float) -> None:
        self._asgi = httpx.ASGITransport(app=face)
        self._opens = opens
        self._entries_take_s = entries_take_s
        self._random = random.Random(f"post {seed}")

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._way_s())
        trace = request.extensions.get("trace")
        if trace is not None:
            await trace("http11.send_request_headers.started", {})
        status, headers, body = await asyncio.shield(leaves(self._carried(request)))
        return httpx.Response(status, headers=headers, stream=httpx.ByteStream(body))

    async def _carried(self, request: httpx.Request) -> tuple[int, Any, bytes]:
        is_slow = self._entries_take_s and self._opens(request)
        await asyncio.sleep(self._random.uniform(0, self._entries_take_s) if is_slow else self._way_s())
        request.extensions = {}
        try:
            response = await self._asgi.handle_async_request(request)
            body = b"".join([part async for part in response.stream])
        except ConnectionDroppedError as error:
            raise httpx.ReadError("dropped") from error
        except AssertionError as error:
            raise httpx.RemoteProtocolError("the answer broke off") from error
        await asyncio.sleep(self._way_s())
        announced = response.headers.get("content-length")
        if announced is not None and int(announced) != len(body):
            raise httpx.RemoteProtocolError("the answer broke off")
        return response.status_code, response.headers, body

    def _way_s(self) -> float:
        return self._random.choice((0.002, 0.005, 0.02, 0.08))


@frozen(eq=False)
class WiredExchange:
    """A world behind a face, with one account's key."""

    face: App
    secrets: tuple[str, ...]
    opens: Callable[[httpx.Request], bool]
    """Whether a request is an order that opens, or the leverage that is set before it."""
    limits: BucketTable | None
    """What a process counts its calls by; None: the face does not count them."""
    adapter: Callable[[Any, Limiter, Post, random.Random], Venue]
    """The venue as the adapter builds it: of a wall clock, a limiter, a transport and the chance of its retries."""
    fill_key: Callable[[Any], str]
    """How the face names an execution of the engine."""
    forgets_cancelled: bool
    """Whether what ended without an execution is gone at once."""

    def venue(self, wall: Any, seed: str, entries_take_s: float = 0.0) -> Venue:
        """The venue as the adapter gives it to one process; its streams would need sockets, and are left out."""
        limiter = Unlimited() if self.limits is None else LocalBudget(self.limits, now_s)
        post = Post(self.face, self.opens, seed, entries_take_s)
        venue = self.adapter(wall, limiter, post, random.Random(f"retries {seed}"))
        return evolve(venue, streams=None, namespace="simulation", world=ExchangeWorld.LOCAL)


@frozen(eq=False)
class Wiring:
    """A venue's face and adapter, as an episode puts them between the program and the exchange."""

    capabilities: Capabilities
    margin_mode: MarginMode
    words: Words
    rules: Callable[[int], VenueRules]
    """What the engine follows of what a seed draws of everything that is not confirmed of the wire."""
    of: Callable[[World, str, int, int, FaultPlan], WiredExchange]
    """Of a world, its account, the seed, how many processes share the key, and what goes wrong."""
