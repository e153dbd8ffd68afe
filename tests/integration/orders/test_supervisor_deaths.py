"""SIGKILL at numbered points of supervision, over HTTP against BitMart's face, on real databases.

Whatever was under way: the next process has the position protected by exactly one stop within five seconds of its first
look, or closed, and what the store says in the end is what the exchange has.

`make deaths` dies at every point on both databases, CI at a few.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from attrs import define, evolve

from mtf_adapters.local import FileHighWater
from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import parse_script
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world_clock import FlowingClock
from mtf_core.execution import Guards, MarketQuality, Submitted, open_desk, submit
from mtf_core.market import Fill, OpenOrder, Quote, TimeInForce, TriggerLevel, TriggerPrice, TriggerPurpose
from mtf_core.market import on_grid_at_or_below as below
from mtf_core.orders import Draft, EntryState, EventKind, Intent, PositionState
from mtf_entrypoints.container import opened
from mtf_entrypoints.served_sandbox import variables_for
from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.execution.counter import AT_MS
from tests.integration.execution.dying import allows, draft_of
from tests.integration.orders.dying_supervisor import OVER, PROTECTED
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.orders.standstill import seconds_within, standstills

SYMBOL, KEY = "BTCUSDT", "BTCUSDT:5m:1:long"
WORK = "tests.integration.orders.dying_supervisor"
EVERY = os.environ.get("DEATHS") == "all"
CHOSEN = os.environ.get("DEATH_POINTS", "9,27,45,63")
POINTS = range(1, 500) if EVERY else tuple(map(int, CHOSEN.split(",")))
"""Where supervisors die; a life has some fifty to a hundred."""
WITHIN_S = 5.0
AT_ONCE = 4


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(WORK) as ready:
        yield ready


@define(eq=False)
class Scene:
    """One account at the exchange with one intent, and processes that supervise it."""

    sandbox: BitmartSandbox
    variables: Mapping[str, str]
    children: Nursery
    folder: Path

    @property
    def engine(self) -> NativeExchange:
        return NativeExchange(self.sandbox.world, ACCOUNT)

    @property
    def data(self) -> Path:
        """The user's data folder of all its processes: the next scene may get the same port, so the same account."""
        return self.folder / "data"

    def settings(self) -> Settings:
        return read_settings(environ=dict(self.variables), dotenv=Path("absent.env"))

    async def life(self, aim: str, die_at: int = 0) -> tuple[int, dict[str, Any]]:
        """How the process ended, and what it said if it lived."""
        out, words = self.folder / "said", (KEY, aim, str(die_at))
        async with standstills() as still:
            code = await self.children.life(f"{WORK}:main", *words, variables=self.variables, out=out)
        if code:
            return code, {"said": out.read_text()}
        told = json.loads(out.read_text())
        return code, told | {"still": [*map(tuple, told["still"]), *still]}

    async def enter(self, change: Callable[[Draft, Quote], Draft]) -> None:
        async with opened(self.settings(), high_water=FileHighWater(self.data / "mtf" / "orders")) as container:
            desk = await open_desk(container.environment())
            market = desk.environment.venue.market
            contract = next(one for one in await market.contracts() if one.symbol == SYMBOL)
            quote = (await market.quotes([SYMBOL]))[SYMBOL]
            assert isinstance(quote, Quote)
            draft = change(draft_of(contract, quote, KEY, desk.now_ms, desk.environment.stores.namespace), quote)
            outcome = await submit(desk, draft, Guards(allows, allows), MarketQuality.of(quote), switch_minutes=15)
            assert isinstance(outcome, Submitted), outcome

    async def told(self) -> tuple[Intent, list[EventKind], tuple[Fill, ...]]:
        """What the store says: the intent, its story, and the executions of its symbol."""
        async with opened(self.settings()) as container:
            orders = container.stores().orders
            intent = await orders.intent(KEY)
            assert intent is not None
            events = [stored.event.kind for stored in await orders.events(KEY)]
            return intent, events, await orders.fills(SYMBOL, 0)

    async def entries(self) -> list[OpenOrder]:
        """Every order of the entry that the exchange ever had."""
        ended = await self.engine.order_history(SYMBOL, 0, self.sandbox.world.clock.now_ms())
        return [order for order in (*await self.engine.open_orders(SYMBOL), *ended) if order.may_open]

    async def held(self) -> Decimal:
        return sum((position.size for position in (await self.engine.sync()).positions), Decimal(0))

    def show(self, price: Decimal) -> None:
        """The market is at this price for a moment, in which stops fire."""
        world = self.sandbox.world
        contract = world.engine.contract(SYMBOL)
        assert contract is not None
        world.quote(SYMBOL)
        tick, size = contract.tick_size, Decimal(100_000)
        world.happen(Tick(SYMBOL, (Level(price - tick, size),), (Level(price + tick, size),), last=price, mark=price))


def taking(draft: Draft, quote: Quote) -> Draft:
    """An entry that fills at once; its stop is an order of its own."""
    tick = draft.terms.tick_size

    def at(factor: str) -> Decimal:
        return below(quote.mark.price * Decimal(factor), tick)

    attempt = evolve(draft.attempt, price=at("1.002"), time_in_force=TimeInForce.IOC)
    stop = TriggerLevel(at("0.95"), TriggerPrice.MARK)
    return evolve(draft, attempt=attempt, wanted=evolve(draft.wanted, stop=stop))


