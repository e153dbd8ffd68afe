"""One HTTP request and what came of it, as a value: it leaves once or not at all, and nothing here sends it again.

The bytes that a venue's part has signed are the bytes that are sent. No error of the HTTP library leaves this module:
they hold the request, and the request holds the key.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable, Mapping
from contextlib import aclosing
from functools import cache

import httpx
from attrs import field, frozen

from mtf_adapters.online.clock import ExchangeClock
from mtf_core._version import __version__

USER_AGENT = f"mtf-orchestrator/{__version__}"
"""Our own: the networks in front of exchanges refuse the default ones of libraries."""

LARGEST_BODY = 32 * 1024 * 1024
"""More than any answer of an exchange, unpacked."""

_IDLE_S = 4.0
"""How long a connection is kept for the next request. A server that closes it just as a write leaves would make that
write UNKNOWN, and common servers close theirs after five seconds."""


@frozen
class Request:
    """What is sent, byte for byte."""

    method: str
    url: str
    """Whole, with its query."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)


@frozen
class Received:
    """A complete answer, unpacked and not yet read."""

    status: int
    headers: Mapping[str, str]
    """Their names in any case of letters."""
    body: bytes


@frozen
class NoReply:
    """No answer that can be read. What was asked for may have happened, unless `nothing_left`."""

    why: str
    nothing_left: bool = False
    """Proven: not a byte of the request was sent."""
    expired: bool = False
    """Nothing was sent because its deadline had passed."""
    limited: bool = False
    """Nothing was sent because the rate limit left no room."""


TOO_LATE = NoReply("its deadline passed while it waited", nothing_left=True, expired=True)


@frozen
class Deadline:
    """Until when a request may leave; None: there is no such end."""

    not_after_ms: int | None = None
    """By the exchange's time, which refuses it from then on."""
    steady_ms: int | None = None
    """By this machine's time, which nobody sets, and which the pace of an exchange's does not touch."""


class Departure:
    """The moment in which a request's first byte leaves: the last one at which it can be kept back.

    httpx calls it at each step of a request. Connections are opened between signing and sending, and that may take its
    time.
    """

    def __init__(self, clock: ExchangeClock, deadline: Deadline, started: Callable[[], None] | None = None) -> None:
        self.deadline = deadline
        self._clock = clock
        self._started = started
        self.has_left = False

    def is_too_late(self) -> bool:
        not_after_ms, steady_ms = self.deadline.not_after_ms, self.deadline.steady_ms
        if not_after_ms is not None and self._clock.now_ms() > not_after_ms:
            return True
        return steady_ms is not None and self._clock.steady_ms() > steady_ms

    async def __call__(self, step: str, _: object) -> None:
        if not step.endswith("send_request_headers.started"):
            return
        if self.is_too_late():
            raise _TooLateError
        self.has_left = True
        if self._started is not None:
            self._started()


class Connections:
    """One pool of connections; opened with the first request, and again after it was closed."""

    def __init__(self, attempt_s: float, largest_body: int, transport: httpx.AsyncBaseTransport | None) -> None:
        self._attempt_s = attempt_s
        self._largest_body = largest_body
        self._transport = transport
        self._client: httpx.AsyncClient | None = None

    async def send(self, request: Request, departure: Departure) -> Received | NoReply:
        """Sends once, unless `departure` finds it too late in the moment before the first byte."""
        try:
            async with asyncio.timeout(self._attempt_s):
                response = await self._opened().send(self._built(request, departure), stream=True)
                async with aclosing(response):
                    body = await _whole_body(response, self._largest_body)
        except TimeoutError:
            why = f"no answer within {self._attempt_s:g} s"
        except _TooLateError:
            return TOO_LATE
        except httpx.HTTPError as error:
            why = _WHY.get(type(error), "the connection failed")
        except _UnreadableError as error:
            why = str(error)
        else:
            return Received(response.status_code, response.headers, body)
        return NoReply(why, nothing_left=not departure.has_left)

    async def aclose(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    def _built(self, request: Request, departure: Departure) -> httpx.Request:
        return self._opened().build_request(
            request.method,
            request.url,
            content=request.body,
            headers=[(name.encode(), value.encode()) for name, value in request.headers.items()],
            extensions={"trace": departure},
        )

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
                timeout=httpx.Timeout(self._attempt_s),
                transport=self._transport or _transport(),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client


class _TooLateError(Exception):
    """The deadline passed before the first byte left."""


class _UnreadableError(Exception):
    """The body is larger than any answer, or packed in a way that was not asked for; the message says which."""


def _transport() -> httpx.AsyncHTTPTransport:
    """Nothing is ever sent a second time by itself: no retries, and no proxy of the environment that may resend."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=_IDLE_S)
    return httpx.AsyncHTTPTransport(verify=_tls(), limits=limits, retries=0, trust_env=False)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates of the world takes longer than a request; once is enough."""
    return httpx.create_ssl_context(trust_env=False)


async def _whole_body(response: httpx.Response, largest: int) -> bytes:
    """The unpacked body. It is unpacked here, as the library would unpack any number of layers to any size: a kilobyte
    can become a gigabyte at once."""
    packed = bytearray()
    async for part in response.aiter_raw():
        packed += part
        if len(packed) > largest:
            raise _UnreadableError("the answer does not end")
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return bytes(packed)
    if coding != "gzip":
        raise _UnreadableError("the answer is packed in a way that was not asked for")
    return _unzipped(packed, largest)


def _unzipped(packed: bytearray, largest: int) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = unpacking.decompress(packed, largest)
    except zlib.error:
        raise _UnreadableError("the answer cannot be unpacked") from None
    if not unpacking.eof:  # it goes on, or its end with the check sum is missing
        raise _UnreadableError("the answer cannot be unpacked whole")
    return body


_WHY: Mapping[type[httpx.HTTPError], str] = {
    httpx.ConnectError: "cannot be reached",
    httpx.ConnectTimeout: "cannot be reached in time",
    httpx.PoolTimeout: "no connection was free in time",
    httpx.ReadTimeout: "no answer in time",
    httpx.WriteTimeout: "the request could not be sent in time",
    httpx.ReadError: "the connection broke before the answer was complete",
    httpx.WriteError: "the connection broke while the request was sent",
    httpx.RemoteProtocolError: "the answer broke off",
}
