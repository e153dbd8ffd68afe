"""From the options of a command line to the settings in effect; needs no store and no exchange."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve

from mtf_adapters.local import WallClock
from mtf_core.market import parse_instant, to_ms
from mtf_core.symbols import symbol_problem
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS, parse_balance
from mtf_entrypoints.settings import DEFAULT_EXCHANGE, Overrides, SandboxOptions, Settings, SettingsError, read_settings

NOW = "now"
"""What `--at` says for the instant of this machine's clock."""


def settings_of(world: World, *, stays: bool = False) -> Settings:
    """The settings of a command line; raises `SettingsError` or `InvalidInstantError`.

    Without `--at` the generated market is shown at its default instant; a process that `stays` goes with the clock.
    """
    sandbox = SandboxOptions(
        seed=world.seed,
        universe_size=world.universe_size,
        candle_files=_candle_files(world.candles),
        contracts_file=world.contracts_file,
        timezone=world.timezone,
        align=world.align,
        balance=parse_balance(world.balance) if world.balance is not None else None,
    )
    settings = read_settings(
        Overrides(
            database_url=world.database,
            exchange=world.exchange,
            profile=world.profile,
            config_dir=world.config_dir,
            archive=world.archive,
            trials=world.trials,
            at_ms=_instant(world.at) if world.at is not None else None,
            sandbox=sandbox,
        )
    )
    if settings.exchange != DEFAULT_EXCHANGE and world.at == NOW:
        return evolve(settings, at_ms=None, stays=stays)  # it is always now where time passes by itself
    settings = evolve(settings, stays=stays)
    generated = settings.exchange == DEFAULT_EXCHANGE and not sandbox.candle_files
    if generated and stays and world.at in (None, NOW):
        return evolve(settings, at_ms=None)
    if generated and world.at is None:
        return evolve(settings, at_ms=DEFAULT_INSTANT_MS)
    return settings


def _instant(text: str) -> int:
    if text == NOW:
        return WallClock().now_ms()
    at_ms = to_ms(parse_instant(text))
    if at_ms > WallClock().now_ms():
        raise SettingsError(f"--at: {text} lies in the future; allowed is a past instant, or {NOW}")
    return at_ms


def _candle_files(given: list[str]) -> tuple[tuple[str, Path], ...]:
    found: dict[str, Path] = {}
    for text in given:
        symbol, separator, file = text.partition("=")
        if not (separator and file):
            raise SettingsError(f"--candles: found {text!r}; write it like BTCUSDT=btc-1m.csv.gz")
        if problem := symbol_problem(symbol):
            raise SettingsError(f"--candles: the symbol: {problem}")
        if symbol in found:
            raise SettingsError(f"--candles: {symbol} is given twice")
        found[symbol] = Path(file)
    return tuple(found.items())


def split_names(given: list[str] | None) -> list[str]:
    """Names of an option that may be repeated and may hold several, separated by commas."""
    return [name.strip() for text in given or [] for name in text.split(",") if name.strip()]
