"""`mtf position`, `mtf protect` and `mtf targets`: what an operator does to an open position."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, EXCHANGE, SANDBOX, STORE, AsJson, SymbolArgument, World, takes

position = typer.Typer(
    help="Close a position, book a close that was made elsewhere, or take back what was asked.", no_args_is_help=True
)
targets = typer.Typer(help="Where a position is to be left with a gain.", no_args_is_help=True)

_WORLD = (STORE, EXCHANGE, SANDBOX, CONFIG_DIR)
Yes = Annotated[bool, typer.Option("--yes", help="Do it without asking again.")]
Wait = Annotated[int, typer.Option(min=0, max=300, help="Seconds to wait for what the supervisor says.")]


@position.command("close")
@takes(*_WORLD)
def close(world: World, symbol: SymbolArgument, yes: Yes = False, wait: Wait = 15, as_json: AsJson = False) -> None:
    """Close the position of a symbol at market, and end what of its entry still rests.

    The supervisor does it: its targets go, the stop stays until everything is closed.

    Examples:

      mtf position close BTCUSDT

      mtf position close BTCUSDT --yes --json
    """
    actions.by_hand.close(world, symbol, yes, wait, as_json)


@position.command("book")
@takes(*_WORLD)
def book(
    world: World,
    symbol: SymbolArgument,
    size: Annotated[str, typer.Option(help="Contracts that were closed; 0: the entry never filled.")],
    reason: Annotated[str, typer.Option(help="Where it was closed and why; kept with the trade.")],
    price: Annotated[str, typer.Option(help="The average price of the close.")] = "0",
    profit: Annotated[str, typer.Option(help="Before fees, in quote currency; below zero is a loss.")] = "0",
    fees: Annotated[str, typer.Option(help="In quote currency.")] = "0",
    yes: Yes = False,
    wait: Wait = 15,
    as_json: AsJson = False,
) -> None:
    """Book a close that was made elsewhere, where the exchange no longer shows what became of a position.

    Only for an intent that is `stale` or `evidence_lost`. The trade is marked as booked by hand; no execution is made
    up.

    Examples:

      mtf position book BTCUSDT --price 64210.5 --size 12 --profit -3.1 --fees 0.42 --reason "closed in the app"

      mtf position book BTCUSDT --size 0 --reason "the app shows that it never filled"
    """
    actions.by_hand.book(world, symbol, price, size, profit, fees, reason, yes, wait, as_json)


@position.command("withdraw")
@takes(*_WORLD)
def withdraw(world: World, symbol: SymbolArgument, as_json: AsJson = False) -> None:
    """Take back everything that was asked of a position and has no outcome yet.

    What the supervisor has begun of it goes on.

    Examples:

      mtf position withdraw BTCUSDT

      mtf position withdraw BTCUSDT --json
    """
    actions.by_hand.withdraw(world, symbol, as_json)


@takes(*_WORLD)
def protect(
    world: World,
    symbol: SymbolArgument,
    stop: Annotated[str | None, typer.Option(help="The stop's new price.", show_default=False)] = None,
    target: Annotated[str | None, typer.Option(help="The (nearer) target's new price.", show_default=False)] = None,
    looser: Annotated[bool, typer.Option("--looser", help="Allow a stop that could lose more than now.")] = False,
    wait: Wait = 15,
    as_json: AsJson = False,
) -> None:
    """Move the stop or the target of an open position.

    A position that no intent accounts for can be given a stop where it has none.

    Examples:

      mtf protect BTCUSDT --stop 63900

      mtf protect BTCUSDT --stop 63100 --looser --target 65800
    """
    actions.by_hand.protect(world, symbol, stop, target, looser, wait, as_json)


@targets.command("set")
@takes(*_WORLD)
def targets_set(
    world: World,
    symbol: SymbolArgument,
    r: Annotated[str, typer.Option("--r", metavar="R[,R]", help="One or two multiples of R, the nearer first.")],
    split: Annotated[
        str, typer.Option(metavar="SHARE,SHARE", help="Of what is held, for two targets; they add up to 1.")
    ] = "0.5,0.5",
    keep_stop: Annotated[
        bool, typer.Option("--keep-stop", help="Leave the stop; else it goes to 1 R, where that is nearer than now.")
    ] = False,
    preview: Annotated[bool, typer.Option("--preview", help="Only show prices and sizes.")] = False,
    wait: Wait = 15,
    as_json: AsJson = False,
) -> None:
    """Set one or two targets at multiples of R from the average entry. 1 R: planned entry to first stop.

    Examples:

      mtf targets set BTCUSDT --r 1,2.5 --split 0.4,0.6 --preview

      mtf targets set BTCUSDT --r 2 --keep-stop
    """
    actions.by_hand.set_targets(world, symbol, r, split, keep_stop, preview, wait, as_json)
