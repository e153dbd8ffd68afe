"""The sandbox's worlds and the names under which what is stored of them is kept apart."""

import gzip
import re
from pathlib import Path
from typing import get_args

import pytest
from attrs import evolve

from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.market import InvalidCandlesError, format_instant, parse_instant
from mtf_core.ports import InstantNotServedError
from mtf_entrypoints.cli.options import AT, SANDBOX, World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.machine import Machine
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.sandbox_venue import (
    DEFAULT_SEED,
    DEFAULT_UNIVERSE,
    LARGEST_UNIVERSE,
    options_for,
    sandbox_venue,
    sandbox_world,
)
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError
from mtf_entrypoints.venues import build_venue
from tests.integration.cli.candles import minute_rows, write_csv, write_lines

WALL = SandboxClock(parse_instant("2026-03-01T00:00Z"))


def files(*pairs: tuple[str, Path], overrides: Path | None = None) -> Settings:
    return Settings(sandbox=SandboxOptions(candle_files=pairs, contracts_file=overrides))


def test_generated_worlds_differ_by_seed_and_by_size() -> None:
    options = [
        SandboxOptions(seed=1, universe_size=5),
        SandboxOptions(seed=2, universe_size=5),
        SandboxOptions(seed=1, universe_size=6),
    ]
    assert len({sandbox_world(Settings(sandbox=one)).namespace for one in options}) == 3


def test_a_world_of_files_is_named_by_their_content_not_by_their_paths(tmp_path: Path) -> None:
    one, other = (write_csv(tmp_path / name, minute_rows(count)) for name, count in (("a", 30), ("c", 31)))
    same = tmp_path / "b.gz"
    same.write_bytes(gzip.compress(one.read_bytes()))
    named = [sandbox_world(files(("BTCUSDT", path))).namespace for path in (one, same, other)]
    assert named[0] == named[1] != named[2]


def test_contract_values_are_part_of_a_worlds_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", minute_rows(30))
    overrides = tmp_path / "contracts.yaml"
    overrides.write_text("BTCUSDT: {tick_size: 0.5}\n")
    plain, changed = (
        sandbox_world(files(("BTCUSDT", path))),
        sandbox_world(files(("BTCUSDT", path), overrides=overrides)),
    )
    assert plain.namespace != changed.namespace


def test_files_without_an_instant_stand_where_the_shortest_ends_and_say_so(tmp_path: Path) -> None:
    long, short = write_csv(tmp_path / "a.csv", minute_rows(40)), write_csv(tmp_path / "b.csv", minute_rows(30))
    world = sandbox_world(files(("AUSDT", long), ("BUSDT", short)))
    assert world.at_ms == minute_rows(1)[0].open_ms + 30 * 60_000
    assert (
        "standing at 2026-01-30T00:30:00Z, where every file has candles: BUSDT ends 2026-01-30T00:30:00Z, "
        "AUSDT 2026-01-30T00:40:00Z" in world.remarks
    )


def test_a_file_that_ended_long_before_the_others_moves_nothing_without_a_word(tmp_path: Path) -> None:
    """A delisted symbol among others: the instant is then the user's to say, and what is said wins."""
    ended = write_csv(tmp_path / "a.csv", minute_rows(30, first="2025-12-20T00:00:00Z"))
    going = write_csv(tmp_path / "b.csv", minute_rows(30))
    settings = files(("LUNAUSDT", ended), ("BUSDT", going))
    with pytest.raises(SettingsError, match=r"LUNAUSDT ends 2025-12-20T00:30:00Z.*leave LUNAUSDT out, or .*--at 2026-"):
        sandbox_world(settings)
    at_ms = minute_rows(30)[-1].open_ms
    assert sandbox_world(evolve(settings, at_ms=at_ms)).at_ms == at_ms


def test_options_of_candle_files_apply_to_those_that_need_them_and_are_refused_where_none_does(tmp_path: Path) -> None:
    counts = write_csv(tmp_path / "a.csv", minute_rows(30))
    broker = write_lines(tmp_path / "b.csv", ["2026.01.30,02:10,10,12,9,11,5", "2026.01.30,02:11,10,12,9,11,5"])
    zoned = SandboxOptions(candle_files=(("AUSDT", counts), ("BUSDT", broker)), timezone="+02:00")
    assert sandbox_world(Settings(sandbox=zoned)).at_ms == minute_rows(1)[0].open_ms + 12 * 60_000
    unused = SandboxOptions(candle_files=(("AUSDT", counts),))
    for wrong, said in (
        (evolve(unused, timezone="+02:00"), "a time zone was given"),
        (evolve(unused, timezone="Mars"), "--timezone: 'Mars' is no time zone"),
        (evolve(unused, align=True), "there is no offset"),
        (SandboxOptions(timezone="UTC"), "--timezone belongs to candle files"),
        (SandboxOptions(align=True), "--align belongs to candle files"),
    ):
        with pytest.raises(SettingsError, match=re.escape(said)):
            sandbox_world(Settings(sandbox=wrong))


def test_a_venue_can_be_visited_at_another_instant_without_moving_it() -> None:
    venue = sandbox_venue(Settings(at_ms=1_769_868_000_000, sandbox=SandboxOptions(universe_size=2)), Machine(WALL))
    assert venue.as_of is not None
    assert venue.as_of(1_769_000_000_000).clock.now_ms() == 1_769_000_000_000
    assert venue.clock.now_ms() == 1_769_868_000_000


