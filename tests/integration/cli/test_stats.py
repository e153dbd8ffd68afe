"""`mtf stats` over a database file in which runs followed each other."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Ended, Mtf

FIRST, LAST = "2026-02-01T13:00:00Z", "2026-02-01T13:04:00Z"


class Minutes:
    """The command line on a database file that holds a run of `regular` for each of five minutes."""

    def __init__(self, mtf: Mtf, folder: Path) -> None:
        self._mtf = mtf
        self.url = f"sqlite:///{folder / 'mtf.db'}"
        for minute in range(5):
            at = f"2026-02-01T13:{minute:02d}Z"
            assert self("run", "--profile", "regular", "--universe-size", "12", "--at", at).code == 0

    def __call__(self, *words: str) -> Ended:
        return self._mtf(*words, "--database", self.url)


@pytest.fixture
def minutes(mtf: Mtf, tmp_path: Path) -> Minutes:
    return Minutes(mtf, tmp_path)


def test_zones_shows_distances_and_what_became_of_entries(minutes: Minutes) -> None:
    ended = minutes("stats", "zones")
    assert (ended.code, ended.err) == (0, "")
    head, *lines = ended.out.splitlines()
    assert head == f"6 zone events, {FIRST} to {LAST}"
    columns = "symbol tf events P50 % P80 % P90 % inside waiting filled left expired unknown open refused would fill"
    assert " ".join(lines[1].split()) == columns
    assert [line.split()[0] for line in lines if "15m" in line][:2] == ["all", "DOGEUSDT"]
    document = minutes("stats", "zones", "--json").json
    assert (document["events"], document["first_at"], document["last_at"]) == (6, FIRST, LAST)
    assert sum(group["events"] for group in document["by_timeframe"]) == 6
    assert sum(group["events"] for group in document["by_symbol"]) == 6
    for group in (*document["by_timeframe"], *document["by_symbol"]):
        assert sum(group["entries"].values()) + sum(group["refused"].values()) == group["events"]
        assert sum(group["categories"].values()) == group["events"]


def test_options_choose_the_events(minutes: Minutes) -> None:
    def events(*words: str) -> int:
        found: int = minutes("stats", "zones", *words, "--json").json["events"]
        return found

    assert events("--from", LAST) + events("--to", LAST) == 6
    assert events("--symbols", "DOGEUSDT") == 5
    assert events("--symbols", "BTCUSDT,DOGEUSDT", "--symbols", "ETHUSDT") == 5
    assert events("--profile", "regular") == 6
    assert events("--profile", "crash") == 0
    assert events("--tf", "15m") + sum(events("--timeframes", tf) for tf in ("1m", "5m", "1h", "4h", "1d")) == 6
    assert "… and 1 more (--limit)" in minutes("stats", "zones", "--limit", "1").out


def test_where_nothing_fits_one_line_says_so(minutes: Minutes, mtf: Mtf) -> None:
    ended = minutes("stats", "zones", "--symbols", "BTCUSDT")
    assert (ended.code, ended.out) == (0, "no zone event is stored that fits; each plan of a run leaves one\n")
    empty = mtf("stats", "zones")
    assert (empty.code, "`mtf run` stores one" in empty.err) == (1, True)


def test_a_duration_counts_back_from_the_newest_run(minutes: Minutes) -> None:
    document = minutes("stats", "zones", "--from", "2m", "--json").json
    assert document["from"] == "2026-02-01T13:02:00Z"
    assert document["events"] == minutes("stats", "zones", "--from", "2026-02-01T13:02Z", "--json").json["events"]


def test_blockers_show_reasons_and_conditions_with_weights(minutes: Minutes) -> None:
    document = minutes("stats", "blockers", "--json").json
    assert (document["runs"], document["symbols_decided"], document["decisions"]) == (5, 12, 60)
    assert (document["runs_with_conditions"], document["runs_without_conditions"]) == (5, 0)
    reasons = [row for row in document["rows"] if (row["by"], row["kind"]) == ("all", "reason")]
    assert sum(row["decisions"] for row in reasons) + document["passed"] == 60
    assert all(row["decisions_share"] == row["decisions"] / 60 for row in reasons)
    shown = minutes("stats", "blockers", "--limit", "2")
    assert (shown.code, shown.err) == (0, "")
    head, *lines = shown.out.splitlines()
    assert head == f"5 runs, 12 symbols, 60 decisions ({document['passed']} not stopped), {FIRST} to {LAST}"
    assert f" {reasons[0]['name']} " in shown.out
    assert lines[-1].startswith("… and ")


def test_conditions_block_as_the_funnel_of_the_same_runs_says(minutes: Minutes) -> None:
    counted = minutes("funnel", "--since", "2020-01-01T00:00Z", "--json").json["conditions"]
    places = Counter((one["timeframe"], one["condition"]) for one in counted)
    alone = {
        (one["timeframe"], one["condition"]): one["blocks"]
        for one in counted
        if places[one["timeframe"], one["condition"]] == 1
    }
    rows = minutes("stats", "blockers", "--json").json["rows"]
    by_timeframe = [row for row in rows if (row["by"], row["kind"]) == ("timeframe", "condition")]
    found = {(row["group"], row["name"]): row["decisions"] for row in by_timeframe}
    assert alone
    assert {key: found[key] for key in alone} == alone


def test_success_tells_when_each_symbol_was_last_ready(minutes: Minutes) -> None:
    document = minutes("stats", "success", "--json").json
    assert document["newest_run_at"] == LAST
    ready = [row for row in document["rows"] if row["at"] is not None]
    never = [row for row in document["rows"] if row["at"] is None]
    assert {row["seconds_before_newest"] for row in ready if row["at"] == LAST} == {0.0}
    assert len({row["symbol"] for row in (*ready, *never)}) == 12
    assert all(row["side"] is row["timeframe"] is row["seconds_before_newest"] is None for row in never)
    table = minutes("stats", "success").out
    assert f"newest run at {LAST}" in table
    assert "–" in table


def test_atr_is_told_by_timeframe_and_by_symbol(minutes: Minutes) -> None:
    rows = minutes("stats", "atr", "--timeframes", "15m,1h", "--json").json["rows"]
    of_all = [row for row in rows if row["symbol"] is None]
    assert [row["timeframe"] for row in of_all] == ["15m", "1h"]
    for row in of_all:
        parts = [one for one in rows if one["timeframe"] == row["timeframe"] and one["symbol"] is not None]
        assert row["candles"] == sum(one["candles"] for one in parts)
        assert 0 < row["p50_percent"] <= row["p80_percent"] <= row["p90_percent"] < 100
    some = minutes("stats", "atr", "--symbols", "BTCUSDT", "--from", "3h", "--tf", "15m", "--json").json["rows"]
    assert [row["symbol"] for row in some] == [None, "BTCUSDT"]
    assert some[1]["first"] == "2026-02-01T10:15:00Z"
    assert minutes("stats", "atr", "--profile", "crash", "--json").json["rows"] == []


def test_features_are_told_with_the_share_that_was_missing(minutes: Minutes) -> None:
    document = minutes("stats", "features", "--json").json
    assert (document["runs"], document["runs_without_features"]) == (5, 0)
    assert document["rows"]
    for row in document["rows"]:
        assert row["missing_share"] == row["missing"] / row["rows"]
        assert row["rows"] % 5 == 0
    assert "5 runs that told what was missing" in minutes("stats", "features").out


def test_csv_has_the_rows_of_the_document(minutes: Minutes) -> None:
    for question in ("blockers", "success", "atr", "features"):
        found = list(csv.DictReader(minutes("stats", question, "--csv").out.splitlines()))
        expected = minutes("stats", question, "--json").json["rows"]
        assert [{name: "" if value is None else str(value) for name, value in row.items()} for row in expected] == found
        assert len(found) > 1
    zones = list(csv.DictReader(minutes("stats", "zones", "--csv").out.splitlines()))
    assert [int(row["events"]) for row in zones if not row["symbol"]] == [
        group["events"] for group in minutes("stats", "zones", "--json").json["by_timeframe"]
    ]
    both = minutes("stats", "zones", "--csv", "--json")
    assert (both.code, "one of them" in both.err) == (2, True)


def test_without_a_closed_trade_nothing_is_added_up(minutes: Minutes) -> None:
    assert minutes("stats", "trades").out == "no closed trade is stored that fits\n"
    assert minutes("stats", "trades", "--csv").out == ""
    document = minutes("stats", "trades", "--from", "1h", "--json").json
    assert (document["trades"], document["rows"], document["from"]) == (0, [], "2026-02-01T12:04:00Z")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--from", "yesterday"), "'yesterday' is no instant; write it like 2022-01-31T14:00Z, or a duration like 90m"),
        (("--timeframes", "5m,7m"), "unknown timeframe '7m'"),
        (("--symbols", "btcusdt"), "did you mean BTCUSDT?"),
    ],
)
def test_what_cannot_be_asked_is_refused(mtf: Mtf, words: tuple[str, ...], told: str) -> None:
    ended = mtf("stats", "zones", *words)
    assert ended.code == 2
    assert told in ended.err


def test_why_of_several_symbols_or_since_a_time_looks_over_the_runs(minutes: Minutes) -> None:
    document = minutes("why", "DOGEUSDT", "BTCUSDT", "--since", "2m", "--json").json
    assert (document["from"], document["runs"]) == ("2026-02-01T13:02:00Z", 3)
    doge, btc = document["answers"]
    assert (doge["symbol"], btc["symbol"], doge["decisions"], btc["ready"]) == ("DOGEUSDT", "BTCUSDT", 3, 0)
    assert sum(one["decisions"] for one in btc["stopped_by"]) == 3
    assert (doge["last_ready"]["at"], btc["last_ready"]) == (LAST, None)
    told = minutes("why", "DOGEUSDT", "BTCUSDT")
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0].startswith(f"DOGEUSDT: 5 decisions in 5 runs, {FIRST} to {LAST}")
    assert lines[1].startswith(f"  last READY: {LAST} long on 15m, in the newest run")
    assert minutes("why", "BTCUSDT", "--profile", "crash").out.startswith("BTCUSDT: no decision in 0 runs")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("BTCUSDT", "--since", "2h", "--full"), "--run and --full tell of one symbol"),
        (("BTCUSDT", "ETHUSDT", "--run", "abc"), "--run and --full tell of one symbol"),
        (("BTCUSDT", "--since", "soon"), "'soon' is no instant"),
        (("BTCUSDT", "ethusdt"), "did you mean ETHUSDT?"),
    ],
)
def test_why_refuses_what_does_not_go_together(mtf: Mtf, words: tuple[str, ...], told: str) -> None:
    ended = mtf("why", *words)
    assert ended.code == 2
    assert told in ended.err
