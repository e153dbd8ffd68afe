"""`mtf why`, `mtf funnel` and `mtf verify`: questions about stored runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import STORE, AsJson, SymbolArgument, World, checked_symbols, takes

RunOption = Annotated[str | None, typer.Option("--run", help="A run's id; none: the newest.", show_default=False)]


@takes(STORE)
def why(
    world: World,
    symbols: Annotated[list[str], typer.Argument(metavar="SYMBOL…", help="Like BTCUSDT.", callback=checked_symbols)],
    run: RunOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Over the runs since this instant, or since so long before the newest run (90m, 2h, 3d).",
            show_default=False,
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Over time: only runs of this profile.", show_default=False)
    ] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Every tree with its values and every step of the plan.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Why a symbol was, or was not, traded in a run: one sentence, its reason, its plan.

    Several symbols, or --since: over the stored runs, what stopped each how often, when it was last READY, and what
    changed between the last two runs that decided on it.

    Examples:

      mtf why BTCUSDT

      mtf why BTCUSDT --full

      mtf why BTCUSDT --run 7f3c9a0e5b1d4c6f8a2b3c4d5e6f7a8b --json

      mtf why BTCUSDT ETHUSDT --since 2h
    """
    if len(symbols) == 1 and since is None and profile is None:
        actions.why.perform(world, symbols[0], run, full, as_json)
    elif run is not None or full:
        raise typer.BadParameter("--run and --full tell of one symbol in one run, without --since and --profile")
    else:
        actions.why_over_time.perform(world, symbols, since, profile, as_json)


@takes(STORE)
def funnel(
    world: World,
    run: RunOption = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="All runs started since this instant (a day of minutes at most); with --run: that one, if it did.",
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Only runs of this profile; none: that of the newest run.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many conditions to show.")] = 15,
    as_json: AsJson = False,
) -> None:
    """Where symbols fall out: how many reach each stage, what stops the rest, which conditions stand in the way.

    A condition *blocks* a symbol where it is not true and nothing above it is; it *decides* where it alone turned its
    tree; it *admits* the symbols that would be READY if it alone were dropped.

    Examples:

      mtf funnel

      mtf funnel --since 2026-01-31T00:00Z --profile scalper
    """
    actions.inquire.show_funnel(world, run, since, profile, limit, as_json)


@takes(STORE)
def export(
    world: World,
    symbol: SymbolArgument,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="Around this instant, or so long before the newest run.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="The archive; it must not be there yet. Default: named after symbol and instant."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is stored of a symbol around an instant into one archive, for a report on a fault.

    Rows of every table from an hour before to an hour after, lines of the log of five minutes before and after (where
    MTF_LOG_DIR is set), the configurations that were in effect, versions, and a manifest. Secrets are taken out of all
    of it.

    Example:

      mtf export BTCUSDT --at 2026-01-31T14:00Z --out report.zip
    """
    actions.export.perform(world, symbol, at, out, as_json)


@takes(STORE)
def verify(
    world: World,
    run: Annotated[str, typer.Argument(help="A run's id; `mtf run` prints it.")],
    as_json: AsJson = False,
) -> None:
    """Decide a stored run again from its recorded candles and configuration; any difference is shown and fails.

    Example:

      mtf verify 7f3c9a0e5b1d4c6f8a2b3c4d5e6f7a8b
    """
    actions.inquire.verify(world, run, as_json)
