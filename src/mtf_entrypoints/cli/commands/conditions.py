"""`mtf conditions`: the catalogue, and what became of a symbol's conditions."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, MARKET, PROFILE, AsJson, SymbolArgument, World, takes

app = typer.Typer(help="The catalogue of conditions, and their values for a symbol.", no_args_is_help=True)


@app.command("list")
def list_conditions(
    family: Annotated[
        str | None, typer.Option(help="Only names, families or sides that contain this.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show every built-in condition with its parameters and their defaults.

    Example:

      mtf conditions list --family macd
    """
    actions.conditions.show_catalogue(family, as_json)


@app.command()
@takes(PROFILE, MARKET, CONFIG_DIR)
def explain(
    world: World,
    symbol: SymbolArgument,
    timeframe: Annotated[
        str | None, typer.Argument(help="1m, 5m, …; without one, all of the profile and the verdict.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The tree of conditions with the values of a symbol; arrows mark what decides.

    Examples:

      mtf conditions explain BTCUSDT 5m

      mtf conditions explain BTCUSDT --profile regular --at 2026-01-31T14:00Z
    """
    actions.conditions.explain(world, symbol, timeframe, as_json)
