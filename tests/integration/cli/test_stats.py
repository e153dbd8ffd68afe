"""`mtf stats zones` over a database file in which runs followed each other."""

from __future__ import annotations

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

    assert events("--since", LAST) + events("--until", LAST) == 6
    assert events("--symbol", "DOGEUSDT") == 5
    assert events("--symbol", "BTCUSDT,DOGEUSDT", "--symbol", "ETHUSDT") == 5
    assert events("--profile", "regular") == 6
    assert events("--profile", "crash") == 0
    assert events("--tf", "15m") + sum(events("--timeframe", tf) for tf in ("1m", "5m", "1h", "4h", "1d")) == 6
    assert "… and 1 more (--limit)" in minutes("stats", "zones", "--limit", "1").out


def test_where_nothing_fits_one_line_says_so(minutes: Minutes, mtf: Mtf) -> None:
    ended = minutes("stats", "zones", "--symbol", "BTCUSDT")
    assert (ended.code, ended.out) == (0, "no zone event is stored that fits; each plan of a run leaves one\n")
    empty = mtf("stats", "zones")
    assert (empty.code, "`mtf run` stores one" in empty.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--since", "yesterday"), "'yesterday' is no instant"),
        (("--timeframe", "7m"), "unknown timeframe '7m'"),
        (("--symbol", "btcusdt"), "did you mean BTCUSDT?"),
    ],
)
def test_what_cannot_be_asked_is_refused(mtf: Mtf, words: tuple[str, ...], told: str) -> None:
    ended = mtf("stats", "zones", *words)
    assert ended.code == 2
    assert told in ended.err
