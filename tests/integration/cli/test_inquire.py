"""`mtf why`, `mtf funnel` and `mtf verify` over a database file, run after run."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from mtf_core.reasons import Stage
from tests.integration.cli.conftest import SMALL, Ended, Mtf


class Desk:
    """The command line on one database file that holds one run of `regular`."""

    def __init__(self, mtf: Mtf, folder: Path) -> None:
        self._mtf = mtf
        self.path = folder / "mtf.db"
        self.run_id = self.json("run", "--profile", "regular", *SMALL)["run_id"]

    def __call__(self, *words: str) -> Ended:
        return self._mtf(*words, "--database", f"sqlite:///{self.path}")

    def json(self, *words: str) -> dict[str, object]:
        ended = self(*words, "--json")
        assert ended.code == 0
        found: dict[str, object] = ended.json
        return found


@pytest.fixture
def desk(mtf: Mtf, tmp_path: Path) -> Desk:
    return Desk(mtf, tmp_path)


def test_why_tells_a_traded_symbol_with_its_trees_and_plan(desk: Desk) -> None:
    ended = desk("why", "DOGEUSDT", "--full")
    assert (ended.code, ended.err) == (0, "")
    told, first, second, *rest = ended.out.splitlines()
    assert told.startswith("DOGEUSDT: context long (")
    assert "; READY long on " in told
    assert first == f"DOGEUSDT in run {desk.run_id} (regular, 2026-02-01T13:00:00Z): READY"
    assert second.startswith("order simulated: long on ")
    assert any("← decides" in line for line in rest)
    assert any(line.startswith("plan: entry ") for line in rest)
    short = desk("why", "DOGEUSDT").out.splitlines()
    assert short[:3] == [told, first, second]
    assert len(short) < 10


def test_why_tells_the_stage_and_the_meaning_of_a_reason(desk: Desk) -> None:
    lines = desk("why", "ADAUSDT", "--run", desk.run_id).out.splitlines()
    assert lines[0].startswith("ADAUSDT: no context: 4h ")
    assert lines[2] == ("stopped at context by pragmatic_context_all_neutral: no context timeframe has a side")
    document = desk.json("why", "ADAUSDT")
    assert (document["reason"], document["stage"]) == ("pragmatic_context_all_neutral", "context")
    assert isinstance(document["trace"], dict)
    assert document["trace"]["status"] == "INVALID"


@pytest.mark.parametrize("words", [("why", "ZZZUSDT"), ("why", "DOGEUSDT", "--run", "nothing"), ("verify", "nothing")])
def test_an_unknown_run_or_symbol_is_one_clear_line(desk: Desk, words: tuple[str, ...]) -> None:
    ended = desk(*words)
    assert (ended.code, ended.out) == (1, "")
    assert len(ended.err.splitlines()) == 1
    assert words[-1] in ended.err


def test_questions_about_an_empty_database_say_what_to_do(mtf: Mtf) -> None:
    for words in (("why", "BTCUSDT"), ("funnel",)):
        ended = mtf(*words)
        assert ended.code == 1
        assert "`mtf run` stores one" in ended.err


def test_the_funnel_shows_stages_and_conditions(desk: Desk) -> None:
    ended = desk("funnel", "--limit", "3")
    assert ended.code == 0
    assert ended.out.startswith("regular at 2026-02-01T13:00:00Z")
    assert all(stage in ended.out for stage in Stage)
    assert "more conditions (--limit)" in ended.out
    assert "most in the way: " in ended.out
    document = desk.json("funnel", "--run", desk.run_id)
    assert isinstance(document["stages"], list)
    assert document["stages"][0]["reached"] == 12
    assert document["stages"][-1]["passed"] == 2


def test_the_funnel_of_many_runs_counts_them_all(desk: Desk) -> None:
    desk.json("run", "--profile", "regular", *SMALL)
    desk.json("run", "--profile", "crash", *SMALL)
    assert desk.json("funnel", "--since", "2026-01-01T00:00Z", "--profile", "regular")["runs"] == 2
    assert desk.json("funnel", "--since", "2026-01-01T00:00Z")["profile"] == "crash"
    assert desk("funnel", "--profile", "scalper").code == 1


@pytest.mark.parametrize("other", [("--since", "2999-01-01T00:00Z"), ("--profile", "crash")])
def test_a_run_that_is_not_all_that_is_asked_for_fits_not(desk: Desk, other: tuple[str, str]) -> None:
    ended = desk("funnel", "--run", desk.run_id, *other)
    assert ended.code == 1
    assert "no finished run is stored that fits" in ended.err
    assert desk("funnel", "--since", "yesterday").code == 2


def test_verify_confirms_a_run_of_another_process(desk: Desk) -> None:
    ended = desk("verify", desk.run_id)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"run {desk.run_id} (regular): 12 decisions and 2 plans made again, bit for bit the same\n"


def test_verify_shows_what_differs_and_fails(desk: Desk) -> None:
    with sqlite3.connect(desk.path) as connection:
        connection.execute("UPDATE decisions SET side = 'short' WHERE symbol = 'DOGEUSDT'")
    connection.close()
    ended = desk("verify", desk.run_id)
    assert ended.code == 1
    assert "record_changed" in ended.out
    assert "seal_broken" in ended.out
    assert "cannot be confirmed: 2 differences" in ended.err
    document = desk("verify", desk.run_id, "--json")
    assert document.code == 1
    assert [one["symbol"] for one in document.json["differences"]] == [None, "DOGEUSDT"]


def test_a_runs_id_may_be_shortened_as_long_as_it_is_one_runs(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'mtf.db'}")
    ids = sorted(mtf("run", *SMALL, "--json").json["run_id"] for _ in range(2))
    same = next(place for place, pair in enumerate(zip(*ids, strict=True)) if pair[0] != pair[1])
    for words in (("why", "BTCUSDT", "--run"), ("funnel", "--run"), ("verify",)):
        assert mtf(*words, ids[0][: same + 1]).code == 0, words
    assert f"run {ids[1]} " in mtf("verify", ids[1][: same + 1]).out
    several = mtf("verify", ids[0][:same])
    assert (several.code, f"several runs begin with {ids[0][:same]!r}" in several.err) == (2, True)
    assert all(one in several.err for one in ids)
