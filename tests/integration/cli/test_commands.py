"""Every other command does its work, for people and as JSON."""

import asyncio
import json
from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.files.candles import read_candles, write_candles_csv
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sql import Database, SqlContractStore
from mtf_core._version import __version__
from mtf_core.market import BracketUnit, Timeframe
from mtf_core.rules.catalogue import CONDITIONS
from tests.integration.cli.candles import HEADER, Row, minute_rows, write_csv, write_lines
from tests.integration.cli.conftest import SMALL, Mtf


@pytest.fixture
def stored(tmp_path: Path) -> tuple[str, ...]:
    """Options of a small world with a database file."""
    return ("--database", f"sqlite:///{tmp_path / 'mtf.db'}", *SMALL)


def test_contracts_are_synchronised_and_listed(mtf: Mtf, stored: tuple[str, ...]) -> None:
    assert mtf("contracts", "sync", "--json", *stored).json["count"] == 12
    assert "12 contracts" in mtf("contracts", "list", *stored).out
    one = mtf("contracts", "list", "--symbol", "BTCUSDT", "--json", *stored).json
    assert one[0]["tick_size"] == "0.1"
    assert "steps of 1" in mtf("contracts", "list", "--symbol", "BTCUSDT", *stored).out


def test_the_brackets_of_a_contract_are_shown_in_the_unit_of_the_exchange(mtf: Mtf, stored: tuple[str, ...]) -> None:
    mtf("contracts", "sync", *stored)
    assert "notional above" in mtf("contracts", "list", "--symbol", "BTCUSDT", *stored).out
    asyncio.run(_state_brackets_in_contracts(stored[1]))
    assert "contracts above" in mtf("contracts", "list", "--symbol", "BTCUSDT", *stored).out
    assert mtf("contracts", "list", "--symbol", "BTCUSDT", "--json", *stored).json[0]["brackets_in"] == "contracts"


async def _state_brackets_in_contracts(url: str) -> None:
    async with Database.open(url) as database:
        store = SqlContractStore(database, "sandbox-seed-1-12")
        changed = [
            evolve(one, brackets=one.brackets[:1], brackets_in=BracketUnit.CONTRACTS) for one in await store.all()
        ]
        await store.replace_all(changed, await store.synced_ms() or 0)


def test_worlds_in_one_database_do_not_see_each_other(mtf: Mtf, stored: tuple[str, ...]) -> None:
    mtf("contracts", "sync", *stored)
    other = mtf("contracts", "list", *stored, "--seed", "2")
    assert other.code == 1
    assert "no contracts of the sandbox market of seed 2 (12 contracts) are stored" in other.err
    assert "Stored are: 12 contracts of sandbox-seed-1-12 (--universe-size 12)" in other.err


def test_a_contract_that_is_not_stored_is_refused_with_the_nearest_name(mtf: Mtf, stored: tuple[str, ...]) -> None:
    assert "mtf contracts sync" in mtf("contracts", "list", *stored).err
    mtf("contracts", "sync", *stored)
    ended = mtf("contracts", "list", "--symbol", "BTCUSD", *stored)
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean 'BTCUSDT'" in ended.err


def test_candles_are_fetched_and_their_holes_found_and_repaired(mtf: Mtf, stored: tuple[str, ...]) -> None:
    at = ("--timeframe", "5m", "--json", *stored)
    assert mtf("klines", "fetch", "BTCUSDT", "--limit", "10", *at).json["written"] == 10
    span = ("--from", "2026-02-01T11:00Z", "--to", "2026-02-01T11:10Z")
    fetched = mtf("klines", "fetch", "BTCUSDT", *span, *at).json
    assert (fetched["written"], sum(gap["count"] for gap in fetched["gaps"])) == (3, 11)
    assert "11 missing" in mtf("klines", "gaps", *stored).out
    repaired = mtf("klines", "gaps", "--repair", "--json", *stored)
    assert repaired.code == 0
    assert repaired.json["repaired"][0]["written"] == 11
    assert mtf("klines", "gaps", "--json", *stored).json["series"][0]["gaps"] == []


