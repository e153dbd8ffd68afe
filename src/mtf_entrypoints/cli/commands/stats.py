"""`mtf stats`: questions about many stored runs at once."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import STORE, AsJson, World, checked_symbols, takes

app = typer.Typer(no_args_is_help=True, help="Questions about many stored runs at once.")


@app.command()
@takes(STORE)
def zones(
    world: World,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Plans made at or after this instant of the market.")
    ] = None,
    until: Annotated[str | None, typer.Option(metavar="TIME", help="Plans made before this instant.")] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(
            "--symbol",
            help="Only these symbols; separated by commas, or repeated.",
            callback=checked_symbols,
            show_default=False,
        ),
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option("--timeframe", "--tf", help="Only this execution timeframe.", show_default=False)
    ] = None,
    profile: Annotated[str | None, typer.Option(help="Only runs of this profile.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many symbols to show, those with most events first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """How far the price stood from the entry zone when plans were made, and what became of the entries.

    Every plan, and every skip that saw a zone, leaves an event. P50, P80 and P90 are distances in percent that half,
    80 % and 90 % of the events do not exceed. Later runs settle what became of the entry, from the minutes after the
    plan: filled, left (the price went away), expired, unknown (the candles do not tell), or still open. Suggestions for
    settings are printed; nothing applies them.

    Examples:

      mtf stats zones

      mtf stats zones --since 2026-01-31T00:00Z --profile scalper --symbol BTCUSDT,ETHUSDT --json
    """
    actions.stats.show_zones(world, since, until, symbol, timeframe, profile, limit, as_json)
