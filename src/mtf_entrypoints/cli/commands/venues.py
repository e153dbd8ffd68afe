"""`mtf venues`: the exchanges that there are, and whether one is ready."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, PROFILE, AsJson, World, checked_symbol, takes

app = typer.Typer()


@app.callback(invoke_without_command=True)
def venues(context: typer.Context, as_json: AsJson = False) -> None:
    """The exchanges that there are: their worlds, what each can do, and what of it was proven how.

    Nothing is asked of any of them; `mtf venues check` asks one.
    """
    if context.invoked_subcommand is None:
        actions.venues.show(as_json)
    elif as_json:
        raise typer.BadParameter("--json stands behind the command: mtf venues check --json")


@app.command()
@takes(PROFILE, CONFIG_DIR)
def check(
    world: World,
    exchange: Annotated[str | None, typer.Argument(help="Like okx. Default: MTF_EXCHANGE.", show_default=False)] = None,
    environment: Annotated[
        str | None,
        typer.Option("--environment", help="live, demo or testnet. Default: MTF_ENVIRONMENT.", show_default=False),
    ] = None,
    symbol: Annotated[
        str | None,
        typer.Option(
            "--symbol",
            help="The contract that candles and quotes are asked of. Default: the one of the largest turnover.",
            show_default=False,
            callback=checked_symbol,
        ),
    ] = None,
    orders: Annotated[
        bool,
        typer.Option(
            "--orders",
            help="Demo or sandbox only: also place one smallest post-only order far from the market, and cancel it.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Look whether an exchange, the key and the account are as runs need them. Exit code 1 if something is not.

    Everything is read and nothing is set: clock, contracts, candles, quotes, the key and its rights, the account's
    modes, money, positions and orders, limits, and both streams. Each line says what to do where it is not ok.

    Examples:

      mtf venues check okx --environment demo

      mtf venues check okx --environment demo --orders

      mtf venues check bitmart --json
    """
    asked = actions.venues.Asked(exchange, environment, symbol, orders)
    actions.venues.check(world, asked, as_json)
