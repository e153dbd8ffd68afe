"""`mtf replay`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import (
    ARCHIVE,
    CONFIG_DIR,
    EXCHANGE,
    PROFILE,
    SANDBOX,
    TRIALS,
    AsJson,
    AssumeOption,
    World,
    checked_symbols,
    takes,
)

_FILES = {name: SANDBOX[name] for name in ("candles", "contracts_file", "timezone", "align")}


@takes(PROFILE, _FILES, ARCHIVE, TRIALS, EXCHANGE, CONFIG_DIR)
def replay(
    world: World,
    *,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="First decision, like 2025-01-01T00:00Z.", show_default=False),
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Last decision. Default: where the candles end.")
    ] = None,
    symbols: Annotated[
        list[str] | None,
        typer.Option(
            "--symbols",
            help="Of the archive: only these; separated by commas, or repeated.",
            callback=checked_symbols,
            show_default=False,
        ),
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option("--venue", help="Whose candles of the archive. Default: the only one that is there."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write the page, the JSON and the trades there.", show_default=False),
    ] = None,
    assume: AssumeOption = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=256, help="Processes that decide.", show_default="cores")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What a profile would have done over recorded minutes, by the core that trades; only the exchange is a model.

    All symbols share one account. Candles are those of the archive (`mtf archive`), or files. Every assumption is one
    of app/replay.yaml, as badly for the trader as is still likely, and is printed.

    Examples:

      mtf replay --candles BTCUSDT=btc-1m.csv.gz

      mtf replay --profile scalper --from 2025-01-01T00:00Z --to 2025-07-01T00:00Z --out replay

      mtf replay --symbols BTCUSDT,ETHUSDT --assume slippage_bps=0 --assume delay_minutes=0 --json
    """
    span = actions.replay.Span(start, end)
    choice = actions.replay.Choice(symbols or [], venue, assume or [], jobs)
    actions.replay.perform(world, span, choice, out, as_json)
