"""`mtf sandbox session` as one types it."""

import pytest

from tests.integration.cli.conftest import Mtf

SHORT = ("sandbox", "session", "--minutes", "7", "--until-flat", "1", "--universe-size", "20")


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_session(mtf: Mtf) -> None:
    one, again = mtf(*SHORT, "--json"), mtf(*SHORT, "--json")
    assert (one.code, one.err) == (0, "")
    assert one.json["entries"]["submitted"] >= 1, "something happened that could differ"
    assert one.out == again.out
    assert mtf(*SHORT, "--seed", "2", "--json").out != one.out


def test_one_screen_shows_runs_entries_and_money(mtf: Mtf) -> None:
    ended = mtf(*SHORT)
    assert ended.code == 0
    lines = ended.out.splitlines()
    assert lines[0].startswith("scalper_micro traded on the sandbox market of seed 1 (20 contracts), 2026-02-02T11:20")
    assert any(line.startswith("7 runs, ") for line in lines)
    assert any("entries submitted: " in line for line in lines)
    assert any(line.endswith("equal to the last digit") for line in lines)
    assert "No alarm was raised." in lines


def test_what_was_kept_in_a_file_is_told_by_the_other_commands(mtf: Mtf) -> None:
    kept = ("--database", "sqlite:///kept.db", "--universe-size", "20")
    session = mtf("sandbox", "session", "--minutes", "3", "--until-flat", "0", *kept, "--json").json
    told = mtf("trades", *kept, "--json").json
    assert told["totals"] == session["totals"]
    refused = mtf("sandbox", "session", *kept)
    assert (refused.code, refused.out) == (2, "")
    assert "holds runs or orders already; a session begins with an empty one" in refused.err


def test_a_session_is_of_the_sandbox_whatever_exchange_is_set(mtf: Mtf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTF_EXCHANGE", "bitmart")
    ended = mtf("sandbox", "session", "--minutes", "1", "--until-flat", "0", "--universe-size", "3", "--json")
    assert (ended.code, ended.json["market"]) == (0, "sandbox market of seed 1 (3 contracts)")