def test_a_file_is_imported_and_its_holes_are_reported(mtf: Mtf, tmp_path: Path, stored: tuple[str, ...]) -> None:
    rows = minute_rows(20)
    file = write_lines(tmp_path / "holes.csv", [HEADER, *(row.line() for row in rows[:5] + rows[8:])])
    ended = mtf("klines", "import", file, "--symbol", "FILEUSDT", *stored)
    assert ended.code == 0
    assert "17 candles imported and stored, 3 missing in 1 hole\n" in ended.out
    assert "2026-01-30T00:05:00Z to 2026-01-30T00:07:00Z: 3 missing" in ended.out
    assert ended.err == "mtf: holes.csv: 3 candles missing in 1 hole, at 2026-01-30T00:05:00Z\n"


def test_a_file_under_a_symbol_of_the_exchange_must_hold_its_candles(
    mtf: Mtf, tmp_path: Path, stored: tuple[str, ...]
) -> None:
    foreign = write_csv(tmp_path / "foreign.csv", minute_rows(600))
    ended = mtf("klines", "import", foreign, "--symbol", "BTCUSDT", *stored)
    assert (ended.code, ended.out) == (3, "")
    assert "the exchange shows other candles of BTCUSDT than the file, first at 2026-01-30T00:00:00Z" in ended.err
    assert f"--candles BTCUSDT={foreign}" in ended.err
    assert mtf("klines", "gaps", "--json", *stored).json["series"] == []
    at_ms = minute_rows(1)[0].open_ms
    own = GeneratedMarket(1, 12).candles("BTCUSDT", Timeframe.M1, at_ms, at_ms + 599 * 60_000, at_ms + 600 * 60_000)
    write_candles_csv(tmp_path / "own.csv", own)
    assert "600 candles imported" in mtf("klines", "import", tmp_path / "own.csv", "--symbol", "BTCUSDT", *stored).out


def test_what_is_stored_of_a_symbol_has_one_origin(mtf: Mtf, tmp_path: Path, stored: tuple[str, ...]) -> None:
    """In every timeframe: five minutes of another market are as foreign as other minutes."""
    rows = minute_rows(60)
    mtf("klines", "import", write_csv(tmp_path / "a.csv", rows), "--symbol", "FILEUSDT", *stored)
    for name, others in (("b", [Row(row.open_ms, row.price * 2) for row in rows]), ("c", minute_rows(60)[::5])):
        ended = mtf("klines", "import", write_csv(tmp_path / f"{name}.csv", others), "--symbol", "FILEUSDT", *stored)
        assert ended.code == 3
        assert (
            "the 1m candles stored of FILEUSDT are others than the file's, first at 2026-01-30T00:00:00Z" in ended.err
        )
    write_candles_csv(tmp_path / "d.csv", read_candles(tmp_path / "a.csv").aggregated(Timeframe.M5))
    assert mtf("klines", "import", tmp_path / "d.csv", "--symbol", "FILEUSDT", *stored).code == 0
    assert mtf("klines", "import", tmp_path / "c.csv", "--symbol", "FILEUSDT", "--replace", *stored).code == 0
    (series,) = mtf("klines", "gaps", "--json", *stored).json["series"]
    assert (series["timeframe"], series["stored"]) == ("5m", 12)


def test_holes_of_a_symbol_that_only_a_file_has_stay_and_stop_no_other_repair(
    mtf: Mtf, tmp_path: Path, stored: tuple[str, ...]
) -> None:
    rows = minute_rows(20)
    mtf("klines", "import", write_csv(tmp_path / "a.csv", rows[:5] + rows[8:]), "--symbol", "AFILEUSDT", *stored)
    for start in ("11:00", "12:00"):
        span = ("--from", f"2026-02-01T{start}Z", "--limit", "2", "--timeframe", "5m")
        mtf("klines", "fetch", "BTCUSDT", *span, *stored)
    ended = mtf("klines", "gaps", "--repair", "--json", *stored)
    assert ended.code == 1
    assert "3 candles still missing" in ended.err
    assert [(one["symbol"], one["written"]) for one in ended.json["repaired"]] == [("AFILEUSDT", 0), ("BTCUSDT", 10)]


