"""A replay's losses and locks beside those of a real account, on the same account states, rows and trades.

The real one is measured as a supervisor does, with a look at the last millisecond before each midnight, on a store in
memory. From the replay's book everything has to come out the same: results, locks, and what is locked when.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Iterator
from decimal import Decimal
from typing import cast

import pytest
import pytest_asyncio
from attrs import define, evolve, frozen

from mtf_adapters.sql import Database
from mtf_core.execution.losses import measure_losses
from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS, AccountState, CashFlow, FlowKind, Position, Side
from mtf_core.orders import EventKind, LifecycleEvent, Trade
from mtf_core.ports import Environment, Trading
from mtf_core.replay.losses import LossBook
from mtf_core.risk import Losses, RiskLock, Span
from mtf_core.settings.trade_entry import RiskSettings
from tests.integration.risk.test_losses import Rows
from tests.integration.runs.world import eager, world_on
from tests.unit.replay.ledgers import a_trade
from tests.unit.risk.facts import usdt

D = Decimal
ZERO, WALLET = D(0), D(1000)
PROFILE = "scalper"
MONDAY_MS = 4 * DAY_MS + 2920 * 7 * DAY_MS
"""A Monday, 00:00 UTC."""
EVERY_LIMIT = evolve(
    usdt(daily_max_loss_usdt=60, weekly_max_loss_usdt=110, daily_max_loss_percent=7), max_consecutive_losses=4
)


@pytest_asyncio.fixture
async def database() -> AsyncIterator[Database]:
    async with Database.open("memory") as opened:
        yield opened


@frozen
class Step:
    """What has happened since the step before, and what is open at this instant."""

    at_ms: int
    flows: tuple[CashFlow, ...] = ()
    unrealised: Decimal = ZERO
    ended: tuple[Decimal, ...] = ()
    """What trades ended with, the oldest first."""


@define(eq=False)
class Both:
    """The real measure and the replay's, side by side."""

    environment: Environment
    rows: Rows
    risk: RiskSettings
    book: LossBook
    wallet: Decimal = WALLET
    told: int = 0

    async def take(self, step: Step) -> tuple[Losses, Losses]:
        """What both know at the step, the real one first."""
        self.rows.flows += step.flows
        self.wallet += sum((flow.amount for flow in step.flows), D(0))
        account = self._account(step)
        day_ms = Span.DAY.start_of(step.at_ms)
        if day_ms not in self.book.days:
            # A replay is at each midnight at which something is open; else nothing has changed since.
            self.book.open_day(day_ms, evolve(account, time_ms=day_ms))
        self.book.book(step.flows)
        for net in step.ended:
            self.told += 1
            key = f"key-{self.told}"
            details = {"profile": PROFILE, "net_usdt": str(net)}
            closed = LifecycleEvent(key, "BUSDT", 1, EventKind.CLOSED, step.at_ms, details)
            await self.environment.stores.orders.note((closed,), "run", step.at_ms)
            self.book.ended(evolve(cast(Trade, a_trade().trade), net_usdt=net))
        real = await measure_losses(self.environment, self.risk, PROFILE, account)
        return real, self.book.measure(account)

    async def see(self, step: Step) -> None:
        """What a supervisor sees without a run, such as just before midnight: it keeps the equity."""
        await measure_losses(self.environment, self.risk, PROFILE, self._account(step))

    def _account(self, step: Step) -> AccountState:
        held = Position("BUSDT", Side.LONG, D(1), D(50), D(5), step.unrealised)
        positions = (held,) if step.unrealised else ()
        return AccountState(step.at_ms, D(0), self.wallet + step.unrealised, positions, ())


def both(database: Database, risk: RiskSettings) -> Both:
    rows = Rows()
    environment = world_on(database, eager()).environment
    venue = evolve(environment.venue, trading=cast("Trading", rows))
    return Both(evolve(environment, venue=venue), rows, risk, LossBook(risk, PROFILE))


def locks_of(locks: tuple[RiskLock, ...]) -> list[RiskLock]:
    """Without the instant at which each was put: a supervisor looks just before midnight, a replay at it."""
    return sorted((evolve(lock, locked_ms=0) for lock in locks), key=lambda lock: (lock.start_ms, lock.span))


def assert_alike(real: Losses, replayed: Losses) -> None:
    assert (replayed.day, replayed.week) == (real.day, real.week)
    assert replayed.ended == real.ended
    assert replayed.losing_streak == real.losing_streak
    now_known = {(lock.span, lock.start_ms) for lock in real.locks}
    of_replay = tuple(lock for lock in replayed.locks if (lock.span, lock.start_ms) in now_known)
    assert locks_of(of_replay) == locks_of(real.locks)


