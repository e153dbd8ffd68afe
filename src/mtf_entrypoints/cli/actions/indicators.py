"""`mtf indicators`."""

from __future__ import annotations

import asyncio
import math

from mtf_core.inquiry import Indicators, Reading, read_indicators
from mtf_core.market import Timeframe, format_instant
from mtf_core.validation.explain import number
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.cli.world_settings import split_names
from mtf_entrypoints.documents import indicators_to_json


def perform(world: World, symbol: str, timeframe: str, names: list[str], as_json: bool) -> None:
    """Prints the features of the last closed candle."""
    found = asyncio.run(_read(world, symbol, Timeframe.parse(timeframe), split_names(names)))
    if as_json:
        output.write_json(indicators_to_json(found))
        return
    candle = f"candle {format_instant(found.open_ms)} to {format_instant(found.open_ms + found.timeframe.ms)}"
    output.write_line(f"{found.symbol} {found.timeframe}, {candle}")
    table = output.table("feature", "value", "candles", "since", right=("value", "candles"))
    for name, reading in found.readings.items():
        value = number(reading.value) if math.isfinite(reading.value) else "missing"
        table.add_row(name, value, reading.history.counted, _since(reading))
    output.console().print(table)


def _since(reading: Reading) -> str:
    first_open_ms = reading.history.first_open_ms
    return "" if first_open_ms is None else format_instant(first_open_ms)


async def _read(world: World, symbol: str, timeframe: Timeframe, names: list[str]) -> Indicators:
    async with working(world) as environment:
        return await read_indicators(
            environment, symbol, timeframe, names=names or None, profile=environment.profiles(None)
        )
