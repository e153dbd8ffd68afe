"""The sandbox as a venue: a generated market, or one made of candle files, at an instant or now."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from attrs import frozen

from mtf_adapters.files.candles import read_candles
from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.contract_overrides import (
    ContractOverrides,
    InvalidContractOverridesError,
    read_contract_overrides,
)
from mtf_adapters.sandbox.exchange import CAPABILITIES, SandboxExchange
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.market import Market
from mtf_core.market import (
    Candles,
    InvalidCandlesError,
    InvalidContractError,
    format_instant,
    parse_instant,
    to_ms,
)
from mtf_core.ports import Clock, InstantNotServedError, Venue
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError

EXCHANGE, MARKET_TYPE = "sandbox", "perpetual"
DEFAULT_SEED, DEFAULT_UNIVERSE = 1, 300
LARGEST_UNIVERSE = 2000
DEFAULT_INSTANT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
"""Where a command that names no instant shows the generated market: some symbols are READY, most are not."""


@frozen(eq=False)
class SandboxWorld:
    """A market, what people call it, the name under which what is stored of it is kept apart, and its instant.

    `at_ms` None: the world goes with the clock.
    """

    market: Market
    label: str
    namespace: str
    at_ms: int | None


def sandbox_world(settings: Settings) -> SandboxWorld:
    """The market of the settings; raises `SettingsError` or `InvalidCandlesError`."""
    options = settings.sandbox
    if options.candle_files:
        return _from_files(options, settings.at_ms)
    if options.contracts_file is not None:
        raise SettingsError("--contracts-file: contract values belong to candle files; give them with --candles")
    seed = DEFAULT_SEED if options.seed is None else options.seed
    size = DEFAULT_UNIVERSE if options.universe_size is None else options.universe_size
    if not 1 <= size <= LARGEST_UNIVERSE:
        raise SettingsError(f"--universe-size: found {size}; allowed is 1 to {LARGEST_UNIVERSE} contracts")
    label = f"sandbox market of seed {seed} ({size} contracts)"
    return SandboxWorld(GeneratedMarket(seed, size), label, _generated_namespace(seed, size), settings.at_ms)


def _generated_namespace(seed: int, size: int) -> str:
    # The size is part of the name: the stored contracts of a large universe are no answer for a small one.
    return f"sandbox-seed-{seed}-{size}"


def options_for(namespace: str) -> str | None:
    """The options that lead to a generated market of that name, like `--seed 7`; None for another world."""
    named = re.fullmatch(r"sandbox-seed-(-?\d+)-(\d+)", namespace)
    if named is None:
        return None
    defaults = (("--seed", DEFAULT_SEED), ("--universe-size", DEFAULT_UNIVERSE))
    values = zip(defaults, map(int, named.groups()), strict=True)
    return " ".join(f"{option} {value}" for (option, default), value in values if value != default)


def sandbox_venue(settings: Settings, wall: Clock) -> Venue:
    """The sandbox exchange as a run uses it; `as_of` gives the same world at another instant."""
    world = sandbox_world(settings)
    balance = settings.sandbox.balance
    account = SandboxAccount() if balance is None else SandboxAccount(balance)
    clock: Clock = wall if world.at_ms is None else SandboxClock(world.at_ms)
    return _venue(world, account, clock, wall)


def _venue(world: SandboxWorld, account: SandboxAccount, clock: Clock, wall: Clock) -> Venue:
    exchange = SandboxExchange(world.market, clock, account)

    def as_of(at_ms: int) -> Venue:
        if at_ms > wall.now_ms():
            raise InstantNotServedError(f"{format_instant(at_ms)} lies in the future; allowed is a past instant")
        return _venue(world, account, SandboxClock(at_ms), wall)

    return Venue(
        exchange=EXCHANGE,
        market_type=MARKET_TYPE,
        label=world.label,
        namespace=world.namespace,
        market=exchange,
        account=exchange,
        clock=clock,
        capabilities=CAPABILITIES,
        as_of=as_of,
    )


def _from_files(options: SandboxOptions, at_ms: int | None) -> SandboxWorld:
    if options.seed is not None or options.universe_size is not None:
        option = "--universe-size" if options.seed is None else "--seed"
        raise SettingsError(f"{option}: says which market is generated; with --candles there is none")
    # A candle that is not closed yet is refused: no file can know it.
    now_ms = WallClock().now_ms()
    candles = {symbol: read_candles(path, not_after_ms=now_ms) for symbol, path in options.candle_files}
    for symbol, path in options.candle_files:
        if not len(candles[symbol]):
            raise InvalidCandlesError(f"{path}: there are no candles")
    try:
        overrides = read_contract_overrides(options.contracts_file) if options.contracts_file else {}
        market = CandleFileMarket(candles, overrides)
    except (InvalidContractOverridesError, InvalidContractError) as error:
        raise SettingsError(f"--contracts-file: {error}") from None
    except ValueError as error:
        raise SettingsError(str(error)) from None
    if at_ms is None:
        at_ms = _end_of(candles)
    elif not any(_covers(series, at_ms) for series in candles.values()):
        first, last = min(int(one.open_ms[0]) for one in candles.values()), max(one.end_ms for one in candles.values())
        span = f"{format_instant(first)} to {format_instant(last)}"
        raise SettingsError(f"--at: {format_instant(at_ms)} lies outside the candles, which cover {span}")
    label = f"sandbox market of the candles of {', '.join(sorted(candles))}"
    return SandboxWorld(market, label, _files_namespace(options, overrides), at_ms)


def _covers(series: Candles, at_ms: int) -> bool:
    return int(series.open_ms[0]) + series.timeframe.ms <= at_ms < series.end_ms + series.timeframe.ms


def _end_of(candles: Mapping[str, Candles]) -> int:
    """The last instant that every file reaches."""
    return min(int(series.end_ms) for series in candles.values())


def _files_namespace(options: SandboxOptions, overrides: Mapping[str, ContractOverrides]) -> str:
    """The same for the same candles and contract values, whatever the files are called."""
    digest = hashlib.sha256()
    for symbol, path in sorted(options.candle_files):
        digest.update(symbol.encode() + b"\0" + _digest_of(path))
    for symbol, values in sorted(overrides.items()):
        digest.update(f"{symbol}\0{values!r}\0".encode())
    return f"sandbox-files-{digest.hexdigest()[:12]}"


def _digest_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def parse_balance(text: str) -> Decimal:
    """A balance as it was written; raises `SettingsError`."""
    try:
        balance = Decimal(text)
    except ArithmeticError:
        balance = Decimal("NaN")
    if not balance.is_finite() or balance < 0:
        raise SettingsError(f"--balance: found {text!r}; allowed is an amount like 10000, not below zero")
    return balance
