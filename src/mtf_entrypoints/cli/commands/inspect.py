"""`mtf features`, `mtf indicators` and `mtf plan`: one symbol looked at closely."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import (
    BALANCE,
    CONFIG_DIR,
    MARKET,
    PROFILE,
    AsJson,
    SymbolArgument,
    TimeframeOption,
    World,
    takes,
)


@takes(PROFILE, MARKET, CONFIG_DIR)
def indicators(
    world: World,
    symbol: SymbolArgument,
    timeframe: Annotated[str, typer.Argument(help="1m, 5m, 15m, 1h, 4h or 1d.")],
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            "-n",
            help="Features like ema_20,rsi; may be repeated. Default: the customary ones; `mtf features` lists all.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Features of the last closed candle, as a decision reads them, and the candles that each rests on.

    Examples:

      mtf indicators BTCUSDT 5m

      mtf indicators BTCUSDT 1h --name ema_20,ema_200,rsi --at 2026-01-31T14:00Z
    """
    actions.indicators.perform(world, symbol, timeframe, names or [], as_json)


def features(as_json: AsJson = False) -> None:
    """The features that rules may use: what each is, its unit, and how many candles its value needs.

    Examples:

      mtf features

      mtf features --json
    """
    actions.features.perform(as_json)


@takes(PROFILE, MARKET, BALANCE, CONFIG_DIR)
def plan(
    world: World,
    symbol: SymbolArgument,
    side: Annotated[str, typer.Option(help="long or short.")],
    timeframe: TimeframeOption,
    as_json: AsJson = False,
) -> None:
    """The order plan of a symbol with every step of its computation. Nothing is sent.

    Example:

      mtf plan BTCUSDT --side long --tf 5m --balance 1000
    """
    actions.plan.perform(world, symbol, side, timeframe, as_json)
