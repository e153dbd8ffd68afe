"""SIGKILL at every numbered point of a submission, over HTTP against BitMart's face, on real databases.

Whatever is left behind: at most one order at the exchange, never one without its committed intent, and never a second
one from whoever comes next. `make deaths` dies at every point on both databases, CI at half of them on one.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import define

from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.execution import Submitted
from mtf_core.market import OpenOrder
from mtf_core.orders import EntryState, Intent
from mtf_entrypoints.container import opened
from mtf_entrypoints.served_sandbox import variables_for
from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.execution import dying
from tests.integration.execution.counter import AT_MS
from tests.integration.orders.nursery import Nursery, nursery

MARKET = GeneratedMarket(1, 40)
WORK = "tests.integration.execution.dying"
MOST_POINTS = 30
EVERY = os.environ.get("DEATHS") == "all"
STEP = 1 if EVERY else 2
"""After a call is before the next one: every second point says what there is to say, and CI has a minute for it."""
DATABASES = ["sqlite", "postgres"] if EVERY else ["sqlite"]
MAY_EXIST = {EntryState.SUBMITTING, EntryState.UNKNOWN, EntryState.RESTING}


@define
class Place:
    """The exchange, and how processes reach it and their database."""

    sandbox: BitmartSandbox
    variables: Mapping[str, str]
    children: Nursery
    out: Path
    """What a process says."""

    def settings(self) -> Settings:
        return read_settings(environ=dict(self.variables), dotenv=Path("absent.env"))

    async def run(self, symbol: str, key: str, die_at: str) -> int:
        """The exit code of a process that submits, and dies there; below zero: by that signal."""
        words = (symbol, key, die_at)
        return await self.children.life(f"{WORK}:main", *words, variables=self.variables, out=self.out)

    async def orders(self, symbol: str) -> list[OpenOrder]:
        """Every order that the exchange ever had of the symbol, as the engine itself says."""
        engine = NativeExchange(self.sandbox.world, ACCOUNT)
        return [*await engine.open_orders(symbol), *await engine.order_history(symbol, 0, AT_MS + 10**9)]

    async def intent(self, key: str) -> Intent | None:
        async with opened(self.settings()) as container:
            return await container.stores().orders.intent(key)

    def break_writes(self, kind: str, delay_ms: int) -> None:
        fault = f'{{kind: "{kind}", on: submit-order, delay_ms: {delay_ms}}}'
        self.sandbox.face.use_script(f"quirks: {{rate_limits: false}}\nfaults: {{calls: [{fault}]}}")

    def mend(self) -> None:
        self.sandbox.face.use_script("quirks: {rate_limits: false}")


@asynccontextmanager
async def place(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    script = parse_script("quirks: {rate_limits: false}")
    sandbox = BitmartSandbox.of(MARKET, SteppedClock(AT_MS), script=script)
    async with sandbox.beating(), served(sandbox) as address:
        outside = {"DATABASE_URL": url, "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
        variables = {**variables_for(sandbox.addresses(address)), **outside}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        with nursery(WORK) as children:
            yield Place(sandbox, variables, children, tmp_path / "said")


async def check(there: Place, symbol: str, key: str) -> tuple[int, Intent | None]:
    """What is left behind is known, and whoever comes next sends nothing that could be a second one."""
    orders, intent = await there.orders(symbol), await there.intent(key)
    assert len(orders) <= 1
    for order in orders:
        assert intent is not None
        assert (order.client_order_id, intent.entry in MAY_EXIST) == (intent.attempt.client_order_id, True)
    outcome = await dying.submitted(symbol, key)
    assert isinstance(outcome, Submitted) is (intent is None), outcome
    assert len(await there.orders(symbol)) == (1 if intent is None else len(orders)), outcome
    return len(orders), intent


@pytest.mark.parametrize("database_url", DATABASES, indirect=True)
async def test_death_at_every_point_leaves_at_most_one_order_and_always_its_intent(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    symbols = [contract.symbol for contract in MARKET.contracts(AT_MS)]
    async with place(database_url, tmp_path, monkeypatch) as there:
        seen = []
        for point in range(1, MOST_POINTS, STEP):
            symbol, key = symbols[point], f"{symbols[point]}:5m:{point}:long"
            code = await there.run(symbol, key, str(point))
            if code == 0:
                break
            assert code == -signal.SIGKILL, there.out.read_text()
            left, intent = await check(there, symbol, key)
            seen.append((left, None if intent is None else intent.entry))
    assert code == 0, "the last process lived: every point was reached"
    # Nothing, then the intent without an order, then the order: never the other way round.
    assert [left for left, _ in seen] == sorted(left for left, _ in seen)
    states = [state for _, state in seen]
    assert {None, EntryState.PLANNED, EntryState.SUBMITTING, EntryState.RESTING} == set(states)
    assert (1, EntryState.SUBMITTING) in seen, "the order was there, and its outcome was not stored yet"
    assert len(seen) >= 12 / STEP


@pytest.mark.parametrize("kind", ["late_request", "late_answer"])
async def test_death_while_the_bytes_are_on_their_way_leaves_what_may_exist_and_no_second_one(
    migrated_sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    symbol, key = "BTCUSDT", "BTCUSDT:5m:1:long"
    async with place(migrated_sqlite_url, tmp_path, monkeypatch) as there:
        there.break_writes(kind, 1500)
        assert await there.run(symbol, key, dying.WRITE) == -signal.SIGKILL, there.out.read_text()
        await asyncio.sleep(1.5)
        there.mend()
        left, intent = await check(there, symbol, key)
    assert intent is not None
    assert intent.entry is EntryState.SUBMITTING
    assert kind == "late_request" or left == 1
