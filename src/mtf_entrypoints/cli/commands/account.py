"""`mtf positions`, `orders`, `trades`, `story` and `alarms`: the account, and what became of every intent."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, EXCHANGE, SANDBOX, STORE, AsJson, World, checked_symbol, takes

_WORLD = (STORE, EXCHANGE, SANDBOX, CONFIG_DIR)
OfSymbol = Annotated[
    str | None, typer.Option("--symbol", help="Only this one.", callback=checked_symbol, show_default=False)
]


@takes(*_WORLD)
def positions(world: World, symbol: OfSymbol = None, as_json: AsJson = False) -> None:
    """Open positions: the armed stop and since when, targets, R now, the plan beside them, and what is not of mtf.

    The account is read once, as it is now. R now: how far the mark price stands from the entry, measured in distances
    from the planned entry to the first stop.

    Examples:

      mtf positions

      mtf positions --symbol BTCUSDT --json
    """
    actions.account.positions(world, symbol, as_json)


@takes(*_WORLD)
def orders(world: World, symbol: OfSymbol = None, as_json: AsJson = False) -> None:
    """Live orders of the account: what each is for, of which intent it is, or that it is not of mtf.

    Example:

      mtf orders
    """
    actions.account.orders(world, symbol, as_json)


@takes(*_WORLD)
def trades(
    world: World,
    symbol: OfSymbol = None,
    profile: Annotated[str | None, typer.Option(help="Only trades of this profile.", show_default=False)] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Closed at or after this instant.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many to list, the last closed first.")] = 30,
    as_json: AsJson = False,
) -> None:
    """Closed trades with costs, R and slippage, and what all that fit add up to: won, lost, expectancy.

    Everything comes from the exchange's executions and money rows. `mtf story KEY` tells all of one trade.

    Examples:

      mtf trades

      mtf trades --symbol BTCUSDT --since 2026-01-31T00:00Z --json
    """
    actions.account.trades(world, symbol, profile, since, limit, as_json)


@takes(*_WORLD)
def story(
    world: World,
    key: Annotated[str, typer.Argument(help="A decision key, as `mtf trades` shows it, or a symbol: its newest one.")],
    as_json: AsJson = False,
) -> None:
    """Everything that happened to one intent: events in order, executions, and the trade that came of it.

    Examples:

      mtf story BTCUSDT

      mtf story BTCUSDT:5m:1769950500000:long --json
    """
    actions.account.story(world, key, as_json)


@takes(*_WORLD)
def alarms(
    world: World,
    every: Annotated[bool, typer.Option("--all", help="Those that have ended, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the last raised first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """What a person has to look at now: positions without a stop, orders of others, reads that contradict the store.

    Example:

      mtf alarms --all
    """
    actions.account.alarms(world, every, limit, as_json)
