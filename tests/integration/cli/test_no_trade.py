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
    path.write_text(text.replace("no_trade: {}", f"no_trade: {no_trade}"), encoding="utf-8")
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
    assert "no_trade.sandbxo: there is no such exchange; did you mean sandbox?" in ended.err
