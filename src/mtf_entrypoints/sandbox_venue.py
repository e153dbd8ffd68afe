"""The sandbox as a venue: a generated market, or one made of candle files, at an instant or now.

Now it can be traded on (`sandbox_life`); at an instant the account is what the settings say, and stays so.
"""

from __future__ import annotations

import re

from attrs import evolve, frozen

from mtf_adapters.files.profiles import load_trading
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.market import Market
from mtf_core.market import MINUTE_MS, format_instant
from mtf_core.ports import Clock, ExchangeWorld, InstantNotServedError, Venue
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.file_world import file_world
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError

EXCHANGE, MARKET_TYPE = "sandbox", "perpetual"
DEFAULT_SEED, DEFAULT_UNIVERSE = 1, 300
LARGEST_UNIVERSE = 2000
_WHERE_TO_TRADE = (
    "Play money: `mtf sandbox session` trades for a while in one process, `mtf serve --supervise` and `mtf run --every "
    "1m --supervise` stay, and `mtf sandbox serve` is an exchange with a key, for every command"
)
_FINAL = evolve(CAPABILITIES, candles=evolve(CAPABILITIES.candles, final=True))
"""Of candle files: what they lack they will always lack."""


@frozen(eq=False)
class SandboxWorld:
    """A market, what people call it, the name under which what is stored of it is kept apart, and its instant.

    `at_ms` None: the world goes with the clock.
    """

    market: Market
    label: str
    namespace: str
    at_ms: int | None
    remarks: tuple[str, ...] = ()
    """What a person should know of it."""


def sandbox_world(settings: Settings) -> SandboxWorld:
    """The market of the settings; raises `SettingsError` or `InvalidCandlesError`."""
    options = settings.sandbox
    if options.candle_files:
        return _from_files(options, settings)
    _refuse_options_of_files(options)
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


def _refuse_options_of_files(options: SandboxOptions) -> None:
    given = {
        "--contracts-file": options.contracts_file is not None,
        "--timezone": options.timezone is not None,
        "--align": options.align,
    }
    for name, is_given in given.items():
        if is_given:
            raise SettingsError(f"{name} belongs to candle files; give them with --candles")


def sandbox_venue(settings: Settings, machine: Machine) -> Venue:
    """The sandbox exchange as a run uses it; `as_of` gives the same world at another instant, where nothing trades."""
    world = sandbox_world(settings)
    balance = settings.sandbox.balance
    account = SandboxAccount() if balance is None else SandboxAccount(balance)
    if world.at_ms is not None:
        return _venue(world, account, SandboxClock(world.at_ms), machine.wall)
    from mtf_entrypoints.sandbox_life import living  # noqa: PLC0415  (the engine, only where something can be traded)

    return living(_venue(world, account, machine.wall, machine.wall), world.market, balance, machine)


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
        capabilities=_FINAL if isinstance(world.market, CandleFileMarket) else CAPABILITIES,
        as_of=as_of,
        remarks=world.remarks,
        where_to_trade=_WHERE_TO_TRADE,
        world=ExchangeWorld.LOCAL,
    )


def _from_files(options: SandboxOptions, settings: Settings) -> SandboxWorld:
    if options.seed is not None or options.universe_size is not None:
        option = "--universe-size" if options.seed is None else "--seed"
        raise SettingsError(f"{option}: says which market is generated; with --candles there is none")
    carry_ms = load_trading(settings.config_dir, EXCHANGES).carry_ms(EXCHANGE)
    files = file_world(options, settings.at_ms, carry_ms // MINUTE_MS)
    label = f"sandbox market of the candles of {', '.join(sorted(symbol for symbol, _ in options.candle_files))}"
    return SandboxWorld(files.market, label, files.namespace, files.at_ms, files.remarks)
