"""OKX over HTTP: its requests and signatures, and how its answers are read. How they are sent is the client's."""

from __future__ import annotations

import asyncio
import json
import random as _random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar, cast
from urllib.parse import urlencode

import httpx
from attrs import frozen

from mtf_adapters.limits import Limiter
from mtf_adapters.okx import codes
from mtf_adapters.okx.codes import meaning_of
from mtf_adapters.okx.endpoints import TIME, Endpoint
from mtf_adapters.okx.envelope import SUCCESS, Envelope, read_envelope
from mtf_adapters.okx.limits import BUCKETS
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.wire import TimeRow
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.hosts import HostWorld, world_of
from mtf_adapters.online.http_dialect import Content, Place, Told, Verdict
from mtf_adapters.online.meanings import KeyRefusedError, NoSuchOrderError
from mtf_adapters.online.sending import USER_AGENT, NoReply, Received, Request
from mtf_adapters.online.structuring import structured
from mtf_adapters.online.venue_client import Timing, VenueClient
from mtf_core.market import WriteResult
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority

__all__ = [
    "SIGNATURE_WINDOW_MS",
    "USER_AGENT",
    "Exchanged",
    "KeyRefusedError",
    "NoReply",
    "NoSuchOrderError",
    "Reply",
    "RestClient",
    "Timing",
]

Row = TypeVar("Row")

SIGNATURE_WINDOW_MS = 30_000
"""How old a time stamp may be when it arrives; the longest that a request without a deadline can be held up."""
_DEMO = {"x-simulated-trading": "1"}
_SETTING = "OKX_REST_URL"


@frozen
class Reply:
    """A complete answer in OKX's envelope."""

    status: int
    envelope: Envelope

    @property
    def is_success(self) -> bool:
        """The answer and every row of it say so."""
        agrees = self.envelope.code == SUCCESS and self.envelope.refused_row is None
        return agrees and 200 <= self.status < 300


Exchanged = Reply | NoReply