def test_a_brokers_file_is_imported_with_its_zone_and_bitmarts_without_its_second(mtf: Mtf, tmp_path: Path) -> None:
    broker = write_lines(tmp_path / "mt4.csv", ["2026.01.30,02:00,10,12,9,11,5", "2026.01.30,02:15,10,12,9,11,5"])
    command = ("klines", "import", broker, "--symbol", "FILEUSDT", *SMALL)
    ended = mtf(*command)
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "--timezone" in ended.err
    assert mtf(*command, "--timezone", "Europe/Athens").code == 0
    assert "'Athens' is no time zone" in mtf(*command, "--timezone", "Athens").err
    start = minute_rows(1)[0].open_ms + 1000
    lines = [HEADER, *(f"{start + number * 60_000},10,12,9,11,5" for number in range(9))]
    bitmart = write_lines(tmp_path / "bitmart.csv", lines)
    command = ("klines", "import", bitmart, "--symbol", "FILEUSDT", *SMALL)
    assert "--align" in mtf(*command).err
    assert mtf(*command, "--align").err == "mtf: bitmart.csv: 1 s taken off every open time\n"


def test_indicators_of_the_last_closed_candle_are_shown(mtf: Mtf) -> None:
    document = mtf("indicators", "BTCUSDT", "5m", "-n", "rsi,ema_20", "-n", "close", "--json", *SMALL).json
    assert document["candle_close"] == "2026-02-01T13:00:00Z"
    assert list(document["values"]) == ["rsi", "ema_20", "close"]
    assert "ema_200" in mtf("indicators", "BTCUSDT", "5m", *SMALL).out


def test_the_catalogue_lists_every_condition(mtf: Mtf) -> None:
    listed = mtf("conditions", "list", "--json").json
    assert [one["name"] for one in listed] == list(CONDITIONS)
    text = mtf("conditions", "list", "--family", "rsi").out
    assert "rsi_bullish" in text
    assert "macd_hist_gt_eps" not in text


def test_an_explanation_shows_the_tree_with_values_and_what_decides(mtf: Mtf) -> None:
    ended = mtf("conditions", "explain", "BTCUSDT", "5m", *SMALL)
    assert ended.code == 0
    assert "5m long: " in ended.out
    assert "← decides" in ended.out
    whole = mtf("conditions", "explain", "BTCUSDT", "--json", *SMALL).json
    assert set(whole["timeframes"]) == {"5m", "1m"}
    part = mtf("conditions", "explain", "BTCUSDT", "5m", "--json", *SMALL).json
    assert part["long"] == whole["timeframes"]["5m"]["long"]


def test_a_plan_shows_its_numbers_and_every_step(mtf: Mtf) -> None:
    words = ("plan", "DOGEUSDT", "--side", "long", "--tf", "15m", "--profile", "regular", *SMALL)
    document = mtf(*words, "--json").json
    assert document["status"] == "planned"
    shown = mtf(*words).out
    assert document["plan"]["entry_price"] in shown
    assert all(step["name"] in shown for step in document["plan"]["steps"])


def test_a_smaller_balance_is_the_budget_of_the_plan(mtf: Mtf) -> None:
    words = ("plan", "DOGEUSDT", "--side", "long", "--tf", "15m", "--profile", "regular", "--balance", "31.5", *SMALL)
    assert mtf(*words, "--json").json["plan"]["budget_usdt"] == "31.5"


def test_without_a_plan_the_reason_and_its_numbers_are_shown(mtf: Mtf) -> None:
    words = ("plan", "DOGEUSDT", "--side", "long", "--tf", "15m", "--profile", "regular", "--balance", "0.01", *SMALL)
    ended = mtf(*words, "--json")
    assert ended.code == 0
    assert ended.json["status"] == "skipped"
    assert ended.json["reason"] in mtf(*words).out


