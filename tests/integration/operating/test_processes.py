"""Each process that stays: one line says that it is ready, it shows itself, and SIGTERM ends it in good order.

All of them work at one exchange (`mtf sandbox serve`) and in one database, as they do where they are deployed.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mtf_adapters.local import WallClock
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql import Database, SqlProcessStore
from mtf_core.records import ProcessKind, ProcessState, RunningProcess
from mtf_entrypoints.cli.commands.operate import Stays
from mtf_entrypoints.served_sandbox import served_sandbox, variables_for
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.secrets.place import COMMAND, Place, until
from tests.temporal_server import temporal_server

READY = {
    "serve": (("serve", "--port", "0"), "mtf: listening on http://127.0.0.1:"),
    "supervise": (("supervise",), "mtf: supervising account "),
    "stream": (("stream",), "mtf: streaming candles of 5 symbols, "),
    "worker": (("worker",), "mtf: ready: jobs of "),
    "alerts": (("alerts", "watch"), "mtf: watching "),
}
REFUSED = 3


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(COMMAND, "mtf_entrypoints.cli.app", "mtf_entrypoints.container") as ready:
        yield ready


@pytest.fixture(scope="module")
def around(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables that lead to an exchange and to a Temporal server."""
    with (
        served_sandbox("--universe-size", "5") as ready,
        temporal_server(tmp_path_factory.mktemp("temporal")) as address,
    ):
        yield {**variables_for(ready), "TEMPORAL_ADDRESS": address, "MTF_ALERT_WEBHOOK_URL": "http://127.0.0.1:1/x"}


@pytest.fixture
def place(tmp_path: Path, children: Nursery, around: dict[str, str], migrated_sqlite_url: str) -> Place:
    return Place(tmp_path, children, {**around, "DATABASE_URL": migrated_sqlite_url})


def test_every_kind_of_process_may_be_asked_after() -> None:
    assert [one.value for one in Stays] == [one.value for one in ProcessKind] == list(READY)


async def begun(place: Place, kind: str) -> tuple[int, Path]:
    """The number of a process that said that it is ready, and what it says."""
    words, ready = READY[kind]
    pid, said = place.begin(*words)
    await until(lambda: ready in said.read_text())
    return pid, said


async def rows(place: Place, kind: str) -> list[dict[str, object]]:
    """What `mtf health` says of the processes of one kind."""
    _, said = await place.run("health", "--json")
    checks = json.loads(said[said.index("{") :])["checks"]
    return [check for check in checks if check["name"] == f"mtf {kind}"]


@pytest.mark.parametrize("kind", READY)
async def test_it_says_once_that_it_is_ready_shows_its_age_and_ends_well_when_it_is_told_to(
    kind: str, place: Place
) -> None:
    assert (await place.run("alive", kind))[0] == 1
    pid, said = await begun(place, kind)
    while (asked := await place.run("alive", kind))[0] != 0:
        pass
    assert f"process {pid}, heard of " in asked[1]
    (row,) = await rows(place, kind)
    assert row["ok"] is True
    assert f"process {pid} on " in str(row["detail"])
    assert "heard of " in str(row["detail"])
    assert await place.end(pid) == 0, said.read_text()
    assert said.read_text().count(READY[kind][1]) == 1
    assert "Traceback" not in said.read_text()
    assert (await place.run("alive", kind))[0] == 1
    assert await rows(place, kind) == []


@pytest.mark.parametrize("kind", ["stream", "alerts"])
async def test_a_second_one_is_refused_in_one_line_that_names_the_first(kind: str, place: Place) -> None:
    pid, _ = await begun(place, kind)
    code, said = await place.run(*READY[kind][0])
    assert code == REFUSED
    assert f"already: process {pid} on " in said
    assert await place.end(pid) == 0


async def test_a_second_supervisor_stands_by_and_takes_over_when_the_first_ends(place: Place) -> None:
    first, said = await begun(place, "supervise")
    await until(lambda: "no live intent" in said.read_text())
    second, other = await begun(place, "supervise")
    await until(lambda: "standing by; supervised by supervisor-" in other.read_text())
    assert [row["ok"] for row in await rows(place, "supervise")] == [True, True]
    assert await place.end(first) == 0
    await until(lambda: "no live intent" in other.read_text())
    assert await place.end(second) == 0


@pytest.mark.parametrize("kind", ["serve", "worker"])
async def test_several_services_and_workers_may_work_side_by_side_for_locks_keep_their_runs_apart(
    kind: str, place: Place
) -> None:
    first, _ = await begun(place, kind)
    second, _ = await begun(place, kind)

    async def shown() -> list[object]:
        return [row["ok"] for row in await rows(place, kind)]

    while await shown() != [True, True]:
        pass
    assert [await place.end(first), await place.end(second)] == [0, 0]


async def test_one_that_was_killed_is_not_alive_any_more_once_it_was_not_heard_of_for_three_beats(place: Place) -> None:
    """Its row stays, for nobody took it away."""
    died = RunningProcess(ProcessKind.STREAM, "stream-1", socket.gethostname(), 7, "0.1.0")
    elsewhere = RunningProcess(ProcessKind.STREAM, "stream-2", "another-machine", 8, "0.1.0")
    before = SandboxClock(WallClock().now_ms() - 60_000)
    async with Database.open(place.variables["DATABASE_URL"]) as database:
        await SqlProcessStore(database, "any", before).beat(died, ProcessState.STREAMING)
        await SqlProcessStore(database, "any", WallClock()).beat(elsewhere, ProcessState.STREAMING)
    code, said = await place.run("alive", "stream")
    assert (code, "process 7, heard of 6" in said) == (1, True)


async def test_a_database_that_cannot_be_read_is_told_and_no_sign_of_life(place: Place) -> None:
    code, said = await place.run("alive", "serve", DATABASE_URL="sqlite:////nowhere/mtf.db")
    assert (code, "the folder /nowhere does not exist" in said) == (1, True)
