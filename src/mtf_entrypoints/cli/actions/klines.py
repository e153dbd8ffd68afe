"""`mtf klines`."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from mtf_adapters.files.candles import read_candles
from mtf_core.market import Gap, Timeframe, format_instant, parse_instant, to_ms
from mtf_core.upkeep import (
    ForeignCandles,
    Ingest,
    Origin,
    SeriesGaps,
    fetch_candles,
    find_gaps,
    import_candles,
    repair_gaps,
)
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, REFUSED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.cli.world_settings import split_names

DEFAULT_LIMIT = 500
MAX_CANDLES = 500_000
_SHOWN_GAPS = 10


@frozen
class Span:
    """How many candles, or from when to when; the other end follows."""

    limit: int | None
    start: str | None
    end: str | None

    def open_times(self, timeframe: Timeframe, now_ms: int) -> tuple[int, int]:
        """Open times (ms) of the first and the last candle; raises `CommandError`."""
        if self.limit is not None and self.start is not None and self.end is not None:
            raise CommandError("--limit, --from and --to are one too many; give two of them")
        newest = timeframe.last_closed_open(now_ms)
        length = ((self.limit or DEFAULT_LIMIT) - 1) * timeframe.ms
        first = None if self.start is None else -(-_ms(self.start) // timeframe.ms) * timeframe.ms
        last = None if self.end is None else timeframe.open_at_or_before(_ms(self.end))
        if last is None:
            last = first + length if first is not None and self.limit is not None else newest
        last = min(last, newest)
        if first is None:
            first = last - length
        if first > last:
            raise CommandError(
                f"nothing to fetch: the first candle would open {format_instant(first)}, after the last closed one "
                f"asked for, {format_instant(last)}"
            )
        if (last - first) // timeframe.ms >= MAX_CANDLES:
            raise CommandError(f"more than {MAX_CANDLES} candles at once; choose a shorter span")
        return first, last


def _ms(text: str) -> int:
    return to_ms(parse_instant(text))


def fetch(world: World, symbol: str, timeframe: str, span: Span, as_json: bool) -> None:
    """Fetches and stores a span of candles."""
    _print(asyncio.run(_fetch(world, symbol, Timeframe.parse(timeframe), span)), "fetched", as_json)


async def _fetch(world: World, symbol: str, timeframe: Timeframe, span: Span) -> Ingest:
    async with working(world) as environment:
        first, last = span.open_times(timeframe, environment.venue.clock.now_ms())
        with output.progress() as progress:
            return await fetch_candles(environment, symbol, timeframe, first, last, progress)


@frozen
class ImportOptions:
    """What an import was told of the file, and whether it may drop what is stored."""

    timeframe: str | None
    replace: bool


def import_file(world: World, file: Path, symbol: str, options: ImportOptions, as_json: bool) -> None:
    """Stores a file's candles, all of them or, if anything is wrong with it, none."""
    _print(asyncio.run(_import(world, file, symbol, options)), "imported", as_json)


async def _import(world: World, file: Path, symbol: str, options: ImportOptions) -> Ingest:
    # The options of candle files are this file's; the world has them only for candle files of its own.
    own = world if world.candles else evolve(world, timezone=None, align=False)
    async with working(own) as environment:
        candles = read_candles(
            file,
            options.timeframe,
            timezone=world.timezone,
            align=world.align,
            not_after_ms=environment.wall.now_ms(),
            tell=lambda remark: output.warn(f"{file.name}: {remark}"),
        )
        done = await import_candles(environment, symbol, candles, replace=options.replace)
    if isinstance(done, ForeignCandles):
        raise CommandError(_foreign(done, file), REFUSED)
    return done


def _foreign(candles: ForeignCandles, file: Path) -> str:
    """Why a file's candles were not stored, and what can be done."""
    symbol = candles.symbol
    where = "" if candles.open_ms is None else f", first at {format_instant(candles.open_ms)}"
    if candles.origin is Origin.STORE:
        what = f"the {candles.timeframe} candles stored of {symbol} are others than the file's{where}"
        return f"{what}; nothing was stored. Drop them with --replace, or take another symbol"
    if candles.open_ms is None:
        what = f"the exchange has {symbol}, but no candles of the file's time to compare with"
    else:
        what = f"the exchange shows other candles of {symbol} than the file{where}"
    return (
        f"{what}; nothing was stored, for a series has one origin. Run on the file with --candles {symbol}={file}, "
        f"or store it as another symbol, like MY{symbol}"
    )