def a_story(seed: int, days: int) -> Iterator[Step]:
    """Some events a day, midnights among them and the seconds around the border; every fourth day nothing is open."""
    chance = random.Random(seed)
    number, unrealised = 0, D(0)
    for day in range(days):
        begins_ms = MONDAY_MS + day * DAY_MS
        minutes = sorted(chance.sample(range(2, 1438), 7))
        ends = [begins_ms, begins_ms + 4_999, begins_ms + 5_000, *(begins_ms + n * MINUTE_MS for n in minutes)]
        for at_ms in ends:
            flows, ended = [], []
            if at_ms % MINUTE_MS == 0 and chance.random() < 0.6 and at_ms > MONDAY_MS:
                amount = D(chance.randint(-30, 22))
                kind = chance.choice([FlowKind.REALISED_PROFIT, FlowKind.FEE, FlowKind.FUNDING])
                number += 1
                # What a minute touched has its last millisecond, what took at its open has the first.
                flows = [CashFlow(str(number), kind, "BUSDT", amount, at_ms - chance.choice([1, 1, MINUTE_MS]))]
                ended = [amount] if kind is FlowKind.REALISED_PROFIT else []
            if at_ms % MINUTE_MS == 0 and at_ms > MONDAY_MS:
                unrealised = D(0) if day % 4 == 3 else D(chance.randint(-25, 25))
            yield Step(at_ms, tuple(flows), unrealised, tuple(ended))


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("counts_unrealised", [True, False])
async def test_results_and_locks_are_those_of_a_real_account(
    database: Database, seed: int, counts_unrealised: bool
) -> None:
    two = both(database, evolve(EVERY_LIMIT, daily_loss_count_unrealized=counts_unrealised))
    for step in a_story(seed, days=16):
        if step.at_ms % DAY_MS == 0 and step.at_ms > MONDAY_MS:
            before = evolve(step, at_ms=step.at_ms - 1, flows=(), ended=())
            two.rows.flows += step.flows  # they lie before midnight
            two.wallet += sum((flow.amount for flow in step.flows), D(0))
            await two.see(before)
            two.book.book(step.flows)
            real, replayed = await two.take(evolve(step, flows=()))
        else:
            real, replayed = await two.take(step)
        assert_alike(real, replayed)
    assert two.book.locks, "something was locked"


async def test_the_stories_reach_every_kind_of_lock(database: Database) -> None:
    """Else the comparison would prove less than it says."""
    spans: set[Span] = set()
    for seed in range(6):
        async with Database.open("memory") as fresh:
            two = both(fresh, EVERY_LIMIT)
            for step in a_story(seed, days=16):
                await two.take(step)
            spans |= {lock.span for lock in two.book.locks}
    assert spans == {Span.DAY, Span.WEEK, Span.STREAK}


async def test_a_week_whose_first_days_were_quiet_is_locked_until_its_own_end(database: Database) -> None:
    """Nothing was open before Wednesday: the lock ends on Sunday night all the same, as a real one does."""
    two = both(database, usdt(weekly_max_loss_usdt=20))
    wednesday_ms = MONDAY_MS + 2 * DAY_MS + HOUR_MS
    await two.take(Step(wednesday_ms - HOUR_MS))
    lost = CashFlow("1", FlowKind.REALISED_PROFIT, "BUSDT", D(-20), wednesday_ms - 1)
    real, replayed = await two.take(Step(wednesday_ms, (lost,)))
    assert_alike(real, replayed)
    (lock,) = replayed.locks
    assert (lock.start_ms, lock.holds_at(MONDAY_MS + 7 * DAY_MS + 5_000)) == (MONDAY_MS, False)


async def test_in_the_first_five_seconds_of_a_day_the_day_before_may_still_lock(database: Database) -> None:
    two = both(database, usdt(daily_max_loss_usdt=20))
    midnight_ms = MONDAY_MS + DAY_MS
    await two.take(Step(midnight_ms - HOUR_MS))
    lost = CashFlow("1", FlowKind.REALISED_PROFIT, "BUSDT", D(-20), midnight_ms - 1)
    two.rows.flows.append(lost)
    two.wallet += lost.amount
    two.book.book([lost])
    real, replayed = await two.take(Step(midnight_ms + 4_999))
    assert_alike(real, replayed)
    assert [(lock.start_ms, lock.span) for lock in replayed.locks] == [(MONDAY_MS, Span.DAY)]


async def test_after_five_seconds_it_does_not(database: Database) -> None:
    two = both(database, usdt(daily_max_loss_usdt=20))
    midnight_ms = MONDAY_MS + DAY_MS
    await two.take(Step(midnight_ms - HOUR_MS))
    lost = CashFlow("1", FlowKind.REALISED_PROFIT, "BUSDT", D(-20), midnight_ms - 1)
    two.rows.flows.append(lost)
    two.wallet += lost.amount
    two.book.book([lost])
    real, replayed = await two.take(Step(midnight_ms + 5_000))
    assert_alike(real, replayed)
    assert replayed.locks == ()
