"""BitMart over HTTP: one request and what came of it, as a value; reads are sent again, writes never.

The bytes that are signed are the bytes that are sent. No error of the HTTP library leaves this module: they hold the
request, and the request holds the key.
"""

from __future__ import annotations

import asyncio
import json
import random as _random
import ssl
import time
import zlib
from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from functools import cache
from typing import Any, TypeVar

import httpx
from attrs import frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from mtf_adapters.bitmart import codes
from mtf_adapters.bitmart.codes import ReadFailure, meaning_of
from mtf_adapters.bitmart.endpoints import TIME, Auth, Endpoint
from mtf_adapters.bitmart.envelope import Envelope, UnreadableAnswerError, read_envelope
from mtf_adapters.bitmart.limits import BUCKETS, reading_of
from mtf_adapters.bitmart.signing import Credentials
from mtf_adapters.bitmart.wire import ServerTime
from mtf_adapters.limits import BudgetSpentError, Limiter
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.structuring import structured
from mtf_core._version import __version__
from mtf_core.market import WriteResult
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority, UnknownSymbolError

Value = TypeVar("Value")
Headers = Mapping[str, str]

USER_AGENT = f"mtf-orchestrator/{__version__}"
"""Our own: the network in front of BitMart refuses the default ones of libraries (sheet §1.1)."""

SIGNATURE_WINDOW_MS = 60_000
_IDLE_S = 4.0
"""How long a connection is kept for the next request. A server that closes it just as a write leaves would make that
write UNKNOWN, and common servers close theirs after five seconds."""
_LOOK_S = 1.0
"""How long a write waits for the exchange's time after that of the last one was refused; an exit waits no longer."""
_LARGEST_BODY = 32 * 1024 * 1024
_BAN_MS = 300_000
"""How long nothing is asked after a ban; its real length is not documented."""


@frozen
class Timing:
    """How long one waits for what, in seconds."""

    attempt_s: float = 10.0
    """For one answer."""
    read_s: float = 25.0
    """For a read with everything that is sent again; waiting for a rate limit apart."""
    attempts: int = 4
    pause_s: float = 0.3
    """Before the second attempt at most; doubles with each."""
    longest_pause_s: float = 2.0
    permit_s: float = 5.0
    """How long a write, or a read for one, may wait for its rate limit."""


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


Exchanged = Reply | NoReply


