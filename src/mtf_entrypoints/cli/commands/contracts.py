"""`mtf contracts`: what may be traded."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import MARKET, AsJson, World, checked_symbol, takes

app = typer.Typer(help="Synchronise and show contracts.", no_args_is_help=True)


@app.command()
@takes(MARKET)
def sync(
    world: World,
    symbol: Annotated[
        str | None,
        typer.Option("--symbol", help="Show this one as it is now.", show_default=False, callback=checked_symbol),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Store the exchange's list of contracts in place of the one stored before.

    Examples:

      mtf contracts sync

      mtf contracts sync --symbol BTCUSDT
    """
    actions.contracts.sync(world, symbol, as_json)


@app.command("list")
@takes(MARKET)
def list_contracts(
    world: World,
    symbol: Annotated[
        str | None, typer.Option("--symbol", help="Only this one.", show_default=False, callback=checked_symbol)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the stored contracts: grid, limits, leverage, turnover.

    Example:

      mtf contracts list --symbol BTCUSDT
    """
    actions.contracts.show(world, symbol, as_json)
