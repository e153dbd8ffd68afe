"""A day of trading with planted secrets, everything asked about it, and an exchange that says back what it was sent.

Then whatever was printed, logged, answered, stored, marked and noted is searched for the secrets, whole or in part.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import psycopg
import pytest
from attrs import define, frozen
from psycopg import sql
from redis import Redis

from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT
from mtf_adapters.sandbox.native import NativeExchange
from mtf_core.market import OpenOrder, TriggerPurpose
from mtf_entrypoints.served_sandbox import variables_for
from tests.integration.conftest import create_database, drop_database
from tests.integration.orders.nursery import Nursery
from tests.integration.secrets.hostile import Hostile, Mood, hostile_exchange
from tests.integration.secrets.place import Place, until
from tests.integration.secrets.planted import Found, in_files, in_postgres, in_redis, in_sqlite, secret
from tests.integration.sql.postgres_server import PostgresServer

SYMBOL, KEY = "BTCUSDT", "BTCUSDT:5m:1:long"
TOKEN, GUESS = secret("token", "+/="), secret("wrong", "+/=")
ROLE, USER = "planted", "planted"

QUESTIONS = (
    ("run", "--json"),
    ("run", "--no-dry-run"),
    ("positions",),
    ("positions", "--json"),
    ("orders", "--json"),
    ("trades", "--json"),
    ("story", KEY),
    ("story", KEY, "--json"),
    ("alarms", "--json"),
    ("audit", "--json"),
    ("recover", "--json"),
    ("risk", "show", "--json"),
    ("why", SYMBOL, "--full", "--json"),
    ("funnel", "--json"),
    ("health", "--json"),
    ("locks", "list", "--json"),
    ("config", "show", "--json"),
    ("config", "check", "--json"),
    ("contracts", "sync", "--json"),
    ("kill", "--reason", "a day of trading"),
    ("unkill",),
)


@frozen(eq=False)
class Kept:
    """Where what is stored lies, and how it is searched."""

    variables: Mapping[str, str]
    search: Callable[[], list[Found]]
    intents: Callable[[], int]
    held: Callable[[], AbstractContextManager[None]]
    """Nobody else can write meanwhile."""


@contextmanager
def in_a_file(folder: Path) -> Iterator[Kept]:
    path = folder / "mtf.db"

    def intents() -> int:
        with closing(sqlite3.connect(path)) as database:
            (number,) = database.execute("SELECT count(*) FROM order_intents").fetchone()
        return int(number)

    @contextmanager
    def held() -> Iterator[None]:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    yield Kept({"DATABASE_URL": f"sqlite:///{path}", "MTF_LOG_FORMAT": "text"}, lambda: in_sqlite(path), intents, held)


@contextmanager
def on_servers(server: PostgresServer, redis_url: str) -> Iterator[Kept]:
    """A role of PostgreSQL and a user of Redis with planted passwords."""
    password, name = secret("database", "/@ %"), create_database(server)
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(ROLE), password))
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(name), sql.Identifier(ROLE)))
    url = f"postgresql://{ROLE}:{quote(password, safe='')}@127.0.0.1:{server.port}/{name}"
    passing = secret("redis", "/&é")
    with Redis.from_url(redis_url) as client:
        client.flushall()
        client.acl_setuser(
            USER, enabled=True, passwords=f"+{passing}", keys=["*"], channels=["*"], categories=["+@all"]
        )
        redis = f"{redis_url}?username={USER}&password={quote(passing, safe='')}"
        variables = {"DATABASE_URL": url, "REDIS_URL": redis, "MTF_LOG_FORMAT": "json"}

        def intents() -> int:
            with psycopg.connect(server.url(name)) as database:
                row = database.execute("SELECT count(*) FROM order_intents").fetchone()
            assert row is not None
            return int(row[0])

        @contextmanager
        def held() -> Iterator[None]:
            with psycopg.connect(server.url(name)) as database:
                database.execute("SET lock_timeout = '60s'")
                database.execute("LOCK TABLE order_intents IN ACCESS EXCLUSIVE MODE")
                yield

        try:
            yield Kept(variables, lambda: in_postgres(server.url(name)) + in_redis(client), intents, held)
        finally:
            client.acl_deluser(USER)
            client.flushall()
            drop_database(server, name)
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(ROLE)))


@pytest.fixture(params=["sqlite", "servers"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "sqlite":
        with in_a_file(tmp_path) as place:
            yield place
        return
    with on_servers(request.getfixturevalue("postgres"), request.getfixturevalue("redis_url")) as place:
        yield place


@define(eq=False)
class Day:
    """What happens, in which order is the test's."""

    place: Place
    hostile: Hostile
    kept: Kept

    async def trade(self, supervisor: Path) -> None:
        """An entry that rests, fills, and has its stop."""
        code, said = await self.place.run(SYMBOL, KEY, "0", work="tests.integration.execution.dying:main")
        assert (code, '"sent": true' in said) == (0, True), said
        self.hostile.show(SYMBOL, "0.97")
        await until(lambda: '"protected"' in supervisor.read_text())

    async def note(self) -> None:
        """A stop that is lost while the database hangs: another one is noted in a file, and sent."""
        exchange = NativeExchange(self.hostile.sandbox.world, ACCOUNT)

        async def stops() -> list[OpenOrder]:
            orders = await exchange.open_orders(SYMBOL)
            return [order for order in orders if order.purpose is TriggerPurpose.STOP]

        (lost,) = await stops()
        with self.kept.held():
            await exchange.cancel(SYMBOL, lost.order_id, lost.kind)
            (journal,) = await until(lambda: [path for path in self.place.files(".journal") if path.stat().st_size])
            self.place.said("journal").write_bytes(journal.read_bytes())
            async with asyncio.timeout(120):
                while not await stops():
                    await asyncio.sleep(0.1)

    async def ask(self) -> None:
        """Every question that an operator has, some at once."""
        for some in range(0, len(QUESTIONS), 3):
            ends = await asyncio.gather(*(self.place.run(*words) for words in QUESTIONS[some : some + 3]))
            assert [code for code, said in ends if "internal error" in said or "Traceback" in said] == []

    @asynccontextmanager
    async def served(self) -> AsyncIterator[httpx.AsyncClient]:
        pid, out = self.place.begin("serve", "--port", "0")
        found = await until(lambda: re.search(r"http://127\.0\.0\.1:\d+", out.read_text()))
        async with httpx.AsyncClient(base_url=found[0], timeout=120) as client:
            yield client
        assert await self.place.end(pid) == 0, out.read_text()

    async def call(self, client: httpx.AsyncClient, method: str, path: str, **how: Any) -> int:
        """One request; its whole answer is kept."""
        answer = await client.request(method, path, **how)
        head = json.dumps([method, path, answer.status_code, *answer.headers.multi_items()])
        self.place.said(f"http {path}").write_bytes(head.encode() + b"\n" + answer.content)
        return answer.status_code

    async def call_everything(self, client: httpx.AsyncClient) -> set[int]:
        """Every route, as it should be called and as it should not."""
        right = {"authorization": f"Bearer {TOKEN}"}
        paths = (await client.get("/schema/openapi.json")).json()["paths"]
        values = {"{symbol}": SYMBOL, "{run_id}": "0" * 32, "{key}": quote(KEY), "{tf}": "5m"}
        codes = set()
        for open_path in ("/docs", "/schema/openapi.json", "/health"):
            codes.add(await self.call(client, "GET", open_path))
        for path, methods in paths.items():
            there = path
            for name, value in values.items():
                there = there.replace(name, value)
            codes.add(await self.call(client, "GET", there))
            codes.add(await self.call(client, "GET", there, headers={"authorization": f"Bearer {GUESS}"}))
            if "get" in methods and there != "/api/mtf/run":
                codes.add(await self.call(client, "GET", there, headers=right))
                codes.add(await self.call(client, "GET", there, headers=right, params={"access_token": TOKEN}))
            if "post" in methods:
                for body in (b"{", b"[]", b'{"nonsense": 1}'):
                    codes.add(await self.call(client, "POST", there, headers=right, content=body))
        codes.add(await self.call(client, "POST", "/api/mtf/run", headers=right, json={"symbols": [SYMBOL]}))
        codes.add(await self.call(client, "GET", "/metrics", headers=right))
        codes.add(await self.call(client, "GET", "/nowhere", headers=right))
        codes.add(await self.call(client, "PATCH", "/mtf/status", headers=right))
        codes.add(await self.call(client, "GET", "/mtf/status", headers={**right, "host": "elsewhere.example"}))
        return codes

    async def suffer(self, client: httpx.AsyncClient) -> None:
        """Every mood of the exchange, while somebody supervises, asks and calls."""
        right = {"authorization": f"Bearer {TOKEN}"}
        for mood in (mood for mood in Mood if mood is not Mood.FRIENDLY):
            self.hostile.mood = mood
            await until(lambda: mood in self.hostile.answered)  # noqa: B023 - waited for within this turn
            if mood is Mood.SILENT:
                continue
            for path in ("/mtf/positions", "/mtf/orders", "/provider/health", "/health"):
                await self.call(client, "GET", path, headers=right)
            await self.call(client, "POST", "/api/mtf/run", headers=right, json={"symbols": [SYMBOL]})
            await asyncio.gather(self.place.run("orders"), self.place.run("recover", "--debug"))
        self.hostile.mood = Mood.FRIENDLY


