"""`mtf klines`: candles in the store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import (
    MARKET,
    AsJson,
    SymbolArgument,
    TimeframeOption,
    World,
    checked_symbol,
    checked_symbols,
    takes,
)

app = typer.Typer(help="Fetch, import and repair candles.", no_args_is_help=True)


@app.command()
@takes(MARKET)
def fetch(
    world: World,
    symbol: SymbolArgument,
    timeframe: TimeframeOption,
    limit: Annotated[
        int | None, typer.Option(min=1, help="How many candles; 500 unless --from and --to say it.", show_default=False)
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="First open time.", show_default=False)
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Last open time. Default: now.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch closed candles from the exchange and store them.

    Examples:

      mtf klines fetch BTCUSDT --timeframe 5m --limit 1000

      mtf klines fetch BTCUSDT --timeframe 1h --from 2026-01-01T00:00Z --to 2026-01-31T00:00Z
    """
    actions.klines.fetch(world, symbol, timeframe, actions.klines.Span(limit, start, end), as_json)


@app.command("import")
@takes(MARKET)
def import_file(
    world: World,
    file: Annotated[Path, typer.Argument(help="CSV, JSON, Parquet or Feather; also .gz and .zip.")],
    symbol: Annotated[str, typer.Option(help="Like BTCUSDT.", callback=checked_symbol)],
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", "--tf", help="Default: the spacing of the rows.", show_default=False)
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop what is stored of the symbol, in all timeframes, first.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Store the candles of a file. A file with an error is refused as a whole; holes are reported.

    A symbol's candles have one origin: a file that differs from what the exchange shows, or from what is stored, is
    refused. To run on a file instead of storing it, use --candles SYMBOL=FILE.

    Examples:

      mtf klines import btc-1m.csv.gz --symbol MYBTCUSDT

      mtf klines import metatrader.csv --symbol MYBTCUSDT --timezone Europe/Athens
    """
    actions.klines.import_file(world, file, symbol, actions.klines.ImportOptions(timeframe, replace), as_json)


@app.command()
@takes(MARKET)
def gaps(
    world: World,
    symbol: Annotated[
        list[str] | None,
        typer.Option("--symbol", help="Only this one; may be repeated.", show_default=False, callback=checked_symbols),
    ] = None,
    timeframe: Annotated[
        list[str] | None,
        typer.Option("--timeframe", "--tf", help="Only this one; may be repeated.", show_default=False),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Fetch what is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show holes in the stored candles, and fill them.

    Examples:

      mtf klines gaps

      mtf klines gaps --symbol BTCUSDT --timeframe 1m --repair
    """
    actions.klines.gaps(world, symbol or [], timeframe or [], repair, as_json)
