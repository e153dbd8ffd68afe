"""Bad input: one clear error on stderr, nothing on stdout, the right exit code, nothing half-written."""

import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from mtf_adapters.files.config_dir import config_dir_in_use
from tests.integration.cli.candles import HEADER, minute_rows, write_csv, write_lines
from tests.integration.cli.conftest import SMALL, Mtf

Spoil = Callable[[list[str]], Sequence[str]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "--profile", "scalpr"], "unknown profile 'scalpr'"),
        (["run", "--symbols", "NOPEUSDT", *SMALL], "NOPEUSDT"),
        (["run", "--symbols", "btcusdt", *SMALL], "did you mean BTCUSDT?"),
        (["run", "--current-tf", "7m", *SMALL], "current_tf: found '7m'; allowed is one of 1m, 5m"),
        (["run", "--current-tf", "4h", *SMALL], "current_tf: found 4h; scalper_micro never enters there"),
        (["run", "--workers", "0", *SMALL], "workers: found 0"),
        (["run", "--no-dry-run", "--at", "2026-01-31T14:00Z", *SMALL], "orders are sent now, never at a past instant"),
        (["run", "--exchange", "nyse"], "unknown exchange 'nyse'"),
        (["run", "--market-type", "spot", *SMALL], "market_type: found 'spot'"),
        (["run", "--at", "yesterday"], "'yesterday' is no instant"),
        (["run", "--at", "2026-01-31T14:00"], "no timezone"),
        (["run", "--at", "2999-01-01T00:00Z"], "lies in the future"),
        (["klines", "import", "a.csv", "--symbol", "btc usdt", *SMALL], "'--symbol': found 'btc usdt'; allowed are"),
        (["run", "--workrs", "3"], "No such option: --workrs"),
        (["run", "--workers", "many"], "valid integer"),
        (["run", "--universe-size", "0"], "--universe-size"),
        (["run", "--config-dir", "nowhere"], "the folder does not exist"),
        (["run", "--database", "mysql://x"], "found the scheme 'mysql'"),
        (["run", "--candles", "BTCUSDT=absent.csv"], "absent.csv: there is no such file"),
        (["nonsense"], "No such command 'nonsense'"),
        (["klines", "fetch"], "symbol"),
        (["klines", "fetch", "BTCUSDT", "--timeframe", "7m", *SMALL], "unknown timeframe '7m'"),
        (["klines", "fetch", "NOPEUSDT", "--timeframe", "5m", *SMALL], "NOPEUSDT"),
        (["indicators", "BTCUSDT", "2h", *SMALL], "unknown timeframe '2h'"),
        (["indicators", "NOPEUSDT", "5m", *SMALL], "NOPEUSDT"),
        (["indicators", "BTCUSDT", "5m", "-n", "emma_20", *SMALL], "emma_20"),
        (["conditions", "explain", "BTCUSDT", "4h", *SMALL], "scalper_micro does not evaluate 4h; it evaluates 5m, 1m"),
        (["conditions", "list", "--family", "zzz"], "contains 'zzz'"),
        (["plan", "BTCUSDT", "--side", "up", "--tf", "1m", *SMALL], "--side: found 'up'; allowed: long, short"),
        (["plan", "BTCUSDT", "--side", "long", "--tf", "4h", *SMALL], "4h is no execution timeframe"),
        (["serve", "--host", "0.0.0.0"], "set MTF_API_TOKEN"),
        (["serve", "--port", "70000"], "--port"),
    ],
)
def test_wrong_usage_is_told_in_one_line_and_ends_with_two(mtf: Mtf, words: list[str], message: str) -> None:
    ended = mtf(*words)
    assert (ended.code, ended.out) == (2, "")
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def without(lines: list[str], number: int) -> list[str]:
    return lines[:number] + lines[number + 1 :]


def replaced(lines: list[str], number: int, column: int, text: str) -> list[str]:
    cells = lines[number].split(",")
    cells[column] = text
    return [*lines[:number], ",".join(cells), *lines[number + 1 :]]