class RestClient:
    """One connection pool to BitMart; `limiter` is asked before each request and told after it.

    `random`, `sleep` and `timer` are there to be replaced by a simulation, `transport` by a test.
    """

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
        self.clock = clock
        self._addresses = addresses
        self._credentials = credentials
        self._limiter = limiter
        self._timing = timing or Timing()
        self._random = random
        self._sleep = sleep
        self._timer = timer
        self._transport = transport
        self._time_is_doubted = False
        self._client: httpx.AsyncClient | None = None

    @property
    def has_key(self) -> bool:
        return self._credentials is not None

    @property
    def knows_the_time(self) -> bool:
        """Whether the exchange's clock was read, and nothing was refused for its time stamp since."""
        return self.clock.skew is not None and not self._time_is_doubted

    async def aclose(self) -> None:
        """Closes every connection; the next request opens one again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def server_time_ms(self) -> int:
        """The exchange's clock; measures the skew on the way. Raises `ExchangeUnavailableError`."""
        for attempt in range(1, self._timing.attempts):
            with suppress(ExchangeUnavailableError):
                return await self.measure_time()
            await self._sleep(self._pause(attempt))
        return await self.measure_time()

    async def measure_time(self, priority: Priority = Priority.ACCOUNT) -> int:
        """One look at the exchange's clock."""
        asked_ms = self.clock.steady_ms()

        def started() -> None:  # not before the rate limit let it go and the connection stood
            nonlocal asked_ms
            asked_ms = self.clock.steady_ms()

        exchanged = await self._exchange(TIME, {}, priority, self._timing.permit_s, started)
        answered_ms = self.clock.steady_ms()
        if not (isinstance(exchanged, Reply) and exchanged.is_success):
            raise ExchangeUnavailableError(str(self._error(TIME, exchanged)))
        server_ms = structured(exchanged.envelope.data, ServerTime, TIME.bucket).server_time
        self.clock.measured(server_ms, asked_ms, answered_ms)
        self._time_is_doubted = False
        return server_ms

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
        if endpoint.auth is not Auth.NONE and self._credentials is None:
            raise ExchangeError("there is no key: the account is not known (BITMART_API_KEY, _SECRET_KEY, _API_MEMO)")
        exchanged = await self._read_again(endpoint, params or {}, priority)
        if not (isinstance(exchanged, Reply) and exchanged.is_success):
            raise self._error(endpoint, exchanged)
        data = exchanged.envelope.data
        if data is None and null_is is not None:
            return null_is
        try:
            return structured(data, kind, endpoint.bucket)
        except ExchangeUnavailableError as error:
            problem = str(error)
        raise ExchangeUnavailableError(self._redacted(problem))

    async def write(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        priority: Priority,
        not_after_ms: int | None = None,
        leaves_within_ms: int | None = None,
    ) -> Exchanged:
        """Sends once, or not at all when it is too late before the first byte.

        `not_after_ms` is the exchange's time, which refuses it from then on; `leaves_within_ms` counts from now.
        """
        steady_ms = None if leaves_within_ms is None else self.clock.steady_ms() + leaves_within_ms
        deadline = _Deadline(not_after_ms, steady_ms)
        if self._credentials is None:
            return NoReply("there is no key", nothing_left=True)
        if self._time_is_doubted:  # signed by a time that was refused, this one would be as well
            with suppress(ExchangeUnavailableError, TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self.measure_time(priority)
        return await self._exchange(endpoint, body, priority, self._timing.permit_s, deadline=deadline)

    async def _read_again(self, endpoint: Endpoint, params: Mapping[str, str | int], priority: Priority) -> Exchanged:
        """Sends a read until there is an answer worth having, within the deadline."""
        spent_s = 0.0
        permit_s = None if priority is Priority.MARKET else self._timing.permit_s

        async def attempt() -> Exchanged:
            nonlocal spent_s
            begun = self._timer()

            def started() -> None:
                nonlocal begun
                begun = self._timer()

            try:
                return await self._exchange(endpoint, params, priority, permit_s, started)
            finally:
                spent_s += self._timer() - begun

        def pause(state: RetryCallState) -> float:
            return self._pause(state.attempt_number)

        def is_over(state: RetryCallState) -> bool:
            return state.attempt_number >= self._timing.attempts or spent_s >= self._timing.read_s

        retrying = AsyncRetrying(
            retry=retry_if_result(_is_worth_again),
            wait=pause,
            stop=is_over,
            sleep=self._sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        exchanged: Exchanged = await retrying(attempt)
        return exchanged

    def _pause(self, attempt: int) -> float:
        """Anything up to a limit that doubles: callers that failed together do not come back together."""
        longest: float = min(self._timing.longest_pause_s, self._timing.pause_s * 2 ** (attempt - 1))
        return self._random() * longest

    async def _exchange(
        self,
        endpoint: Endpoint,
        content: Mapping[str, Any],
        priority: Priority,
        permit_s: float | None,
        started: Callable[[], None] | None = None,
        *,
        deadline: _Deadline | None = None,
    ) -> Exchanged:
        """One request, when its rate limit allows it, and what came of it."""
        try:
            async with self._limiter.permit(endpoint.bucket, priority, timeout_s=permit_s):
                return await self._send(_Departure(self.clock, deadline or _Deadline(), started), endpoint, content)
        except BudgetSpentError as error:
            why = str(error)
        return NoReply(why, nothing_left=True, limited=True)

    async def _send(self, departure: _Departure, endpoint: Endpoint, content: Mapping[str, Any]) -> Exchanged:
        if departure.is_too_late():
            return NoReply("its deadline passed while it waited", nothing_left=True, expired=True)
        request = self._request(endpoint, content, departure)
        try:
            async with asyncio.timeout(self._timing.attempt_s):
                response = await self._opened().send(request, stream=True)
                async with aclosing(response):
                    body = await _whole_body(response)
        except TimeoutError:
            why = f"no answer within {self._timing.attempt_s:g} s"
        except _TooLateError:
            return NoReply("its deadline passed while it waited", nothing_left=True, expired=True)
        except httpx.HTTPError as error:
            why = _WHY.get(type(error), "the connection failed")
        except _UnreadableError as error:
            why = str(error)
        else:
            return self._answer(endpoint, response.status_code, response.headers, body)
        return NoReply(why, nothing_left=not departure.has_left)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "gzip"},
                timeout=httpx.Timeout(self._timing.attempt_s),
                transport=self._transport or _transport(),
                follow_redirects=False,
                trust_env=False,
            )
        return self._client

    def _request(self, endpoint: Endpoint, content: Mapping[str, Any], departure: _Departure) -> httpx.Request:
        base = self._addresses.public if endpoint.auth is Auth.NONE else self._addresses.private
        headers: dict[str, str] = {}
        if endpoint.auth is not Auth.NONE and self._credentials is not None:
            headers["X-BM-KEY"] = self._credentials.key
        extensions = {"trace": departure}
        if endpoint.auth is not Auth.SIGNED or self._credentials is None:
            return self._opened().build_request(
                "GET", base + endpoint.path, params=dict(content), headers=headers, extensions=extensions
            )
        body = json.dumps(content, separators=(",", ":"))
        timestamp = str(departure.timestamp_ms())
        headers["X-BM-TIMESTAMP"] = timestamp
        headers["X-BM-SIGN"] = self._credentials.sign(timestamp, body)
        headers["Content-Type"] = "application/json"
        return self._opened().build_request(
            "POST", base + endpoint.path, content=body.encode(), headers=headers, extensions=extensions
        )

    def _answer(self, endpoint: Endpoint, status: int, headers: Headers, body: bytes) -> Exchanged:
        self._limiter.learn(endpoint.bucket, reading_of(headers))
        try:
            envelope = read_envelope(body)
        except UnreadableAnswerError as error:
            code, why = 0, f"HTTP {status}: {error}"
        else:
            code, why = envelope.code, ""
        self._heed(endpoint, status, code, headers)
        return NoReply(why) if why else Reply(status, envelope)

    def _heed(self, endpoint: Endpoint, status: int, code: int, headers: Headers) -> None:
        """Tells the limiter to be quiet where the exchange asks for it, and doubts a time that it refused."""
        if code == codes.CLOCK_SKEW:
            self._time_is_doubted = True
        if status == 418 or code == codes.BANNED:
            self._limiter.banned(_BAN_MS)
        elif status == 429 or code == codes.RATE_LIMITED:
            window_ms = BUCKETS.buckets[endpoint.bucket].window_ms
            self._limiter.refused(endpoint.bucket, reading_of(headers).window_ms or window_ms)

    def _error(self, endpoint: Endpoint, exchanged: Exchanged) -> ExchangeError:
        """The error of a read that has no answer."""
        name = endpoint.bucket
        if isinstance(exchanged, NoReply):
            return ExchangeUnavailableError(self._unanswered(endpoint, exchanged))
        code, said = exchanged.envelope.code, self._redacted(exchanged.envelope.text)
        if code == codes.SUCCESS:
            return ExchangeUnavailableError(f"{name}: HTTP {exchanged.status} with a code of success")
        meaning = meaning_of(code, said)
        if meaning is None:
            return ExchangeError(f"{name}: unknown code {code} (HTTP {exchanged.status}): {said}")
        words = f"{name}: {meaning.words} (code {code}: {said})"
        if exchanged.status >= 500 and meaning.read is ReadFailure.REFUSED:
            return ExchangeUnavailableError(words)
        if meaning.write is WriteResult.AUTH:
            return KeyRefusedError(f"BitMart: {words}; see BITMART_API_KEY, BITMART_SECRET_KEY and BITMART_API_MEMO")
        return _ERRORS[meaning.read](words)

    def _unanswered(self, endpoint: Endpoint, nothing: NoReply) -> str:
        """Which exchange did not answer what, and what to look at."""
        if nothing.limited:
            return f"BitMart: {nothing.why}: other calls of this account take it; try again in a moment"
        is_public = endpoint.auth is Auth.NONE
        base = self._addresses.public if is_public else self._addresses.private
        said = f"BitMart at {base}: {endpoint.bucket}: {nothing.why}"
        if not nothing.nothing_left:
            return said
        setting = "BITMART_PUBLIC_API_URL" if is_public else "BITMART_PRIVATE_API_URL"
        return f"{said}; see that it runs there, or set its address ({setting})"

    def _redacted(self, words: str) -> str:
        return self._credentials.redacted(words) if self._credentials else words

    def said(self, reply: Reply) -> str:
        """The words of an answer, fit to be kept."""
        return self._redacted(reply.envelope.text)


