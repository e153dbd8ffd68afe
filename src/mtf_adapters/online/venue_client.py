"""A venue over HTTP, whatever its words: reads are sent again, writes never.

A write passes `write`, `_exchange` and `Connections.send`, each once; only `_read_again` has a loop.
"""

from __future__ import annotations

import asyncio
import random as _random
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Generic, TypeVar

import httpx
from attrs import frozen
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from mtf_adapters.limits import BudgetSpentError, Limiter
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.http_dialect import Content, Endpoint, HttpDialect, Verdict
from mtf_adapters.online.meanings import ERRORS, KeyRefusedError, ReadFailure
from mtf_adapters.online.reading import UnreadableAnswerError
from mtf_adapters.online.sending import (
    LARGEST_BODY,
    TOO_LATE,
    Connections,
    Deadline,
    Departure,
    NoReply,
    Received,
)
from mtf_adapters.online.structuring import structured
from mtf_core.market import WriteResult
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, Priority

Asked = TypeVar("Asked", bound=Endpoint)
Reply = TypeVar("Reply")
Value = TypeVar("Value")

_LOOK_S = 1.0
"""How long a write waits for the exchange's time after that of the last one was refused; an exit waits no longer."""


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


class VenueClient(Generic[Asked, Reply]):
    """One connection pool to a venue; `limiter` is asked before each request and told after it.

    `asks_time` is the call that answers the exchange's time. `random`, `sleep` and `timer` are there to be replaced by
    a simulation, `transport` by a test.
    """

    def __init__(
        self,
        dialect: HttpDialect[Asked, Reply],
        asks_time: Asked,
        clock: ExchangeClock,
        limiter: Limiter,
        *,
        timing: Timing | None = None,
        largest_body: int = LARGEST_BODY,
        transport: httpx.AsyncBaseTransport | None = None,
        random: Callable[[], float] = _random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.clock = clock
        self._dialect = dialect
        self._asks_time = asks_time
        self._limiter = limiter
        self._timing = timing or Timing()
        self._random = random
        self._sleep = sleep
        self._timer = timer
        self._connections = Connections(self._timing.attempt_s, largest_body, transport)
        self._time_is_doubted = False

    @property
    def has_key(self) -> bool:
        return self._dialect.has_key

    @property
    def knows_the_time(self) -> bool:
        """Whether the exchange's clock was read, and nothing was refused for its time stamp since."""
        return self.clock.skew is not None and not self._time_is_doubted

    async def aclose(self) -> None:
        """Closes every connection; the next request opens one again."""
        await self._connections.aclose()

    async def server_time_ms(self) -> int:
        """The exchange's clock; measures the skew on the way. Raises `ExchangeUnavailableError`."""
        for attempt in range(1, self._timing.attempts):
            with suppress(ExchangeUnavailableError):
                return await self.measure_time()
            await self._sleep(self._pause(attempt))
        return await self.measure_time()

    async def learns_the_time(self) -> bool:
        """Whether the exchange's time is known, or can be read now."""
        if self.knows_the_time:
            return True
        try:
            await self.server_time_ms()
        except ExchangeError:
            return False
        return True

    async def measure_time(self, priority: Priority = Priority.ACCOUNT) -> int:
        """One look at the exchange's clock."""
        asked_ms = self.clock.steady_ms()

        def started() -> None:  # not before the rate limit let it go and the connection stood
            nonlocal asked_ms
            asked_ms = self.clock.steady_ms()

        exchanged = await self._exchange(self._asks_time, {}, priority, self._timing.permit_s, started)
        answered_ms = self.clock.steady_ms()
        if isinstance(exchanged, NoReply) or not self._dialect.verdict(exchanged).is_success:
            raise ExchangeUnavailableError(str(self._error(self._asks_time, exchanged)))
        server_ms = self._dialect.server_time_ms(exchanged)
        self.clock.measured(server_ms, asked_ms, answered_ms)
        self._time_is_doubted = False
        return server_ms

    async def write(
        self,
        endpoint: Asked,
        body: Content,
        priority: Priority,
        not_after_ms: int | None = None,
        leaves_within_ms: int | None = None,
    ) -> Reply | NoReply:
        """Sends once, or not at all when it is too late before the first byte.

        `not_after_ms` is the exchange's time, which refuses it from then on; `leaves_within_ms` counts from now.
        """
        steady_ms = None if leaves_within_ms is None else self.clock.steady_ms() + leaves_within_ms
        deadline = Deadline(not_after_ms, steady_ms)
        if not self.has_key:
            return NoReply("there is no key", nothing_left=True)
        if self._time_is_doubted:  # signed by a time that was refused, this one would be as well
            with suppress(ExchangeUnavailableError, TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self.measure_time(priority)
        return await self._exchange(endpoint, body, priority, self._timing.permit_s, deadline=deadline)

    async def _answered(self, endpoint: Asked, params: Mapping[str, str | int], priority: Priority) -> Reply:
        """The answer of a read, sent until there is one; raises what stands in `ERRORS`, or `KeyRefusedError`."""
        exchanged = await self._read_again(endpoint, params, priority)
        if isinstance(exchanged, NoReply) or not self._dialect.verdict(exchanged).is_success:
            raise self._error(endpoint, exchanged)
        return exchanged

    def _structured(self, endpoint: Asked, plain: object, kind: type[Value]) -> Value:
        """What was answered as that type; raises `ExchangeUnavailableError`, which repeats no secret."""
        try:
            return structured(plain, kind, endpoint.bucket)
        except ExchangeUnavailableError as error:
            problem = str(error)
        raise ExchangeUnavailableError(self._dialect.redacted(problem))

    async def _read_again(
        self, endpoint: Asked, params: Mapping[str, str | int], priority: Priority
    ) -> Reply | NoReply:
        """Sends a read until there is an answer worth having, within the deadline."""
        spent_s = 0.0
        permit_s = None if priority is Priority.MARKET else self._timing.permit_s

        async def attempt() -> Reply | NoReply:
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
            retry=retry_if_result(self._is_worth_again),
            wait=pause,
            stop=is_over,
            sleep=self._sleep,
            retry_error_callback=lambda state: state.outcome.result() if state.outcome else None,
        )
        exchanged: Reply | NoReply = await retrying(attempt)
        return exchanged

    def _is_worth_again(self, exchanged: Reply | NoReply) -> bool:
        """Whether a read that ended so may end otherwise in a moment."""
        if isinstance(exchanged, NoReply):
            return not exchanged.limited
        verdict = self._dialect.verdict(exchanged)
        return verdict.meaning.again if verdict.meaning else verdict.status >= 500

    def _pause(self, attempt: int) -> float:
        """Anything up to a limit that doubles: callers that failed together do not come back together."""
        longest: float = min(self._timing.longest_pause_s, self._timing.pause_s * 2 ** (attempt - 1))
        return self._random() * longest

    async def _exchange(
        self,
        endpoint: Asked,
        content: Content,
        priority: Priority,
        permit_s: float | None,
        started: Callable[[], None] | None = None,
        *,
        deadline: Deadline | None = None,
    ) -> Reply | NoReply:
        """One request, when its rate limit allows it, and what came of it."""
        departure = Departure(self.clock, deadline or Deadline(), started)
        try:
            async with self._limiter.permit(endpoint.bucket, priority, timeout_s=permit_s):
                return await self._send(departure, endpoint, content)
        except BudgetSpentError as error:
            why = str(error)
        return NoReply(why, nothing_left=True, limited=True)

    async def _send(self, departure: Departure, endpoint: Asked, content: Content) -> Reply | NoReply:
        if departure.is_too_late():
            return TOO_LATE
        not_after_ms = departure.deadline.not_after_ms
        request = self._dialect.request(endpoint, content, self.clock.now_ms(), not_after_ms)
        received = await self._connections.send(request, departure)
        return received if isinstance(received, NoReply) else self._read(endpoint, received)

    def _read(self, endpoint: Asked, received: Received) -> Reply | NoReply:
        why, reply = "", None
        try:
            reply = self._dialect.read(received)
        except UnreadableAnswerError as error:
            why = f"HTTP {received.status}: {error}"
        self._heed(endpoint, received, reply)
        return NoReply(why) if reply is None else reply

    def _heed(self, endpoint: Asked, received: Received, reply: Reply | None) -> None:
        """Tells the limiter to be quiet where the exchange asks for it, and doubts a time that it refused."""
        told = self._dialect.told(endpoint, received, reply)
        self._limiter.learn(endpoint.bucket, told.reading)
        if told.time_refused:
            self._time_is_doubted = True
        if told.banned_ms:
            self._limiter.banned(told.banned_ms)
        elif told.refused_ms:
            self._limiter.refused(endpoint.bucket, told.refused_ms)

    def _error(self, endpoint: Asked, exchanged: Reply | NoReply) -> ExchangeError:
        """The error of a read that has no answer."""
        if isinstance(exchanged, NoReply):
            return ExchangeUnavailableError(self._unanswered(endpoint, exchanged))
        return self._refusal(endpoint.bucket, self._dialect.verdict(exchanged))

    def _refusal(self, name: str, verdict: Verdict) -> ExchangeError:
        code, said, meaning = verdict.code, self._dialect.redacted(verdict.text), verdict.meaning
        if verdict.says_success:
            return ExchangeUnavailableError(f"{name}: HTTP {verdict.status} with a code of success")
        if meaning is None:
            return ExchangeError(f"{name}: unknown code {code} (HTTP {verdict.status}): {said}")
        words = f"{name}: {meaning.words} (code {code}: {said})"
        if verdict.status >= 500 and meaning.read is ReadFailure.REFUSED:
            return ExchangeUnavailableError(words)
        if meaning.write is WriteResult.AUTH:
            return KeyRefusedError(f"{self._dialect.venue}: {words}; see {self._dialect.key_settings}")
        return ERRORS[meaning.read](words)

    def _unanswered(self, endpoint: Asked, nothing: NoReply) -> str:
        """Which exchange did not answer what, and what to look at."""
        venue, place = self._dialect.venue, self._dialect.place_of(endpoint)
        if nothing.limited:
            return f"{venue}: {nothing.why}: other calls of this account take it; try again in a moment"
        said = f"{venue} at {place.base}: {endpoint.bucket}: {nothing.why}"
        if not nothing.nothing_left:
            return said
        return f"{said}; see that it runs there, or set its address ({place.setting})"
