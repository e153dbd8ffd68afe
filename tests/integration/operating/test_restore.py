"""A database that was restored to a time before the last orders, with positions open: what becomes of the account.

An exchange, a supervisor and every command of the operator are processes; the exchange goes on while the database is
lost. Backed up and restored is as `docs/operate.md` says: an SQLite file on a machine that is whole, and a PostgreSQL
database where the machine of mtf is lost as well, with the mark and the notes that it kept outside of the database.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol

import psycopg
import pytest
from attrs import frozen
from docs.generating.walking import ROOT

from tests.integration.conftest import create_database, drop_database
from tests.integration.operating.scene import ACCOUNT, Scene, scene
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.secrets.place import COMMAND
from tests.integration.sql.postgres_server import OWNER, PostgresServer

KEPT, CLOSED, OPENED, RESTING, FREE = "BTCUSDT", "ETHUSDT", "XRPUSDT", "SOLUSDT", "ADAUSDT"
"""What became of each symbol's position between the back-up and the loss."""
PAGE = " ".join((ROOT / "docs/operate.md").read_text().split())
LATER = "BTCUSDT:5m:2:long"
_TRIES = "tests.integration.operating.entering"


def key_of(symbol: str) -> str:
    return f"{symbol}:5m:1:long"


class Kept(Protocol):
    """A database that can be backed up, lost, and restored."""

    async def back_up(self, there: Scene) -> None: ...

    async def lose(self, there: Scene) -> None: ...

    async def restore(self) -> None: ...


def on_the_page(*words: str) -> list[str]:
    """A command line that the page has, with its own names for what differs here."""
    assert " ".join(words) in PAGE, words
    return list(words)


@frozen
class SqliteKept:
    """A file, beside which SQLite keeps two more; the machine stays whole."""

    folder: Path

    async def back_up(self, there: Scene) -> None:
        words = on_the_page("mtf", "db", "backup", "mtf-backup.db")
        said = await there.mtf(*words[1:3], str(self.folder / words[3]))
        assert "copied to" in said

    async def lose(self, there: Scene) -> None:
        for name in on_the_page("rm", "-f", "mtf.db", "mtf.db-wal", "mtf.db-shm")[2:]:
            (self.folder / name).unlink(missing_ok=True)

    async def restore(self) -> None:
        copy = on_the_page("cp", "mtf-backup.db", "mtf.db")
        await ran(*copy, cwd=self.folder)


@frozen
class PostgresKept:
    """A database of a server; the machine of mtf is lost as well, with all that it kept."""

    folder: Path
    server: PostgresServer
    database: str

    async def back_up(self, there: Scene) -> None:
        await self._program(*on_the_page("pg_dump", "--format=custom", "--file=mtf.dump"), self._url)

    async def lose(self, there: Scene) -> None:
        shutil.rmtree(there.place.folder / "data")

    async def restore(self) -> None:
        aside, anew = "ALTER DATABASE mtf RENAME TO mtf_lost", "CREATE DATABASE mtf OWNER mtf"
        assert f"psql -d postgres -c '{aside}' -c '{anew}'" in PAGE
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            # Connections of who was killed end once the server notices.
            others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s"
            connection.execute(others, [self.database])
        here = [text.replace("OWNER mtf", f"OWNER {OWNER}").replace("mtf", self.database) for text in (aside, anew)]
        await self._program("psql", "-c", here[0], "-c", here[1], self.server.url())
        words = on_the_page("pg_restore", "--exit-on-error", "--no-owner")
        await self._program(*words, f"--dbname={self._url}", "mtf.dump")

    @property
    def _url(self) -> str:
        return self.server.url(self.database)

    async def _program(self, name: str, *words: str) -> None:
        await ran(str(self.server.binaries / name), *words, cwd=self.folder)


