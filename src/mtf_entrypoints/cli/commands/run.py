"""`mtf run`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import BALANCE, CONFIG_DIR, MARKET, METRICS, PROFILE, AsJson, World, takes
from mtf_entrypoints.cli.request_options import asks_for_a_run


@takes(PROFILE, MARKET, BALANCE, METRICS, CONFIG_DIR)
@asks_for_a_run
def run(
    world: World,
    *,
    fields: dict[str, Any],
    every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Stay and run each 1m, 5m, …, aligned to the close; SIGTERM ends it."),
    ] = None,
    offset: Annotated[str, typer.Option(metavar="TIME", help="With --every: so long after the close.")] = "2s",
    times: Annotated[
        int | None, typer.Option(min=1, help="With --every: end after so many runs.", show_default=False)
    ] = None,
    supervise: Annotated[
        bool, typer.Option("--supervise", help="With --every: supervise the account for as long as it stays.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One run: look at every symbol, decide, plan the orders, and say why the others were left out.

    Examples:

      mtf run

      mtf run --workers=4 --dry-run=1

      mtf run --every 1m

      mtf run --profile scalper --symbols BTCUSDT,ETHUSDT --at 2026-01-31T14:00Z

      mtf run --candles BTCUSDT=btc-1m.csv.gz --profile regular --json
    """
    if every is None:
        if supervise:
            raise typer.BadParameter("--supervise goes with --every: what was entered outlives a single run")
        if world.metrics is not None:
            raise typer.BadParameter("--metrics goes with --every: a single run ends before Prometheus asks")
        actions.run.perform(world, fields, as_json)
    else:
        actions.run.perform_every(world, fields, every, offset, times, as_json, supervise=supervise)