def too_late(draft: Draft, _: Quote) -> Draft:
    """An entry that rests below the market, and whose time is over in a moment."""
    return evolve(draft, terms=evolve(draft.terms, order_timeout_ms=1))


async def begin_protecting(scene: Scene) -> None:
    await scene.enter(taking)


async def begin_closing(scene: Scene) -> None:
    """A protected position whose stop fires."""
    await scene.enter(taking)
    code, said = await scene.life(PROTECTED)
    assert code == 0, said
    intent, _, _ = await scene.told()
    scene.show(intent.stop.price - 10)


async def begin_cancelling(scene: Scene) -> None:
    await scene.enter(too_late)


async def check_protected(scene: Scene) -> None:
    """Exactly one stop over all that is held, and the target; both known to the store."""
    intent, _, _ = await scene.told()
    orders = await scene.engine.open_orders(SYMBOL)
    (stop,) = [one for one in orders if one.purpose is TriggerPurpose.STOP]
    assert len([one for one in orders if one.purpose is TriggerPurpose.TARGET]) == 1, orders
    assert (intent.entry, intent.position) == (EntryState.DONE, PositionState.PROTECTED)
    assert await scene.held() == intent.progress.held == intent.wanted.size
    assert stop.trigger is not None
    assert stop.trigger.price == intent.stop.price
    assert stop.size in {None, intent.wanted.size}


async def check_closed(scene: Scene) -> None:
    intent, events, _ = await scene.told()
    assert (intent.entry, intent.position) == (EntryState.DONE, PositionState.CLOSED)
    assert await scene.held() == 0
    assert await scene.engine.open_orders(SYMBOL) == ()
    assert events.count(EventKind.CLOSED) == 1


async def check_cancelled(scene: Scene) -> None:
    intent, events, _ = await scene.told()
    assert not intent.is_live
    assert (intent.filled, intent.position) == (0, PositionState.NONE)
    assert await scene.engine.open_orders(SYMBOL) == ()
    assert len([kind for kind in events if kind in {EventKind.CANCELLED, EventKind.EXPIRED}]) == 1


def executions(fills: Sequence[Fill]) -> list[tuple[object, ...]]:
    """What was executed, without ids: the face gives the engine's others."""
    return sorted((fill.time_ms, fill.opens, fill.price, fill.size, fill.fee) for fill in fills)


STORIES = {
    "protecting": (begin_protecting, PROTECTED, check_protected),
    "closing": (begin_closing, OVER, check_closed),
    "cancelling": (begin_cancelling, OVER, check_cancelled),
}


@asynccontextmanager
async def scene_on(url: str, folder: Path, children: Nursery) -> AsyncIterator[Scene]:
    folder.mkdir()
    script = parse_script("quirks: {rate_limits: false}")
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 4), FlowingClock(AT_MS), script=script)
    async with sandbox.beating(), served(sandbox) as address:
        scene = Scene(sandbox, variables_for(sandbox.addresses(address)), children, folder)
        outside = {"DATABASE_URL": url, "XDG_DATA_HOME": str(scene.data), "HOME": str(folder)}
        yield evolve(scene, variables={**scene.variables, **outside})


async def death_at(point: int, story: str, scene: Scene) -> tuple[float, float] | None:
    """Dies there, and is followed by another one: how many seconds that one took, and for how many of these it or its
    exchange stood still because the machine was busy; None: the first one lived."""
    begin, aim, check = STORIES[story]
    await begin(scene)
    died, said = await scene.life(aim, point)
    if died:
        assert died == -signal.SIGKILL, said
        code, said = await scene.life(aim)
        assert code == 0, (point, said)
    assert said["work"] is not None, (point, said)
    await check(scene)
    assert len(await scene.entries()) == 1
    _, _, stored = await scene.told()
    assert executions(stored) == executions(await scene.engine.fills(SYMBOL, 0, AT_MS + 10**9))
    begun_s, done_s = said["work"]
    return (done_s - begun_s, seconds_within((begun_s, done_s), said["still"])) if died else None


@pytest.mark.parametrize(
    ("story", "fresh_database"),
    [
        pytest.param(story, database, id=f"{story}-{database}")
        for story in STORIES
        for database in ("sqlite", "postgres")
        if EVERY or (database == "postgres") == (story == "protecting")
    ],
    indirect=["fresh_database"],
)
async def test_whoever_comes_after_a_killed_supervisor_finishes_its_work(
    story: str, fresh_database: Callable[[], str], tmp_path: Path, children: Nursery
) -> None:
    async def at(point: int) -> tuple[float, float] | None:
        async with scene_on(fresh_database(), tmp_path / str(point), children) as scene:
            try:
                return await death_at(point, story, scene)
            except AssertionError as fault:
                faults.append(f"point {point}: {fault}")
                return 0.0, 0.0

    took: list[tuple[float, float] | None] = []
    faults: list[str] = []
    points = iter(POINTS)
    while None not in took and (some := list(islice(points, AT_ONCE))):
        took += await asyncio.gather(*(at(point) for point in some))
    deaths = [seconds for seconds in took if seconds is not None]
    longest, at_work = max(took for took, _ in deaths), max(took - still for took, still in deaths)
    print(  # noqa: T201
        f"{story}: {len(deaths)} deaths, the slowest successor took {longest:.1f} s; at work, at most {at_work:.1f} s"
    )
    assert faults == []
    assert story != "protecting" or at_work <= WITHIN_S
    assert len(deaths) >= 2
