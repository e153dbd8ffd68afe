"""`mtf archive`: history on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import (
    ARCHIVE,
    AT,
    EXCHANGE,
    FILES,
    SANDBOX,
    AsJson,
    World,
    checked_symbol,
    checked_symbols,
    takes,
)

app = typer.Typer(help="Keep history: candles of 1m in files, for replays.", no_args_is_help=True)


@app.command("import")
@takes(ARCHIVE, FILES)
def import_files(
    world: World,
    files: Annotated[list[Path], typer.Argument(help="CSV, JSON, Parquet or Feather; also .gz and .zip.")],
    symbol: Annotated[
        str | None,
        typer.Option(
            help="Whose candles the files hold. Default: what their names say, like BTCUSDT-1m-2024-01.zip.",
            callback=checked_symbol,
            show_default=False,
        ),
    ] = None,
    venue: Annotated[str, typer.Option(help="The folder of the archive, like binance: one market.")] = ("files"),
    replace: Annotated[bool, typer.Option("--replace", help="Where a candle differs from the archive's, take it.")] = (
        False
    ),
    as_json: AsJson = False,
) -> None:
    """Put files of candles of 1m into the archive, each as a whole or not at all.

    What is there already with the same numbers is left as it is. A file that differs from it is refused by its first
    minute that does; the other files go in.

    Examples:

      mtf archive import BTCUSDT-1m-2024-*.zip --venue binance

      mtf archive import btc.csv.gz --symbol BTCUSDT

      mtf archive import BTCUSDT_1_2024-01-01_2024-01-31.csv.gz --venue bybit --timezone +03:00
    """
    actions.archive.import_files(world, files, actions.archive.Wanted(symbol, venue, replace), as_json)


@app.command()
@takes(ARCHIVE, EXCHANGE, SANDBOX, AT)
def fetch(
    world: World,
    start: Annotated[
        str, typer.Option("--from", metavar="TIME", help="First open time, or so long before --to, like 90d.")
    ],
    symbols: Annotated[
        list[str] | None, typer.Argument(help="Like BTCUSDT.", callback=checked_symbols, show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every contract that the exchange lists.")] = False,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Last open time. Default: now.", show_default=False)
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(help="The folder of the archive. Default: the name of the exchange's world.", show_default=False),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Ask once more for minutes that the exchange had no candles of.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the history that is missing from the exchange, within its rate limits.

    The newest month first; each is on the disk before the next is asked for, so that whatever stops it, the same
    command goes on from there. A month without candles before all others ends the search of a symbol.

    Examples:

      mtf archive fetch BTCUSDT ETHUSDT --from 2024-01-01T00:00Z

      mtf archive fetch --all --from 90d
    """
    wanted = actions.archive_fetch.Wanted(tuple(symbols or ()), everything, start, end, venue, again)
    actions.archive_fetch.fetch(world, wanted, as_json)


@app.command("list")
@takes(ARCHIVE)
def list_series(world: World, as_json: AsJson = False) -> None:
    """Show what the archive holds.

    Examples:

      mtf archive list

      mtf archive list --json
    """
    actions.archive.list_series(world, as_json)


@app.command()
@takes(ARCHIVE)
def verify(world: World, as_json: AsJson = False) -> None:
    """Read every file, and compare every candle with the digests. Exit code 1 where something is wrong.

    Example:

      mtf archive verify
    """
    actions.archive.verify(world, as_json)
