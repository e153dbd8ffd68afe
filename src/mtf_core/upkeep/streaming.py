"""Keeps the store's candles of many symbols as fresh as a stream allows, and as calls make up for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import TypeAlias

from attrs import define, field, frozen

from mtf_core.ending import ended
from mtf_core.market import HOUR_MS, Candles, Gap, Timeframe, format_instant
from mtf_core.ports import (
    CandleEvent,
    CandleUpdate,
    Connected,
    Disconnected,
    Environment,
    PortError,
    Progress,
    Silent,
    no_progress,
)
from mtf_core.records import AuditEvent, JsonObject
from mtf_core.upkeep.concurrency import for_each
from mtf_core.upkeep.streamed import Revision, StreamedCandles

_TICK_S = 0.1
_PAUSE_AFTER_FAILURE_S = 1.0


class StreamState(StrEnum):
    """How candles come in."""

    STREAM = "stream"
    CALLS = "calls"
    """The stream is silent or gone, or the exchange has none: every candle is asked for."""


@frozen
class StreamMinute:
    """What came of one period: `open_ms` of its candles, how many came by themselves and how many by call."""

    open_ms: int
    symbols: int
    streamed: int
    fetched: int
    lacking: int
    """Symbols that the exchange has no candle of: nothing was traded, or it is late."""
    after_ms: int
    """How long after their close the last of them was stored."""


@frozen
class StreamChange:
    """The stream came to be heard, or stopped to be."""

    state: StreamState
    why: str


StreamNews: TypeAlias = StreamMinute | StreamChange
Choose: TypeAlias = Callable[[], Awaitable[Sequence[str]]]
"""Which symbols are wanted now."""


@frozen
class StreamOptions:
    """How a stream is kept."""

    timeframe: Timeframe = Timeframe.M1
    grace_ms: int = 2000
    """How long after its close a candle may still come by itself; then it is asked for."""
    ask_again_ms: int = 5000
    """Between two calls for the same missing candle."""
    catch_up: int = 1440
    """How many candles before the present are made up for at the start; what lies further back is left to the runs."""
    workers: int = 8
    choose_again_ms: int = HOUR_MS
    urgent_pause_ms: int = 350
    """Between two calls that confirm what there is a reason to doubt: about half of what exchanges allow."""
    routine_pause_ms: int = 6000
    """Between two calls that confirm what was only pushed: ten a minute, so each of 300 symbols twice an hour."""
    doubted_at_start: int = 30
    """How many stored candles are confirmed at the start: the process before may have ended without doing so."""


@define(eq=False)
class CandleStreamer:
    """One stream of candles into one store. `news` hears what happens, in order."""

    environment: Environment
    choose: Choose
    options: StreamOptions = StreamOptions()
    news: Callable[[StreamNews], None] = lambda _: None
    progress: Progress = no_progress
    _candles: StreamedCandles = field(init=False)
    _state: StreamState = field(default=StreamState.CALLS, init=False)
    _revised: list[Revision] = field(factory=list, init=False)
    """Corrected candles that nothing was made of yet."""
    _asked_ms: dict[str, int] = field(factory=dict, init=False)
    _confirmed_ms: dict[str, int] = field(factory=dict, init=False)
    """When each symbol was last asked for what is in doubt."""
    _fetched: set[str] = field(factory=set, init=False)
    """Symbols whose candle of the present period was asked for."""
    _told_ms: int = field(default=0, init=False)
    """Open time of the last period that `news` heard of."""

    def __attrs_post_init__(self) -> None:
        self._candles = StreamedCandles(self.options.timeframe, self.options.grace_ms)

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set; what has closed by then is stored."""
        chosen_ms, listening = -self.options.choose_again_ms, None
        confirming: asyncio.Task[None] | None = None
        try:
            while not stopping.is_set():
                if self._now_ms() - chosen_ms >= self.options.choose_again_ms:
                    chosen_ms = self._now_ms()
                    if await self._follow_or_go_on() or listening is None:
                        if listening is not None:
                            await ended(listening)
                        listening = asyncio.create_task(self._listen())
                await self._keep()
                for task in (listening, confirming):
                    if task is not None and task.done():
                        task.result()  # a bug in it ends the process loudly
                if confirming is None or confirming.done():
                    confirming = self._confirming()
                await self.environment.sleep(_TICK_S)
        finally:
            await ended(*(task for task in (listening, confirming) if task is not None))
            await self._store()

    def _now_ms(self) -> int:
        return self.environment.venue.clock.now_ms()

    async def _follow_or_go_on(self) -> bool:
        """As `_follow`; once there are symbols, those that cannot be chosen anew are kept."""
        try:
            return await self._follow()
        except PortError:
            if not self._candles.symbols:
                raise
            return False

    async def _follow(self) -> bool:
        """Chooses the symbols; returns whether they changed."""
        before = set(self._candles.symbols)
        wanted = tuple(await self.choose())
        timeframe = self.options.timeframe
        last = timeframe.last_closed_open(self._now_ms())
        oldest = last - self.options.catch_up * timeframe.ms
        stored = {
            symbol: last_open
            for symbol, series, _, last_open, _ in await self.environment.stores.candles.spans()
            if series is timeframe
        }
        nothing = last - timeframe.ms
        self._candles.follow({symbol: max(stored.get(symbol, nothing), oldest) for symbol in wanted})
        new = [symbol for symbol in wanted if symbol not in before and stored.get(symbol, 0) > oldest]
        doubted_ms = (self.options.doubted_at_start - 1) * timeframe.ms
        held = await self.environment.stores.candles.read(new, timeframe, oldest, last) if new else {}
        for symbol, candles in held.items():
            through = stored[symbol]
            self._candles.know(symbol, candles.between(through - doubted_ms, through))
            self._candles.doubt(symbol, through - doubted_ms, through, urgent=True)
        return before != set(wanted)

    async def _listen(self) -> None:
        """Hears the stream for ever; one that ends or fails is begun anew."""
        streams = self.environment.venue.streams
        while streams is not None:
            why = "it ended"
            try:
                async for event in streams.candles(self._candles.symbols, self.options.timeframe):
                    await self._hear(event)
            except PortError as error:
                why = str(error)
            await self._change(StreamState.CALLS, why)
            await self.environment.sleep(_PAUSE_AFTER_FAILURE_S)

    async def _hear(self, event: CandleEvent) -> None:
        match event:
            case CandleUpdate():
                self._candles.hear(event, self._now_ms())
            case Connected():
                self._candles.interrupted()
                await self._change(StreamState.STREAM, "connected")
            case Disconnected(why=why):
                self._candles.interrupted()
                await self._change(StreamState.CALLS, why)
            case Silent(silent_ms=silent_ms):
                self._candles.interrupted()
                await self._change(StreamState.CALLS, f"nothing was heard for {silent_ms / 1000:.0f} s")

    async def _change(self, state: StreamState, why: str) -> None:
        if state is not self._state:
            self._state = state
            self.news(StreamChange(state, why))
            action = "stream_heard" if state is StreamState.STREAM else "stream_lost"
            await self._audit([self._event(action, "candles", {"why": why})])

    async def _keep(self) -> None:
        """Stores what has closed, and asks for what should be there and is not."""
        with suppress(PortError):  # tried again in a moment: memory keeps what could not be stored
            await self._store()
            await self._ask()
            await self._store()
            self._tell()

    async def _store(self) -> None:
        timeframe = self.options.timeframe
        closed = self._candles.closed()
        if closed:
            await self.environment.stores.candles.write(
                {(symbol, timeframe): candles for symbol, candles in closed.items()}
            )
            self._candles.stored(closed)
        self._revised += self._candles.take_revisions()
        if self._revised:
            await self._rebuild()
            revised, self._revised = self._revised, []
            await self._audit([self._correction(revision) for revision in revised])

    async def _rebuild(self) -> None:
        """Makes the stored longer candles that hold corrected ones what their parts make up now, each of them once."""
        store, timeframe = self.environment.stores.candles, self.options.timeframe
        holding = {
            (revision.symbol, longer, longer.open_at_or_before(revision.open_ms))
            for revision in self._revised
            for longer in Timeframe
            if longer.ms > timeframe.ms
        }
        for symbol, longer, first in sorted(holding):
            if len((await store.read([symbol], longer, first, first))[symbol]):
                parts = (await store.read([symbol], timeframe, first, first + longer.ms - 1))[symbol]
                if len(whole := parts.aggregated(longer)):
                    await store.write({(symbol, longer): whole})

    async def _ask(self) -> None:
        now_ms = self._now_ms()
        due = {
            symbol: gap
            for symbol, gap in self._candles.missing(now_ms).items()
            if now_ms - self._asked_ms.get(symbol, -self.options.ask_again_ms) >= self.options.ask_again_ms
        }
        done = 0

        async def ask(symbol: str) -> None:
            nonlocal done
            self._asked_ms[symbol] = now_ms
            with suppress(PortError):  # asked again later
                candles = await self._call(symbol, due[symbol])
                self._candles.fetched(symbol, candles, due[symbol])
                if len(candles):
                    self._fetched.add(symbol)
            done += 1
            self.progress("candles", done, len(due))

        await for_each(due, self.options.workers, ask)

    def _confirming(self) -> asyncio.Task[None] | None:
        """A call for what was only pushed of one symbol, the one that waited longest; none before its time."""
        now_ms, doubted, urgent = self._now_ms(), self._candles.doubted(), self._candles.urgent
        pause_ms = self.options.urgent_pause_ms if urgent else self.options.routine_pause_ms
        if not doubted or now_ms - max(self._confirmed_ms.values(), default=0) < pause_ms:
            return None
        symbol = min(urgent or doubted, key=lambda each: (self._confirmed_ms.get(each, 0), doubted[each].first_open_ms))
        self._confirmed_ms[symbol] = now_ms
        return asyncio.create_task(self._confirm(symbol, doubted[symbol]))

    async def _confirm(self, symbol: str, gap: Gap) -> None:
        with suppress(PortError):  # it stays in doubt, and its turn comes again
            self._candles.fetched(symbol, await self._call(symbol, gap), gap)

    async def _call(self, symbol: str, gap: Gap) -> Candles:
        market = self.environment.venue.market
        return await market.candles(symbol, self.options.timeframe, gap.first_open_ms, gap.last_open_ms)

    def _tell(self) -> None:
        """Says once of each period when all of its candles are there, or were asked for in vain."""
        now_ms, timeframe = self._now_ms(), self.options.timeframe
        last = timeframe.last_closed_open(now_ms)
        symbols, lacking = len(self._candles.symbols), self._candles.lacking(now_ms)
        closed_ms = last + timeframe.ms
        after_ms = now_ms - closed_ms
        # A round of calls may take longer than a period: what closed meanwhile was not asked for yet.
        was_asked = all(self._asked_ms.get(symbol, 0) >= closed_ms for symbol in lacking)
        is_over = was_asked and (not lacking or after_ms > self.options.grace_ms + self.options.ask_again_ms)
        if last > self._told_ms and symbols and is_over:
            self._told_ms = last
            fetched = len(self._fetched)
            self._fetched.clear()
            streamed = symbols - fetched - len(lacking)
            self.news(StreamMinute(last, symbols, max(0, streamed), fetched, len(lacking), after_ms))

    def _correction(self, revision: Revision) -> AuditEvent:
        details: JsonObject = {
            "timeframe": str(self.options.timeframe),
            "open": format_instant(revision.open_ms),
            "before": list(revision.before),
            "after": list(revision.after),
        }
        return self._event("candle_revised", revision.symbol, details)

    def _event(self, action: str, subject: str, details: JsonObject) -> AuditEvent:
        return AuditEvent(self.environment.wall.now_ms(), "stream", action, subject, details)

    async def _audit(self, events: Sequence[AuditEvent]) -> None:
        with suppress(PortError):
            await self.environment.stores.audit.append(events)
