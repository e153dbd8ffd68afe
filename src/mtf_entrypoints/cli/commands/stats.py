"""`mtf stats`: questions about many stored runs at once."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import STORE, AsJson, Asked, World, checked_symbols, takes

app = typer.Typer(no_args_is_help=True, help="Questions about many stored runs at once.")

From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="TIME",
        help="At or after this instant of the market, or this long before the newest run (90m, 2h, 3d).",
        show_default=False,
    ),
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Before this instant.", show_default=False)]
Symbols = Annotated[
    list[str] | None,
    typer.Option(
        "--symbols",
        help="Only these symbols; separated by commas, or repeated.",
        callback=checked_symbols,
        show_default=False,
    ),
]
Timeframes = Annotated[
    list[str] | None,
    typer.Option(
        "--timeframes", "--tf", help="Only these timeframes; separated by commas, or repeated.", show_default=False
    ),
]
OfProfile = Annotated[str | None, typer.Option("--profile", help="Only runs of this profile.", show_default=False)]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print all rows as CSV.")]
Limit = Annotated[int, typer.Option(min=1, help="How many rows of each group the table shows.")]


@app.command()
@takes(STORE)
def blockers(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Limit = 12,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """What stopped decisions: final reasons and conditions, all together, by side and by timeframe, with weights.

    A reason is the one final reason of a decision; its shares are of all decisions, symbols and runs. A condition
    blocks where it is not true and nothing above it in its tree is; its shares are of what was evaluated. A dash where
    a decision was stopped before it had a side or a timeframe. Symbols that a universe left out are not counted.

    Examples:

      mtf stats blockers

      mtf stats blockers --from 2h --profile scalper --timeframes 5m,15m

      mtf stats blockers --symbols BTCUSDT --csv
    """
    actions.stats.show("blockers", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)


@app.command()
@takes(STORE)
def success(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Limit = 30,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """When each symbol was last READY on each execution timeframe, and how long before the newest run that was.

    Examples:

      mtf stats success

      mtf stats success --symbols BTCUSDT,ETHUSDT --json
    """
    actions.stats.show("success", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)


@app.command()
@takes(STORE)
def zones(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Annotated[int, typer.Option(min=1, help="How many symbols to show, those with most events first.")] = 20,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """How far the price stood from the entry zone when plans were made, and what became of the entries.

    Every plan, and every skip that saw a zone, leaves an event. P50, P80 and P90 are distances in percent that half,
    80 % and 90 % of the events do not exceed. Later runs settle what became of the entry, from the minutes after the
    plan: filled, left (the price went away), expired, unknown (the candles do not tell), or still open. Suggestions for
    settings are printed; nothing applies them.

    Examples:

      mtf stats zones

      mtf stats zones --from 2026-01-31T00:00Z --profile scalper --symbols BTCUSDT,ETHUSDT --json
    """
    actions.stats.show("zones", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)


@app.command()
@takes(STORE)
def atr(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Limit = 12,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """The average true range relative to the price, in percent: P50, P80 and P90 by timeframe, and by symbol.

    Computed from the stored candles, not from stored decisions, which hold an ATR only where a rule asked for it.
    Missing: places between the first and the last candle without an ATR, for a hole or for want of candles before
    them. With --profile: the symbols that its runs decided on.

    Examples:

      mtf stats atr

      mtf stats atr --from 1d --timeframes 5m,15m --symbols BTCUSDT
    """
    actions.stats.show("atr", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)


@app.command()
@takes(STORE)
def features(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Limit = 30,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """How healthy the features are: of the rows in which rules asked for one, the share in which it was missing.

    A row is one symbol in one run. Those that are missing most come first.

    Examples:

      mtf stats features

      mtf stats features --from 1d --timeframes 1h --csv
    """
    actions.stats.show("features", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)


@app.command()
@takes(STORE)
def trades(
    world: World,
    from_: From = None,
    to: To = None,
    symbols: Symbols = None,
    timeframes: Timeframes = None,
    profile: OfProfile = None,
    limit: Limit = 12,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Closed trades: R, costs, win rate, how far they ran for and against; by profile, symbol and exit reason.

    What lost most money comes first. `mtf trades` lists each of them.

    Examples:

      mtf stats trades

      mtf stats trades --from 2026-01-31T00:00Z --profile scalper --json
    """
    actions.stats.show("trades", world, Asked(from_, to, symbols, timeframes, profile), limit, as_json, as_csv)
