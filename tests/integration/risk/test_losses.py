"""Losses as they are measured with an account sync: from rows, with days, weeks and locks that outlive everybody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from decimal import Decimal
from typing import cast

import pytest
from attrs import define, evolve, field

from mtf_adapters.sql import Database
from mtf_core.execution.losses import measure_losses
from mtf_core.market import DAY_MS, AccountState, CashFlow, FlowKind, Position, Side
from mtf_core.orders import EventKind, LifecycleEvent
from mtf_core.ports import Environment, ExchangeError, ExchangeUnavailableError, Priority, Trading
from mtf_core.risk import EquityMark, Losses, OpeningSource, RiskDay, Span
from mtf_core.settings.trade_entry import RiskSettings
from tests.integration.runs.world import NOW_MS, eager, world_on
from tests.unit.risk.facts import usdt

DAY_START_MS, WEEK_START_MS = Span.DAY.start_of(NOW_MS), Span.WEEK.start_of(NOW_MS)
MINUTE_MS = 60_000
LIMIT = usdt(daily_max_loss_usdt=25)


@define(eq=False)
class Rows:
    """What an exchange booked. Everything else of trading is not asked for here."""

    flows: list[CashFlow] = field(factory=list)
    error: ExchangeError | None = None
    asked: list[tuple[int, int]] = field(factory=list)

    async def cash_flows(
        self, from_ms: int, until_ms: int, *, priority: Priority = Priority.ACCOUNT
    ) -> tuple[CashFlow, ...]:
        self.asked.append((from_ms, until_ms))
        if self.error is not None:
            raise self.error
        return tuple(flow for flow in self.flows if from_ms <= flow.time_ms <= until_ms)

    def book(self, amount: int, time_ms: int, kind: FlowKind = FlowKind.REALISED_PROFIT) -> None:
        self.flows.append(CashFlow(str(len(self.flows)), kind, "BUSDT", Decimal(amount), time_ms))


@define(eq=False)
class Process:
    """A process that measures, on a database that others may use as well."""

    environment: Environment
    risk: RiskSettings = LIMIT
    profile: str = "scalper"

    async def look(self, equity: int, time_ms: int, unrealised: int = 0) -> Losses:
        return await measure_losses(self.environment, self.risk, self.profile, account(equity, time_ms, unrealised))

    async def day(self, start_ms: int = DAY_START_MS) -> RiskDay | None:
        return await self.environment.stores.risk.day(start_ms)


def process(database: Database, rows: Rows | None, risk: RiskSettings = LIMIT, profile: str = "scalper") -> Process:
    environment = world_on(database, eager()).environment
    trading = cast("Trading | None", rows)
    return Process(evolve(environment, venue=evolve(environment.venue, trading=trading)), risk, profile)


def account(equity: int, time_ms: int, unrealised: int = 0) -> AccountState:
    held = Position("BUSDT", Side.LONG, Decimal(1), Decimal(50), Decimal(5), Decimal(unrealised))
    return AccountState(time_ms, Decimal(0), Decimal(equity), (held,) if unrealised else (), ())


def spans_locked(losses: Losses, now_ms: int) -> Sequence[Span]:
    return [lock.span for lock in losses.locks if lock.holds_at(now_ms)]


# --- the day --------------------------------------------------------------------------------------------------
async def test_a_day_begins_with_the_equity_that_was_seen_last_before_it(database: Database) -> None:
    rows = Rows()
    one = process(database, rows)
    await one.look(1000, DAY_START_MS - 20_000, unrealised=40)
    rows.book(-3, DAY_START_MS - 10_000)
    rows.book(-10, DAY_START_MS + 5)
    found = await one.look(957, NOW_MS, unrealised=10)
    assert (found.day.baseline, found.day.realised, found.day.unrealised, found.day.loss) == (997, -10, -30, 40)
    day = await one.day()
    assert day is not None
    assert day.source is OpeningSource.SEEN_BEFORE


async def test_what_is_seen_in_a_day_never_becomes_its_beginning(database: Database) -> None:
    """The second process comes to a day that the first one opened, and has seen nothing before."""
    rows = Rows()
    await process(database, rows).look(1000, DAY_START_MS - 1000)
    rows.book(-20, DAY_START_MS + 1000)
    await process(database, rows).look(980, DAY_START_MS + 2000)
    other = await process(database, rows).look(980, NOW_MS)
    assert (other.day.baseline, other.day.loss) == (1000, 20)


@pytest.mark.parametrize("seen_before_ms", [None, 3_600_001])
async def test_a_day_that_nobody_saw_begin_is_rebuilt_from_its_rows(
    database: Database, seen_before_ms: int | None
) -> None:
    rows = Rows()
    one = process(database, rows)
    if seen_before_ms is not None:
        await one.environment.stores.risk.put_mark(EquityMark(DAY_START_MS - seen_before_ms, Decimal(5000), Decimal(0)))
    rows.book(-20, DAY_START_MS)
    rows.book(300, NOW_MS - 5, FlowKind.TRANSFER)
    found = await one.look(1280, NOW_MS)
    assert (found.day.baseline, found.day.loss) == (1000, 20)


async def test_a_transfer_is_neither_a_loss_nor_a_gain(database: Database) -> None:
    rows = Rows()
    one = process(database, rows)
    await one.look(1000, DAY_START_MS - 1000)
    rows.book(-600, NOW_MS - 1, FlowKind.TRANSFER)
    assert spans_locked(await one.look(400, NOW_MS), NOW_MS) == []
    rows.book(-25, NOW_MS + 1)
    rows.book(9000, NOW_MS + 2, FlowKind.TRANSFER)
    assert spans_locked(await one.look(9375, NOW_MS + 5), NOW_MS + 5) == [Span.DAY]


async def test_without_the_rows_nothing_is_known_and_nothing_is_stored(database: Database) -> None:
    rows = Rows(error=ExchangeUnavailableError("down"))
    one = process(database, rows)
    with pytest.raises(ExchangeUnavailableError):
        await one.look(1000, NOW_MS)
    assert await one.day() is None
    assert await one.environment.stores.risk.mark() is None


async def test_a_lock_holds_for_every_process_and_after_every_gain(database: Database) -> None:
    rows = Rows()
    await process(database, rows).look(1000, DAY_START_MS - 1000)
    rows.book(-25, NOW_MS)
    assert spans_locked(await process(database, rows).look(975, NOW_MS), NOW_MS) == [Span.DAY]
    rows.book(500, NOW_MS + 1)
    later = await process(database, rows).look(1475, NOW_MS + MINUTE_MS)
    assert later.day.loss == -475
    assert spans_locked(later, NOW_MS + MINUTE_MS) == [Span.DAY]
    bold = process(database, rows, usdt(daily_max_loss_usdt=5000), profile="bold")
    assert spans_locked(await bold.look(1475, NOW_MS + MINUTE_MS), NOW_MS + MINUTE_MS) == []
    end = DAY_START_MS + DAY_MS
    assert spans_locked(await process(database, rows).look(1475, end + 4999), end + 4999) == [Span.DAY]
    assert spans_locked(await process(database, rows).look(1475, end + 5000), end + 5000) == []


async def test_a_loss_whose_row_comes_just_after_midnight_locks_the_day_that_it_belongs_to(database: Database) -> None:
    rows = Rows()
    one = process(database, rows)
    await one.look(1000, DAY_START_MS + 1)
    end = DAY_START_MS + DAY_MS
    rows.book(-30, end - 1)
    found = await one.look(970, end + 2000)
    assert [(lock.span, lock.start_ms) for lock in found.locks] == [(Span.DAY, DAY_START_MS)]
    assert spans_locked(found, end + 2000) == [Span.DAY]
    assert spans_locked(await one.look(970, end + 6000), end + 6000) == []


async def test_where_no_rows_can_be_read_the_change_of_the_account_counts(database: Database) -> None:
    one = process(database, None)
    await one.look(1000, NOW_MS - 5)
    found = await one.look(975, NOW_MS)
    assert (found.day.baseline, found.day.loss) == (1000, 25)
    assert await one.environment.stores.risk.mark() is None


async def test_processes_that_open_a_day_together_agree_on_its_beginning(database_url: str) -> None:
    rows = Rows()
    async with Database.open(database_url) as database, Database.open(database_url) as other:
        await process(database, rows).look(1000, DAY_START_MS - 1000)
        found = await asyncio.gather(
            *(
                process(at, rows).look(equity, DAY_START_MS + equity)
                for at in (database, other)
                for equity in range(900, 910)
            )
        )
    assert {one.day.baseline for one in found} == {Decimal(1000)}


# --- the week -------------------------------------------------------------------------------------------------
async def test_a_week_counts_from_monday_and_locks_until_its_end(database: Database) -> None:
    rows, risk = Rows(), usdt(weekly_max_loss_percent=5)
    one = process(database, rows, risk)
    await one.look(1000, WEEK_START_MS - 1000)
    rows.book(-30, WEEK_START_MS)
    rows.book(-19, WEEK_START_MS + 3 * DAY_MS)
    thursday = WEEK_START_MS + 3 * DAY_MS + 1
    found = await one.look(951, thursday)
    assert found.week is not None
    assert (found.week.baseline, found.week.loss, found.day.loss) == (1000, 49, 19)
    assert spans_locked(found, thursday) == []
    rows.book(-1, thursday + 1)
    assert spans_locked(await one.look(950, thursday + 2), thursday + 2) == [Span.WEEK]
    rows.book(500, thursday + 3)
    sunday = WEEK_START_MS + 7 * DAY_MS - 1
    assert spans_locked(await process(database, rows, risk).look(1450, sunday), sunday) == [Span.WEEK]
    assert spans_locked(await one.look(1450, sunday + 5001), sunday + 5001) == []


async def test_a_week_that_nobody_saw_begin_is_rebuilt_from_its_rows(database: Database) -> None:
    rows = Rows()
    rows.book(-40, WEEK_START_MS + 5)
    found = await process(database, rows, usdt(weekly_max_loss_usdt=50)).look(960, WEEK_START_MS + 2 * DAY_MS)
    assert found.week is not None
    assert (found.week.baseline, found.week.loss) == (1000, 40)


async def test_nobody_reads_a_week_of_rows_where_no_limit_asks_for_it(database: Database) -> None:
    rows = Rows()
    one = process(database, rows)
    tuesday = WEEK_START_MS + DAY_MS + 1
    assert (await one.look(1000, tuesday)).week is None
    assert rows.asked == [(WEEK_START_MS + DAY_MS, tuesday)]


# --- trades in a row ------------------------------------------------------------------------------------------
async def closed(at: Process, number: int, net: str | None, profile: str = "scalper", key: str = "") -> None:
    details = {"profile": profile} | ({} if net is None else {"net_usdt": net})
    event = LifecycleEvent(key or f"k{number}", "BUSDT", 1, EventKind.CLOSED, DAY_START_MS + number, details)
    await at.environment.stores.orders.note([event], "run", DAY_START_MS)


STREAK = RiskSettings(max_consecutive_losses=3)


async def test_so_many_lost_trades_one_after_the_other_lock_until_an_operator_lifts_it(database: Database) -> None:
    one = process(database, Rows(), STREAK)
    for number, net in enumerate(("-1", "2", "-0.01", "-5", None, "-7")):
        await closed(one, number, net)
    await closed(one, 7, "9", profile="regular")
    assert (await one.look(1000, NOW_MS)).losing_streak == 3
    await closed(one, 8, "50")
    found = await process(database, Rows(), STREAK).look(1000, NOW_MS + 30 * DAY_MS)
    assert found.losing_streak == 0
    assert spans_locked(found, NOW_MS + 30 * DAY_MS) == [Span.STREAK], "a win does not lift it, nor does time"


@pytest.mark.parametrize("last", ["0", "0.01"])
async def test_a_trade_that_loses_nothing_ends_a_streak(database: Database, last: str) -> None:
    one = process(database, Rows(), STREAK)
    for number, net in enumerate(("-1", "-1", last, "-1", "-1")):
        await closed(one, number, net)
    found = await one.look(1000, NOW_MS)
    assert (found.losing_streak, found.locks) == (2, ())


async def test_a_trade_that_closed_twice_is_one_trade_and_its_last_word_counts(database: Database) -> None:
    """A late execution opened it again."""
    one = process(database, Rows(), STREAK)
    for number, (key, net) in enumerate((("a", "-1"), ("b", "-1"), ("c", "2"), ("c", "-1"), ("c", "-2"))):
        await closed(one, number, net, key=key)
    assert (await one.look(1000, NOW_MS)).losing_streak == 3


async def test_trades_before_a_streak_was_lifted_do_not_count_again(database: Database) -> None:
    one = process(database, Rows(), STREAK)
    for number in range(3):
        await closed(one, number, "-1")
    (lock,) = (await one.look(1000, NOW_MS)).locks
    store = one.environment.stores.risk
    assert await store.lift(lock, evolve(lock, lifted_ms=DAY_START_MS + 2))
    assert spans_locked(await one.look(1000, NOW_MS), NOW_MS) == []
    for number in range(3, 6):
        await closed(one, number, "-1")
    assert spans_locked(await one.look(1000, NOW_MS), NOW_MS) == [Span.STREAK]


async def test_a_long_story_of_other_profiles_hides_no_loss(database: Database) -> None:
    one = process(database, Rows(), STREAK)
    for number in range(3):
        await closed(one, number, "-1")
    for number in range(3, 120):
        await closed(one, number, "1", profile="regular")
    assert (await one.look(1000, NOW_MS)).losing_streak == 3


# --- whatever comes -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
async def test_a_lock_lifts_only_with_its_span_whatever_is_booked_paid_and_restarted(seed: int) -> None:
    """Drawn days with gains, losses, transfers, late rows and other processes: a lock once seen holds to its end."""
    drawn, rows = random.Random(seed), Rows()
    risk = evolve(usdt(daily_max_loss_usdt=30, weekly_max_loss_usdt=70), max_consecutive_losses=0)
    seen: dict[tuple[Span, int], int] = {}
    equity, now_ms = 1000, WEEK_START_MS + 1
    async with Database.open("memory") as database:
        one = process(database, rows, risk)
        while now_ms < WEEK_START_MS + 8 * DAY_MS:
            kind = drawn.choice((FlowKind.REALISED_PROFIT, FlowKind.FUNDING, FlowKind.TRANSFER))
            amount = drawn.randint(-15, 14) if kind is not FlowKind.TRANSFER else drawn.randint(-400, 400)
            rows.book(amount, now_ms - drawn.choice((0, 1, 4000)), kind)
            equity += amount
            unrealised = drawn.choice((0, 0, -9, 25))
            process_of_now = one if drawn.random() < 0.7 else process(database, rows, risk)
            losses = await process_of_now.look(equity + unrealised, now_ms, unrealised)
            for lock in losses.locks:
                seen.setdefault((lock.span, lock.start_ms), lock.locked_ms)
                assert lock.locked_ms == seen[lock.span, lock.start_ms], "it is put once"
            held = {(lock.span, lock.start_ms) for lock in losses.locks if lock.holds_at(now_ms)}
            due = {
                (span, start) for span, start in seen if start - 5000 <= now_ms < start + (span.lasts_ms or 0) + 5000
            }
            assert held == due
            for result in losses.spans:
                limit = 30 if result.span is Span.DAY else 70
                assert result.loss < limit or (result.span, result.start_ms) in held
            now_ms += drawn.randint(1, 3 * 3_600_000)
    assert any(span is Span.DAY for span, _ in seen), "something was locked, else this says little"
