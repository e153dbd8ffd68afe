"""`mtf stream`: a process that keeps the store's candles fresh for the runs of others."""

from __future__ import annotations

import asyncio
import json

from attrs import frozen

from mtf_core.market import format_instant
from mtf_core.ports import HeldBy
from mtf_core.runs.followed import followed_symbols
from mtf_core.runs.leases import Leases
from mtf_core.upkeep.streaming import CandleStreamer, StreamChange, StreamMinute, StreamNews, StreamOptions
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import announced
from mtf_entrypoints.cli.world_settings import settings_of

_LOCK_MS = 30_000


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
    settings = settings_of(world, stays=True)
    if settings.at_ms is not None:
        raise CommandError("--at: a stream follows the present; leave it out")
    async with announced(settings) as container:
        environment = container.environment()
        leases = Leases(environment.locks, environment.new_run_id(), environment.sleep)
        async with leases.kept():
            await _take(leases, f"stream:{environment.venue.namespace}")
            minutes = 0

            def told(news: StreamNews) -> None:
                nonlocal minutes
                _show(news, as_json)
                minutes += isinstance(news, StreamMinute)
                if minutes == request.minutes:
                    stopping.set()

            async def choose() -> tuple[str, ...]:
                return await followed_symbols(environment, settings.profile, request.symbols)

            with output.progress() as progress:
                options = StreamOptions(workers=request.workers)
                await CandleStreamer(environment, choose, options, told, progress).run(stopping)
    output.warn("stopped; what had closed is stored")


async def _take(leases: Leases, name: str) -> None:
    answer = await leases.take(name, _LOCK_MS)
    if isinstance(answer, HeldBy):
        until = format_instant(answer.expires_at_ms)
        text = f"another process streams these candles into this database already; its lock {name} lasts until {until}"
        raise CommandError(text, REFUSED)


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
