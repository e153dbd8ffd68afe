"""Trials carried out by workers of a real Temporal server: killed, restarted, with other candles."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex

import pytest

from mtf_adapters.trials.ledger import TrialLedger
from mtf_entrypoints.settings import VARIABLES
from tests.integration.search.conftest import Made, SearchFolder
from tests.search_worlds import candle_file, walk
from tests.temporal_server import temporal_server

_PATIENCE_S = 240
_MTF = (sys.executable, "-m", "mtf_entrypoints.cli.main")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with temporal_server(tmp_path_factory.mktemp("temporal")) as there:
        yield there


def environment(folder: Path, address: str, queue: str, archive: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {
        **plain,
        "PYTHONPATH": os.pathsep.join(sys.path),
        "XDG_DATA_HOME": str(folder / "data"),
        "DATABASE_URL": "memory",
        "TEMPORAL_ADDRESS": address,
        "TASK_QUEUE_NAME": queue,
        "MTF_ARCHIVE": str(archive),
    }


@contextmanager
def worker(folder: Path, address: str, queue: str, archive: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker that takes one trial at once, and no runs; it is ready."""
    folder.mkdir()
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*_MTF, "worker", "--jobs", "0", "--search-jobs", "1"],
            cwd=folder,
            env=environment(folder, address, queue, archive),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: f"ready: trials of {queue}-search" in said.read_text())
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)


@contextmanager
def searching(folder: SearchFolder, address: str, queue: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*_MTF, *folder.words, "--temporal", "--per-task", "2", "--jobs", "3"],
        cwd=folder.root,
        env=environment(folder.root, address, queue, archive_of(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(timeout=30)
        assert process.stderr is not None
        process.stderr.close()


def until(found: Callable[[], object]) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not found():
        assert time.monotonic() < end_s
        time.sleep(0.1)


def archive_of(folder: SearchFolder) -> Path:
    return folder.root / "archive"


def archived(made: Made, name: str, **space: object) -> SearchFolder:
    """The folder with its candles in an archive."""
    folder = made(name, **space)
    into_archive(folder.root / "AAAUSDT.csv", archive_of(folder))
    text = folder.space.read_text()
    line = next(line for line in text.splitlines() if line.startswith("  files:"))
    folder.space.write_text(text.replace(line, "  archive: {venue: files}"))
    return folder


def into_archive(file: Path, archive: Path) -> None:
    done = subprocess.run(
        [*_MTF, "archive", "import", str(file), "--symbol", "AAAUSDT", "--archive", str(archive)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def ended(folder: SearchFolder) -> int:
    """Trials of which the outcome is in the ledger."""
    with TrialLedger.opened(folder.trials) as ledger, ledger.engine.begin() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM trial_outcomes").scalar_one())


def children_of(process: subprocess.Popen[bytes]) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(pid) for pid in path.read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_workers_end_a_search_with_the_same_bytes_though_one_is_killed(
    made: Made, address: str, tmp_path: Path
) -> None:
    alone, shared, queue = archived(made, "alone", trials=12), archived(made, "shared", trials=12), token_hex(4)
    assert (
        subprocess.run(
            [*_MTF, *alone.words, "--jobs", "1"],
            cwd=alone.root,
            env=environment(alone.root, address, queue, archive_of(alone)),
            stdout=subprocess.DEVNULL,
            check=False,
        ).returncode
        == 0
    )
    with ExitStack() as stack:
        first = stack.enter_context(worker(tmp_path / "first", address, queue, archive_of(shared)))
        stack.enter_context(worker(tmp_path / "second", address, queue, archive_of(alone)))
        process = stack.enter_context(searching(shared, address, queue))
        until(lambda: children_of(first))
        until(lambda: ended(shared) >= 2)
        children = children_of(first)
        first.kill()
        first.wait()
        _, said = process.communicate(timeout=_PATIENCE_S)
        assert (process.returncode, said) == (0, b"")
        until(lambda: not any(map(is_alive, children)))
    assert shared.files() == alone.files()
    assert ended(shared) == 13


def test_who_searches_may_be_killed_and_waits_again_for_what_goes_on(made: Made, address: str, tmp_path: Path) -> None:
    folder, queue = archived(made, "one", seed=4, trials=12), token_hex(4)
    with worker(tmp_path / "only", address, queue, archive_of(folder)):
        with searching(folder, address, queue) as process:
            until(lambda: ended(folder) >= 2)
            process.kill()
            process.communicate()
        with searching(folder, address, queue) as process:
            _, said = process.communicate(timeout=_PATIENCE_S)
            assert (process.returncode, said) == (0, b"")
    assert ended(folder) == 13
    assert folder.evidence()["trials"]["scored"] == 13


def test_a_machine_with_other_candles_does_nothing_and_says_so(made: Made, address: str, tmp_path: Path) -> None:
    folder, queue = archived(made, "one", seed=3), token_hex(4)  # tasks of the same data would be known to the server
    other = tmp_path / "other"
    into_archive(candle_file(tmp_path / "other.csv", walk(2, 12)), other)
    with worker(tmp_path / "only", address, queue, other), searching(folder, address, queue) as process:
        _, said = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 1
    assert f"the archive {other} has other candles than the search was begun with" in said.decode()
    assert ended(folder) == 0


def test_files_of_candles_are_not_handed_to_other_machines(made: Made, capsys: pytest.CaptureFixture[str]) -> None:
    folder = made()
    assert folder.searched("--temporal") == 2
    assert "files of candles are on this machine alone" in capsys.readouterr().err


def test_without_a_server_one_line_says_so(made: Made, tmp_path: Path) -> None:
    folder = archived(made, "one")
    with searching(folder, "127.0.0.1:9", "q") as process:
        _, said = process.communicate(timeout=_PATIENCE_S)
    assert process.returncode == 1
    assert said.decode().startswith("mtf: Temporal at 127.0.0.1:9")
    assert len(said.decode().splitlines()) == 1
