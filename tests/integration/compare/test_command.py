"""`mtf compare` as one calls it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from attrs import evolve

from mtf_core.replay.comparing.causes import Cause
from tests.integration.cli.conftest import SMALL, Mtf, mtf
from tests.integration.compare.recording import Script, eager_configuration, record
from tests.integration.compare.test_decisions import planning_a_tick_away

__all__ = ["mtf"]

SHORT = Script(seed=2, minutes=3, symbols=8)


@pytest.fixture(scope="module")
def config_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return eager_configuration(tmp_path_factory.mktemp("eager") / "config")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, config_dir: Path) -> str:
    made = f"sqlite:///{tmp_path_factory.mktemp('session') / 'mtf.db'}"
    record(evolve(SHORT, config_dir=config_dir), made)
    return made


def test_a_day_is_compared_and_every_difference_has_its_cause(mtf: Mtf, url: str, config_dir: Path) -> None:
    ended = mtf("compare", "--day", "2026-02-02", "--database", url, "--config-dir", config_dir)
    assert (ended.code, ended.err) == (0, "")
    first, second, *_ = ended.out.splitlines()
    assert first == (
        "scalper_micro, 3 runs, 2026-02-02T11:20:02Z to 2026-02-02T11:22:02Z: "
        "live beside its replay from the candles of now"
    )
    assert " decisions equal (100 %); " in second
    assert " order plans equal (100 %)" in second


def test_the_document_adds_up(mtf: Mtf, url: str, config_dir: Path) -> None:
    found = mtf("compare", "--from", "1h", "--database", url, "--config-dir", config_dir, "--json").json
    decisions, orders = found["decisions"], found["orders"]
    assert (decisions["compared"], decisions["differences"]) == (decisions["equal"], [])
    assert list(found["causes"]) == [str(cause) for cause in Cause]
    parts = [Decimal(part["difference_usdt"]) for part in orders["by_cause"].values()]
    live, replay = Decimal(orders["live_net_usdt"]), Decimal(orders["replay_net_usdt"])
    assert sum(parts, Decimal(0)) == Decimal(orders["difference_usdt"]) == live - replay
    compared = [one for one in orders["keys"] if one["not_compared"] is None]
    assert len(compared) == orders["compared"]
    assert sum(one["cause"] is None for one in compared) == orders["equal"]
    assert found["assumptions"]["delay_minutes"] == 1


def test_one_run_is_named_by_the_beginning_of_its_id(mtf: Mtf, url: str, config_dir: Path) -> None:
    everything = mtf("compare", "--from", "1h", "--database", url, "--config-dir", config_dir, "--json").json
    run_id = mtf("why", "BTCUSDT", "--database", url, "--json").json["run_id"]
    one = mtf("compare", "--run", run_id[:12], "--database", url, "--config-dir", config_dir, "--json").json
    assert (everything["runs"], one["runs"]) == (3, 1)
    assert 0 < one["decisions"]["compared"] < everything["decisions"]["compared"]


def test_other_assumptions_are_taken_for_one_comparison(mtf: Mtf, url: str, config_dir: Path) -> None:
    words = ("compare", "--from", "1h", "--database", url, "--config-dir", config_dir, "--json")
    found = mtf(*words, "--assume", "delay_minutes=0", "--assume", "slippage_bps=7").json
    assert (found["assumptions"]["delay_minutes"], found["assumptions"]["slippage_bps"]) == (0, "7")
    assert mtf(*words, "--one-account").code == 0


def test_a_difference_that_nothing_explains_fails(
    mtf: Mtf, config_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'mtf.db'}"
    with monkeypatch.context() as patch:
        planning_a_tick_away(patch)
        record(evolve(SHORT, config_dir=config_dir), url)
    ended = mtf("compare", "--day", "2026-02-02", "--database", url, "--config-dir", config_dir)
    assert ended.code == 1
    assert "unexplained" in ended.out
    assert ended.err.startswith("mtf: nothing explains ")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "give one of --day, --run, or --from and --to"),
        (("--day", "2026-02-02", "--run", "abc"), 2, "give one of --day, --run, or --from and --to"),
        (("--day", "yesterday"), 2, "--day: found 'yesterday'; write it like 2026-01-31"),
        (("--day", "2025-01-01"), 1, "no finished run is stored that fits"),
        (("--run", "abc"), 1, "no run 'abc' is stored"),
        (("--from", "2026-02-03T00:00Z", "--to", "2026-02-02T00:00Z"), 2, "is not before --to"),
        (("--day", "2026-02-02", "--profile", "crash"), 1, "no finished run is stored that fits"),
        (("--day", "2026-02-02", "--assume", "slippage_bps"), 2, "write it like slippage_bps=5"),
    ],
)
def test_what_cannot_be_compared_is_one_clear_line(
    words: tuple[str, ...], code: int, said: str, mtf: Mtf, url: str, config_dir: Path
) -> None:
    ended = mtf("compare", *words, "--database", url, "--config-dir", config_dir)
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1


def test_of_a_dry_run_decisions_and_plans_are_compared_for_nothing_was_sent(mtf: Mtf, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'dry.db'}"
    assert mtf("run", "--profile", "regular", *SMALL, "--database", url).code == 0
    ended = mtf("compare", "--day", "2026-02-01", "--database", url)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[1].startswith("12 of 12 decisions equal (100 %); ")
    assert len(lines) == 2, "there are no orders to tell of"


def test_a_run_that_is_another_profiles_is_left_alone(mtf: Mtf, tmp_path: Path) -> None:
    """Without --profile the newest run says whose runs are compared."""
    url = f"sqlite:///{tmp_path / 'two.db'}"
    for name in ("scalper", "regular"):
        mtf("run", "--profile", name, *SMALL, "--database", url)
    both = [
        mtf("compare", "--day", "2026-02-01", "--database", url, *words) for words in ((), ("--profile", "scalper"))
    ]
    assert [ended.out.split(",")[0] for ended in both] == ["regular", "scalper"]
    assert all(", 1 run, " in ended.out.splitlines()[0] for ended in both)
