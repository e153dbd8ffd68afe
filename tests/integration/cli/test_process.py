"""The installed command as a process of its own: entry point, start, streams, signals."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from mtf_entrypoints.settings import VARIABLES

MTF = Path(sys.executable).parent / "mtf"


def environment(folder: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return {**plain, "DATABASE_URL": "memory", "XDG_DATA_HOME": str(folder / "data")}


def mtf(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MTF, *words], cwd=folder, env=environment(folder), capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose database holds a run."""
    folder = tmp_path_factory.mktemp("stored")
    words = ["run", "--symbols", "BTCUSDT", "--universe-size", "5", "--database", "sqlite:///mtf.db"]
    subprocess.run([MTF, *words], cwd=folder, env=environment(folder), capture_output=True, timeout=60, check=True)
    return folder


STARTS = {
    "version": (
        ["version", "--json"],
        {"typer", "attrs", "asyncio", "mtf_core.symbols", "mtf_entrypoints.cli.app"},
    ),
    "help": (["--help"], {"numpy", "asyncio", "yaml", "pydantic", "mtf_core.market", "mtf_entrypoints.settings"}),
    "run's help": (["run", "--help"], {"numpy", "asyncio", "yaml", "mtf_core.market", "mtf_entrypoints.settings"}),
    "config check": (
        ["config", "check"],
        {"asyncio", "temporalio", "mtf_core.ports", "mtf_core.planning", "mtf_core.runs.orchestrator"}
        | {"mtf_core.validation", "mtf_core.rules.program", "mtf_core.features.table", "mtf_entrypoints.container"},
    ),
    "why": (
        ["why", "BTCUSDT", "--full", "--database", "sqlite:///mtf.db"],
        {"mtf_core.features", "mtf_core.rules.expressions", "mtf_core.planning.plan", "mtf_core.settings.profile"}
        | {"mtf_core.runs", "mtf_core.upkeep", "mtf_core.validation.decision", "mtf_core.inquiry.verification"}
        | {
            "mtf_adapters.sandbox",
            "mtf_adapters.files",
            "mtf_adapters.sql.candles",
            "dependency_injector",
            "sqlalchemy.dialects.postgresql",
            "sqlalchemy.ext.asyncio",
        },
    ),
}
"""What starts fast, and what it therefore must not import."""
NEVER_TO_START = {"alembic", "litestar", "pandas", "psycopg", "pyarrow", "rich", "structlog", "talib", "uvicorn"}
NO_DATABASE = {"dependency_injector", "sqlalchemy", "mtf_adapters.sql"}


MISTAKES = {
    "a command that there is not": ["wy", "BTCUSDT"],
    "an option that there is not": ["run", "--exchnage", "sandbox"],
    "a symbol that is in no run": ["why", "NOSUCHUSDT", "--database", "sqlite:///mtf.db"],
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_slip_of_the_pen_is_told_without_importing_what_runs(name: str, stored: Path) -> None:
    unneeded = NEVER_TO_START | {"mtf_core.runs.orchestrator", "mtf_core.features.families", "mtf_core.planning.plan"}
    code = (
        "import sys; from mtf_entrypoints.cli.main import run\n"
        f"assert run({MISTAKES[name]!r}) in (1, 2)\n"
        f"print(sorted(name for name in {unneeded!r} if name in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=stored,
        env=environment(stored),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]")
    assert done.stderr.startswith("mtf: ")


@pytest.mark.parametrize("name", STARTS)
def test_a_command_that_shows_something_small_imports_nothing_that_it_does_not_need(name: str, stored: Path) -> None:
    words, unneeded = STARTS[name]
    unneeded = unneeded | NEVER_TO_START | (set() if name == "why" else NO_DATABASE)
    code = (
        "import sys; from mtf_entrypoints.cli.main import run\n"
        f"assert run({words!r}) == 0\n"
        f"print(sorted(name for name in {unneeded!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=stored,
        env=environment(stored),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "[]")
    assert done.stdout


def test_a_run_writes_its_report_to_stdout_and_nothing_to_stderr(tmp_path: Path) -> None:
    done = mtf(tmp_path, "run", "--symbols", "BTCUSDT", "--universe-size", "5", "--at", "2026-01-31T14:00Z")
    assert (done.returncode, done.stderr) == (0, "")
    assert "1 symbol, " in done.stdout
    assert "\x1b" not in done.stdout


def test_without_a_database_the_users_data_folder_is_used(tmp_path: Path) -> None:
    environ = environment(tmp_path)
    del environ["DATABASE_URL"]
    words = ["contracts", "sync", "--universe-size", "5"]
    subprocess.run([MTF, *words], cwd=tmp_path, env=environ, capture_output=True, timeout=60, check=True)
    assert (tmp_path / "data" / "mtf" / "mtf.db").is_file()


def test_an_error_is_one_line_on_stderr_and_a_traceback_only_when_asked_for(tmp_path: Path) -> None:
    plain, debug = mtf(tmp_path, "run", "--at", "x"), mtf(tmp_path, "run", "--at", "x", "--debug")
    assert (plain.returncode, plain.stdout) == (2, "")
    assert plain.stderr == "mtf: 'x' is no instant; write it like 2022-01-31T14:00Z\n"
    assert "Traceback" in debug.stderr


def test_a_reader_that_stops_early_is_no_error_to_complain_about(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [MTF, "conditions", "list", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # long before the command has started to write
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141, "the customary code of a closed pipe: nothing failed"


def free_of(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+", text)
    assert found is not None
    return found[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_service_answers_until_it_is_told_to_stop(tmp_path: Path, number: signal.Signals) -> None:
    words = [MTF, "serve", "--port", "0", "--universe-size", "5", "--at", "2026-01-31T14:00Z"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        url = free_of(process.stderr.readline())
        answer = answered(url)
        process.send_signal(number)
        _, rest = process.communicate(timeout=60)
    assert answer["ok"] is True
    assert process.returncode == 0
    assert "Traceback" not in rest


def answered(url: str) -> dict[str, object]:
    """The first answer; the socket is open before the service listens to it."""
    for _ in range(100):
        try:
            found: dict[str, object] = httpx.get(f"{url}/health", timeout=60).json()
            return found
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the service never answered")
