"""What an operator does by hand on the command line: it holds for the next run, and is in the audit trail."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Mtf

WORLD = ("--universe-size", "12")
RUN = ("run", *WORLD, "--at", "2026-02-01T13:00Z", "--profile", "regular", "--json")


@pytest.fixture
def store(mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that outlives a command; `mtf` itself begins with one in memory."""
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mtf.db'}")


@pytest.mark.usefixtures("store")
def test_the_kill_switch_stops_every_entry_of_the_next_run_until_it_is_lifted(mtf: Mtf) -> None:
    before = json.loads(mtf(*RUN).out)["orders_placed"]
    assert before["simulated"] > 0
    assert mtf("kill", *WORLD, "--reason", "odd prices").out == "global is off until switched on again: odd prices\n"
    killed = json.loads(mtf(*RUN).out)
    assert killed["orders_placed"]["simulated"] == 0
    assert "kill_switch_on" in killed["rejected_by"]
    assert "The kill switch is on" in mtf("switch", "list", *WORLD).out
    mtf("unkill", *WORLD)
    assert json.loads(mtf(*RUN).out)["orders_placed"]["simulated"] == before["simulated"]
    actions = [event["action"] for event in json.loads(mtf("audit", *WORLD, "--json").out)["events"]]
    assert [action for action in actions if action.startswith("switch")] == ["switch_on", "switch_off"]


@pytest.mark.usefixtures("store")
def test_a_switch_of_one_symbol_leaves_out_that_symbol_and_says_until_when(mtf: Mtf) -> None:
    mtf("contracts", "sync", *WORLD)
    off = json.loads(mtf("switch", "off", "BTCUSDT", *WORLD, "--minutes", "5", "--json").out)
    assert off["until"] == "2026-02-02T11:25:00Z", "of the sandbox's clock"
    listed = json.loads(mtf("switch", "list", *WORLD, "--json").out)
    assert [(one["key"], one["off"]) for one in listed["switches"]] == [("BTCUSDT", True)]
    assert mtf("switch", "on", "BTCUSDT", *WORLD).out == "BTCUSDT is on: by hand\n"


@pytest.mark.usefixtures("store")
def test_a_queued_symbol_waits_and_a_wrong_name_is_refused_with_the_right_one(mtf: Mtf) -> None:
    mtf("contracts", "sync", *WORLD)
    assert "next run" in mtf("switch", "queue", "BTCUSDT", *WORLD).out
    assert "BTCUSDT waits for the next run" in mtf("switch", "list", *WORLD).out
    wrong = mtf("switch", "off", "BTCUSD", *WORLD)
    assert (wrong.code, "did you mean BTCUSDT?" in wrong.err) == (2, True)


@pytest.mark.usefixtures("store")
def test_locks_are_listed_and_one_that_nobody_holds_cannot_be_released(mtf: Mtf) -> None:
    assert mtf("locks", "list", *WORLD).out == "no lock is held\n"
    refused = mtf("locks", "release", "run:x:y", *WORLD)
    assert (refused.code, "no lock is held" in refused.err) == (2, True)


@pytest.mark.usefixtures("store")
def test_the_trail_is_read_page_by_page_without_loss(mtf: Mtf) -> None:
    for _ in range(3):
        mtf("kill", *WORLD)
    whole = json.loads(mtf("audit", *WORLD, "--action", "switch_off", "--json").out)
    assert (len(whole["events"]), whole["next"]) == (3, None)
    first = json.loads(mtf("audit", *WORLD, "--action", "switch_off", "--limit", "2", "--json").out)
    cursor = ("--cursor", first["next"])
    rest = json.loads(mtf("audit", *WORLD, "--action", "switch_off", "--limit", "2", *cursor, "--json").out)
    assert first["events"] + rest["events"] == whole["events"]


def test_contracts_are_synchronised_and_one_of_them_is_shown(mtf: Mtf) -> None:
    shown = json.loads(mtf("contracts", "sync", "--symbol", "BTCUSDT", *WORLD, "--json").out)
    assert [contract["symbol"] for contract in shown] == ["BTCUSDT"]
    wrong = mtf("contracts", "sync", "--symbol", "BTCUSD", *WORLD)
    assert (wrong.code, "did you mean 'BTCUSDT'?" in wrong.err) == (2, True)


def test_flags_of_a_run_take_their_values_as_numbers_too(mtf: Mtf) -> None:
    ended = mtf("run", "--workers=4", "--dry-run=1", *WORLD, "--json")
    assert (ended.code, ended.json["dry_run"]) == (0, True)
    refused = mtf("run", "--dry-run=0", *WORLD)
    assert (refused.code, "nothing can be traded here" in refused.err) == (3, True)


@pytest.mark.usefixtures("store")
def test_a_cleanup_counts_until_it_is_told_to_delete_and_the_newest_runs_stay(mtf: Mtf) -> None:
    mtf(*RUN)
    document = mtf("cleanup", *WORLD, "--json").json
    tables, floors = document.pop("tables"), document.pop("floors")
    assert document == {
        "candles": 0,
        "runs": 0,
        "audit_events": 0,
        "keys": 0,
        "documents": 0,
        "locks": 0,
        "processes": 0,
        "alerts": 0,
        "dry_run": True,
    }
    rows = {one["table"]: one["rows"] for one in tables}
    assert rows["runs"] == 1
    assert rows["candles"] > 0
    assert any(line.startswith("1m: ") and "for the warm-up of" in line for line in floors)
    shown = mtf("cleanup", *WORLD).out
    assert "the last 50000 of each series" in shown
    assert f"candles of {floors[0]}" in shown
    assert "deleted" in mtf("cleanup", *WORLD, "--dry-run=0").out
    assert mtf("why", "BTCUSDT").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--candles-per-series", "10"), "candles_per_series: found 10; at least "),
        (("--runs-most", "99"), "runs_most: found 99; at least 100"),
        (("--audit-days", "0", "--runs-days", "0"), "audit_days: found 0; at least 1"),
    ],
)
def test_a_cleanup_below_a_floor_is_refused_with_the_floor(mtf: Mtf, words: tuple[str, ...], told: str) -> None:
    mtf(*RUN)
    ended = mtf("cleanup", *WORLD, *words)
    assert (ended.code, ended.out) == (2, "")
    assert told in ended.err
