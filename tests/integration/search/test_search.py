"""`mtf search`: what it finds in prices with an edge and in noise, and that whoever kills it changes nothing."""

from __future__ import annotations

import json
import random
import re
import signal
import time
from pathlib import Path

import pytest
from attrs import evolve

from mtf_adapters.archive import Archive
from mtf_adapters.files.profiles import check_config, load_profile
from mtf_adapters.trials.ledger import TrialLedger
from mtf_core.search.parameters import varied_profile
from mtf_entrypoints.search.performing import Searching
from mtf_entrypoints.search.pool import Here
from mtf_entrypoints.search.preparing import PreparedSearch, prepare
from mtf_entrypoints.search.work import Workbench
from tests.integration.search.conftest import Made, SearchFolder
from tests.search_worlds import TREND, candle_file, walk

_PATIENCE_S = 300


def prepared(folder: SearchFolder, cache: Path | None = None) -> PreparedSearch:
    return prepare(
        folder.space,
        config_dir=folder.root / "config",
        archive=Archive(folder.root / "archive"),
        exchange="sandbox",
        cache=cache or folder.root / "cache",
    )


def test_noise_is_rejected_and_an_edge_is_not(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    noise, edge = made("noise", seed=1), made("edge", seed=7, days=24, trend=TREND, pbo="0.9")
    assert noise.searched("--jobs", "1") == 0
    assert "rejected: nothing here is better than luck" in capsys.readouterr().out
    assert noise.evidence()["verdict"] == "rejected"
    assert edge.searched("--jobs", "1", "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown == edge.evidence()
    assert shown["verdict"] in ("candidate", "validated"), shown["checks"]
    assert shown["holdout"]["low_r"] > 0
    assert shown["trials"]["tried"] == 7


def test_an_edge_in_three_symbols_is_validated_on_days_that_no_trial_saw(made: Made) -> None:
    """What can validate nothing would reject all noise as well."""
    folder = made("edge", "AAAUSDT", "BBBUSDT", "CCCUSDT", seed=27, days=28, trend=TREND, pbo="0.5", holdout=7)
    assert folder.searched("--jobs", "1") == 0
    evidence = folder.evidence()
    assert [check["name"] for check in evidence["checks"] if not check["holds"]] == []
    assert evidence["verdict"] == "validated"
    assert evidence["holdout"]["low_r"] > 0
    report = json.loads((folder.found / "validated" / "holdout" / "report.json").read_bytes())
    assert report["summary"]["trades"] >= evidence["holdout"]["trades"]
    assert load_profile(None, folder.found / "validated").digest == evidence["best"]["configuration"]


def test_what_it_leaves_is_a_whole_profile_that_can_be_run(made: Made) -> None:
    folder = made()
    assert folder.searched("--jobs", "1") == 0
    own = folder.found / "rejected"
    report = check_config(own)
    assert report.ok
    assert [profile.name for profile in report.profiles] == ["scalper_micro"]
    evidence = folder.evidence()
    base = load_profile("scalper_micro", folder.root / "config")
    best = varied_profile(base.content, {} if evidence["best"] is None else evidence["best"]["parameters"])
    assert load_profile(None, own).digest == best.digest
    assert base.digest == evidence["profile"]["digest"]
    rows = (folder.found / "trials.csv").read_text().splitlines()
    assert len(rows) == 8
    assert rows[0].startswith("number,trade_entry.defaults.atr_k,")


def test_the_windows_are_in_the_ledger_before_the_first_trial(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made()
    seen: list[int] = []

    def nothing_yet(self: Workbench, parameters: object) -> None:
        with TrialLedger.opened(folder.trials) as ledger, ledger.engine.begin() as connection:
            (text,) = connection.exec_driver_sql("SELECT document FROM trial_searches").scalars()
            seen.append(len(json.loads(text)["windows"]))
            rows = connection.exec_driver_sql("SELECT count(*) FROM trials").scalar_one()
            assert rows == len(seen)
        raise RuntimeError("no score")

    monkeypatch.setattr(Workbench, "try_out", nothing_yet)
    assert folder.searched("--jobs", "1") == 0
    assert seen == [2] * 7
    with TrialLedger.opened(folder.trials) as ledger:
        assert ledger.counts(prepared(folder).digest) == {"failed": 7}
    assert folder.evidence()["trials"]["without_score"] == 7


def test_trials_that_trade_otherwise_decide_nothing_again(made: Made) -> None:
    """Twelve trials with three values of a rule: each value is decided once; another process finds that on the disk."""
    folder = made(trials=27)
    search = prepared(folder)
    bench = Workbench(search.work)
    for number in range(12):
        parameters = {"trade_entry.defaults.atr_k": 2 + number / 8}
        if number % 4:
            parameters["mtf_validations.validation.timeframe.1m.long[0].rsi_cross_up"] = 47 + number % 4
        bench.try_out(parameters)
    assert bench.decisions == 3
    other = Workbench(search.work)
    other.try_out({"trade_entry.defaults.atr_k": 9})
    assert other.decisions == 0


def test_a_trial_cannot_see_the_hold_out(made: Made) -> None:
    """Other prices from the first minute of the hold-out on change no trial."""
    folder = made()
    first = prepared(folder)
    before = Workbench(first.work).try_out({})
    whole = walk(1, 12)
    other = walk(99, 12)
    cut_ms = first.windows.search.last_ms
    mixed = evolve(whole)
    at = int((whole.open_ms < cut_ms).sum())
    mixed = type(whole).checked(
        whole.timeframe,
        whole.open_ms,
        *(
            [*getattr(whole, name)[:at], *getattr(other, name)[at:]]
            for name in ("open", "high", "low", "close", "volume")
        ),
    )
    candle_file(folder.root / "AAAUSDT.csv", mixed)
    second = prepared(folder, folder.root / "another-cache")
    assert second.data.digest == first.data.digest
    assert second.holdout.digest != first.holdout.digest
    assert Workbench(second.work).try_out({}) == before


def test_another_search_does_not_write_over_a_folder(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made()
    assert folder.searched("--jobs", "1") == 0
    before = folder.files()
    folder.space.write_text(folder.space.read_text().replace("[2, 3, 4]", "[2, 3, 5]"))
    capsys.readouterr()
    assert folder.searched("--jobs", "1") == 3
    assert "holds another search" in capsys.readouterr().err
    assert folder.files() == before


def test_a_second_search_knows_what_the_first_has_tried_and_looked_at(made: Made) -> None:
    folder = made("edge", seed=7, days=24, trend=TREND, pbo="0.9")
    assert folder.searched("--jobs", "1") == 0
    first = folder.evidence()
    assert (first["trials"]["configurations_seen_on_this_data"], first["trials"]["others_seen_on_holdout"]) == (7, 0)
    folder.space.write_text(folder.space.read_text().replace("seed: 1}", "seed: 2}").replace("[2, 3, 4]", "[2, 3, 5]"))
    assert folder.searched("--jobs", "1", "--out", str(folder.root / "second")) == 0
    (path,) = (folder.root / "second").glob("*/evidence.json")
    second = json.loads(path.read_bytes())
    assert second["trials"]["configurations_seen_on_this_data"] > 7
    assert second["verdict"] != "validated"


def test_on_two_processes_it_ends_with_the_same_bytes(made: Made) -> None:
    alone, shared = made("alone"), made("shared")
    assert alone.searched("--jobs", "1") == 0
    process = shared.started("--jobs", "2")
    _, said = process.communicate(timeout=_PATIENCE_S)
    assert (process.returncode, said) == (0, b"")
    assert shared.files() == alone.files()


def test_killed_at_any_moment_it_goes_on_and_ends_with_the_same_bytes(made: Made) -> None:
    alone, killed = made("alone"), made("killed")
    assert alone.searched("--jobs", "1") == 0
    draw, deaths = random.Random(7), 0
    while True:
        # By what was begun, not by a clock: a fast machine is done before a slow one has started.
        more = _begun(killed) + draw.randint(0, 3)
        process = killed.started("--jobs", "2")
        while process.poll() is None and _begun(killed) < more:
            time.sleep(0.02)
        if process.poll() is not None:
            _, said = process.communicate()
            break
        process.kill()
        process.communicate()
        deaths += 1
        assert deaths < 40
    assert (process.returncode, said) == (0, b"")
    assert deaths > 0
    assert killed.files() == alone.files()
    with TrialLedger.opened(killed.trials) as ledger:
        counts = ledger.counts(prepared(killed).digest)
    assert counts["scored"] == 7
    assert counts.get("interrupted", 0) <= 2 * deaths


def test_interrupted_by_a_person_it_ends_at_once_and_goes_on(made: Made) -> None:
    folder = made()
    process = folder.started("--jobs", "2")
    end_s = time.monotonic() + _PATIENCE_S
    while not _begun(folder) and time.monotonic() < end_s:
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.search(r"stopped; of \d+ trials? begun \d+ had ended, .* the same command goes on", said.decode())
    assert folder.searched("--jobs", "1") == 0
    assert folder.evidence()["trials"]["tried"] == 7


def _begun(folder: SearchFolder) -> int:
    """How many trials were ever begun; none where there is no ledger yet."""
    try:
        with TrialLedger.opened(folder.trials) as ledger, ledger.engine.begin() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM trials").scalar_one())
    except Exception:
        return 0


def test_a_search_that_is_done_asks_the_ledger_and_tries_nothing(made: Made) -> None:
    folder = made()
    search = prepared(folder)
    with TrialLedger.opened(folder.trials) as ledger:
        first = Searching(search, ledger, Here(Workbench(search.work))).perform()
        bench = Workbench(evolve(search.work, sources=()))
        again = Searching(search, ledger, Here(bench)).perform()
        assert again.trials == first.trials
        assert ledger.counts(search.digest) == {"scored": 7}