async def test_nothing_that_is_said_or_kept_on_a_day_of_trading_holds_a_secret(
    kept: Kept, tmp_path: Path, children: Nursery
) -> None:
    async with hostile_exchange() as (hostile, address):
        variables = {
            **variables_for(hostile.sandbox.addresses(address)),
            **kept.variables,
            "MTF_API_TOKEN": TOKEN,
            "MTF_LOG_LEVEL": "debug",
            "MTF_LOG_DIR": str(tmp_path / "logs"),
        }
        day = Day(Place(tmp_path, children, variables), hostile, kept)
        assert (await day.place.run("db", "upgrade"))[0] == 0
        supervising, supervisor = day.place.begin("supervise", "--json")
        await until(lambda: '"supervising"' in supervisor.read_text())
        await day.trade(supervisor)
        await day.note()
        await day.ask()
        async with day.served() as client:
            codes = await day.call_everything(client)
            await day.suffer(client)
        assert await day.place.end(supervising) == 0, supervisor.read_text()
    assert kept.intents() >= 1
    assert {200, 401, 404, 405, 421, 422} <= codes
    assert {path.name for path in (tmp_path / "logs").iterdir()} >= {"http.log", "orders.log", "run.log"}
    assert day.place.files(".mark") or "REDIS_URL" in kept.variables
    assert kept.search() + in_files(tmp_path) == []
