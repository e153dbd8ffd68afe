"""`mtf replay`: from files and from the archive to a report."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Candles, Timeframe, parse_instant, to_ms
from tests.integration.cli.conftest import Mtf

END_MS = to_ms(parse_instant("2026-02-11T00:00Z"))
FIRST = "2026-02-08T00:00Z"
NAMES = [
    "symbol",
    "side",
    "decision_key",
    "decided_at",
    "entry_at",
    "exit_at",
    "entry_price",
    "exit_price",
    "size",
    "contract_size",
    "gross_usdt",
    "fees_usdt",
    "funding_usdt",
    "net_usdt",
    "r_gross",
    "r_net",
    "mfe_r",
    "mae_r",
    "exit_reason",
]
SUMS = [
    "trades",
    "gross_usdt",
    "net_usdt",
    "fees_usdt",
    "funding_usdt",
    "expectancy_r",
    "expectancy_r_low",
    "expectancy_r_high",
    "profit_factor",
    "win_rate",
    "max_drawdown_pct",
]


def minutes_of(symbol: str) -> Candles:
    return GeneratedMarket(1, 12).candles(symbol, Timeframe.M1, END_MS - 4 * DAY_MS, END_MS - 60_000, END_MS)


@pytest.fixture
def files(tmp_path: Path, mtf: Mtf, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Four days of two symbols, as options; `mtf` has made the folder the current one."""
    monkeypatch.setenv("MTF_ARCHIVE", str(tmp_path / "archive"))
    words: list[str] = []
    for symbol in ("BTCUSDT", "SOLUSDT"):
        path = tmp_path / f"{symbol}-1m.csv"
        write_candles_csv(path, minutes_of(symbol))
        words += ["--candles", f"{symbol}={path.name}"]
    return (*words, "--profile", "scalper_micro", "--from", FIRST, "--jobs", "1")


def test_the_document_has_the_names_that_are_a_contract_and_its_money_adds_up(mtf: Mtf, files: tuple[str, ...]) -> None:
    ended = mtf("replay", *files, "--json")
    assert (ended.code, ended.err) == (0, "")
    told = ended.json
    assert {"assumptions", "honesty", "summary", "ready", "trades"} <= told.keys()
    assert set(SUMS) <= told["summary"].keys()
    assert told["trades"], "a replay without trades shows nothing"
    assert all(list(one) == NAMES for one in told["trades"])
    for name in ("gross_usdt", "net_usdt", "fees_usdt", "funding_usdt"):
        assert sum(Decimal(one[name]) for one in told["trades"]) == Decimal(told["summary"][name])
    ready = told["ready"]
    assert ready["minutes"] >= ready["planned"] >= ready["filled"] == len(told["trades"])
    assert told["honesty"]["trades"] == len(told["trades"])


def test_a_replay_of_the_archive_is_that_of_the_files_that_were_imported(mtf: Mtf, files: tuple[str, ...]) -> None:
    assert mtf("archive", "import", "BTCUSDT-1m.csv", "SOLUSDT-1m.csv").code == 0
    of_files = mtf("replay", *files, "--json").json
    words = ("--profile", "scalper_micro", "--from", FIRST, "--json")
    of_archive = mtf("replay", *words).json
    assert of_archive["trades"] == of_files["trades"]
    assert of_archive["ready"] == of_files["ready"]
    alone = mtf("replay", "--symbols", "SOLUSDT", *words).json
    assert {one["symbol"] for one in alone["trades"]} == {"SOLUSDT"}
    assert mtf("replay", "--jobs", "1", *words).json == of_archive  # several processes give the same


def test_the_screen_says_what_speaks_against_the_figures_and_all_that_is_assumed(
    mtf: Mtf, files: tuple[str, ...]
) -> None:
    shown = mtf("replay", *files)
    assert shown.code == 0
    for words in ("too few", "slippage_bps", "READY minutes", "guessed", "no mark prices"):
        assert words in shown.out