def gaps(world: World, symbols: list[str], timeframes: list[str], repair: bool, as_json: bool) -> None:
    """Shows holes; with `repair`, fetches what is missing. Exit code 1 when holes remain after a repair."""
    chosen = tuple(Timeframe.parse(name) for name in split_names(timeframes))
    found, repaired = asyncio.run(_gaps(world, tuple(split_names(symbols)), chosen, repair))
    if as_json:
        document: dict[str, Any] = {"series": [_series_to_json(one) for one in found]}
        if repair:
            document["repaired"] = [_ingest_to_json(one) for one in repaired]
        output.write_json(document)
    else:
        _print_gaps(found)
        if repair:
            for one in repaired:
                _print_ingest(one, "fetched")
    left = sum(gap.count for one in repaired for gap in one.gaps)
    if repair and left:
        raise CommandError(f"{output.counted(left, 'candle')} still missing: the exchange does not have them", FAILED)


async def _gaps(
    world: World, symbols: tuple[str, ...], timeframes: tuple[Timeframe, ...], repair: bool
) -> tuple[tuple[SeriesGaps, ...], tuple[Ingest, ...]]:
    async with working(world) as environment:
        found = await find_gaps(environment, symbols or None, timeframes or None)
        holey = tuple(one for one in found if one.gaps)
        if not repair:
            return found, ()
        with output.progress() as progress:
            return found, await repair_gaps(environment, holey, progress)


def _print(done: Ingest, verb: str, as_json: bool) -> None:
    if as_json:
        output.write_json(_ingest_to_json(done))
    else:
        _print_ingest(done, verb)


def _print_ingest(done: Ingest, verb: str) -> None:
    missing = sum(gap.count for gap in done.gaps)
    holes = f", {missing} missing in {output.counted(len(done.gaps), 'hole')}" if done.gaps else ", no holes"
    output.write_line(
        f"{done.symbol} {done.timeframe}: {output.counted(done.written, 'candle')} {verb} and stored{holes}"
    )
    for line in _gap_lines(done.gaps):
        output.write_line(line)


def _print_gaps(found: tuple[SeriesGaps, ...]) -> None:
    if not found:
        output.write_line("no candles are stored")
        return
    numbers = ("stored", "holes", "missing")
    table = output.table("symbol", "timeframe", *numbers, right=numbers)
    for one in found:
        missing = sum(gap.count for gap in one.gaps)
        table.add_row(one.symbol, str(one.timeframe), str(one.stored), str(len(one.gaps)), str(missing))
    output.console().print(table)
    for one in found:
        if one.gaps:
            output.write_line(f"{one.symbol} {one.timeframe}:")
            for line in _gap_lines(one.gaps):
                output.write_line(line)


def _gap_lines(gaps: tuple[Gap, ...]) -> list[str]:
    lines = [
        f"  {format_instant(gap.first_open_ms)} to {format_instant(gap.last_open_ms)}: {gap.count} missing"
        for gap in gaps[:_SHOWN_GAPS]
    ]
    if len(gaps) > _SHOWN_GAPS:
        lines.append(f"  and {output.counted(len(gaps) - _SHOWN_GAPS, 'more hole')} (--json shows all)")
    return lines


def _ingest_to_json(done: Ingest) -> dict[str, Any]:
    return {
        "symbol": done.symbol,
        "timeframe": str(done.timeframe),
        "written": done.written,
        "gaps": [_gap_to_json(gap) for gap in done.gaps],
    }


def _series_to_json(one: SeriesGaps) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "timeframe": str(one.timeframe),
        "stored": one.stored,
        "gaps": [_gap_to_json(gap) for gap in one.gaps],
    }


def _gap_to_json(gap: Gap) -> dict[str, Any]:
    return {
        "first_open": format_instant(gap.first_open_ms),
        "last_open": format_instant(gap.last_open_ms),
        "count": gap.count,
    }
