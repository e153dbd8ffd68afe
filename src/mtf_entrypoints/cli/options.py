"""Options that many commands share, declared once; each command takes only those that have an effect on it.

Nothing here may import the core: `mtf --help` must not wait for numpy.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer
from attrs import field, frozen

from mtf_core.symbols import symbol_problem

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines instead of tables.")]


def checked_symbol(text: str | None) -> str | None:
    """A symbol's name as it was written; raises a complaint that says what is allowed, or meant."""
    if text is not None and (problem := symbol_problem(text)):
        raise typer.BadParameter(problem)
    return text


def checked_symbols(texts: list[str] | None) -> list[str] | None:
    """Names of an option that may be repeated and may hold several, separated by commas."""
    for text in texts or []:
        for name in text.split(","):
            checked_symbol(name.strip())
    return texts


SymbolArgument = Annotated[str, typer.Argument(help="Like BTCUSDT.", callback=checked_symbol)]
AssumeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--assume",
        metavar="KEY=VALUE",
        help="Another assumption than replay.yaml's, like slippage_bps=5; may be repeated.",
        show_default=False,
    ),
]
TimeframeOption = Annotated[str, typer.Option("--timeframe", "--tf", help="1m, 5m, 15m, 1h, 4h or 1d.")]


@frozen
class World:
    """Which exchange, which store and which configuration a command works with, as written on the command line."""

    database: str | None = field(default=None, repr=False)
    exchange: str | None = None
    profile: str | None = None
    config_dir: Path | None = None
    archive: Path | None = None
    trials: str | None = field(default=None, repr=False)
    seed: int | None = None
    universe_size: int | None = None
    candles: list[str] = field(factory=list)
    contracts_file: Path | None = None
    timezone: str | None = None
    align: bool = False
    balance: str | None = None
    at: str | None = None
    metrics: str | None = None


@frozen
class Asked:
    """Which stored things a question over time is about, as written on the command line."""

    since: str | None = None
    until: str | None = None
    symbols: list[str] | None = None
    timeframes: list[str] | None = None
    profile: str | None = None


_Declaration = tuple[Any, Any]