class RestClient(VenueClient[Endpoint, Reply]):
    """OKX's part of a `VenueClient`; what its other arguments are for, that one says.

    `base` is the beginning of REST addresses, without a slash at the end. `is_demo`: every request says that it is one
    of the demo, without which the same host would take it for one of real money; so it does to a sandbox on this
    machine, whatever the environment.
    """

    def __init__(
        self,
        base: str,
        credentials: Credentials | None,
        clock: ExchangeClock,
        limiter: Limiter,
        *,
        is_demo: bool,
        timing: Timing | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        is_here = world_of({_SETTING: base}, frozenset()).kind is HostWorld.SANDBOX
        super().__init__(
            _Dialect(base, credentials, is_simulated=is_demo or is_here),
            TIME,
            clock,
            limiter,
            timing=timing,
            transport=transport,
            random=random,
            sleep=sleep,
            timer=timer,
        )

    async def read(
        self,
        endpoint: Endpoint,
        rows_of: type[Row],
        params: Mapping[str, str | int] | None = None,
        priority: Priority = Priority.MARKET,
    ) -> list[Row]:
        """The rows of the answer, each as `rows_of`.

        Raises `UnknownSymbolError`, `NoSuchOrderError`, `KeyRefusedError`, `ExchangeUnavailableError` or
        `ExchangeError`.
        """
        if endpoint.is_private and not self.has_key:
            raise ExchangeError(
                "there is no key: the account is not known (OKX_API_KEY, OKX_SECRET_KEY, OKX_PASSPHRASE)"
            )
        answer = await self._answered(endpoint, params or {}, priority)
        kind = cast(type[list[Row]], list[rows_of])  # type: ignore[valid-type]
        return self._structured(endpoint, answer.envelope.rows, kind)

    def said(self, reply: Reply) -> str:
        """The words of an answer, fit to be kept: those of the refused row where there is one.

        Of a key that is refused OKX's words do not say what to look at, and ours stand before them.
        """
        code, text = _last_word(reply.envelope)
        meaning = None if code == SUCCESS else meaning_of(code)
        if meaning is not None and meaning.write is WriteResult.AUTH:
            text = f"{meaning.words} ({text})"
        return self._dialect.redacted(text)


@frozen
class _Dialect:
    """Implements `HttpDialect` for OKX."""

    base: str
    credentials: Credentials | None
    is_simulated: bool
    venue: str = "OKX"
    key_settings: str = "OKX_API_KEY, OKX_SECRET_KEY and OKX_PASSPHRASE"

    @property
    def has_key(self) -> bool:
        return self.credentials is not None

    def place_of(self, endpoint: Endpoint) -> Place:
        return Place(self.base, _SETTING)

    def request(self, endpoint: Endpoint, content: Content, now_ms: int, not_after_ms: int | None) -> Request:
        """A write that has a deadline says so, and OKX drops it from then on."""
        path, body = _path_and_body(endpoint, content)
        headers = dict(_DEMO) if self.is_simulated else {}
        if endpoint.is_private and self.credentials is not None:
            headers |= _signed(self.credentials, _iso(now_ms), endpoint.method, path, body)
        if endpoint.writes:
            headers["Content-Type"] = "application/json"
            if not_after_ms is not None:
                headers["expTime"] = str(not_after_ms)
        return Request(endpoint.method, self.base + path, headers, body.encode() if endpoint.writes else None)

    def read(self, received: Received) -> Reply:
        return Reply(received.status, read_envelope(received.body))

    def verdict(self, reply: Reply) -> Verdict:
        code, text = _last_word(reply.envelope)
        if code == SUCCESS:
            return Verdict(code, text, reply.status, says_success=True)
        return Verdict(code, text, reply.status, says_success=False, meaning=meaning_of(code))

    def told(self, endpoint: Endpoint, received: Received, reply: Reply | None) -> Told:
        said = {reply.envelope.code, *reply.envelope.row_codes} if reply else set()
        meanings = [meaning for code in said if code != SUCCESS and (meaning := meaning_of(code)) is not None]
        is_one_too_many = received.status == 429 or any(one.write is WriteResult.RATE_LIMITED for one in meanings)
        return Told(
            refused_ms=BUCKETS.buckets[endpoint.bucket].window_ms if is_one_too_many else 0,
            time_refused=not said.isdisjoint(codes.CLOCK),
        )

    def server_time_ms(self, reply: Reply) -> int:
        rows = structured(reply.envelope.rows, list[TimeRow], TIME.bucket)
        if len(rows) != 1:
            raise ExchangeUnavailableError(f"{TIME.bucket}: the answer has {len(rows)} times")
        return rows[0].ts

    def redacted(self, words: str) -> str:
        return self.credentials.redacted(words) if self.credentials else words


def _last_word(envelope: Envelope) -> tuple[str, str]:
    """Code and text that decide: those of the first row that was refused, else those of the whole answer."""
    return envelope.refused_row or (envelope.code, envelope.text)


def _path_and_body(endpoint: Endpoint, content: Content) -> tuple[str, str]:
    """Path with its query, and body, as they are signed and sent."""
    if endpoint.writes:
        return endpoint.path, json.dumps(content, separators=(",", ":"))
    query = urlencode(cast(Mapping[str, str | int], content))
    return f"{endpoint.path}?{query}" if query else endpoint.path, ""


def _signed(credentials: Credentials, timestamp: str, method: str, path: str, body: str) -> dict[str, str]:
    return {
        "OK-ACCESS-KEY": credentials.key,
        "OK-ACCESS-PASSPHRASE": credentials.passphrase,
        "OK-ACCESS-TIMESTAMP": timestamp,
        "OK-ACCESS-SIGN": credentials.sign(timestamp, method, path, body),
    }


def _iso(now_ms: int) -> str:
    """`2026-11-27T00:00:00.000Z`"""
    return f"{datetime.fromtimestamp(now_ms // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{now_ms % 1000:03d}Z"
