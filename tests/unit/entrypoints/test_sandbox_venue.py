"""The sandbox's worlds and the names under which what is stored of them is kept apart."""

from pathlib import Path

import pytest

from mtf_core.market import InvalidCandlesError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import settings_of
from mtf_entrypoints.sandbox_venue import sandbox_venue, sandbox_world
from mtf_entrypoints.settings import SandboxOptions, Settings, SettingsError
from mtf_entrypoints.venues import build_venue
from tests.integration.cli.candles import minute_rows, write_csv


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
    one, same, other = (
        write_csv(tmp_path / name, minute_rows(count)) for name, count in (("a", 30), ("b", 30), ("c", 31))
    )
    named = [sandbox_world(files(("BTCUSDT", path))).namespace for path in (one, same, other)]
    assert named[0] == named[1] != named[2]


def test_contract_values_are_part_of_a_worlds_name(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", minute_rows(30))
    overrides = tmp_path / "contracts.yaml"
    overrides.write_text('BTCUSDT: {tick_size: "0.5"}\n')
    plain, changed = (
        sandbox_world(files(("BTCUSDT", path))),
        sandbox_world(files(("BTCUSDT", path), overrides=overrides)),
    )
    assert plain.namespace != changed.namespace


def test_files_without_an_instant_stand_where_the_shortest_ends(tmp_path: Path) -> None:
    long, short = write_csv(tmp_path / "a.csv", minute_rows(40)), write_csv(tmp_path / "b.csv", minute_rows(30))
    world = sandbox_world(files(("AUSDT", long), ("BUSDT", short)))
    assert world.at_ms == minute_rows(1)[0].open_ms + 30 * 60_000


def test_a_venue_can_be_visited_at_another_instant_without_moving_it() -> None:
    venue = sandbox_venue(Settings(at_ms=1_769_868_000_000, sandbox=SandboxOptions(universe_size=2)))
    assert venue.as_of is not None
    assert venue.as_of(1_769_000_000_000).clock.now_ms() == 1_769_000_000_000
    assert venue.clock.now_ms() == 1_769_868_000_000


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
    overrides.write_text('ETHUSDT: {tick_size: "0.5"}\n')
    with pytest.raises(SettingsError, match="ETHUSDT"):
        sandbox_world(files(("BTCUSDT", path), overrides=overrides))


def test_an_unknown_exchange_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingsError, match=r"unknown exchange 'nyse'.*sandbox"):
        build_venue(Settings(exchange="nyse"))


@pytest.mark.parametrize("given", [["BTCUSDT"], ["=a.csv"], ["btcusdt=a.csv"], ["BTCUSDT="], ["A=x", "A=y"]])
def test_candle_options_that_name_no_symbol_and_file_are_refused(given: list[str]) -> None:
    with pytest.raises(SettingsError, match="--candles"):
        settings_of(World(candles=given))


@pytest.mark.parametrize("balance", ["lots", "-1", "NaN", "Infinity", ""])
def test_a_balance_that_is_no_amount_is_refused(balance: str) -> None:
    with pytest.raises(SettingsError, match="--balance"):
        settings_of(World(balance=balance))
