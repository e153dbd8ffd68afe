"""`mtf archive fetch`."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import Any

from attrs import frozen

from mtf_adapters.archive.fetching import Fetched, FetchRequest
from mtf_adapters.archive.fetching import fetch as fetched
from mtf_adapters.archive.layout import TIMEFRAME, checked_venue
from mtf_adapters.archive.spans import Span
from mtf_adapters.telemetry.logs import configure_files
from mtf_core.market import format_instant, parse_instant, parse_moment, to_ms
from mtf_core.ports import Venue
from mtf_entrypoints.archiving import archive_of
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of, split_names
from mtf_entrypoints.container import Container
from mtf_entrypoints.settings import Settings


@frozen
class Wanted:
    """What is to be fetched, as written on the command line."""

    symbols: tuple[str, ...]
    everything: bool
    start: str
    end: str | None
    venue: str | None
    again: bool


def fetch(world: World, wanted: Wanted, as_json: bool) -> None:
    """Fetches what is missing; exit code 1 where a symbol's fetch ended early."""
    if bool(wanted.symbols) == wanted.everything:
        raise CommandError("name the symbols, or give --all for every contract that the exchange lists")
    done = asyncio.run(_fetch(settings_of(world), wanted))
    if as_json:
        output.write_json({"symbols": [_to_json(one) for one in done]})
    else:
        for one in done:
            output.write_line(_line(one))
    if broken := [f"{one.symbol}: {one.error}" for one in done if one.error]:
        raise CommandError("\n".join(broken), FAILED)


async def _fetch(settings: Settings, wanted: Wanted) -> tuple[Fetched, ...]:
    archive = archive_of(settings)
    configure_files(settings.log_level, settings.secrets, settings.log_dir)
    container = Container(settings=settings)  # its venue alone: history needs no database
    venue: Venue = container.venue()
    redis = container.redis()
    for remark in venue.remarks:
        output.warn(remark)
    try:
        async with nullcontext() if venue.connection is None else venue.connection():
            span = _span(wanted, venue.clock.now_ms())
            symbols = tuple(dict.fromkeys(split_names(list(wanted.symbols))))
            if wanted.everything:
                symbols = tuple(contract.symbol for contract in await venue.market.contracts())
            name = None if wanted.venue is None else checked_venue(wanted.venue)
            with output.progress() as progress:
                return await fetched(archive, venue, FetchRequest(symbols, span, name, wanted.again), progress)
    finally:
        if redis is not None:
            await redis.close()


def _span(wanted: Wanted, now_ms: int) -> Span:
    end = now_ms if wanted.end is None else to_ms(parse_instant(wanted.end))
    start = parse_moment(wanted.start, end)
    first = -(-start // TIMEFRAME.ms) * TIMEFRAME.ms
    last = TIMEFRAME.open_at_or_before(end)
    if first > last:
        raise CommandError(f"--from: {format_instant(first)} lies after {format_instant(last)}, where the fetch ends")
    return Span(first, last)


def _line(one: Fetched) -> str:
    added = f"{one.symbol}: {output.counted(one.done.added, 'candle')} added, {one.asked} asked for"
    if one.first_open_ms is None or one.last_open_ms is None:
        return f"{added}; the archive has none"
    return f"{added}; the archive has {format_instant(one.first_open_ms)} to {format_instant(one.last_open_ms)}"


def _to_json(one: Fetched) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "asked": one.asked,
        "added": one.done.added,
        "equal": one.done.equal,
        "first_open": None if one.first_open_ms is None else format_instant(one.first_open_ms),
        "last_open": None if one.last_open_ms is None else format_instant(one.last_open_ms),
        "error": one.error,
    }