STORE: Mapping[str, _Declaration] = {
    "database": (
        Annotated[
            str | None,
            typer.Option(
                "--database",
                help="sqlite:///FILE, postgresql://… or memory. Default: DATABASE_URL, else your data folder.",
                show_default=False,
            ),
        ],
        None,
    ),
}
CONFIG_DIR: Mapping[str, _Declaration] = {
    "config_dir": (
        Annotated[
            Path | None,
            typer.Option(
                "--config-dir",
                help="Folder with trading.yaml and app/. Default: MTF_CONFIG_DIR, else the packaged one.",
                show_default=False,
            ),
        ],
        None,
    ),
}
ARCHIVE: Mapping[str, _Declaration] = {
    "archive": (
        Annotated[
            Path | None,
            typer.Option(
                "--archive",
                help="Folder of the archive of candles. Default: MTF_ARCHIVE, else archive in your data folder.",
                show_default=False,
            ),
        ],
        None,
    ),
}
TRIALS: Mapping[str, _Declaration] = {
    "trials": (
        Annotated[
            str | None,
            typer.Option(
                "--trials",
                help="The trial ledger: sqlite:///FILE or postgresql://… Default: MTF_TRIALS, else your data folder.",
                show_default=False,
            ),
        ],
        None,
    ),
}
PROFILE: Mapping[str, _Declaration] = {
    "profile": (
        Annotated[
            str | None,
            typer.Option("--profile", help="Default: MTF_PROFILE, else the first enabled one.", show_default=False),
        ],
        None,
    ),
}
EXCHANGE: Mapping[str, _Declaration] = {
    "exchange": (
        Annotated[
            str | None,
            typer.Option("--exchange", help="Default: MTF_EXCHANGE, else sandbox.", show_default=False),
        ],
        None,
    ),
}
GENERATED: Mapping[str, _Declaration] = {
    "seed": (
        Annotated[int | None, typer.Option("--seed", help="Sandbox: which generated market.", show_default="1")],
        None,
    ),
    "universe_size": (
        Annotated[
            int | None,
            typer.Option(
                "--universe-size",
                min=1,
                max=2000,
                help="Sandbox: how many contracts a generated market lists.",
                show_default="300",
            ),
        ],
        None,
    ),
}
"""Which market is generated."""
SANDBOX: Mapping[str, _Declaration] = {
    **GENERATED,
    "candles": (
        Annotated[
            list[str] | None,
            typer.Option(
                "--candles",
                metavar="SYMBOL=FILE",
                help="Sandbox: a market of your own candles (CSV, JSON, Parquet, Feather; .gz, .zip). May be repeated.",
                show_default=False,
            ),
        ],
        None,
    ),
    "contracts_file": (
        Annotated[
            Path | None,
            typer.Option(
                "--contracts-file",
                help="Sandbox: YAML or JSON of contract values for --candles (tick_size, contract_size, …).",
                show_default=False,
            ),
        ],
        None,
    ),
    "timezone": (
        Annotated[
            str | None,
            typer.Option(
                "--timezone",
                metavar="ZONE",
                help="Candle files: of times that name none, like Europe/Athens or +02:00.",
                show_default=False,
            ),
        ],
        None,
    ),
    "align": (
        Annotated[
            bool,
            typer.Option("--align", help="Candle files: take a constant offset (BitMart's second :01) off open times."),
        ],
        False,
    ),
}
FILES: Mapping[str, _Declaration] = {name: SANDBOX[name] for name in ("timezone", "align")}
"""How candle files are read that are given as such."""
AT: Mapping[str, _Declaration] = {
    "at": (
        Annotated[
            str | None,
            typer.Option(
                "--at",
                metavar="TIME",
                help="Sandbox: as of this instant, like 2026-01-31T14:00Z, or now. Default: 2026-02-02T11:20Z for the "
                "generated market (now for `mtf serve`), the end of the candles for your own.",
                show_default=False,
            ),
        ],
        None,
    ),
}
BALANCE: Mapping[str, _Declaration] = {
    "balance": (
        Annotated[
            str | None,
            typer.Option("--balance", help="Sandbox: available balance in quote currency.", show_default=False),
        ],
        None,
    ),
}
METRICS: Mapping[str, _Declaration] = {
    "metrics": (
        Annotated[
            str | None,
            typer.Option(
                "--metrics",
                metavar="[HOST:]PORT",
                help="Where Prometheus may ask this process, like 9108; beyond this machine MTF_API_TOKEN is needed.",
                show_default=False,
            ),
        ],
        None,
    ),
}
"""What a command takes that stays and has no HTTP of its own."""
MARKET = {**STORE, **EXCHANGE, **SANDBOX, **AT}
"""What a command takes that reads a market and stores what it saw."""


def takes(*groups: Mapping[str, _Declaration]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Adds the options of the groups to a command, which gets them as its first parameter, a `World`."""
    declared = {name: declaration for group in groups for name, declaration in group.items()}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        first, *own = inspect.signature(command).parameters.values()
        hints = get_type_hints(command, include_extras=True)
        keyword = inspect.Parameter.KEYWORD_ONLY
        parameters = [each.replace(kind=keyword, annotation=hints[each.name]) for each in own]
        parameters += [
            inspect.Parameter(name, keyword, annotation=annotation, default=default)
            for name, (annotation, default) in declared.items()
        ]

        @functools.wraps(command)
        def callback(**given: Any) -> None:
            world = {name: value for name in declared if (value := given.pop(name)) is not None}
            command(**{first.name: World(**world)}, **given)

        callback.__dict__.pop("__wrapped__")  # its signature is not the command's
        callback.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        callback.__annotations__ = {each.name: each.annotation for each in parameters}
        return callback

    return decorate
