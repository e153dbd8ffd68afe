"""The watcher on a real store with real receivers: told once, whatever fails beside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from attrs import define, evolve

from mtf_adapters.alerts import HttpPing, WebhookReceiver
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sql import Database
from mtf_core.market import DAY_MS
from mtf_core.orders import Alarm, AlarmKind
from mtf_core.ports import Environment, Ping, Receiver, ReceiverError, StoreUnavailableError
from mtf_core.records import Message, ProcessKind, ProcessState, RunningProcess, RunStatus
from mtf_core.risk import EquityMark, RiskDay, RiskLock, Span
from mtf_core.settings.alerts import AlertSettings
from mtf_core.upkeep import kill, unkill
from mtf_core.watching import Pulse, Told, Troubled, Watcher, WatchNews, read_facts
from mtf_core.watching.conditions import conditions_of
from tests.integration.alerts.listening import Listener
from tests.integration.alerts.people import Beats, NoDisks, Person, with_store
from tests.integration.runs.world import NOW_MS, World, eager, world, world_on
from tests.integration.sql.examples import run

_PATIENT_S = 60
SETTINGS = AlertSettings(look_sec=1)


@define(eq=False)
class Post:
    """A watcher that is at work."""

    environment: Environment
    watcher: Watcher
    news: list[WatchNews]

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(_PATIENT_S):
            while not holds():
                await asyncio.sleep(0.01)


async def soon(_: float) -> None:
    await asyncio.sleep(0.01)


def on(there: World) -> Environment:
    """Time that passes, and pauses that do not last."""
    return evolve(there.environment, sleep=soon, timer=asyncio.get_running_loop().time)


@asynccontextmanager
async def watching(environment: Environment, *receivers: Receiver, ping: Ping | None = None) -> AsyncIterator[Post]:
    news: list[WatchNews] = []
    stopping = asyncio.Event()
    watcher = Watcher(environment, SETTINGS, receivers, NoDisks(), ping, news.append)
    task = asyncio.create_task(watcher.run(stopping))
    try:
        yield Post(environment, watcher, news)
    finally:
        stopping.set()
        await task


async def test_a_kill_switch_is_told_over_http_when_it_goes_on_and_when_it_goes_off(listener: Listener) -> None:
    async with world(eager()) as there:
        environment = on(there)
        async with watching(environment, WebhookReceiver(f"{listener.base_url}/hook")) as post:
            await kill(environment, "anna", "odd prices")
            await post.until(lambda: len(listener.heard) == 1)
            await unkill(environment, "anna", "fine again")
            await post.until(lambda: len(listener.heard) == 2)
    assert [(one.body["alert"], one.body["phase"]) for one in listener.heard] == [
        ("kill_switch_on", "began"),
        ("kill_switch_on", "ended"),
    ]


async def test_what_was_told_is_not_told_again_by_the_next_process_and_its_end_is(database: Database) -> None:
    there = world_on(database, eager())
    environment, first, second = on(there), Person("webhook"), Person("webhook")
    await kill(environment, "anna", "odd prices")
    async with watching(environment, first) as post:
        await post.until(lambda: first.told)
    async with watching(environment, second) as post:
        await asyncio.sleep(0.1)
        await unkill(environment, "anna", "fine again")
        await post.until(lambda: second.told)
    assert (first.told, second.told) == (["began kill_switch_on"], ["ended kill_switch_on"])


async def test_a_receiver_that_fails_is_told_later_and_holds_up_no_other() -> None:
    async with world(eager()) as there:
        environment = on(there)
        hangs, fails, well = Person("hangs", hangs=True), Person("fails", fails=5), Person("well")
        await kill(environment, "anna", "odd prices")
        async with watching(environment, hangs, fails, well) as post:
            await post.until(lambda: fails.told and well.told)
            troubles = [one for one in post.news if isinstance(one, Troubled)]
            await unkill(environment, "anna", "fine again")
            await post.until(lambda: len(well.told) == 2)
            receipts = await environment.stores.alerts.receipts(0)
    assert fails.told[0] == well.told[0] == "began kill_switch_on"
    bug = "a fault: ZeroDivisionError('a bug of ours')"
    assert [(one.who, one.why) for one in troubles] == [("fails", "busy")] * 4 + [("fails", bug)]
    assert {one.receiver for one in receipts} == {"fails", "well"}


async def test_each_pause_after_a_failure_is_twice_as_long_until_a_minute_and_as_long_as_is_asked_for() -> None:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        await asyncio.sleep(0.01)

    class Busy(Person):
        async def tell(self, message: Message) -> None:
            if self.fails == 1:
                self.fails = 0
                raise ReceiverError("busy", again_after_s=300)
            await super().tell(message)

    async with world(eager()) as there:
        environment = evolve(on(there), sleep=sleep)
        await kill(environment, "anna", "odd prices")
        person = Busy("webhook", fails=9)
        async with watching(environment, person) as post:
            await post.until(lambda: person.told)
    assert [pause for pause in pauses if pause > SETTINGS.look_sec] == [2, 4, 8, 16, 32, 60, 60, 60, 300]


async def test_a_store_that_does_not_answer_is_an_alert_itself_and_ends_nothing_that_stood() -> None:
    class Away:
        """A store of switches that cannot be read while it is away."""

        def __init__(self, store: object) -> None:
            self.store, self.is_away = store, False

        async def all(self) -> object:
            if self.is_away:
                raise StoreUnavailableError("disk full\nand more")
            return await self.store.all()  # type: ignore[attr-defined]

    async with world(eager()) as there:
        seconds = [0.0]
        away, person = Away(there.stores.switches), Person("webhook")
        environment = with_store(evolve(on(there), timer=lambda: seconds[0]), switches=away)
        await kill(there.environment, "anna", "odd prices")
        async with watching(environment, person) as post:
            await post.until(lambda: person.told)
            away.is_away = True
            seconds[0] = 19
            await asyncio.sleep(0.1)
            assert person.told == ["began kill_switch_on"]
            seconds[0] = 41
            await post.until(lambda: len(person.told) == 2)
            away.is_away = False
            await post.until(lambda: len(person.told) == 3)
        told = [one.message for one in post.news if isinstance(one, Told)]
    assert person.told == ["began kill_switch_on", "began store_unreachable", "ended store_unreachable"]
    assert told[1].text == "The store cannot be read: disk full."


async def test_the_outside_service_is_called_while_somebody_supervises_and_not_before_nor_after(
    listener: Listener,
) -> None:
    async with world(eager()) as there:
        seconds = [0.0]
        beats = Beats(there.stores.orders)
        environment = with_store(evolve(on(there), timer=lambda: seconds[0]), orders=beats)
        async with watching(environment, Person("webhook"), ping=HttpPing(f"{listener.base_url}/ping")) as post:
            await asyncio.sleep(0.2)
            assert listener.heard == [], "what is stored may be old"
            beats.lives = True
            await post.until(lambda: len(listener.heard) >= 2)
            beats.lives = False
            await asyncio.sleep(0.1)
            seconds[0] = 15.1
            await asyncio.sleep(0.2)
            called = len(listener.heard)
            await asyncio.sleep(0.3)
            assert len(listener.heard) == called
            beats.lives = True
            await post.until(lambda: len(listener.heard) > called)


async def test_everything_that_is_judged_is_read_from_the_store() -> None:
    async with world(eager()) as there:
        environment, name = on(there), there.environment.profiles(None).name
        day_ms = Span.DAY.start_of(NOW_MS)
        profile = eager(
            trading__profiles={name: {"enabled": True, "priority": 1}},
            trade_entry__risk__daily_max_loss_usdt=100,
            trade_entry__risk__daily_max_loss_percent=0,
        )
        environment = evolve(environment, profiles=lambda _: profile)
        stores = environment.stores
        await stores.orders.raise_alarms([Alarm(AlarmKind.STALE, "BTCUSDT:5m:1:long", "stale", NOW_MS)], NOW_MS)
        await stores.risk.open_day(RiskDay(day_ms, Decimal(1000), Decimal(1000), day_ms))
        await stores.risk.put_mark(EquityMark(NOW_MS, Decimal(930), Decimal(-20)))
        lifted = RiskLock(day_ms, name, Decimal(1000), Decimal(25), NOW_MS)
        await stores.risk.put_lock(lifted)
        await stores.risk.lift(lifted, evolve(lifted, lifted_ms=NOW_MS, forgiven=Decimal(25)))
        await stores.risk.put_lock(RiskLock(0, name, Decimal(0), Decimal(4), NOW_MS, Span.STREAK))
        ended = evolve(run("r1", NOW_MS, profile=name), dry_run=False)
        await stores.runs.start(ended, {"sha-1": {}})
        await stores.runs.finish(evolve(ended, status=RunStatus.FAILED, finished_ms=NOW_MS + 5), [])
        facts = await read_facts(environment, Pulse(), NoDisks())
    assert [alarm.kind for alarm in facts.alarms] == [AlarmKind.STALE]
    counted = profile.trade_entry.risk.daily_loss_count_unrealized
    (loss,) = facts.losses
    assert (loss.loss, loss.limit) == (Decimal(70 if counted else 50), Decimal(125))
    assert [lock.span for lock in facts.loss_locks] == [Span.STREAK]
    assert (facts.paces[0].ended_ms, facts.real_run_ms) == ((NOW_MS + 5,), NOW_MS + 5)


@pytest.mark.parametrize("passed_ms", [0, DAY_MS])
async def test_a_lock_of_a_day_is_told_until_the_day_has_ended(passed_ms: int) -> None:
    async with world(eager()) as there:
        clock = SandboxClock(NOW_MS + passed_ms)
        environment = evolve(on(there), venue=evolve(there.environment.venue, clock=clock))
        lock = RiskLock(Span.DAY.start_of(NOW_MS), "scalper", Decimal(1000), Decimal(60), NOW_MS)
        await environment.stores.risk.put_lock(lock)
        facts = await read_facts(environment, Pulse(), NoDisks())
    assert facts.loss_locks == ((lock,) if not passed_ms else ())


@pytest.mark.parametrize("is_passing", [True, False])
async def test_who_supervises_an_account_that_ends_with_its_process_is_nobody_else_s_to_miss(is_passing: bool) -> None:
    """As on the sandbox of `mtf supervise` itself, which another process never sees a sign of life of."""
    async with world(eager()) as there:
        environment = evolve(there.environment, venue=evolve(there.environment.venue, is_passing=is_passing))
        other = RunningProcess(ProcessKind.SUPERVISE, "supervisor-1", "box", 7, "0.1.0", "sandbox-1")
        await environment.stores.processes.beat(other, ProcessState.SUPERVISING)
        facts = await read_facts(environment, Pulse(), NoDisks())
        shown = [one.process.kind for one in facts.processes]
        assert shown == ([] if is_passing else [ProcessKind.SUPERVISE])
        (record,) = await environment.stores.processes.all()
    later = evolve(facts, processes=tuple(evolve(record, read_ms=record.started_ms + 600_000) for _ in facts.processes))
    words = {one.word for one in conditions_of(later, AlertSettings())}
    assert ("supervisor_missing" in words) is not is_passing
