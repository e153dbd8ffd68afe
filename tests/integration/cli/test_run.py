"""`mtf run` from end to end on the sandbox."""

from pathlib import Path

import pytest

from mtf_core.reasons import Reason
from tests.integration.cli.candles import minute_rows, write_csv
from tests.integration.cli.conftest import SMALL, Mtf


def test_a_run_shows_ready_symbols_with_their_plans_then_the_reasons_of_the_rest(mtf: Mtf) -> None:
    ended = mtf("run", "--profile", "regular", *SMALL)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    ready = next(line for line in lines if line.strip().startswith("DOGEUSDT"))
    assert "long" in ready
    assert "simulated" in ready
    below = lines[lines.index(ready) + 1]
    assert "0.09812 to" in below
    assert "2.5 R" in below
    assert any("pragmatic_context_all_neutral" in line and "no context timeframe has a side" in line for line in lines)
    assert lines[-1].startswith("12 symbols, 2 ready (2 with an order plan), 10 not tradable")
    assert lines.index(ready + "") < next(number for number, line in enumerate(lines) if "stopped by" in line)


def test_a_first_run_without_any_option_ends_with_plans_of_the_default_profile(mtf: Mtf) -> None:
    report = mtf("run", "--json").json
    planned = [symbol for symbol, result in report["results"].items() if result.get("plan")]
    assert (report["profile"], report["instant"]) == ("scalper_micro", "2026-02-02T11:20:00Z")
    assert report["summary"]["ready"] >= 5
    assert len(planned) >= 5
    assert report["orders_placed"]["simulated"] >= 2


def test_the_market_and_its_instant_are_named_and_a_default_instant_is_said_to_be_one(mtf: Mtf) -> None:
    given, default = mtf("run", "-s", "BTCUSDT", *SMALL), mtf("run", "-s", "BTCUSDT", *SMALL[:2])
    title = "scalper_micro on the sandbox market of seed 1 (12 contracts) at "
    assert given.out.startswith(f"{title}2026-02-01T13:00:00Z")
    assert default.out.startswith(f"{title}2026-02-02T11:20:00Z")
    said = "The market is generated, its instant the default: --at names another, --at now is now."
    assert (said in given.out, said in default.out) == (False, True)


def test_with_nothing_ready_it_says_plainly_what_stopped_most(mtf: Mtf) -> None:
    ended = mtf("run", "--symbols", "ADAUSDT", "--profile", "regular", *SMALL)
    assert ended.code == 0
    assert "No symbol is READY. 1 of 1 stopped here: no context timeframe has a side" in ended.out


def test_the_json_report_holds_the_agreed_names_with_money_as_text(mtf: Mtf) -> None:
    report = mtf("run", "--profile", "regular", "--json", *SMALL).json
    assert report["summary"]["requested"] == 12
    assert report["instant"] == "2026-02-01T13:00:00Z"
    plan = report["results"]["DOGEUSDT"]["plan"]
    assert all(isinstance(plan[name], str) for name in ("entry_price", "stop_price", "size", "margin_usdt"))
    assert set(report["rejected_by"]) <= set(Reason)


def test_symbols_may_be_separated_by_commas_and_repeated(mtf: Mtf) -> None:
    report = mtf("run", "--symbols", "BTCUSDT,ETHUSDT", "-s", "SOLUSDT", "--json", *SMALL).json
    assert set(report["results"]) == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}


def test_a_run_over_candle_files_takes_their_symbols_and_their_end(mtf: Mtf, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "btc.csv", minute_rows(3000))
    report = mtf("run", "--candles", f"BTCUSDT={file}", "--json").json
    assert list(report["results"]) == ["BTCUSDT"]
    assert report["instant"] == "2026-02-01T02:00:00Z"


def test_two_runs_of_the_same_world_decide_the_same(mtf: Mtf) -> None:
    first, second = (mtf("run", "--profile", "regular", "--json", *SMALL).json["results"] for _ in range(2))
    assert first == second


def test_a_fresh_database_file_gets_its_tables_by_itself_and_keeps_the_run(mtf: Mtf, tmp_path: Path) -> None:
    database = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    assert mtf("run", "--symbols", "BTCUSDT", *SMALL, *database).code == 0
    listed = mtf("contracts", "list", "--json", *SMALL, *database).json
    assert len(listed) == 12


def test_settings_are_read_from_a_dotenv_file(mtf: Mtf, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MTF_PROFILE=regular\n")
    assert mtf("run", "--symbols", "BTCUSDT", "--json", *SMALL).json["profile"] == "regular"


def test_what_a_run_logs_goes_into_the_files_of_its_area_and_not_between_what_is_said(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MTF_LOG_DIR", str(tmp_path / "logs"))
    assert mtf("run", *SMALL).code == 0
    monkeypatch.setenv("MTF_EXCHANGE", "bitmart")
    for name in ("BITMART_PUBLIC_API_URL", "BITMART_PRIVATE_API_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("BITMART_WS_PUBLIC_URL", "BITMART_WS_PRIVATE_URL"):
        monkeypatch.setenv(name, "ws://127.0.0.1:1")
    broken = mtf("run")
    assert (broken.code, broken.err.count("cannot be reached")) == (1, 1)
    assert all(line.startswith("mtf: ") for line in broken.err.splitlines())
    logged = (tmp_path / "logs" / "run.log").read_text()
    assert "12 symbols" in logged
    assert "the run of scalper_micro broke off" in logged


def test_a_folder_of_logs_that_cannot_be_made_is_named_with_its_variable(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MTF_LOG_DIR", str(tmp_path / "file" / "logs"))
    ended = mtf("run", *SMALL)
    assert (ended.code, "(MTF_LOG_DIR)" in ended.err) == (1, True)
