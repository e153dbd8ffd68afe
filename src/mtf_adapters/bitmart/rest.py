"""BitMart over HTTP: its requests and signatures, and how its answers are read. How they are sent is the client's."""

from __future__ import annotations

import asyncio
import json
import random as _random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar, cast

import httpx
from attrs import frozen

from mtf_adapters.bitmart import codes
from mtf_adapters.bitmart.codes import meaning_of
from mtf_adapters.bitmart.endpoints import TIME, Auth, Endpoint
from mtf_adapters.bitmart.envelope import Envelope, read_envelope
from mtf_adapters.bitmart.limits import BUCKETS, reading_of
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.wire import ServerTime
from mtf_adapters.limits import Limiter
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.http_dialect import Content, Place, Told, Verdict
from mtf_adapters.online.meanings import KeyRefusedError, NoSuchOrderError
from mtf_adapters.online.sending import LARGEST_BODY, USER_AGENT, NoReply, Received, Request
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.venue_client import Timing, VenueClient
from mtf_core.ports import ExchangeError, Priority

__all__ = [
    "SIGNATURE_WINDOW_MS",
    "USER_AGENT",
    "Addresses",
    "Exchanged",
    "KeyRefusedError",
    "NoReply",
    "NoSuchOrderError",
    "Reply",
    "RestClient",
    "Timing",
]

Value = TypeVar("Value")

SIGNATURE_WINDOW_MS = 60_000
_LARGEST_BODY = LARGEST_BODY
_BAN_MS = 300_000
"""How long nothing is asked after a ban; its real length is not documented."""


@frozen
class Addresses:
    """Beginnings of REST addresses, without a slash at the end."""

    public: str
    private: str


@frozen
class Reply:
    """A complete answer in BitMart's envelope."""

    status: int
    envelope: Envelope

    @property
    def is_success(self) -> bool:
        return self.envelope.code == codes.SUCCESS and 200 <= self.status < 300


Exchanged = Reply | NoReply


class RestClient(VenueClient[Endpoint, Reply]):
    """BitMart's part of a `VenueClient`; what its arguments are for, that one says."""

    def __init__(
        self,
        addresses: Addresses,
        credentials: Credentials | None,
        clock: ExchangeClock,
        limiter: Limiter,
        *,
        timing: Timing | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(
            _Dialect(addresses, credentials),
            TIME,
            clock,
            limiter,
            timing=timing,
            largest_body=_LARGEST_BODY,
            transport=transport,
            random=random,
            sleep=sleep,
            timer=timer,
        )
        self._addresses = addresses

    async def read(
        self,
        endpoint: Endpoint,
        kind: type[Value],
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.MARKET,
        *,
        null_is: Value | None = None,
    ) -> Value:
        """The answer as `kind`; `null_is` stands for `null` where the sheet allows it.

        Raises `UnknownSymbolError`, `NoSuchOrderError`, `ExchangeUnavailableError` or `ExchangeError`.
        """
        if endpoint.auth is not Auth.NONE and not self.has_key:
            raise ExchangeError("there is no key: the account is not known (BITMART_API_KEY, _SECRET_KEY, _API_MEMO)")
        data = (await self._answered(endpoint, params or {}, priority)).envelope.data
        return null_is if data is None and null_is is not None else self._structured(endpoint, data, kind)

    def said(self, reply: Reply) -> str:
        """The words of an answer, fit to be kept."""
        return self._dialect.redacted(reply.envelope.text)


@frozen
class _Dialect:
    """Implements `HttpDialect` for BitMart."""

    addresses: Addresses
    credentials: Credentials | None
    venue: str = "BitMart"
    key_settings: str = "BITMART_API_KEY, BITMART_SECRET_KEY and BITMART_API_MEMO"

    @property
    def has_key(self) -> bool:
        return self.credentials is not None

    def place_of(self, endpoint: Endpoint) -> Place:
        if endpoint.auth is Auth.NONE:
            return Place(self.addresses.public, "BITMART_PUBLIC_API_URL")
        return Place(self.addresses.private, "BITMART_PRIVATE_API_URL")

    def request(self, endpoint: Endpoint, content: Content, now_ms: int, not_after_ms: int | None) -> Request:
        url, key = self.place_of(endpoint).base + endpoint.path, self.credentials
        if endpoint.auth is Auth.SIGNED and key is not None:
            return _signed(url, key, content, now_ms, not_after_ms)
        headers = {} if endpoint.auth is Auth.NONE or key is None else {"X-BM-KEY": key.key}
        params = cast(Mapping[str, str | int], content)
        return Request("GET", str(httpx.URL(url, params=dict(params))), headers)

    def read(self, received: Received) -> Reply:
        return Reply(received.status, read_envelope(received.body))

    def verdict(self, reply: Reply) -> Verdict:
        code, text = reply.envelope.code, reply.envelope.text
        if code == codes.SUCCESS:
            return Verdict(str(code), text, reply.status, says_success=True)
        return Verdict(str(code), text, reply.status, says_success=False, meaning=meaning_of(code, text))

    def told(self, endpoint: Endpoint, received: Received, reply: Reply | None) -> Told:
        status, code = received.status, reply.envelope.code if reply else 0
        reading = reading_of(received.headers)
        window_ms = reading.window_ms or BUCKETS.buckets[endpoint.bucket].window_ms
        return Told(
            reading,
            refused_ms=window_ms if status == 429 or code == codes.RATE_LIMITED else 0,
            banned_ms=_BAN_MS if status == 418 or code == codes.BANNED else 0,
            time_refused=code == codes.CLOCK_SKEW,
        )

    def server_time_ms(self, reply: Reply) -> int:
        return structured(reply.envelope.data, ServerTime, TIME.bucket).server_time

    def redacted(self, words: str) -> str:
        return self.credentials.redacted(words) if self.credentials else words


def _signed(url: str, credentials: Credentials, content: Content, now_ms: int, not_after_ms: int | None) -> Request:
    """A signature is dated now, or as much earlier as makes the exchange refuse it after the deadline."""
    dated_ms = now_ms if not_after_ms is None else min(now_ms, not_after_ms - SIGNATURE_WINDOW_MS)
    body, timestamp = json.dumps(content, separators=(",", ":")), str(dated_ms)
    headers = {
        "X-BM-KEY": credentials.key,
        "X-BM-TIMESTAMP": timestamp,
        "X-BM-SIGN": credentials.sign(timestamp, body),
        "Content-Type": "application/json",
    }
    return Request("POST", url, headers, body.encode())
