"""`mtf stream`: a process that keeps the store's candles fresh for the runs of others."""

from __future__ import annotations

import asyncio
import json

from attrs import define, field, frozen

from mtf_adapters.telemetry.news import StreamMetrics
from mtf_core.market import format_instant
from mtf_core.ports import Environment
from mtf_core.records import ProcessKind, ProcessState
from mtf_core.runs.followed import followed_symbols
from mtf_core.upkeep.streaming import (
    CandleStreamer,
    StreamChange,
    StreamMinute,
    StreamNews,
    StreamOptions,
    StreamState,
)
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.alone import alone
from mtf_entrypoints.cli.exits import CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import announced, measured, metrics_place
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import Container
from mtf_entrypoints.presence import shown

_SILENT_MS = 180_000
"""A period ends each minute; where none has been told of for so long, no candle comes at all."""


@frozen
class StreamRequest:
    """What to follow, and when to end by itself (after so many minutes; None: when told to)."""

    symbols: tuple[str, ...] = ()
    minutes: int | None = None
    workers: int = 8


def follow(world: World, request: StreamRequest, as_json: bool) -> None:
    """Follows until it is told to stop (SIGTERM, SIGINT)."""
    asyncio.run(_follow(world, request, as_json))


async def _follow(world: World, request: StreamRequest, as_json: bool) -> None:
    stopping = told_to_stop()
    settings, place = settings_of(world, stays=True), metrics_place(world)
    if settings.at_ms is not None:
        raise CommandError("--at: a stream follows the present; leave it out")
    async with announced(settings) as container, measured(container, place):
        await stream(container, request, stopping, as_json)
    output.warn("stopped; what had closed is stored")


async def stream(container: Container, request: StreamRequest, stopping: asyncio.Event, as_json: bool) -> None:
    """Streams on an open container until `stopping` is set, or so many minutes are over."""
    environment, profile = container.environment(), container.settings().profile
    seen, counted = _Seen(environment), StreamMetrics(container.metrics(), environment.venue.exchange)
    async with (
        alone(environment, ProcessKind.STREAM, "streams these candles into this database", stopping) as owner,
        shown(environment, ProcessKind.STREAM, seen.state, owner=owner),
    ):
        minutes = 0

        def told(news: StreamNews) -> None:
            nonlocal minutes
            seen.hear(news)
            counted.hear(news)
            _show(news, as_json)
            minutes += isinstance(news, StreamMinute)
            if minutes == request.minutes:
                stopping.set()

        is_ready = False

        async def choose() -> tuple[str, ...]:
            nonlocal is_ready
            chosen = await followed_symbols(environment, profile, request.symbols)
            if not is_ready:
                is_ready = True
                counted = output.counted(len(chosen), "symbol")
                output.warn(f"streaming candles of {counted}, {environment.venue.label}; stop with Ctrl-C")
            return chosen

        with output.progress() as progress:
            options = StreamOptions(workers=request.workers)
            await CandleStreamer(environment, choose, options, told, progress).run(stopping)


@define(eq=False)
class _Seen:
    """What a stream's news say of it, in one word, for those who watch the process."""

    environment: Environment
    _is_heard: bool = field(default=False, init=False)
    _minute_ms: int = field(init=False)
    """When the last period was told of."""

    def __attrs_post_init__(self) -> None:
        self._minute_ms = self.environment.wall.now_ms()

    def hear(self, news: StreamNews) -> None:
        match news:
            case StreamMinute():
                self._minute_ms = self.environment.wall.now_ms()
            case StreamChange():
                self._is_heard = news.state is StreamState.STREAM

    def state(self) -> ProcessState:
        if self.environment.wall.now_ms() - self._minute_ms > _SILENT_MS:
            return ProcessState.SILENT
        if self._is_heard:
            return ProcessState.STREAMING
        return ProcessState.WORKING if self.environment.venue.streams is None else ProcessState.BY_CALLS


def _show(news: StreamNews, as_json: bool) -> None:
    match news:
        case StreamMinute():
            if as_json:
                document = {
                    "open": format_instant(news.open_ms),
                    "symbols": news.symbols,
                    "streamed": news.streamed,
                    "fetched": news.fetched,
                    "lacking": news.lacking,
                    "after_ms": news.after_ms,
                }
                output.write_line(json.dumps(document))
            else:
                lacking = f", {news.lacking} without a candle" if news.lacking else ""
                counted = output.counted(news.symbols, "symbol")
                output.write_line(
                    f"{format_instant(news.open_ms)}  {counted}: {news.streamed} streamed, {news.fetched} by call"
                    f"{lacking}; all stored {news.after_ms / 1000:.1f} s after the close"
                )
        case StreamChange():
            output.warn(f"candles now come by {news.state}: {news.why}")
    output.flush()
