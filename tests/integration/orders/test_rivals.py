"""Processes that enter at once on one account, two of which supervise: no double entry, and no limit is ever passed.

The exchange says so, which is asked twenty times a second what stands there; `make deaths` plays 200 rounds.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, field

from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world_clock import FlowingClock
from mtf_core.market import Contract, Fill, OpenOrder, TriggerPurpose
from mtf_core.orders import Intent
from mtf_entrypoints.container import opened
from mtf_entrypoints.served_sandbox import mtf_command, own_environment, variables_for
from mtf_entrypoints.settings import read_settings
from tests.integration.execution.counter import AT_MS
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.orders.rivals import MOST_NOTIONAL, MOST_POSITIONS

WORK = "tests.integration.orders.rivals"
EVERY = os.environ.get("DEATHS") == "all"
ROUNDS = 200 if EVERY else 12
PERIOD_S = 0.8
UNPROTECTED_MS = 5000
CASES = [(2, "sqlite"), (4, "postgres"), *([(4, "sqlite"), (2, "postgres")] if EVERY else [])]


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(WORK) as ready:
        yield ready


@define(eq=False)
class Watchman:
    """Looks at the engine itself while others trade, and notes what must never be."""

    sandbox: BitmartSandbox
    contracts: Mapping[str, Contract]
    most_positions: int = 0
    most_notional: Decimal = Decimal(0)
    longest_naked_ms: int = 0
    orders: dict[str, OpenOrder] = field(factory=dict)
    """Every order that could open, by its id."""
    _naked_since: dict[str, int] = field(factory=dict)

    @property
    def engine(self) -> NativeExchange:
        return NativeExchange(self.sandbox.world, ACCOUNT)

    async def watch(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(0.05)

    async def look(self) -> None:
        now_ms = self.sandbox.world.clock.now_ms()
        positions = [one for one in (await self.engine.sync()).positions if one.size]
        live = [order for symbol in self.contracts for order in await self.engine.open_orders(symbol)]
        opening = [order for order in live if order.may_open]
        self.orders |= {order.order_id: order for order in opening}
        notional = sum(
            (self.contracts[one.symbol].notional(one.size, one.entry_price) for one in positions), Decimal(0)
        ) + sum(
            (self.contracts[one.symbol].notional(one.size or Decimal(0), one.price) for one in opening if one.price),
            Decimal(0),
        )
        self.most_positions = max(self.most_positions, len({one.symbol for one in (*positions, *opening)}))
        self.most_notional = max(self.most_notional, notional)
        stopped = {order.symbol for order in live if order.purpose is TriggerPurpose.STOP}
        naked = {one.symbol for one in positions} - stopped
        self._naked_since = {symbol: self._naked_since.get(symbol, now_ms) for symbol in naked}
        for since_ms in self._naked_since.values():
            self.longest_naked_ms = max(self.longest_naked_ms, now_ms - since_ms)

    async def every_order(self) -> dict[str, OpenOrder]:
        """Those that were seen, and those of the exchange's history."""
        until_ms = self.sandbox.world.clock.now_ms()
        for symbol in self.contracts:
            ended = await self.engine.order_history(symbol, 0, until_ms)
            self.orders |= {order.order_id: order for order in ended if order.may_open}
        return self.orders

    async def fills(self) -> list[Fill]:
        until_ms = self.sandbox.world.clock.now_ms()
        return [fill for symbol in self.contracts for fill in await self.engine.fills(symbol, 0, until_ms)]


def a_supervisor(variables: Mapping[str, str], out: Path) -> subprocess.Popen[bytes]:
    with out.open("wb") as file:
        environment = {**own_environment(), **variables}
        return subprocess.Popen(mtf_command("supervise", "--json"), env=environment, stdout=file, stderr=file)