async def ran(*words: str, cwd: Path) -> None:
    done = await asyncio.to_thread(subprocess.run, words, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(COMMAND, _TRIES, "mtf_entrypoints.cli.app", "mtf_entrypoints.container") as ready:
        yield ready


@asynccontextmanager
async def kept_on(kind: str, folder: Path, request: pytest.FixtureRequest) -> AsyncIterator[tuple[Kept, str]]:
    """The database, and its address."""
    if kind == "sqlite":
        yield SqliteKept(folder), f"sqlite:///{folder / 'mtf.db'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = create_database(server)
    yield PostgresKept(folder, server, name), server.url(name)
    for database in (name, f"{name}_lost"):
        drop_database(server, database)


async def tried(there: Scene, symbol: str, key: str | None = None) -> dict[str, Any]:
    """What becomes of an entry with every guard that a run has."""
    code, said = await there.place.run(symbol, key or key_of(symbol), work=f"{_TRIES}:main")
    assert code == 0, said
    found = json.loads(said[said.index("{") :])
    assert isinstance(found, dict)
    return found


async def purposes(there: Scene, symbol: str) -> list[str | None]:
    """Of the orders at the exchange; None: an entry."""
    return sorted((order["purpose"] for order in await there.at_exchange("orders", symbol)), key=str)


async def sizes(there: Scene) -> dict[str, str]:
    """Of the positions at the exchange."""
    return {one["symbol"]: one["size"] for one in (await there.json("positions"))["positions"]}


def test_the_restored_database_has_what_the_page_promises() -> None:
    """Sentences of the page that the test below shows."""
    for sentence in (
        "nothing is entered",
        "nothing is cancelled",
        "belongs to no intent",
        "could open a position without an intent",
        "mtf recover --confirm",
    ):
        assert sentence in PAGE


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_an_old_database_enters_nothing_twice_leaves_no_position_bare_and_names_what_differs(
    kind: str, tmp_path: Path, children: Nursery, request: pytest.FixtureRequest
) -> None:
    async with kept_on(kind, tmp_path, request) as (kept, url), scene(tmp_path, children, url) as there:
        await there.mtf("contracts", "sync")
        for symbol in (KEPT, CLOSED):
            await there.hold(key_of(symbol), symbol)
        await kept.back_up(there)

        await there.mtf("position", "close", CLOSED, "--yes", "--wait", "120")
        await there.hold(key_of(OPENED), OPENED)
        await there.enter(key_of(RESTING), RESTING)
        before = await sizes(there)
        await there.dies()
        await kept.lose(there)
        await kept.restore()
        if kind == "postgres":  # the position that the database does not know loses its stop, too
            await there.does("CancelAll", account=ACCOUNT, symbol=OPENED, triggers=True)
            assert await purposes(there, OPENED) == []

        await there.supervise()
        await in_recovery(there, ["stop"] if kind == "postgres" else ["stop", "target"])
        assert await sizes(there) == before, "nothing was opened, and nothing closed"
        await confirmed(there)
        await goes_on(there)


async def in_recovery(there: Scene, stands: list[str]) -> None:
    """Everything is protected, nothing is entered or cancelled, and each difference is named.

    `stands`: at the position that the database does not know.
    """

    async def is_booked() -> bool:
        return await there.state(key_of(CLOSED)) == ("done", "closed")

    async def is_protected() -> bool:
        return await purposes(there, OPENED) == stands

    await there.until(is_booked)
    await there.until(is_protected)
    (trade,) = (await there.json("trades"))["trades"]
    assert (trade["symbol"], trade["size"]) == (CLOSED, trade["closed_size"]), "the exchange still shows its executions"
    said = await there.mtf("recover")
    assert "the account is in recovery: " in said
    assert f"- {OPENED}: a long position of " in said
    assert f"- {RESTING}: our order " in said
    assert "could open a position without an intent: it is cancelled, in recovery once you confirm" in said
    assert {"recovery", "foreign_position"} <= await there.alarms()
    for symbol in (KEPT, CLOSED, OPENED, RESTING, FREE):
        assert await tried(there, symbol) == {"sent": False, "reason": "recovery"}
    assert await there.state(key_of(KEPT)) == ("done", "protected")
    assert await purposes(there, KEPT) == ["stop", "target"]
    assert await purposes(there, OPENED) == stands
    assert await purposes(there, CLOSED) == []
    assert await purposes(there, RESTING) == [None], "nothing is cancelled"


async def confirmed(there: Scene) -> None:
    """Once somebody has looked, what could open without an intent is cancelled, and nothing enters twice."""
    said = await there.mtf("recover", "--confirm")
    assert "confirmed: entries are allowed again, and the store counts on from 4" in said

    async def is_cancelled() -> bool:
        orders = await purposes(there, RESTING)
        assert len(orders) <= 1
        return orders == []

    await there.until(is_cancelled)
    assert await tried(there, KEPT, LATER) == {"sent": False, "reason": "symbol_switched_off"}, "since its first entry"
    await there.mtf("switch", "on", KEPT)
    for symbol, key in ((KEPT, LATER), (OPENED, key_of(OPENED))):
        assert await tried(there, symbol, key) == {"sent": False, "reason": "symbol_busy"}
    assert await purposes(there, KEPT) == ["stop", "target"]
    assert (await purposes(there, OPENED))[0] == "stop"


async def goes_on(there: Scene) -> None:
    """The forgotten position is closed at the exchange; then all is as ever, and numbers go on from beyond."""
    assert "what is not of mtf is closed at the exchange" in await there.refused("position", "close", OPENED, "--yes")
    assert "Close it at the exchange" in PAGE
    await there.does("CloseAll", account=ACCOUNT, symbol=OPENED)

    async def is_shared() -> bool:
        return f"shared with somebody else: {OPENED}: money moved (fee)" in await there.mtf("recover")

    await there.until(is_shared)  # the account's money is read once a minute
    assert "confirm once more" in PAGE
    await there.mtf("recover", "--confirm")
    assert await purposes(there, OPENED) == []
    await there.until_quiet()
    assert await tried(there, FREE) == {"sent": True, "reason": None}
    said = await there.mtf("recover")
    assert "the account is in order" in said
    assert "the store committed 5 intents" in said
