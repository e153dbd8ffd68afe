"""Candles into the store by hand: fetched for a range, imported from files, holes found and repaired."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from mtf_core.market import Candles, Gap, Timeframe
from mtf_core.ports import Environment, Progress, UnknownSymbolError, no_progress
from mtf_core.records import AuditEvent, JsonObject
from mtf_core.upkeep.provenance import ForeignCandles, stored_timeframes, unlike_exchange, unlike_store

MOST_PER_CALL = 1000
_END_OF_TIME_MS = 2**62


@frozen
class Ingest:
    """What was written for one series, and the holes that the store has in it now."""

    symbol: str
    timeframe: Timeframe
    written: int
    gaps: tuple[Gap, ...]


@frozen
class SeriesGaps:
    """A stored series' number of candles and its holes."""

    symbol: str
    timeframe: Timeframe
    stored: int
    gaps: tuple[Gap, ...]


async def fetch_candles(
    environment: Environment,
    symbol: str,
    timeframe: Timeframe,
    first_open_ms: int,
    last_open_ms: int,
    progress: Progress = no_progress,
) -> Ingest:
    """Fetches the closed candles that open within [first, last], piece by piece, and stores each piece."""
    step = timeframe.ms
    first = timeframe.open_at_or_before(first_open_ms + step - 1)
    last = min(timeframe.open_at_or_before(last_open_ms), timeframe.last_closed_open(environment.venue.clock.now_ms()))
    starts = range(first, last + 1, MOST_PER_CALL * step)
    written = 0
    for done, start in enumerate(starts, start=1):
        stop = min(last, start + (MOST_PER_CALL - 1) * step)
        candles = await environment.venue.market.candles(symbol, timeframe, start, stop)
        written += await environment.stores.candles.write({(symbol, timeframe): candles})
        progress("candles", done, len(starts))
    return await _ingested(environment, symbol, timeframe, written)


async def import_candles(
    environment: Environment, symbol: str, candles: Candles, *, replace: bool = False
) -> Ingest | ForeignCandles:
    """Stores candles that were read from a file, in one transaction, if they are the symbol's own.

    A series has one origin: two glued together give a decision from two markets. So the candles must equal those that
    the exchange shows of the symbol, where it lists it, and those that are stored of it, in any timeframe; where they
    do not, nothing is stored. `replace` drops what is stored of the symbol first, but never overrules the exchange.
    """
    foreign = await unlike_exchange(environment, symbol, candles)
    stored = await stored_timeframes(environment, symbol)
    if foreign is None and not replace:
        foreign = await unlike_store(environment, symbol, candles, stored)
    if foreign is not None:
        return foreign
    if replace:
        for timeframe in stored:
            await environment.stores.candles.delete(symbol, timeframe, 0, _END_OF_TIME_MS)
    written = await environment.stores.candles.write({(symbol, candles.timeframe): candles})
    details: JsonObject = {"timeframe": str(candles.timeframe), "candles": written, "replaced": replace}
    now_ms = environment.wall.now_ms()
    await environment.stores.audit.append([AuditEvent(now_ms, "operator", "candles_imported", symbol, details)])
    return await _ingested(environment, symbol, candles.timeframe, written)


async def find_gaps(
    environment: Environment, symbols: Sequence[str] | None = None, timeframes: Sequence[Timeframe] | None = None
) -> tuple[SeriesGaps, ...]:
    """The holes of every stored series, or of some symbols' and timeframes'."""
    found = []
    for symbol, timeframe, _, _, count in await environment.stores.candles.spans():
        if (symbols is None or symbol in symbols) and (timeframes is None or timeframe in timeframes):
            gaps = await environment.stores.candles.gaps(symbol, timeframe)
            found.append(SeriesGaps(symbol, timeframe, count, gaps))
    return tuple(found)


async def repair_gaps(
    environment: Environment, series: Sequence[SeriesGaps], progress: Progress = no_progress
) -> tuple[Ingest, ...]:
    """Fetches what the series lack; holes that the exchange has, too, remain and are reported.

    So do those of a series that the exchange does not list: it came from a file.
    """
    repaired = []
    broken = [one for one in series if one.gaps]
    for done, one in enumerate(broken, start=1):
        written = 0
        try:
            for gap in one.gaps:
                part = await fetch_candles(environment, one.symbol, one.timeframe, gap.first_open_ms, gap.last_open_ms)
                written += part.written
        except UnknownSymbolError:
            written = 0
        repaired.append(await _ingested(environment, one.symbol, one.timeframe, written))
        progress("gaps", done, len(broken))
    return tuple(repaired)


async def _ingested(environment: Environment, symbol: str, timeframe: Timeframe, written: int) -> Ingest:
    return Ingest(symbol, timeframe, written, await environment.stores.candles.gaps(symbol, timeframe))