def test_the_help_texts_tell_the_defaults_in_effect() -> None:
    """They are literals, because help must not wait for the core."""
    (seed,) = get_args(SANDBOX["seed"][0])[1:]
    (size,) = get_args(SANDBOX["universe_size"][0])[1:]
    (at,) = get_args(AT["at"][0])[1:]
    assert (seed.show_default, size.show_default) == (str(DEFAULT_SEED), str(DEFAULT_UNIVERSE))
    assert size.max == LARGEST_UNIVERSE
    assert f"{format_instant(DEFAULT_INSTANT_MS).removesuffix(':00Z')}Z" in at.help


def test_a_market_without_an_instant_goes_with_the_clock() -> None:
    wall = SandboxClock(WALL.now_ms())
    venue = sandbox_venue(Settings(sandbox=SandboxOptions(universe_size=2)), Machine(wall))
    wall.advance(5)
    assert venue.clock.now_ms() == WALL.now_ms() + 5


def test_no_market_is_visited_beyond_this_machines_clock() -> None:
    """What a run in the year 2106 leaves would be the newest for ever."""
    venue = sandbox_venue(Settings(sandbox=SandboxOptions(universe_size=2)), Machine(WALL))
    assert venue.as_of is not None
    assert venue.as_of(WALL.now_ms()).clock.now_ms() == WALL.now_ms()
    with pytest.raises(InstantNotServedError, match="lies in the future"):
        venue.as_of(WALL.now_ms() + 1)


@pytest.mark.parametrize("year", ["1900", "2106"])
async def test_a_clock_that_is_far_off_gets_no_contracts(year: str) -> None:
    wall = SandboxClock(parse_instant(f"{year}-02-07T06:28:16Z"))
    venue = sandbox_venue(Settings(sandbox=SandboxOptions(universe_size=2)), Machine(wall))
    with pytest.raises(InstantNotServedError, match=f"{year}-02-07.* lies outside the generated market"):
        await venue.market.contracts()


@pytest.mark.parametrize("size", [0, -1, 2001, 100_000_000])
def test_a_universe_is_at_least_one_contract_and_at_most_two_thousand(size: int) -> None:
    with pytest.raises(SettingsError, match=f"--universe-size: found {size}; allowed is 1 to 2000 contracts"):
        sandbox_world(Settings(sandbox=SandboxOptions(universe_size=size)))


@pytest.mark.parametrize("options", [SandboxOptions(seed=1), SandboxOptions(universe_size=300)])
def test_what_says_which_market_is_generated_is_refused_beside_candle_files(
    options: SandboxOptions, tmp_path: Path
) -> None:
    path = write_csv(tmp_path / "a.csv", minute_rows(30))
    with pytest.raises(SettingsError, match="with --candles there is none"):
        sandbox_world(Settings(sandbox=evolve(options, candle_files=(("BTCUSDT", path),))))


def test_a_generated_market_can_be_reached_by_its_name() -> None:
    for options, words in (
        (SandboxOptions(), ""),
        (SandboxOptions(universe_size=12), "--universe-size 12"),
        (SandboxOptions(seed=-7, universe_size=12), "--seed -7 --universe-size 12"),
    ):
        assert options_for(sandbox_world(Settings(sandbox=options)).namespace) == words
    assert options_for("sandbox-files-0123") is None


def test_a_command_line_without_an_instant_is_at_the_default_one_and_a_service_goes_with_the_clock() -> None:
    assert settings_of(World()).at_ms == DEFAULT_INSTANT_MS
    assert settings_of(World(), stays=True).at_ms is None
    assert settings_of(World(at="now"), stays=True).at_ms is None, "now is not the instant at which it was said"
    assert settings_of(World(candles=["BTCUSDT=a.csv"])).at_ms is None, "the candles have an end"
    before_ms = WallClock().now_ms()
    now_ms = settings_of(World(at="now")).at_ms
    assert now_ms is not None
    assert before_ms <= now_ms <= WallClock().now_ms()


def test_a_candle_file_from_the_future_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", minute_rows(30, first="2999-01-01T00:00:00Z"))
    with pytest.raises(InvalidCandlesError, match="closed"):
        sandbox_world(files(("BTCUSDT", path)))


def test_contract_values_without_candle_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--contracts-file"):
        sandbox_world(Settings(sandbox=SandboxOptions(contracts_file=tmp_path / "c.yaml")))


def test_contract_values_for_a_symbol_without_candles_are_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", minute_rows(30))
    overrides = tmp_path / "contracts.yaml"
    overrides.write_text("ETHUSDT: {tick_size: 0.5}\n")
    with pytest.raises(SettingsError, match="ETHUSDT"):
        sandbox_world(files(("BTCUSDT", path), overrides=overrides))


def test_an_unknown_exchange_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"unknown exchange 'nyse'.*sandbox"):
        build_venue(Settings(exchange="nyse"), Machine(WALL))


@pytest.mark.parametrize("given", [["BTCUSDT"], ["=a.csv"], ["btcusdt=a.csv"], ["BTCUSDT="], ["A=x", "A=y"]])
def test_candle_options_that_name_no_symbol_and_file_are_refused(given: list[str]) -> None:
    with pytest.raises(SettingsError, match="--candles"):
        settings_of(World(candles=given))


@pytest.mark.parametrize("balance", ["lots", "-1", "NaN", "Infinity", ""])
def test_a_balance_that_is_no_amount_is_refused(balance: str) -> None:
    with pytest.raises(SettingsError, match="--balance"):
        settings_of(World(balance=balance))
