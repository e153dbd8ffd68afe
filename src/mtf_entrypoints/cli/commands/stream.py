"""`mtf stream`."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, MARKET, METRICS, PROFILE, AsJson, World, checked_symbols, takes


@takes(PROFILE, MARKET, METRICS, CONFIG_DIR)
def stream(
    world: World,
    symbols: Annotated[
        list[str] | None,
        typer.Option(help="Only these, separated by commas.", show_default=False, callback=checked_symbols),
    ] = None,
    minutes: Annotated[int | None, typer.Option(min=1, help="End after so many minutes.", show_default=False)] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Calls at the same time.")] = 8,
    as_json: AsJson = False,
) -> None:
    """Keep the stored candles fresh: what the exchange pushes, and by call what it does not.

    Runs of other processes on the same database then find their candles there. Without symbols it follows those that
    the profile selects. SIGTERM ends it.

    Examples:

      mtf stream

      mtf stream --symbols BTCUSDT,ETHUSDT --minutes 3
    """
    names = tuple(name.strip() for text in symbols or [] for name in text.split(","))
    actions.stream.follow(world, actions.stream.StreamRequest(names, minutes, workers), as_json)
