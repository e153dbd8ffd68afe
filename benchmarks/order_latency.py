"""How long from a plan in hand to the first byte of its entry on the wire: the program's share, and the exchange's.

On loopback, against the sandbox's BitMart face as a program of its own, with a real SQLite file whose
commits are synced. What is waited for the exchange on the way (the leverage, which stands first) is told apart.

Of the program's share two floors are told, taken in the same minute: the processor time that it used, in all its
threads, which an idle machine cannot be faster than; and the same waits for the disk with nothing else done, two
commits to an SQLite file and one mark beside it. A third is the same request sent by the bare HTTP client.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
from attrs import evolve, frozen
from benchmarks.wire import face

from mtf_adapters.bitmart.endpoints import SUBMIT_ORDER
from mtf_adapters.local.high_water import FileHighWater
from mtf_adapters.online.sending import Connections, Departure, Request
from mtf_core.execution import Desk, Ground, MarketQuality, Submitted, guards_for, open_desk, submit
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.market import (
    Contract,
    MarginMode,
    OrderKind,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders import Attempt, Draft, EntryState, Terms, Wanted, WantedTarget
from mtf_core.ports import Acquired, Mark
from mtf_core.risk import Heartbeat
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings

ROUNDS = int(os.environ.get("ROUNDS", "500"))
SYMBOL = "BTCUSDT"
MOST_MEDIAN_MS, MOST_P99_MS = 5.0, 20.0


class Watch:
    """When the bytes of a request began to leave, and how long the exchange was waited for before."""

    def __init__(self) -> None:
        self.left_s = 0.0
        self.left_cpu_s = 0.0
        self.waited_s = 0.0
        self.waited_cpu_s = 0.0
        self.request: httpx.Request | None = None
        self.departure: Any = None

    def install(self) -> None:
        real, watch = Departure.__call__, self

        async def noted(departure: Any, step: str, info: object) -> None:
            await real(departure, step, info)
            if departure is watch.departure and step.endswith("send_request_headers.started"):
                watch.left_s, watch.left_cpu_s = time.perf_counter(), time.process_time()

        made = Connections._built

        def kept(connections: Any, asked: Request, departure: Any) -> httpx.Request:
            request = made(connections, asked, departure)
            if asked.url.endswith(SUBMIT_ORDER.path):
                watch.request, watch.departure = request, departure
            return request

        Departure.__call__ = noted  # type: ignore[method-assign, assignment]
        Connections._built = kept  # type: ignore[method-assign, assignment]


class Waited:
    """The exchange, whose answers before the order are timed."""

    def __init__(self, trading: Any, watch: Watch) -> None:
        self._trading, self._watch = trading, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trading, name)

    async def set_leverage(self, *args: Any) -> Any:
        began, cpu = time.perf_counter(), time.process_time()
        try:
            return await self._trading.set_leverage(*args)
        finally:
            self._watch.waited_s = time.perf_counter() - began
            self._watch.waited_cpu_s = time.process_time() - cpu


class Floors:
    """The least that anybody would wait for the same bytes on this disk and this wire."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "floor.db", isolation_level=None)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE rows (content TEXT)")
        self._mark = FileHighWater(folder / "floor")
        self._client = httpx.AsyncClient(trust_env=False)
        self._number = 0

    async def disk_s(self) -> float:
        """Two commits of the size of an intent, and a mark that is raised."""
        began = time.perf_counter()
        for _ in range(2):
            self._database.execute("INSERT INTO rows VALUES (?)", ("x" * 3000,))
        self._number += 1
        await self._mark.raise_to("floor", Mark("store", self._number))
        return time.perf_counter() - began

    async def wire_s(self, sent: httpx.Request) -> float:
        """The very request once more, until its answer; the exchange knows the order, and makes no second one."""
        began = time.perf_counter()
        await self._client.request(sent.method, sent.url, headers=sent.headers, content=sent.content)
        return time.perf_counter() - began

    async def close(self) -> None:
        await self._client.aclose()
        self._database.close()


@frozen
class Found:
    """Of one entry, in milliseconds."""

    program: float
    processor: float
    disk: float
    before: float
    """The exchange's answer that it waited for on the way."""
    wire: float


