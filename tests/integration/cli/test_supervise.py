"""`mtf supervise` and `mtf recover` as programs, against an exchange that is one."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mtf_entrypoints.served_sandbox import mtf_command, own_environment, served_sandbox, variables_for
from tests.integration.cli.conftest import Mtf


@pytest.fixture(scope="module")
def exchange() -> Iterator[Mapping[str, str]]:
    """A sandbox that speaks as BitMart; how to reach it."""
    with served_sandbox("--universe-size", "12") as ready:
        yield {**own_environment(), **variables_for(ready)}


def started(exchange: Mapping[str, str], folder: Path, *words: str) -> subprocess.Popen[str]:
    environment = {**exchange, "DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}", "XDG_DATA_HOME": str(folder)}
    return subprocess.Popen(
        mtf_command(*words), cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def ended(exchange: Mapping[str, str], folder: Path, *words: str) -> tuple[int, str, str]:
    process = started(exchange, folder, *words)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_one_look_says_what_is_open_and_ends(exchange: Mapping[str, str], tmp_path: Path) -> None:
    code, out, err = ended(exchange, tmp_path, "supervise", "--once", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert (said["state"], said["intents"], said["alarms"], said["store_is_behind"]) == ("supervising", [], [], False)
    assert said["read"] is not None


def test_it_supervises_until_it_is_told_to_stop_and_a_second_one_says_who_does(
    exchange: Mapping[str, str], tmp_path: Path
) -> None:
    first = started(exchange, tmp_path, "supervise", "--json")
    assert first.stdout is not None
    look = json.loads(first.stdout.readline())
    assert look["state"] == "supervising"
    code, _, err = ended(exchange, tmp_path, "supervise", "--once")
    assert code == 3, err
    assert f"another process supervises this account already ({look['supervisor']})" in err
    first.send_signal(signal.SIGTERM)
    out, err = first.communicate(timeout=30)
    assert first.returncode == 0, err
    assert "supervising account" in err
    assert err.rstrip().endswith("unless another process does")
    assert all(json.loads(line)["state"] == "supervising" for line in out.splitlines())
    code, _, err = ended(exchange, tmp_path, "supervise", "--once")
    assert code == 0, err  # the seat was given back


def test_an_exchange_that_is_away_at_the_start_is_asked_again(exchange: Mapping[str, str], tmp_path: Path) -> None:
    away = dict.fromkeys(("BITMART_PUBLIC_API_URL", "BITMART_PRIVATE_API_URL"), "http://127.0.0.1:9")
    process = started({**exchange, **away}, tmp_path, "supervise")
    assert process.stderr is not None
    assert "nothing is supervised yet" in process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_health_tells_of_the_supervisor(exchange: Mapping[str, str], tmp_path: Path) -> None:
    ended(exchange, tmp_path, "supervise", "--once")
    _, out, err = ended(exchange, tmp_path, "health", "--json")
    (supervisor,) = [check for check in json.loads(out)["checks"] if check["name"] == "supervisor"]
    assert supervisor["ok"], err
    assert "read the account" in supervisor["detail"]


def shown_by_health(exchange: Mapping[str, str], folder: Path) -> list[tuple[bool, str]]:
    """Of each process that supervises: whether it is well, and what it says of itself."""
    _, out, err = ended(exchange, folder, "health", "--json")
    assert out, err
    return sorted(
        (check["ok"], check["detail"].split(" since")[0])
        for check in json.loads(out)["checks"]
        if check["name"] == "mtf supervise"
    )


def test_health_shows_who_supervises_and_who_stands_by(exchange: Mapping[str, str], tmp_path: Path) -> None:
    first, second = (started(exchange, tmp_path, "supervise", "--json") for _ in range(2))
    for _ in range(60):
        if (shown := shown_by_health(exchange, tmp_path)) == [(True, "standing by"), (True, "supervising")]:
            break
    else:
        raise AssertionError(shown)
    for process in (first, second):
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert shown_by_health(exchange, tmp_path) == []


def test_recover_tells_that_everything_is_in_order(exchange: Mapping[str, str], tmp_path: Path) -> None:
    code, out, err = ended(exchange, tmp_path, "recover")
    assert (code, "the account is in order" in out) == (0, True), err
    code, out, err = ended(exchange, tmp_path, "recover", "--confirm", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert (said["condition"], said["counter"], said["confirmed"]) == ("normal", 0, False)


def test_where_nothing_can_be_traded_it_says_so(mtf: Mtf) -> None:
    done = mtf("supervise", "--candles", "BTCUSDT=missing.csv")
    assert done.code in {1, 2, 3}
    assert done.err.startswith("mtf: ")


def test_a_single_run_does_not_supervise(mtf: Mtf) -> None:
    done = mtf("run", "--supervise")
    assert done.code == 2
    assert "--supervise goes with --every" in done.err