BROKEN: dict[str, tuple[Spoil, str]] = {
    "a row stands twice": (lambda lines: [*lines, lines[-1]], "row"),
    "rows out of order": (lambda lines: [lines[0], lines[2], lines[1], *lines[3:]], "row"),
    "no number": (lambda lines: replaced(lines, 3, 4, "NaN"), "row 4"),
    "an empty cell": (lambda lines: replaced(lines, 3, 1, ""), "row 4"),
    "high below low": (lambda lines: replaced(lines, 3, 2, "1"), "row 4"),
    "a column is missing": (lambda lines: [line.rpartition(",")[0] for line in lines], "volume"),
    "units of time are mixed": (lambda lines: replaced(lines, 3, 0, "1769731320"), "row 4"),
    "a candle of the future": (lambda lines: [*lines, "2999-01-01T00:00:00Z,1,1,1,1,1"], "closed"),
    "nothing but the header": (lambda lines: lines[:1], ""),
    "nothing at all": (lambda lines: [], ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_candle_file_is_refused_and_nothing_is_written(mtf: Mtf, tmp_path: Path, name: str) -> None:
    spoil, message = BROKEN[name]
    file = write_lines(tmp_path / "bad.csv", spoil([HEADER, *(row.line() for row in minute_rows(20))]))
    database = ("--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    ended = mtf("klines", "import", file, "--symbol", "BTCUSDT", "--timeframe", "1m", *database, *SMALL)
    assert (ended.code, ended.out) == (2, "")
    assert "bad.csv" in ended.err
    assert message in ended.err
    assert ended.err.count("\n") == 1
    assert mtf("klines", "gaps", "--json", *database, *SMALL).json["series"] == []


def test_a_run_over_a_broken_candle_file_creates_no_database(mtf: Mtf, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "bad.csv", [HEADER, "now,1,1,1,1,1"])
    ended = mtf("run", "--candles", f"BTCUSDT={file}", "--database", f"sqlite:///{tmp_path / 'mtf.db'}")
    assert ended.code == 2
    assert not (tmp_path / "mtf.db").exists()


def test_an_instant_outside_the_candle_files_is_refused_with_their_span(mtf: Mtf, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "minutes.csv", minute_rows(60))
    ended = mtf("run", "--candles", f"BTCUSDT={file}", "--at", "2026-01-29T12:00Z")
    assert (ended.code, ended.out) == (2, "")
    assert "which cover 2026-01-30T00:00:00Z to 2026-01-30T01:00:00Z" in ended.err


def test_a_run_whose_every_symbol_ends_in_an_error_fails_and_says_why(mtf: Mtf, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "five.csv", minute_rows(3000)[::5])
    ended = mtf("run", "--candles", f"BTCUSDT={file}", "--profile", "scalper_micro")
    assert ended.code == 1
    assert "its candles are 5m, which cannot make 1m ones" in ended.out


def test_a_timeframe_that_the_file_does_not_have_is_refused(mtf: Mtf, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "minutes.csv", minute_rows(20))
    ended = mtf("klines", "import", file, "--symbol", "BTCUSDT", "--timeframe", "5m", *SMALL)
    assert (ended.code, ended.out) == (2, "")
    assert "5m" in ended.err


def test_an_unwritable_database_fails_with_its_place(mtf: Mtf, tmp_path: Path) -> None:
    ended = mtf("contracts", "sync", "--database", f"sqlite:///{tmp_path / 'absent' / 'mtf.db'}", *SMALL)
    assert (ended.code, ended.out) == (1, "")
    assert f"the folder {tmp_path / 'absent'} does not exist" in ended.err
    assert not (tmp_path / "absent").exists()


def test_a_file_that_is_no_database_fails_and_stays_as_it_was(mtf: Mtf, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("not a database, but long enough to be read as one\n" * 50)
    before = file.read_bytes()
    ended = mtf("contracts", "sync", "--database", f"sqlite:///{file}", *SMALL)
    assert (ended.code, ended.out) == (1, "")
    assert "notes.txt" in ended.err
    assert file.read_bytes() == before


def test_a_password_in_a_database_url_is_never_shown(mtf: Mtf) -> None:
    ended = mtf("contracts", "sync", "--database", "postgresql://mtf:hunter2@127.0.0.1:1/mtf", *SMALL)
    assert ended.code == 1
    assert "127.0.0.1" in ended.err
    assert "hunter2" not in ended.err


def copied_config(folder: Path) -> Path:
    source = config_dir_in_use()
    for path in sorted(source.rglob("*.yaml")):
        target = folder / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    return folder


def test_malformed_yaml_is_told_with_file_and_line(mtf: Mtf, tmp_path: Path) -> None:
    config = copied_config(tmp_path / "config")
    broken = config / "app" / "mtf_validations.crash.yaml"
    line = broken.read_text().count("\n") + 1
    broken.write_text(broken.read_text() + "oops: [1, 2\n")
    ended = mtf("run", "--profile", "crash", "--config-dir", config, *SMALL)
    assert (ended.code, ended.out) == (2, "")
    assert "config/app/mtf_validations.crash.yaml:" in ended.err
    assert any(f".yaml:{number}" in ended.err for number in (line, line + 1))


def test_what_is_wrong_with_the_schedules_is_listed_with_the_rest(mtf: Mtf, tmp_path: Path) -> None:
    config = copied_config(tmp_path / "config")
    schedules = config / "temporal.yaml"
    schedules.write_text(
        schedules.read_text().replace("overlap: skip", "overlap: skipp").replace("every: 15m", "evry: 1m")
    )
    ended = mtf("config", "check", "--config-dir", config)
    assert ended.code == 2
    assert "schedules[0].overlap: overlap 'skipp'; allowed: skip, buffer_one, cancel_other, allow_all" in ended.out
    assert "unknown key 'evry'" in ended.out
    schedules.unlink()
    assert mtf("config", "check", "--config-dir", config).code == 0


def test_every_problem_of_the_configuration_is_listed_at_once(mtf: Mtf, tmp_path: Path) -> None:
    config = copied_config(tmp_path / "config")
    trade_entry = config / "app" / "trade_entry.yaml"
    trade_entry.write_text("unknwn: 1\n" + trade_entry.read_text().replace("order_type: limit", "order_type: 3m"))
    (config / "app" / "mtf_validations.crash.yaml").write_text("mode: [\n")
    ended = mtf("config", "check", "--config-dir", config)
    assert ended.code == 2
    assert "trade_entry.yaml:1: unknwn" in ended.out
    assert "mtf_validations.crash.yaml" in ended.out
    document = mtf("config", "check", "--config-dir", config, "--json").json
    assert [error["found"] for error in document["errors"] if error["path"] == "defaults.order_type"] == ["'3m'"]
    assert not document["ok"]
    assert {Path(error["file"]).name for error in document["errors"]} == {
        "trade_entry.yaml",
        "mtf_validations.crash.yaml",
    }


def test_a_malformed_dotenv_file_is_told_with_its_line(mtf: Mtf, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("MTF_PROFILE=regular\nnonsense\n")
    ended = mtf("run", *SMALL)
    assert (ended.code, ended.err) == (2, "mtf: .env:2: expected NAME=value, with quotes that end with the value\n")


def test_a_busy_port_fails_with_what_to_do(mtf: Mtf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = mtf("serve", "--port", str(taken.getsockname()[1]), *SMALL)
    assert ended.code == 1
    assert "choose another --port" in ended.err


def test_debug_shows_the_traceback_wherever_it_stands(mtf: Mtf) -> None:
    ended = mtf("run", "--debug", "--at", "x")
    assert (ended.code, ended.err.splitlines()[0]) == (1, "Traceback (most recent call last):")
    assert "InvalidInstantError: 'x' is no instant" in ended.err.splitlines()[-1]


def test_orders_on_a_market_that_ends_with_the_command_are_refused_with_what_to_do(mtf: Mtf) -> None:
    for instant in ((), ("--at", "now")):
        ended = mtf("run", "--no-dry-run", "--universe-size", "12", *instant)
        assert (ended.code, ended.out) == (3, "")
        assert "trading_not_available: " in ended.err
        for command in ("mtf sandbox serve", "mtf serve --supervise", "mtf sandbox session"):
            assert command in ended.err