async def stored(variables: Mapping[str, str]) -> tuple[tuple[Intent, ...], tuple[Intent, ...]]:
    """Every intent, and those that live."""
    settings = read_settings(environ=dict(variables), dotenv=Path("absent.env"))
    async with opened(settings) as container:
        orders = container.stores().orders
        return (await orders.history(10_000)).items, await orders.live()


async def all_ended(variables: Mapping[str, str]) -> tuple[Intent, ...]:
    for _ in range(60):
        intents, live = await stored(variables)
        if not live:
            return intents
        await asyncio.sleep(0.5)
    raise AssertionError(f"after half a minute these still live: {live}")


@pytest.mark.parametrize(("runners", "fresh_database"), CASES, indirect=["fresh_database"])
async def test_rivals_at_once_never_enter_twice_and_never_pass_a_limit(
    runners: int, fresh_database: Callable[[], str], tmp_path: Path, children: Nursery
) -> None:
    market = GeneratedMarket(1, 12)
    script = parse_script("quirks: {rate_limits: false}")
    sandbox = BitmartSandbox.of(market, FlowingClock(AT_MS), script=script)
    watchman = Watchman(sandbox, {one.symbol: one for one in market.contracts(AT_MS)})
    async with sandbox.beating(), served(sandbox) as address:
        outside = {"DATABASE_URL": fresh_database(), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
        variables = {**variables_for(sandbox.addresses(address)), **outside}
        supervisors = [a_supervisor(variables, tmp_path / f"supervisor-{number}") for number in range(2)]
        watching = asyncio.create_task(watchman.watch())
        try:
            while (
                'supervising"' not in (tmp_path / "supervisor-0").read_text() + (tmp_path / "supervisor-1").read_text()
            ):
                await asyncio.sleep(0.1)
            begin_s = time.time() + 3
            pids = [
                children.begin(
                    f"{WORK}:main",
                    *(str(runner), str(begin_s), str(PERIOD_S), str(ROUNDS)),
                    variables=variables,
                    out=tmp_path / f"runner-{runner}",
                )
                for runner in range(runners)
            ]
            codes = [await children.end_of(pid) for pid in pids]
            said = [(tmp_path / f"runner-{runner}").read_text() for runner in range(runners)]
            assert codes == [0] * runners, said
            intents = await all_ended(variables)
        finally:
            for supervisor in supervisors:
                supervisor.terminate()
            ends = [await asyncio.to_thread(supervisor.wait, 60) for supervisor in supervisors]
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        assert ends == [0, 0]
        became = [(key, end) for one in said for key, end in json.loads(one).items()]
        orders = await watchman.every_order()
        fills = await watchman.fills()
    counted = Counter(end for _, end in became)
    print(  # noqa: T201
        f"{runners} runners, {ROUNDS} rounds: {len(orders)} entries at the exchange, {dict(counted)}; most positions "
        f"{watchman.most_positions}, notional {watchman.most_notional:.0f}; longest without a stop "
        f"{watchman.longest_naked_ms} ms"
    )
    keys = {intent.attempt.client_order_id: intent for intent in intents}
    assert len(orders) == counted["sent"] >= ROUNDS / 6
    assert len({order.client_order_id for order in orders.values()}) == len(orders), "one order for each id"
    assert {order.client_order_id for order in orders.values()} <= set(keys), "no order without its intent"
    assert max(Counter(key for key, end in became if end == "sent").values()) == 1
    assert len({intent.decision_key for intent in intents}) == len(intents)
    assert watchman.most_positions <= MOST_POSITIONS
    assert watchman.most_notional <= MOST_NOTIONAL * Decimal("1.02"), "an entry that takes may fill above its plan"
    assert watchman.longest_naked_ms <= UNPROTECTED_MS
    bought = sum((fill.size for fill in fills if fill.opens), Decimal(0))
    assert bought == sum((intent.filled for intent in intents), Decimal(0))
    assert bought == sum((fill.size for fill in fills if not fill.opens), Decimal(0))
    assert {"symbol_busy", "duplicate_decision_key"} & set(counted)