def test_the_shipped_configuration_is_without_errors(mtf: Mtf) -> None:
    ended = mtf("config", "check", "--json")
    assert ended.code == 0
    assert {profile["name"] for profile in ended.json["profiles"]} == {"scalper_micro", "scalper", "regular", "crash"}
    assert all("never decides" in note["found"] for note in ended.json["notes"])
    printed = mtf("config", "check").out.splitlines()
    assert sum(line.startswith("note: ") for line in printed) == len(ended.json["notes"]) > 0


def test_the_effective_configuration_names_each_origin_and_the_history_needed(mtf: Mtf) -> None:
    document = mtf("config", "show", "--profile", "regular", "--json").json
    origins = {row["path"]: row["origin"] for row in document["values"]}
    assert origins["mtf_validations.mode"].partition(":")[0].endswith("mtf_validations.regular.yaml")
    needed = {(row["timeframe"], row["for"]): row["candles"] for row in document["history"]}
    assert needed["4h", "decisions"] > 600
    assert "history needed" in mtf("config", "show", "--profile", "regular").out


def test_the_sandbox_shows_its_market(mtf: Mtf) -> None:
    rows = mtf("sandbox", "market", "--limit", "3", "--json", *SMALL).json["rows"]
    assert len(rows) == 3
    assert rows[0]["symbol"] in mtf("sandbox", "market", "--limit", "3", *SMALL).out


def test_health_names_each_dependency(mtf: Mtf) -> None:
    document = mtf("health", "--json", *SMALL).json
    assert document["ok"]
    assert [check["name"] for check in document["checks"]][:3] == ["database", "configuration", "store"]


def test_health_fails_when_one_dependency_does(mtf: Mtf, tmp_path: Path) -> None:
    ended = mtf("health", "--database", f"sqlite:///{tmp_path / 'absent.db'}", *SMALL)
    assert ended.code == 1
    assert "mtf db upgrade" in ended.out
    assert not (tmp_path / "absent.db").exists()


def test_a_database_is_upgraded_again_and_again(mtf: Mtf, tmp_path: Path) -> None:
    for _ in range(2):
        assert mtf("db", "upgrade", "--database", f"sqlite:///{tmp_path / 'mtf.db'}", "--json").json["ok"]


def test_the_version_is_printed(mtf: Mtf) -> None:
    assert mtf("version").out == f"mtf {__version__}\n"
    assert json.loads(mtf("version", "--json").out)["mtf"] == __version__


@pytest.mark.parametrize(
    "command",
    [
        ["run"], ["indicators"], ["plan"], ["health"], ["serve"], ["version"], ["db", "upgrade"], ["sandbox", "market"],
        ["contracts", "sync"], ["contracts", "list"], ["klines", "fetch"], ["klines", "import"], ["klines", "gaps"],
        ["conditions", "list"], ["conditions", "explain"], ["config", "check"], ["config", "show"],
    ],
)  # fmt: skip
def test_the_help_of_every_command_has_an_example(mtf: Mtf, command: list[str]) -> None:
    ended = mtf(*command, "--help")
    assert ended.code == 0
    assert "Example" in ended.out
    assert f"    mtf {' '.join(command)}" in ended.out or "MTF_API_TOKEN" in ended.out


def test_the_shipped_configuration_is_copied_for_editing_and_never_over_anything(mtf: Mtf, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    ended = mtf("config", "copy", mine)
    assert (ended.code, ended.out.splitlines()[0]) == (0, f"16 files copied to {mine}")
    shown = mtf("config", "show", "--profile", "regular", "--config-dir", mine, "--json").json
    assert shown["digest"] == mtf("config", "show", "--profile", "regular", "--json").json["digest"]
    (mine / "trading.yaml").write_text("mine\n")
    (mine / "app" / "indicator.yaml").unlink()
    refused = mtf("config", "copy", mine)
    assert (refused.code, refused.out) == (1, "")
    assert "exists already and is not empty" in refused.err
    assert (mine / "trading.yaml").read_text() == "mine\n"
    assert not (mine / "app" / "indicator.yaml").exists(), "nothing is written where something is there"