def test_a_folder_gets_the_page_the_document_and_the_trades(mtf: Mtf, files: tuple[str, ...], tmp_path: Path) -> None:
    ended = mtf("replay", *files, "--out", "report", "--json")
    assert ended.code == 0
    folder = tmp_path / "report"
    assert {path.name for path in folder.iterdir()} == {
        "ready.csv",
        "report.html",
        "report.json",
        "trades.csv",
        "trades.parquet",
    }
    assert json.loads((folder / "report.json").read_text()) == ended.json
    lines = (folder / "trades.csv").read_text().splitlines()
    assert len(lines) == len(ended.json["trades"]) + 1


def test_a_position_that_is_open_at_the_end_is_no_fault_of_the_books(mtf: Mtf, files: tuple[str, ...]) -> None:
    whole = mtf("replay", *files, "--json").json
    cut_ms = to_ms(parse_instant(whole["trades"][0]["exit_at"])) // 60_000 * 60_000  # before the minute of its exit
    for symbol in ("BTCUSDT", "SOLUSDT"):
        write_candles_csv(Path(f"{symbol}-1m.csv"), minutes_of(symbol).closed_at(cut_ms))
    ended = mtf("replay", *files, "--json")
    assert ended.code == 0
    assert ended.json["ready"]["still_open"] > 0
    assert all(one["holds"] for one in ended.json["checks"])
    assert Decimal(ended.json["summary"]["open_usdt"])
    assert "still open at the end" in mtf("replay", *files).out


def test_a_replay_knows_how_many_configurations_were_tried_on_its_days(mtf: Mtf, files: tuple[str, ...]) -> None:
    def tried(*words: str) -> int:
        told: int = mtf("replay", *files, *words, "--json").json["honesty"]["configurations"]
        return told

    assert (tried(), tried()) == (1, 1), "the same once more is no further try"
    assert tried("--profile", "scalper") == 2
    assert tried("--trials", "sqlite:///other.db") == 1


def test_where_the_trial_ledger_does_not_answer_the_replay_is_shown_all_the_same(
    mtf: Mtf, files: tuple[str, ...]
) -> None:
    Path("folder.db").mkdir()
    ended = mtf("replay", *files, "--trials", "sqlite:///folder.db", "--json")
    assert ended.code == 0
    assert ended.json["trades"]
    assert "is not known" in ended.err


def test_an_assumption_is_changed_for_one_replay(mtf: Mtf, files: tuple[str, ...]) -> None:
    usual = mtf("replay", *files, "--json").json
    kind = mtf("replay", *files, "--assume", "fee_factor=0", "--assume", "funding_hours=0", "--json").json
    assert Decimal(kind["summary"]["fees_usdt"]) == 0
    assert Decimal(usual["summary"]["fees_usdt"]) > 0
    assert kind["assumptions"]["fee_factor"] != usual["assumptions"]["fee_factor"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--assume", "slipage_bps=1"), "slippage_bps"),
        (("--assume", "slippage_bps"), "write it like slippage_bps=5"),
        (("--assume", "delay_minutes=-1"), "≥ 0"),
        (("--to", "2026-02-07T00:00Z"), "is later than"),
        (("--symbols", "BTCUSDT"), "choose from the archive"),
        (("--candles", "ETHUSDT=hourly.csv"), "goes minute by minute"),
        (("--exchange", "okex"), "known: bitmart, okx, sandbox"),
        (("--to", "2030-01-01T00:00Z", "--from", "2029-01-01T00:00Z"), "no minute to decide"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_allowed(
    mtf: Mtf, files: tuple[str, ...], words: tuple[str, ...], said: str
) -> None:
    write_candles_csv(Path("hourly.csv"), minutes_of("ETHUSDT").aggregated(Timeframe.H1))
    ended = mtf("replay", *files, *words)
    assert ended.code == 2
    assert said in ended.err


def test_an_archive_that_is_empty_or_lacks_what_was_asked_for_says_what_there_is(
    mtf: Mtf, files: tuple[str, ...]
) -> None:
    empty = mtf("replay")
    assert (empty.code, "`mtf archive import`" in empty.err) == (2, True)
    mtf("archive", "import", "BTCUSDT-1m.csv")
    mtf("archive", "import", "SOLUSDT-1m.csv", "--venue", "other")
    assert "--venue: the archive has candles of files, other" in mtf("replay").err
    assert "the archive has files, other" in mtf("replay", "--venue", "binance").err
    assert "it has BTCUSDT" in mtf("replay", "--venue", "files", "--symbols", "SOLUSDT").err
