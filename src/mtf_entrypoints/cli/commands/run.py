"""`mtf run`."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import BALANCE, CONFIG_DIR, MARKET, PROFILE, AsJson, World, takes


@takes(PROFILE, MARKET, BALANCE, CONFIG_DIR)
def run(
    world: World,
    symbols: Annotated[
        list[str] | None,
        typer.Option(
            "--symbols",
            "-s",
            help="BTCUSDT,ETHUSDT; may be repeated. Default: those of mtf_contracts, or of --candles.",
            show_default=False,
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Plan and report, send nothing.")] = True,
    workers: Annotated[int, typer.Option(help="Symbols fetched at the same time.")] = 8,
    force_run: Annotated[bool, typer.Option("--force-run", help="Look at symbols whose switch is off.")] = False,
    current_tf: Annotated[
        str | None, typer.Option(help="Only this timeframe may take the entry.", show_default=False)
    ] = None,
    force_timeframe_check: Annotated[
        bool, typer.Option("--force-timeframe-check", help="Evaluate timeframes again that have not changed.")
    ] = False,
    skip_context: Annotated[
        bool, typer.Option("--skip-context", help="Leave the side to the execution timeframe.")
    ] = False,
    skip_open_state_filter: Annotated[
        bool, typer.Option("--skip-open-state-filter", help="Validate busy symbols, too.")
    ] = False,
    lock_per_symbol: Annotated[
        bool, typer.Option("--lock-per-symbol", help="Lock symbols only, not the profile.")
    ] = False,
    sync_tables: Annotated[bool, typer.Option(help="Read the account; without it nothing can be placed.")] = True,
    process_tp_sl: Annotated[
        bool, typer.Option("--process-tp-sl", help="Recalculate targets of open positions.")
    ] = False,
    market_type: Annotated[str, typer.Option(help="Kind of contracts.")] = "perpetual",
    as_json: AsJson = False,
) -> None:
    """One run: look at every symbol, decide, plan the orders, and say why the others were left out.

    Examples:

      mtf run

      mtf run --profile scalper --symbols BTCUSDT,ETHUSDT --at 2026-01-31T14:00Z

      mtf run --candles BTCUSDT=btc-1m.csv.gz --profile regular --json
    """
    document = {
        "symbols": symbols,
        "dry_run": dry_run,
        "workers": workers,
        "force_run": force_run,
        "current_tf": current_tf,
        "force_timeframe_check": force_timeframe_check,
        "skip_context": skip_context,
        "skip_open_state_filter": skip_open_state_filter,
        "lock_per_symbol": lock_per_symbol,
        "sync_tables": sync_tables,
        "process_tp_sl": process_tp_sl,
        "market_type": market_type,
    }
    actions.run.perform(world, document, as_json)
