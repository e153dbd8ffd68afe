"""`no_trade: carry`: a candle file that leaves out minutes without trades, run with and without the setting."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Candles, Timeframe, parse_instant, to_ms
from tests.integration.cli.conftest import Mtf
from tests.market_strategies import without

END_MS = to_ms(parse_instant("2026-02-01T13:00Z"))


def quiet_minutes() -> Candles:
    """Eight days of minutes, six of which, never the first or last of five, had no trade."""
    minutes = GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, END_MS - 8 * DAY_MS, END_MS, END_MS)
    return without(minutes, [len(minutes) - 1 - back for back in (43, 1007, 1008, 2003, 2004, 3002)])


def config(folder: Path, no_trade: str) -> Path:
    copy = Path(shutil.copytree(config_dir_in_use(), folder))
    path = copy / "trading.yaml"
    text = path.read_text(encoding="utf-8")
    shipped = "no_trade: {}\nno_trade_largest_hole_minutes: 15"
    assert shipped in text
    path.write_text(text.replace(shipped, f"no_trade: {no_trade}"), encoding="utf-8")
    return copy


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    write_candles_csv(tmp_path / "doge.csv", quiet_minutes())
    database = f"sqlite:///{tmp_path / 'mtf.db'}"
    return ("--candles", f"DOGEUSDT={tmp_path / 'doge.csv'}", "--database", database)


def test_holes_are_filled_counted_and_verified_only_where_the_exchange_is_named(
    mtf: Mtf, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    run = ("run", "--profile", "scalper_micro", "--json", *arguments)
    broken = mtf(*run).json
    assert broken["carried_candles"] == {}
    outcome = broken["results"]["DOGEUSDT"]
    assert outcome["execution"]["1m"]["reason"] == outcome["context"]["5m"]["reason"] == "candles_have_gaps"
    folder = config(tmp_path / "carry", "{sandbox: carry}")
    carried = mtf(*run, "--config-dir", folder).json
    outcome = carried["results"]["DOGEUSDT"]
    assert carried["carried_candles"] == {"DOGEUSDT": 1}  # of the six, one lies in the window of 1m, none of 5m
    assert outcome["execution"]["1m"]["reason"] is outcome["context"]["5m"]["reason"] is None
    verified = mtf("verify", carried["run_id"], "--database", arguments[-1])
    assert verified.code == 0, verified.out + verified.err
    shown = mtf("run", "--profile", "scalper_micro", *arguments, "--config-dir", folder).out
    assert "carry the close before them (no_trade: carry): DOGEUSDT (1)" in shown


def test_an_exchange_that_there_is_not_is_refused(mtf: Mtf, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    ended = mtf("run", *arguments, "--config-dir", config(tmp_path / "typo", "{sandbxo: carry}"))
    assert ended.code == 2
    complaint = "no_trade.sandbxo: unknown exchange 'sandbxo'; known: bitmart, okx, sandbox (did you mean 'sandbox'?)"
    assert complaint in ended.err
    checked = mtf("config", "check", "--config-dir", tmp_path / "typo")
    assert checked.code == 2
    assert complaint in checked.out
    (problem,) = mtf("config", "check", "--json", "--config-dir", tmp_path / "typo").json["errors"]
    assert (problem["path"], problem["nearest"]) == ("no_trade.sandbxo", "sandbox")


def test_a_hole_longer_than_the_largest_is_no_time_without_trades(
    mtf: Mtf, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """Sixteen minutes: with the default of fifteen they stay missing, and so do the candles that are built of them."""
    minutes = GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, END_MS - 8 * DAY_MS, END_MS, END_MS)
    halted = without(minutes, [len(minutes) - 1 - back for back in range(43, 59)])
    write_candles_csv(tmp_path / "doge.csv", halted)
    run = ("run", "--profile", "scalper_micro", "--json", *arguments)
    folder = config(tmp_path / "default", "{sandbox: carry}")
    stopped = mtf(*run, "--config-dir", folder).json
    assert stopped["carried_candles"] == {}
    assert stopped["results"]["DOGEUSDT"]["reason"] == "candles_have_gaps"
    longer = config(tmp_path / "longer", "{sandbox: carry}\nno_trade_largest_hole_minutes: 16")
    carried = mtf(*run, "--config-dir", longer).json
    assert carried["carried_candles"]["DOGEUSDT"] == 16 + 2  # minutes, and two candles of 5m without any
    assert mtf("verify", carried["run_id"], "--database", arguments[-1]).code == 0


def test_carried_candles_are_marked_in_the_trace(mtf: Mtf, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folder = config(tmp_path / "carry", "{sandbox: carry}")
    market = (*arguments[:2], "--config-dir", folder, "--profile", "scalper_micro")
    mtf("run", *market, *arguments[2:])
    mark = "; 1 candle carries the close before, for nothing traded (no_trade: carry)"
    for shown in (
        mtf("why", "DOGEUSDT", "--full", *arguments[2:]).out,
        mtf("conditions", "explain", "DOGEUSDT", *market).out,
    ):
        heads = [line for line in shown.splitlines() if line.startswith(("1m 2026", "5m 2026"))]
        assert [line.endswith(mark) for line in heads] == [False, True]
    for document in (
        mtf("why", "DOGEUSDT", "--json", *arguments[2:]).json["trace"],
        mtf("conditions", "explain", "DOGEUSDT", "--json", *market).json,
    ):
        assert {name: one.get("carried") for name, one in document["timeframes"].items()}["1m"] == 1