class NoSuchOrderError(ExchangeError):
    """The exchange says that there is no such order; so it does while an order is not visible yet."""


class KeyRefusedError(ExchangeError):
    """The key, its rights or its signature were refused: every call that needs it will be."""


class _TooLateError(Exception):
    """The deadline passed before the first byte left."""


class _UnreadableError(Exception):
    """The body is larger than any answer, or packed in a way that was not asked for; the message says which."""


@frozen
class _Deadline:
    """Until when a request may leave; None: there is no such end."""

    not_after_ms: int | None = None
    """By the exchange's time, which refuses it from then on."""
    steady_ms: int | None = None
    """By this machine's time, which nobody sets, and which the pace of an exchange's does not touch."""


class _Departure:
    """The moment in which a request's first byte leaves: the last one at which it can be kept back.

    httpx calls it at each step of a request. Connections are opened between signing and sending, and that may take its
    time.
    """

    def __init__(self, clock: ExchangeClock, deadline: _Deadline, started: Callable[[], None] | None) -> None:
        self._clock = clock
        self._deadline = deadline
        self._started = started
        self.has_left = False

    def is_too_late(self) -> bool:
        not_after_ms, steady_ms = self._deadline.not_after_ms, self._deadline.steady_ms
        if not_after_ms is not None and self._clock.now_ms() > not_after_ms:
            return True
        return steady_ms is not None and self._clock.steady_ms() > steady_ms

    def timestamp_ms(self) -> int:
        """The time in the signature: now, or as much earlier as makes the exchange refuse it after the deadline."""
        now_ms = self._clock.now_ms()
        not_after_ms = self._deadline.not_after_ms
        return now_ms if not_after_ms is None else min(now_ms, not_after_ms - SIGNATURE_WINDOW_MS)

    async def __call__(self, step: str, _: object) -> None:
        if not step.endswith("send_request_headers.started"):
            return
        if self.is_too_late():
            raise _TooLateError
        self.has_left = True
        if self._started is not None:
            self._started()


