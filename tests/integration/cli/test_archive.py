"""`mtf archive`: history on the disk, whatever stops the one who brings it there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.archive import Archive, candles_digest
from mtf_adapters.archive.spans import Span
from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import Candles, Timeframe, parse_instant, to_ms
from tests.integration.cli.candles import minute_rows, write_csv
from tests.integration.cli.conftest import SMALL, Mtf

FROM, NOW = "2025-11-25T00:00Z", "2026-02-01T13:00Z"
FIRST_MS, LAST_MS = to_ms(parse_instant(FROM)), to_ms(parse_instant(NOW)) - 60_000
FETCH = ("archive", "fetch", "BTCUSDT", "ETHUSDT", "--from", FROM, *SMALL)
PLACE = "sandbox-seed-1-12"
MINUTES = (LAST_MS - FIRST_MS) // 60_000 + 1


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mtf: Mtf) -> Path:
    """Where the archive is; `mtf` has cleaned the environment before."""
    monkeypatch.setenv("MTF_ARCHIVE", str(tmp_path / "archive"))
    return tmp_path / "archive"


def shown_by_the_exchange(symbol: str) -> Candles:
    return GeneratedMarket(1, 12).candles(symbol, Timeframe.M1, FIRST_MS, LAST_MS, LAST_MS + 60_000)


def test_history_is_fetched_listed_and_verified(mtf: Mtf, folder: Path) -> None:
    ended = mtf(*FETCH)
    assert (ended.code, ended.err) == (0, "")
    line = f"{MINUTES} candles added, {MINUTES} asked for; the archive has 2025-11-25T00:00:00Z to 2026-02-01T12:59:00Z"
    assert ended.out == f"BTCUSDT: {line}\nETHUSDT: {line}\n"
    assert candles_digest(Archive(folder).candles(PLACE, "ETHUSDT")) == candles_digest(shown_by_the_exchange("ETHUSDT"))
    bitcoin = mtf("archive", "list", "--json").json["series"][0]
    assert [bitcoin[name] for name in ("venue", "symbol", "candles", "missing")] == [PLACE, "BTCUSDT", MINUTES, 0]
    assert sum(year["candles"] for year in bitcoin["years"].values()) == MINUTES
    assert bitcoin["sources"][0]["label"] == "sandbox market of seed 1 (12 contracts)"
    assert f"{PLACE}   ETHUSDT   2025-11-25T00:00:00Z   2026-02-01T12:59:00Z" in mtf("archive", "list").out
    assert mtf("archive", "verify").out == f"4 files with {2 * MINUTES} candles as they were written, 0 problems\n"


def test_every_contract_is_fetched_where_all_are_wanted(mtf: Mtf, folder: Path) -> None:
    done = mtf("archive", "fetch", "--all", "--from", "2h", "--json", *SMALL).json["symbols"]
    assert len(done) == 12
    assert {one["added"] for one in done} == {120}
    for words in ((), ("BTCUSDT", "--all")):
        assert mtf("archive", "fetch", *words, "--from", "2h", *SMALL).code == 2


# A program that dies where it is told to: when it asks the exchange, or when it replaces a file.
DYING = """
import os, signal, sys
from mtf_adapters.archive import folder
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_entrypoints.cli.main import run

where, number, how = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
seen = 0

def dying(real):
    def call(*given, **named):
        global seen
        seen += 1
        if seen == number:
            os.kill(os.getpid(), how)
        return real(*given, **named)
    return call

if where == "asking":
    SandboxExchange.candles = dying(SandboxExchange.candles)
else:
    folder.replace_whole = dying(folder.replace_whole)
