"""`mtf stats zones`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mtf_core.inquiry import ZoneGroup, ZoneStatistics, zone_statistics
from mtf_core.inquiry.zones import OPEN
from mtf_core.market import Timeframe, format_instant, parse_instant, to_ms
from mtf_core.planning import ZoneCategory, ZoneEnd
from mtf_core.records import ZoneSelection
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stored import stored_run

ALL = "all"
"""Stands for every symbol in a table."""
_SHARES = ("P50 %", "P80 %", "P90 %")
_HEADS = ("symbol", "tf", "events", *_SHARES, "inside", "waiting", *ZoneEnd, OPEN, "refused", "would fill")
_OPTIONAL = ("would fill", "refused", "unknown", OPEN, "waiting", "inside")


def show_zones(
    world: World,
    since: str | None,
    until: str | None,
    symbols: list[str] | None,
    timeframe: str | None,
    profile: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Distances and outcomes by timeframe and by symbol, and suggestions."""
    selection = ZoneSelection(
        since_ms=None if since is None else to_ms(parse_instant(since)),
        until_ms=None if until is None else to_ms(parse_instant(until)),
        symbols=None if not symbols else _names(symbols),
        timeframe=None if timeframe is None else Timeframe.parse(timeframe),
        profile=profile,
    )
    found = asyncio.run(_statistics(world, selection))
    if found is None:
        raise CommandError("no run is stored; `mtf run` stores one", FAILED)
    if as_json:
        output.write_json(found.to_json())
    elif found.events:
        _print(found, limit)
    else:
        output.write_line("no zone event is stored that fits; each plan of a run leaves one")


def _names(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for text in texts for name in text.split(",") if name.strip()))


async def _statistics(world: World, selection: ZoneSelection) -> ZoneStatistics | None:
    with output.progress() as progress:
        async with stored_run(world, None) as stored:
            return None if stored is None else await zone_statistics(stored.stores, selection, progress)


def _print(found: ZoneStatistics, limit: int) -> None:
    first, last = (format_instant(ms) for ms in (found.first_at_ms, found.last_at_ms) if ms is not None)
    output.write_line(f"{output.counted(found.events, 'zone event')}, {first} to {last}")
    table = output.table(*_HEADS, right=_HEADS[2:], optional=_OPTIONAL)
    for group in (*found.by_timeframe, *found.by_symbol[:limit]):
        table.add_row(*_cells(group))
    output.console().print(table)
    if len(found.by_symbol) > limit:
        output.write_line(f"… and {len(found.by_symbol) - limit} more (--limit)")
    for line in _times(found):
        output.write_line(line)
    for one in found.suggestions:
        output.write_line(f"suggestion (nothing applies it): {one.text}")


def _cells(group: ZoneGroup) -> tuple[str, ...]:
    deviation = group.deviation
    shares = (f"{float(share) * 100:.3f}" for share in (deviation.p50, deviation.p80, deviation.p90))
    where = (group.categories[ZoneCategory.INSIDE], group.categories[ZoneCategory.WAITING])
    refused = (sum(group.refused.values()), group.refused[ZoneEnd.FILLED])
    counts = (str(count) for count in (*where, *group.entries.values(), *refused))
    return (group.symbol or ALL, str(group.timeframe), str(group.events), *shares, *counts)


def _times(found: ZoneStatistics) -> list[str]:
    """How long fills took, by timeframe."""
    return [
        f"{group.timeframe}: half of the fills came {_within(group.minutes_to_fill.p50)}, 90 %"
        f" {_within(group.minutes_to_fill.p90)}"
        for group in found.by_timeframe
        if group.minutes_to_fill is not None
    ]


def _within(minutes: float) -> str:
    return f"within {minutes:.3g} min" if minutes else "at once"