def _transport() -> httpx.AsyncHTTPTransport:
    """Nothing is ever sent a second time by itself: no retries, and no proxy of the environment that may resend."""
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=_IDLE_S)
    return httpx.AsyncHTTPTransport(verify=_tls(), limits=limits, retries=0, trust_env=False)


@cache
def _tls() -> ssl.SSLContext:
    """Reading the certificates of the world takes longer than a request; once is enough."""
    return httpx.create_ssl_context(trust_env=False)


async def _whole_body(response: httpx.Response) -> bytes:
    """The unpacked body. It is unpacked here, as the library would unpack any number of layers to any size: a kilobyte
    can become a gigabyte at once."""
    packed = bytearray()
    async for part in response.aiter_raw():
        packed += part
        if len(packed) > _LARGEST_BODY:
            raise _UnreadableError("the answer does not end")
    coding = response.headers.get("Content-Encoding", "").strip().lower()
    if coding in {"", "identity"}:
        return bytes(packed)
    if coding != "gzip":
        raise _UnreadableError("the answer is packed in a way that was not asked for")
    return _unzipped(packed)


def _unzipped(packed: bytearray) -> bytes:
    unpacking = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        body = unpacking.decompress(packed, _LARGEST_BODY)
    except zlib.error:
        raise _UnreadableError("the answer cannot be unpacked") from None
    if not unpacking.eof:  # it goes on, or its end with the check sum is missing
        raise _UnreadableError("the answer cannot be unpacked whole")
    return body


def _is_worth_again(exchanged: Exchanged) -> bool:
    """Whether a read that ended so may end otherwise in a moment."""
    if isinstance(exchanged, NoReply):
        return not exchanged.limited
    if exchanged.envelope.code == codes.SUCCESS:
        return exchanged.status >= 500
    meaning = meaning_of(exchanged.envelope.code, exchanged.envelope.text)
    return exchanged.status >= 500 if meaning is None else meaning.again


_ERRORS: Mapping[ReadFailure, type[ExchangeError]] = {
    ReadFailure.REFUSED: ExchangeError,
    ReadFailure.UNAVAILABLE: ExchangeUnavailableError,
    ReadFailure.UNKNOWN_SYMBOL: UnknownSymbolError,
    ReadFailure.NO_SUCH_ORDER: NoSuchOrderError,
}

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
