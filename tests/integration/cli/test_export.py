"""`mtf export`: one archive of what is stored and logged of a symbol, in which no secret can stand."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from mtf_adapters.telemetry.masking import MASK
from tests.integration.cli.conftest import Mtf
from tests.integration.secrets.planted import in_bytes, secret

AT = "2026-02-01T13:00:00Z"
RUN = ("run", "--profile", "regular", "--universe-size", "12")


def contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rows(files: dict[str, bytes], table: str) -> list[Any]:
    return [json.loads(line) for line in files[f"tables/{table}.jsonl"].decode().splitlines()]


@pytest.fixture
def database(mtf: Mtf, tmp_path: Path) -> tuple[str, str]:
    """The option of a database with runs of two minutes, and one of three hours later."""
    option = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    for at in (AT, "2026-02-01T13:01Z", "2026-02-01T16:00Z"):
        assert mtf(*RUN, "--at", at, *option).code == 0
    return option


def test_the_archive_holds_every_row_around_the_instant_and_a_manifest_that_counts_them(
    mtf: Mtf, database: tuple[str, str], tmp_path: Path
) -> None:
    ended = mtf("export", "DOGEUSDT", "--at", AT, "--out", "a.zip", "--json", *database)
    assert (ended.code, ended.json["file"]) == (0, "a.zip")
    files = contents(tmp_path / "a.zip")
    manifest = json.loads(files["manifest.json"])
    assert {"file": "a.zip", **manifest} == ended.json
    for table, count in manifest["tables"].items():
        assert count == (len(rows(files, table)) if count else 0)
        assert (f"tables/{table}.jsonl" in files) is (count > 0)
    assert manifest["tables"]["runs"] == manifest["tables"]["decisions"] == manifest["tables"]["traces"] == 2
    assert {row["symbol"] for row in rows(files, "decisions")} == {"DOGEUSDT"}
    assert {row["instant_ms"] % 60_000 for row in rows(files, "runs")} == {0}
    opens = [row["open_ms"] for row in rows(files, "candles") if row["timeframe"] == "15m"]
    assert opens == list(range(opens[0], opens[-1] + 1, 900_000))
    assert manifest["versions"]["mtf"]
    (digest,) = manifest["configurations"]
    assert json.loads(files[f"configuration/{digest}.json"])
    assert manifest["log_lines"] is None


def test_the_same_store_gives_the_same_bytes(mtf: Mtf, database: tuple[str, str], tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        assert mtf("export", "BTCUSDT", "--at", AT, "--out", name, *database).code == 0
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert (tmp_path / "a.zip").stat().st_mode & 0o777 == 0o600


def test_what_is_there_is_not_written_over(mtf: Mtf, database: tuple[str, str], tmp_path: Path) -> None:
    assert mtf("export", "BTCUSDT", "--at", AT, *database).code == 0
    (made,) = tmp_path.glob("mtf-BTCUSDT-20260201T130000Z.zip")
    before = made.read_bytes()
    again = mtf("export", "BTCUSDT", "--at", AT, *database)
    assert (again.code, "is there already" in again.err) == (2, True)
    assert made.read_bytes() == before


def test_where_nothing_is_stored_no_archive_is_written(mtf: Mtf, database: tuple[str, str], tmp_path: Path) -> None:
    ended = mtf("export", "NOUSDT", "--at", AT, "--out", "a.zip", *database)
    assert (ended.code, "nothing is stored of NOUSDT" in ended.err) == (1, True)
    assert not (tmp_path / "a.zip").exists()
    assert mtf("export", "BTCUSDT", "--at", "now and then", *database).code == 2


def test_lines_of_the_log_are_those_of_five_minutes_and_of_the_runs(
    mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The market of the sandbox lives at another time than the log, so its runs are found by their ids."""
    option = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    monkeypatch.setenv("MTF_LOG_DIR", str(tmp_path / "log"))
    run_id = mtf(*RUN, "--at", AT, "--json", *option).json["run_id"]
    assert mtf(*RUN, "--at", "2026-02-01T16:00Z", *option).code == 0
    times = {"12:54:59.999": False, "12:55:00": True, "13:05:00": True, "13:05:00.001": False}
    lines = [json.dumps({"event": time, "timestamp": f"2026-02-01T{time}Z"}) for time in times]
    older = tmp_path / "log" / "orders.log.2026-01-31"
    older.write_text("\n".join(["no JSON", "[1]", *lines]) + "\n")
    assert mtf("export", "DOGEUSDT", "--at", AT, "--out", "a.zip", *option).code == 0
    files = contents(tmp_path / "a.zip")
    found = [json.loads(line) for line in files["log/orders.jsonl"].decode().splitlines()]
    assert [one["event"] for one in found] == [time for time, belongs in times.items() if belongs]
    of_runs = [json.loads(line) for line in files["log/run.jsonl"].decode().splitlines()]
    assert {one["run_id"] for one in of_runs} == {run_id}
    assert json.loads(files["manifest.json"])["log_lines"]["orders"] == 2


@pytest.mark.parametrize("sign", ["+", "/", "\\", '"'])
def test_no_secret_stands_in_the_archive_wherever_somebody_wrote_it(
    mtf: Mtf, database: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sign: str
) -> None:
    names = {"BITMART_API_KEY": "key", "BITMART_SECRET_KEY": "secret", "MTF_API_TOKEN": "token"}
    planted = {variable: secret(name, sign) for variable, name in names.items()}
    said = " and ".join(planted.values())
    log = tmp_path / "log"
    log.mkdir()
    # As by a process that did not know these secrets.
    assert mtf("switch", "off", "DOGEUSDT", "--reason", said, "--universe-size", "12", *database).code == 0
    (log / "run.log").write_text(json.dumps({"event": f"asked with {said}", "timestamp": AT}) + "\n")
    for variable, value in {**planted, "MTF_LOG_DIR": str(log)}.items():
        monkeypatch.setenv(variable, value)
    ended = mtf("export", "DOGEUSDT", "--at", AT, "--out", "a.zip", *database)
    assert ended.code == 0
    files = contents(tmp_path / "a.zip")
    assert [found for name, text in files.items() for found in in_bytes(name.encode() + text, name)] == []
    assert in_bytes((ended.out + ended.err).encode(), "screen") == []
    assert rows(files, "switches")[0]["reason"].count(MASK) == len(planted)
    assert files["log/run.jsonl"].decode().count(MASK) == len(planted)
