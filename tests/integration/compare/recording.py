"""Sessions through the whole order path, recorded in a database, with the minutes that a stream would have stored."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

from attrs import define, evolve, frozen

from mtf_adapters.files.config_dir import config_dir_in_use
from mtf_adapters.files.profiles import load_profile, load_replay
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sandbox.world_loop import pass_time
from mtf_adapters.sql import Database, namespace_of_run
from mtf_core.execution.supervisor import Supervisor
from mtf_core.market import DAY_MS, MINUTE_MS, Timeframe
from mtf_core.ports import Stores
from mtf_core.records import Selection
from mtf_core.replay.comparing.compare import CompareRequest, compare, runs_to_compare
from mtf_core.replay.comparing.comparison import Comparison
from mtf_core.run_request import RunRequest
from mtf_core.runs.executing import execute_plan, stored_plan
from mtf_core.upkeep.ingest import fetch_candles
from mtf_entrypoints.container import Container
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.session import (
    RUN_AFTER_MS,
    Session,
    SessionPlan,
    in_stepped_time,
    opened_in_stepped_time,
    trade,
)
from mtf_entrypoints.settings import SandboxOptions, Settings
from mtf_entrypoints.stored_runs import StoredRun

Meddling = Callable[[Container, SteppedClock], Awaitable[None]]


Supervised = Callable[[int], Awaitable[None]]


@frozen(kw_only=True)
class Script:
    """What is played."""

    seed: int
    minutes: int
    settle: int = 0
    symbols: int = 40
    start_ms: int = DEFAULT_INSTANT_MS
    profile: str | None = None
    config_dir: Path | None = None


def record(
    script: Script,
    url: str,
    meddling: Meddling | None = None,
    afterwards: Meddling | None = None,
    minutes_of: Sequence[str] = (),
) -> Session:
    """Plays the script into an empty database. `meddling` is done before the first minute, `afterwards` after the last;
    then the minutes of what was entered, and of these, are stored."""
    plan = SessionPlan(script.seed, script.start_ms, script.minutes, script.settle)
    clock = SteppedClock(plan.start_ms)
    settings = Settings(
        database_url=url,
        sandbox=SandboxOptions(seed=script.seed, universe_size=script.symbols),
        stays=True,
        config_dir=script.config_dir,
    )

    async def work() -> Session:
        async with opened_in_stepped_time(settings, clock, plan.seed) as container:
            if meddling is not None:
                await meddling(container, clock)
            session = await trade(container, clock, plan, RunRequest(dry_run=False, profile=script.profile))
            if afterwards is not None:
                await afterwards(container, clock)
            first_ms = plan.start_ms - (DAY_MS if minutes_of else 0)
            await store_minutes(container, first_ms, clock.now_ms(), minutes_of)
            return session

    return in_stepped_time(clock, work)


@frozen(kw_only=True)
class OneOrder:
    """One run of one symbol, and then nothing but supervision until it is flat."""

    symbol: str
    seed: int
    at_ms: int
    """The close of the minute that is decided by."""
    minutes: int
    """At most so many are supervised."""
    symbols: int = 12
    by_hand: bool = False
    """A dry run, whose plan an operator places."""


@define(eq=False)
class Hand:
    """Somebody who does things at the exchange, or makes its world another one; the default does nothing."""

    async def before(self, container: Container, supervised: Supervised) -> None:
        """Before the run. `supervised` lets seconds pass, in which the supervisor looks."""

    async def at(self, container: Container, now_ms: int) -> None:
        """Before each look of the supervisor after the run."""


def record_one(order: OneOrder, url: str, config_dir: Path, hand: Hand | None = None) -> None:
    """Plays one order into an empty database."""
    clock, hand = SteppedClock(order.at_ms), hand or Hand()
    settings = Settings(
        database_url=url,
        sandbox=SandboxOptions(seed=order.seed, universe_size=order.symbols),
        stays=True,
        config_dir=config_dir,
    )

    async def work() -> None:
        async with opened_in_stepped_time(settings, clock, order.seed) as container:
            orchestrator = container.orchestrator()
            desk = await orchestrator.desk()
            supervisor = Supervisor(desk)

            async def supervised(seconds: int) -> None:
                until_ms = clock.now_ms() + seconds * 1000
                while clock.now_ms() < until_ms:
                    await supervisor.look()
                    await pass_time(clock, min(1000, until_ms - clock.now_ms()))

            await hand.before(container, supervised)
            await supervisor.look()
            await pass_time(clock, RUN_AFTER_MS)
            await supervisor.look()
            report = await orchestrator.run(RunRequest(dry_run=order.by_hand, symbols=(order.symbol,)))
            if order.by_hand:
                key = report.results[order.symbol].decision_key
                assert key is not None
                await execute_plan(desk, await stored_plan(desk.environment.stores.runs, key), "tester")
            ends_ms = order.at_ms + order.minutes * MINUTE_MS
            while clock.now_ms() < ends_ms and await desk.orders.live():
                await hand.at(container, clock.now_ms())
                await pass_time(clock, max(100, await supervisor.look()))
            await pass_time(clock, max(0, ends_ms - clock.now_ms()))
            await supervisor.end()
            await store_minutes(container, order.at_ms - DAY_MS, clock.now_ms(), (order.symbol,))

    in_stepped_time(clock, work)


async def store_minutes(container: Container, first_ms: int, now_ms: int, symbols: Sequence[str] = ()) -> None:
    """The minutes of everything that was entered, or of these: a run does not look at a symbol that is busy."""
    environment = container.environment()
    page = await environment.stores.orders.history(1000)
    for symbol in sorted({*symbols, *(intent.symbol for intent in page.items)}):
        last_ms = Timeframe.M1.last_closed_open(now_ms)
        await fetch_candles(environment, symbol, Timeframe.M1, first_ms - MINUTE_MS, last_ms)


def eager_configuration(folder: Path) -> Path:
    """The shipped configuration, in which scalper_micro enters often and leaves soon."""
    shutil.copytree(config_dir_in_use(), folder)
    change(folder / "app/mtf_validations.scalper_micro.yaml", RULES)
    change(folder / "app/trade_entry.scalper_micro.yaml", ENTRIES)
    return folder


def change(file: Path, replaced: Mapping[str, str]) -> None:
    """Other texts in a file; each of them stood there."""
    text = file.read_text()
    for before, after in replaced.items():
        assert before in text, before
        text = text.replace(before, after)
    file.write_text(text)


RULES = {
    "        - near_vwap: 0.0012\n": "",
    "        - macd_hist_increasing_n: 1\n": "",
    "        - macd_hist_decreasing_n: {n: 1, eps_pct: 0.00001}\n": "",
    "        - ema20_over_50_with_tolerance_moderate\n": "",
}
ENTRIES = {"atr_k: 4.0": "atr_k: 1.5", "max_concurrent_positions: 3": "max_concurrent_positions: 6"}


@asynccontextmanager
async def stores_of(url: str) -> AsyncIterator[Stores]:
    """What a database recorded, for a process that has nothing else."""
    async with Database.open(url) as database:
        namespace = await namespace_of_run(database)
        assert namespace is not None
        yield StoredRun(database, namespace, None).stores


async def comparison(
    stores: Stores, config_dir: Path, *, profile: str = "scalper_micro", one_account: bool = False, **assumed: object
) -> Comparison:
    """Everything that the stores recorded beside its replay."""
    request = CompareRequest(
        profile=load_profile(profile, config_dir),
        run_ids=await runs_to_compare(stores, Selection()),
        settings=evolve(load_replay(config_dir), **assumed),
        candles=stores.candles,
        capabilities=CAPABILITIES,
        one_account=one_account,
    )
    found = await compare(stores, request)
    assert found is not None
    return found


def compared(url: str, config_dir: Path, *, one_account: bool = False, **assumed: object) -> Comparison:
    async def work() -> Comparison:
        async with stores_of(url) as stores:
            return await comparison(stores, config_dir, one_account=one_account, **assumed)

    return asyncio.run(work())


def copied(url: str, folder: Path) -> str:
    """The same recording in a file of its own, to be tampered with."""
    shutil.copy(url.removeprefix("sqlite:///"), folder / "mtf.db")
    return f"sqlite:///{folder / 'mtf.db'}"


KIND: Mapping[str, object] = {"delay_minutes": 0, "trade_through_ticks": 0, "slippage_bps": Decimal(0)}
"""Assumptions that are nearest to what the sandbox does."""
