"""The same exchange behind BitMart's face, and the adapter that speaks to it: HTTP in virtual time, without sockets.

A request that left goes its way in a task of nobody, like one on a wire; what goes wrong with it the face does itself.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

import httpx
from attrs import evolve, frozen

from mtf_adapters.bitmart.hosts import HOSTS
from mtf_adapters.bitmart.limits import BUCKETS
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.venue import bitmart_venue
from mtf_adapters.limits import Unlimited
from mtf_adapters.limits.local import LocalBudget
from mtf_adapters.sandbox.faces.bitmart.face import BitmartFace
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks, drawn_quirks
from mtf_adapters.sandbox.faces.bitmart.signing import Credential
from mtf_adapters.sandbox.faces.http import ConnectionDroppedError
from mtf_adapters.sandbox.faults import Fault, FaultPlan, FaultScript
from mtf_adapters.sandbox.faults import FaultKind as WireFault
from mtf_adapters.sandbox.world import World
from mtf_core.ports import ExchangeWorld, Venue
from tests.simulation.faults import FaultKind, Weather
from tests.simulation.processes import leaves
from tests.simulation.virtual import now_s

_PROTECTS = frozenset({"submit-tp-sl-order", "modify-tp-sl-order", "submit-plan-order", "modify-plan-order"})
_CANCELS = frozenset({"cancel-order", "cancel-plan-order"})
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


def quirks_of(seed: int, processes: int = 1) -> Quirks:
    """What a seed draws of everything that is not confirmed of the wire.

    In half of them requests are counted, and who sends too many is refused, and banned if that goes on. Several
    processes with one key would have to share their budget, which they do not here.
    """
    is_counted = processes == 1 and random.Random(f"limits {seed}").random() < 0.5
    return evolve(drawn_quirks(seed), rate_limits=is_counted, clock_skew_ms=0, stream_delay_ms=0)


class WeatherPlan(FaultPlan):
    """The face's plan of faults: the episode's weather of the moment."""

    def __init__(self, weather: Weather, struck: Callable[[FaultKind], None], seed: int) -> None:
        super().__init__(FaultScript(calls=(Fault(kind=WireFault.STALE, probability=0.0),)))  # answers are remembered
        self._weather = weather
        self._struck = struck
        self._draw = random.Random(f"wired {seed}")

    def of_call(self, endpoint: str, *, writes: bool) -> Fault | None:
        kinds = set(_OF_ANY_CALL) | (set() if writes or endpoint == "time" else set(_OF_READS))
        kinds |= {FaultKind.PROTECTION_REFUSED} if endpoint in _PROTECTS else set()
        kinds |= {FaultKind.CANCEL_NOT_FOUND} if endpoint in _CANCELS else set()
        window = self._weather.now(now_s(), frozenset(kinds))
        if window is None:
            return None
        self._struck(window.kind)
        if window.kind is FaultKind.PROTECTION_REFUSED:
            return Fault(kind=WireFault.REFUSED, status=400, code=40012, text="drawn")
        if window.kind is FaultKind.CANCEL_NOT_FOUND:
            return Fault(kind=WireFault.REFUSED, status=400, code=40035, text="The order is not exist")
        chosen = self._draw.choice({**_OF_ANY_CALL, **_OF_READS}[window.kind])
        late_s = 300 ** self._draw.random() if chosen is WireFault.LATE_REQUEST else self._draw.uniform(1, 9)
        return Fault(kind=chosen, delay_ms=30_000 if chosen in _LOST else int(late_s * 1000))


_LOST = frozenset({WireFault.LOST_REQUEST, WireFault.LOST_ANSWER})


class Post(httpx.AsyncBaseTransport):
    """Carries requests to the face in virtual time."""

    def __init__(self, face: BitmartFace, seed: str, entries_take_s: float = 0.0) -> None:
        self._asgi = httpx.ASGITransport(app=face)
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
        is_slow = self._entries_take_s and _is_of_an_entry(request)
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


def _is_of_an_entry(request: httpx.Request) -> bool:
    """An order that opens (codes 1 and 4), or the leverage that is set before it."""
    if request.url.path.endswith("/submit-leverage"):
        return True
    return request.url.path.endswith("/submit-order") and json.loads(request.content).get("side") in {1, 4}


@frozen(eq=False)
class WiredExchange:
    """A world behind the face, with one account's key."""

    face: BitmartFace
    credential: Credential

    @classmethod
    def of(cls, world: World, account: str, quirks: Quirks, plan: FaultPlan) -> WiredExchange:
        credential = Credential.of_seed(account, 1)
        return cls(BitmartFace(world, [credential], quirks, plan, now_s), credential)

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.credential.secret, self.credential.memo, self.credential.key)

    def venue(self, wall: Any, seed: str, entries_take_s: float = 0.0) -> Venue:
        """The venue as the adapter gives it to one process; its streams would need sockets, and are left out."""
        key = Credentials(self.credential.key, self.credential.secret, self.credential.memo)
        venue = bitmart_venue(
            "demo",
            HOSTS["demo"],
            key,
            wall,
            LocalBudget(BUCKETS, now_s) if self.face.quirks.rate_limits else Unlimited(),
            transport=Post(self.face, seed, entries_take_s),
            random=random.Random(f"retries {seed}").random,
            sleep=asyncio.sleep,
            timer=now_s,
        )
        return evolve(venue, streams=None, namespace="simulation", world=ExchangeWorld.LOCAL)
