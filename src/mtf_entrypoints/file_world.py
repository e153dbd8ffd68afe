"""The sandbox's world out of candle files: which candles, whose contracts, standing when, named how."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.files.candle_table import CandleReading, ReadOptions, read_options, unused_option
from mtf_adapters.files.candles import read_candle_file
from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.contract_overrides import (
    ContractOverrides,
    InvalidContractOverridesError,
    read_contract_overrides,
)
from mtf_core.market import COLUMNS, DAY_MS, Candles, InvalidCandlesError, InvalidContractError, format_instant
from mtf_entrypoints.settings import SandboxOptions, SettingsError

_SHOWN_GUESSES = 3


@frozen(eq=False)
class FileWorld:
    """A market of candle files, the name that what is stored of it goes under, its instant, and what to say of it."""

    market: CandleFileMarket
    namespace: str
    at_ms: int
    remarks: tuple[str, ...]


def file_world(options: SandboxOptions, at_ms: int | None, quiet_minutes: int = 0) -> FileWorld:
    """The world of the candle files; raises `SettingsError` or `InvalidCandlesError`.

    Without an instant it stands where every file still has candles. `quiet_minutes`: in holes of the files that are no
    longer nothing traded.
    """
    readings = _readings(options)
    candles = {symbol: reading.candles for symbol, reading in readings.items()}
    market, overrides = _market(options, candles, quiet_minutes)
    instant, why = _end_of_all(candles) if at_ms is None else (_covered(candles, at_ms), [])
    remarks = [
        f"{path.name}: {'; '.join(readings[symbol].remarks)}"
        for symbol, path in options.candle_files
        if readings[symbol].remarks
    ]
    return FileWorld(
        market, _namespace(candles, overrides, quiet_minutes), instant, (*remarks, *why, *_guesses(market, instant))
    )


def file_options(timezone: str | None, align: bool) -> ReadOptions:
    """How candle files are read; a candle that is not closed yet is refused: no file can know it."""
    try:
        return read_options(None, timezone, align, WallClock().now_ms())
    except InvalidCandlesError as error:
        raise SettingsError(f"--timezone: {error}") from None


def _readings(options: SandboxOptions) -> Mapping[str, CandleReading]:
    read = file_options(options.timezone, options.align)
    readings = {symbol: read_candle_file(path, read) for symbol, path in options.candle_files}
    if unused := unused_option(tuple(readings.values()), read):
        raise SettingsError(f"--candles: {unused}")
    return readings


def _market(
    options: SandboxOptions, candles: Mapping[str, Candles], quiet_minutes: int
) -> tuple[CandleFileMarket, Mapping[str, ContractOverrides]]:
    try:
        overrides = read_contract_overrides(options.contracts_file) if options.contracts_file else {}
        return CandleFileMarket(candles, overrides, quiet_minutes=quiet_minutes), overrides
    except (InvalidContractOverridesError, InvalidContractError) as error:
        raise SettingsError(f"--contracts-file: {error}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None


def _covered(candles: Mapping[str, Candles], at_ms: int) -> int:
    """The instant, if any of the files has candles there."""
    if any(_covers(series, at_ms) for series in candles.values()):
        return at_ms
    first = min(int(series.open_ms[0]) for series in candles.values())
    span = f"{format_instant(first)} to {format_instant(max(series.end_ms for series in candles.values()))}"
    raise SettingsError(f"--at: {format_instant(at_ms)} lies outside the candles, which cover {span}")


def _covers(series: Candles, at_ms: int) -> bool:
    return int(series.open_ms[0]) + series.timeframe.ms <= at_ms < series.end_ms + series.timeframe.ms


def _end_of_all(candles: Mapping[str, Candles]) -> tuple[int, list[str]]:
    """The last instant that every file reaches, and a remark where files go on after it.

    A file that ends more than a day before another is a delisted symbol or an old download: where to stand is then for
    the user to say.
    """
    ends = sorted((series.end_ms, symbol) for symbol, series in candles.items())
    (earliest, ended), (latest, longest) = ends[0], ends[-1]
    if latest == earliest:
        return earliest, []
    shown = f"{ended} ends {format_instant(earliest)}, {longest} {format_instant(latest)}"
    if latest - earliest > DAY_MS:
        raise SettingsError(
            f"--candles: {shown}; leave {ended} out, or say when to stand, like --at {format_instant(latest)}"
        )
    return earliest, [f"standing at {format_instant(earliest)}, where every file has candles: {shown}"]


def _guesses(market: CandleFileMarket, at_ms: int) -> tuple[str, ...]:
    """One line on what the contracts are guessed to be, as the prices up to the instant suggest."""
    guesses = market.guesses(at_ms)
    if not guesses:
        return ()
    more = f" and {len(guesses) - _SHOWN_GUESSES} more" if len(guesses) > _SHOWN_GUESSES else ""
    shown = ", ".join(guesses[:_SHOWN_GUESSES]) + more
    return (f"guessed from the prices: {shown}; fees and limits are assumed. --contracts-file gives the real values",)


def _namespace(candles: Mapping[str, Candles], overrides: Mapping[str, ContractOverrides], quiet_minutes: int) -> str:
    """The same for the same candles and contract values, whatever the files are called and however they are packed."""
    digest = hashlib.sha256()
    for symbol, series in sorted(candles.items()):
        digest.update(f"{symbol}\0{series.timeframe}\0{len(series)}\0".encode())
        for name in ("open_ms", *COLUMNS):
            digest.update(getattr(series, name).data)
    for symbol, values in sorted(overrides.items()):
        digest.update(f"{symbol}\0{values!r}\0".encode())
    if quiet_minutes:  # its higher candles are others
        digest.update(f"quiet {quiet_minutes}".encode())
    return f"sandbox-files-{digest.hexdigest()[:12]}"