sys.exit(run(sys.argv[4:]))
"""


def ended_by(how: signal.Signals, where: str, number: int) -> int:
    """The exit code of a fetch that was stopped so."""
    words = [sys.executable, "-c", DYING, where, str(number), str(int(how)), *FETCH]
    return subprocess.run(words, env=dict(os.environ), capture_output=True, timeout=120, check=False).returncode


@pytest.mark.parametrize(
    ("where", "number"), [("asking", 4), ("replacing", 1), ("replacing", 2), ("replacing", 6), ("replacing", 9)]
)
def test_a_fetch_that_was_killed_goes_on_with_what_is_missing(
    mtf: Mtf, folder: Path, monkeypatch: pytest.MonkeyPatch, where: str, number: int
) -> None:
    assert ended_by(signal.SIGKILL, where, number) == -signal.SIGKILL
    archive = Archive(folder)
    assert archive.verify().problems == ()
    there = {one.symbol: archive.candles(PLACE, one.symbol) for one in archive.series()}
    asked: list[tuple[str, Span]] = []
    real = SandboxExchange.candles

    async def noting(self: SandboxExchange, symbol: str, timeframe: Timeframe, first: int, last: int) -> Candles:
        asked.append((symbol, Span(first, last)))
        return await real(self, symbol, timeframe, first, last)

    monkeypatch.setattr(SandboxExchange, "candles", noting)
    assert mtf(*FETCH).code == 0
    for symbol in ("BTCUSDT", "ETHUSDT"):
        before = there.get(symbol, Candles.empty(Timeframe.M1))
        of_symbol = [span for name, span in asked if name == symbol]
        assert sum(span.minutes for span in of_symbol) == MINUTES - len(before)
        assert sum(len(before.between(span.first_open_ms, span.last_open_ms)) for span in of_symbol) == 0
        assert candles_digest(archive.candles(PLACE, symbol)) == candles_digest(shown_by_the_exchange(symbol))
    assert archive.verify().problems == ()
    asked.clear()
    assert mtf(*FETCH).code == 0
    assert asked == []


def test_ctrl_c_leaves_what_is_done(mtf: Mtf, folder: Path) -> None:
    assert ended_by(signal.SIGINT, "asking", 5) == 130
    assert sum(one.count for one in Archive(folder).series()) > 0
    assert Archive(folder).verify().problems == ()
    assert mtf(*FETCH).code == 0


def test_files_are_imported_and_those_that_cannot_be_are_named(mtf: Mtf, folder: Path, tmp_path: Path) -> None:
    rows = minute_rows(100)
    first = write_csv(tmp_path / "BTCUSDT-1m-2026-01.csv", rows[:60])
    broken = write_csv(tmp_path / "BTCUSDT-1m-2026-02.csv", rows[60:70] + rows[65:])
    nameless = write_csv(tmp_path / "candles.csv", rows)
    ended = mtf("archive", "import", first, broken, nameless)
    assert ended.code == 1
    assert ended.out == (
        "BTCUSDT-1m-2026-01.csv: BTCUSDT, 2026-01-30T00:00:00Z to 2026-01-30T00:59:00Z: 60 candles added\n"
    )
    assert f"mtf: {nameless}: its name does not say whose candles it holds; give --symbol\n" in ended.err
    assert f"mtf: {broken}: row 12: earlier than the row before" in ended.err
    again = mtf("archive", "import", nameless, "--symbol", "BTCUSDT")
    assert again.out.endswith("40 candles added, 60 there already\n")
    document = mtf("archive", "import", first, nameless, "--symbol", "BTCUSDT", "--venue", "mine", "--json").json
    assert [(one["symbol"], one["added"], one["equal"]) for one in document["files"]] == [
        ("BTCUSDT", 60, 0),
        ("BTCUSDT", 40, 60),
    ]


def test_a_file_that_differs_is_refused_unless_it_may_replace(mtf: Mtf, folder: Path, tmp_path: Path) -> None:
    write_candles_csv(tmp_path / "a.csv", shown_by_the_exchange("BTCUSDT")[:50])
    write_candles_csv(tmp_path / "b.csv", shown_by_the_exchange("ETHUSDT")[10:60])
    assert mtf("archive", "import", "a.csv", "--symbol", "BTCUSDT").code == 0
    ended = mtf("archive", "import", "b.csv", "--symbol", "BTCUSDT")
    assert ended.code == 1
    assert "b.csv: the candle of 2025-11-25T00:10:00Z has another open than the one in the archive" in ended.err
    assert "and 39 more; nothing of it was stored. --replace takes the file's" in ended.err
    replaced = mtf("archive", "import", "b.csv", "--symbol", "BTCUSDT", "--replace")
    assert replaced.out.endswith("10 candles added, 40 replaced\n")


def test_time_zone_and_offset_of_files_are_options_of_the_import(mtf: Mtf, folder: Path, tmp_path: Path) -> None:
    lines = [f"2026.01.30,{2 + minute // 60:02}:{minute % 60:02},10,12,9,11,5" for minute in range(5)]
    (tmp_path / "mt4.csv").write_text("\n".join(lines) + "\n")
    assert "say which it is: --timezone" in mtf("archive", "import", "mt4.csv", "--symbol", "BTCUSDT").err
    out = mtf("archive", "import", "mt4.csv", "--symbol", "BTCUSDT", "--timezone", "+02:00").out
    assert "2026-01-30T00:00:00Z to 2026-01-30T00:04:00Z: 5 candles added" in out
    late = [f"{FIRST_MS + minute * 60_000 + 1000},10,12,9,11,5" for minute in range(5)]
    (tmp_path / "late.csv").write_text("\n".join(late) + "\n")
    assert "--align" in mtf("archive", "import", "late.csv", "--symbol", "ETHUSDT").err
    assert mtf("archive", "import", "late.csv", "--symbol", "ETHUSDT", "--align").code == 0


def test_a_damaged_file_is_named_by_verify_and_the_rest_stays_listed(mtf: Mtf, folder: Path, tmp_path: Path) -> None:
    for symbol in ("BTCUSDT", "ETHUSDT"):
        mtf("archive", "import", write_csv(tmp_path / f"{symbol}-1m.csv", minute_rows(10)))
    file = folder / "files" / "BTCUSDT" / "1m" / "2026.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    ended = mtf("archive", "verify", "--json")
    assert (ended.code, ended.json["files"], ended.json["candles"]) == (1, 1, 10)
    assert ended.json["problems"] == [f"{file}: its bytes have another SHA-256 than the manifest says"]
    (file.parent / "manifest.json").write_text("{")
    listed = mtf("archive", "list", "--json")
    assert listed.code == 1
    assert [one["symbol"] for one in listed.json["series"]] == ["ETHUSDT"]
    assert f"mtf: {file.parent / 'manifest.json'}: cannot be read" in listed.err


def test_the_archive_is_where_the_option_else_the_variable_else_the_data_folder_says(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_csv(tmp_path / "BTCUSDT-1m.csv", minute_rows(3))

    def place(*words: Any) -> str:
        return str(mtf("archive", "import", file, "--json", *words).json["archive"])

    assert place() == str(tmp_path / "data" / "mtf" / "archive")
    monkeypatch.setenv("MTF_ARCHIVE", str(tmp_path / "of-the-variable"))
    assert place() == str(tmp_path / "of-the-variable")
    assert place("--archive", tmp_path / "of-the-option") == str(tmp_path / "of-the-option")
    assert mtf("archive", "list", "--archive", tmp_path / "none").out == f"the archive {tmp_path / 'none'} is empty\n"
    monkeypatch.setenv("MTF_ARCHIVE", str(file))
    assert mtf("archive", "list").err == f"mtf: MTF_ARCHIVE: {file} is a file; allowed is a folder\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2026-02-01T00:00Z", "--to", "2026-01-01T00:00Z"), "lies after 2026-01-01T00:00:00Z"),
        (("--from", "yesterday"), "'yesterday' is no instant"),
        (("--from", "1d", "--venue", "../up"), "the venue '../up': allowed are small letters"),
    ],
)
def test_what_makes_no_sense_is_refused(mtf: Mtf, folder: Path, words: tuple[str, ...], said: str) -> None:
    ended = mtf("archive", "fetch", "BTCUSDT", *words, *SMALL)
    assert ended.code != 0
    assert said in ended.err


def test_an_unknown_symbol_is_told_and_the_others_are_fetched(mtf: Mtf, folder: Path) -> None:
    ended = mtf("archive", "fetch", "NOUSDT", "BTCUSDT", "--from", "1h", "--json", *SMALL)
    assert ended.code == 1
    assert {one["symbol"]: one["added"] for one in ended.json["symbols"]} == {"NOUSDT": 0, "BTCUSDT": 60}
    assert ended.err.startswith("mtf: NOUSDT: ")


def test_what_there_is_is_shown_without_what_reads_it(mtf: Mtf, folder: Path, tmp_path: Path) -> None:
    mtf("archive", "import", write_csv(tmp_path / "BTCUSDT-1m.csv", minute_rows(10)))
    unneeded = {"pyarrow", "sqlalchemy", "dependency_injector", "talib", "pandas"}
    code = (
        "import sys; from mtf_entrypoints.cli.main import run\n"
        "assert run(['archive', 'list']) == 0\n"
        f"print(sorted(name for name in {unneeded!r} if name in sys.modules), file=sys.stderr)"
    )
    words = [sys.executable, "-c", code]
    done = subprocess.run(words, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False)
    assert "BTCUSDT" in done.stdout
    assert done.stderr == "[]\n"