def draft_of(contract: Contract, quote: Quote, key: str, now_ms: int, namespace: str) -> Draft:
    """A long limit worth some 60 USDT, two percent below the market."""
    price = on_grid_at_or_below(quote.mark.price * Decimal("0.98"), contract.tick_size)
    stop = on_grid_at_or_below(quote.mark.price * Decimal("0.95"), contract.tick_size)
    size = max(contract.min_size, on_grid_at_or_above(60 / contract.notional(Decimal(1), price), contract.size_step))
    attempt = Attempt(
        number=1,
        size=size,
        order_type=OrderType.LIMIT,
        price=price,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        carries_stop=False,
        client_order_id="",
        created_ms=now_ms,
        not_after_ms=now_ms + 10_000,
    )
    wanted = Wanted(
        symbol=contract.symbol,
        side=Side.LONG,
        size=size,
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        stop=TriggerLevel(stop, TriggerPrice.MARK),
        targets=(WantedTarget(quote.mark.price, Decimal(1)),),
    )
    notional = contract.notional(size, price)
    terms = Terms(
        profile="scalper_micro",
        run_id="latency",
        execution_timeframe=Timeframe.M5,
        contract_size=contract.contract_size,
        size_step=contract.size_step,
        min_size=contract.min_size,
        tick_size=contract.tick_size,
        planned_entry=price,
        risk_usdt=notional,
        fees_in_risk=True,
        one_r_fees_usdt=notional / 1000,
        notional_usdt=notional,
        margin_usdt=notional / 5,
        loss_at_stop_usdt=notional / 30,
        min_net_r=Decimal(0),
        zone=None,
        zone_was_touched=False,
        max_deviation=Decimal("0.05"),
        order_timeout_ms=120_000,
        out_of_zone_after_ms=30_000,
        end_of_zone=None,
        break_even_after_tp1=False,
        hard_time_stop_ms=None,
        protection_timeout_ms=5000,
        target_order=OrderType.MARKET,
        target_proximity=Decimal("0.003"),
        after_cancel_minutes=1,
    )
    return Draft(
        decision_key=key,
        wanted=wanted,
        terms=terms,
        attempt=attempt,
        planned_ms=now_ms,
        expires_ms=now_ms + 15_000,
        namespace=namespace,
    )


async def one(desk: Desk, watch: Watch, floors: Floors, number: int, ground: Ground) -> Found:
    """What one entry took; it is ended before the next one."""
    environment, now_ms = desk.environment, desk.now_ms
    lock = (await environment.locks.acquire(["latency"], "latency", 60_000))["latency"]
    assert isinstance(lock, Acquired)
    await desk.orders.beat(Heartbeat("latency", now_ms, now_ms), lock)
    quote = (await environment.venue.market.quotes([SYMBOL]))[SYMBOL]
    assert isinstance(quote, Quote)
    began, cpu = time.perf_counter(), time.process_time()
    key, namespace = f"{SYMBOL}:5m:{number}:long", environment.stores.namespace
    draft = draft_of(ground.contracts[SYMBOL], quote, key, desk.now_ms, namespace)
    guards = guards_for(desk, draft, environment.profiles(None), ground)
    outcome = await submit(desk, draft, guards, MarketQuality.of(quote), switch_minutes=0)
    assert isinstance(outcome, Submitted), outcome
    assert outcome.intent.entry is EntryState.RESTING, outcome
    assert watch.request is not None
    wire_s = await floors.wire_s(watch.request)
    await desk.trading.cancel(SYMBOL, outcome.intent.attempt.order_id, OrderKind.LIMIT)
    await desk.orders.save(evolve(outcome.intent, entry=EntryState.DONE))
    return Found(
        program=1000 * (watch.left_s - began - watch.waited_s),
        processor=1000 * (watch.left_cpu_s - cpu - watch.waited_cpu_s),
        disk=1000 * await floors.disk_s(),
        before=1000 * watch.waited_s,
        wire=1000 * wire_s,
    )


async def measured(folder: Path) -> list[Found]:
    watch, floors = Watch(), Floors(folder)
    watch.install()
    async with opened(read_settings()) as container:
        opened_desk = await open_desk(container.environment())
        desk = evolve(opened_desk, trading=Waited(opened_desk.trading, watch))
        environment, profile = desk.environment, desk.environment.profiles(None)
        listed = await environment.venue.market.contracts()
        await environment.stores.contracts.replace_all(listed, environment.wall.now_ms())
        found = []
        for number in range(ROUNDS + 5):
            account = await desk.trading.sync()
            losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
            found.append(await one(desk, watch, floors, number, Ground(account, losses, by_symbol(listed))))
    await floors.close()
    return found[5:]


def told(name: str, values: list[float]) -> tuple[float, float]:
    """Prints the median and the 99th percentile, and returns them."""
    ordered = sorted(values)
    median, p99 = statistics.median(ordered), ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
    print(f"{name:58}{median:8.2f} ms median{p99:9.2f} ms p99")
    return median, p99


def main() -> int:
    with face("--universe-size", "15") as there, tempfile.TemporaryDirectory() as folder:
        os.environ.update(there.environment(DATABASE_URL=f"sqlite:///{folder}/mtf.db", XDG_DATA_HOME=folder))
        found = asyncio.run(measured(Path(folder)))
    print(f"{len(found)} entries, from the plan to the first byte of the order; load {os.getloadavg()[0]:.1f}")
    median, p99 = told("the program", [one.program for one in found])
    told("  of it processor time, in all threads", [one.processor for one in found])
    told("  floor: two commits and a mark on this disk, alone", [one.disk for one in found])
    told("  the program without that floor", [max(0.0, one.program - one.disk) for one in found])
    told("the exchange, waited for before the order", [one.before for one in found])
    told("floor: the same request by the bare client, to its answer", [one.wire for one in found])
    is_met = median <= MOST_MEDIAN_MS and p99 <= MOST_P99_MS
    print(f"allowed to the program {MOST_MEDIAN_MS} ms median, {MOST_P99_MS} ms p99: {'met' if is_met else 'MISSED'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
