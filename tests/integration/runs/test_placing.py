"""A run that really places: in a stated order, each planned with what those before left, at most once."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
import pytest_asyncio
from attrs import define, evolve
from rich.console import Console

from mtf_adapters.sandbox.world import World
from mtf_adapters.sql import Database
from mtf_core.execution.opening import modes_differ
from mtf_core.inquiry import verify_run
from mtf_core.market import AccountState, PositionMode, WriteOutcome, WriteResult
from mtf_core.orders import EntryState
from mtf_core.planning import OrderPlan
from mtf_core.ports import Environment, ExchangeUnavailableError, TradingRefusedError
from mtf_core.reasons import Reason
from mtf_core.records import OrderStatus, SymbolStatus
from mtf_core.risk import GLOBAL_SWITCH, Switch
from mtf_core.runs import Orchestrator, RunReport, RunRequest
from mtf_core.settings.profile import Profile
from mtf_core.settings.trading import OrderSettings
from mtf_entrypoints.cli.render.run_report import print_report
from tests.integration.execution.counter import ACCOUNT, Asked, a_world, beat, environment_on
from tests.integration.runs.world import MARKET, NOW_MS, eager
from tests.integration.runs.world import world as dry_world

LIVE = RunRequest(dry_run=False)


@define(eq=False)
class Floor:
    """Runs of one process on the sandbox's own exchange, with somebody who supervises."""

    world: World
    exchange: Asked
    environment: Environment
    orchestrator: Orchestrator

    async def run(self, request: RunRequest = LIVE) -> RunReport:
        await beat(self.environment)
        return await self.orchestrator.run(request)

    async def switch_off(self, key: str) -> None:
        now_ms = self.environment.venue.clock.now_ms()
        await self.environment.stores.switches.put([Switch(key, False, None, "operator", now_ms)])


def floor_on(database: Database, world: World, profile: Profile | None = None, **changes: object) -> Floor:
    exchange = Asked(world, ACCOUNT)
    environment = environment_on(database, world, exchange, profile=profile, **changes)
    return Floor(world, exchange, environment, Orchestrator(environment))


@pytest_asyncio.fixture
async def floor(migrated_sqlite_url: str) -> AsyncIterator[Floor]:
    async with Database.open(migrated_sqlite_url) as database:
        yield floor_on(database, a_world(MARKET, NOW_MS))


def statuses(report: RunReport) -> dict[str, OrderStatus]:
    return {symbol: result.order.status for symbol, result in report.results.items() if result.order is not None}


def order_reasons(report: RunReport) -> set[Reason | None]:
    return {result.order.reason for result in report.results.values() if result.order is not None}


def plan_of(report: RunReport, symbol: str) -> OrderPlan:
    plan = report.results[symbol].plan
    assert plan is not None
    return plan


async def test_every_ready_symbol_is_entered_once_with_its_stop(floor: Floor) -> None:
    report = await floor.run()
    sent = {order.symbol: order for order in floor.exchange.entries}
    assert len(sent) == len(floor.exchange.entries) >= 3
    assert statuses(report) == dict.fromkeys(sent, OrderStatus.SUBMITTED)
    for symbol, order in sent.items():
        plan = plan_of(report, symbol)
        assert (order.price, order.size, order.stop and order.stop.price) == (
            plan.worst_entry_price,
            plan.size,
            plan.stop_price,
        )
    assert {order.client_order_id for order in floor.exchange.entries} == {
        intent.attempt.client_order_id for intent in await floor.environment.stores.orders.live()
    }


async def test_entries_go_in_order_of_the_net_r_of_their_first_target_then_symbol(floor: Floor) -> None:
    report = await floor.run()
    ranks = [(-plan_of(report, order.symbol).take_profits[0].net_r, order.symbol) for order in floor.exchange.entries]
    assert ranks == sorted(ranks)


async def test_the_report_counts_what_was_submitted_and_names_the_ids(floor: Floor) -> None:
    document = (await floor.run()).to_json()
    placed = document["orders_placed"]
    assert (placed["total"], placed["simulated"], placed["refused"]) == (placed["submitted"], 0, 0)
    assert not document["dry_run"]
    for line in placed["orders"]:
        order = document["results"][line["symbol"]]["order"]
        intent = await floor.environment.stores.orders.intent(line["decision_key"])
        assert intent is not None
        assert order["status"] == line["status"] == "submitted"
        assert order["client_order_id"] == line["client_order_id"] == intent.attempt.client_order_id
        assert order["order_id"] == line["order_id"] == intent.attempt.order_id
        assert intent.terms.run_id == document["run_id"]
    stored = await floor.environment.stores.runs.run(document["run_id"])
    assert stored is not None


async def test_a_dry_run_on_the_same_exchange_decides_alike_and_sends_nothing(floor: Floor) -> None:
    dry = await floor.run(RunRequest())
    assert floor.exchange.entries == []
    live = await floor.run()
    assert set(statuses(dry).values()) == {OrderStatus.SIMULATED}
    assert set(statuses(dry)) == set(statuses(live))
    first = floor.exchange.entries[0].symbol
    assert evolve(plan_of(dry, first), steps=()) == evolve(plan_of(live, first), steps=())


async def test_those_after_are_planned_with_the_balance_less_what_those_before_took(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        profile = eager(trade_entry__defaults__initial_margin_usdt=500)
        floor = floor_on(database, a_world(MARKET, NOW_MS, balance=700), profile)
        report = await floor.run()
    budgets = [plan_of(report, order.symbol).budget_usdt for order in floor.exchange.entries]
    assert budgets[0] == 500
    assert budgets == sorted(budgets, reverse=True)
    assert budgets[1] < 500
    spent = sum(plan_of(report, order.symbol).margin_usdt for order in floor.exchange.entries)
    assert spent <= 700


async def test_the_next_run_enters_none_of_them_again(floor: Floor) -> None:
    await floor.run()
    first = {order.symbol for order in floor.exchange.entries}
    await floor.run()
    for switch in await floor.environment.stores.switches.all():  # whatever the switches say
        await floor.environment.stores.switches.put([evolve(switch, on=True)])
    again = await floor.run(RunRequest(dry_run=False, skip_open_state_filter=True, force_run=True))
    assert first <= set(statuses(again))
    assert all(statuses(again)[symbol] is OrderStatus.SKIPPED for symbol in first)
    sent = [order.symbol for order in floor.exchange.entries]
    assert len(sent) == len(set(sent))


async def test_guards_refuse_without_a_supervisor(floor: Floor) -> None:
    report = await floor.orchestrator.run(LIVE)
    assert order_reasons(report) == {Reason.SUPERVISOR_NOT_RUNNING}
    assert report.to_json()["orders_placed"]["refused"] == len(statuses(report)) > 0
    assert floor.exchange.entries == []


async def test_the_kill_switch_stops_the_entries_that_are_left(floor: Floor) -> None:
    async def kill(outcome: WriteOutcome) -> WriteOutcome:
        await floor.switch_off(GLOBAL_SWITCH)
        return outcome

    floor.exchange.after = kill
    report = await floor.run()
    assert len(floor.exchange.entries) == 1
    assert sorted(statuses(report).values()).count(OrderStatus.SUBMITTED) == 1
    assert order_reasons(report) == {None, Reason.KILL_SWITCH_ON}


async def test_a_limit_of_positions_holds_within_a_run_and_over_processes(migrated_sqlite_url: str) -> None:
    world, profile = a_world(MARKET, NOW_MS), eager(trade_entry__risk__max_concurrent_positions=2)
    async with Database.open(migrated_sqlite_url) as one, Database.open(migrated_sqlite_url) as other:
        floors = [floor_on(one, world, profile), floor_on(other, world, profile)]
        request = RunRequest(dry_run=False, lock_per_symbol=True)
        await asyncio.gather(*(floor.run(request) for floor in floors))
        sent = [order.symbol for floor in floors for order in floor.exchange.entries]
        assert len(sent) == len(set(sent)) == 2


async def test_two_runs_at_once_never_enter_a_symbol_twice(migrated_sqlite_url: str) -> None:
    world = a_world(MARKET, NOW_MS)
    async with Database.open(migrated_sqlite_url) as one, Database.open(migrated_sqlite_url) as other:
        floors = [floor_on(one, world), floor_on(other, world)]
        request = RunRequest(dry_run=False, lock_per_symbol=True)
        await asyncio.gather(*(floor.run(request) for floor in floors))
        sent = [order.symbol for floor in floors for order in floor.exchange.entries]
        assert len(sent) == len(set(sent)) >= 3


async def test_what_the_exchange_refuses_is_told_with_its_code_and_costs_the_others_nothing(floor: Floor) -> None:
    refused: list[str] = []

    async def refuse_first(outcome: WriteOutcome) -> WriteOutcome:
        if refused:
            return outcome
        refused.append(floor.exchange.entries[-1].symbol)
        return WriteOutcome(WriteResult.REJECTED, code="40012", text="balance not enough")

    floor.exchange.after = refuse_first
    report = await floor.run()
    order = report.results[refused[0]].order
    assert order is not None
    assert (order.status, order.reason) == (OrderStatus.SKIPPED, Reason.REJECTED_BY_EXCHANGE)
    assert (order.facts["code"], order.facts["text"]) == ("40012", "balance not enough")
    assert list(statuses(report).values()).count(OrderStatus.SUBMITTED) == len(floor.exchange.entries) - 1


async def test_once_the_account_cannot_be_read_again_nothing_more_is_entered(floor: Floor) -> None:
    """What was read of it at first has become too old for a plan to rest on."""

    async def away(**_: object) -> AccountState:
        raise ExchangeUnavailableError("the line is dead")

    async def take_long(outcome: WriteOutcome) -> WriteOutcome:
        floor.world.advance(61_000)
        floor.exchange.sync = away  # type: ignore[method-assign]
        return outcome

    floor.exchange.after = take_long
    report = await floor.run()
    assert len(floor.exchange.entries) == 1
    entered = floor.exchange.entries[0].symbol
    reasons = {symbol: result.order.reason for symbol, result in report.results.items() if result.order is not None}
    assert reasons.pop(entered) is None
    assert set(reasons.values()) == {Reason.ACCOUNT_STATE_UNKNOWN}


async def test_what_an_exchange_cannot_trace_is_not_sent_there_and_the_report_says_why(
    migrated_sqlite_url: str,
) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        floor = floor_on(database, a_world(MARKET, NOW_MS))
        venue = floor.environment.venue
        lacking = evolve(venue, capabilities=evolve(venue.capabilities, request_deadline=None))
        floor.environment = evolve(floor.environment, venue=lacking)
        floor.orchestrator = Orchestrator(floor.environment)
        report = await floor.run()
    assert order_reasons(report) == {Reason.EVIDENCE_NOT_AVAILABLE}
    assert set(statuses(report).values()) == {OrderStatus.SKIPPED}
    assert floor.exchange.entries == []


async def test_an_unknown_outcome_counts_as_submitted_and_says_so(floor: Floor) -> None:
    async def lost(_: WriteOutcome) -> WriteOutcome:
        return WriteOutcome(WriteResult.UNKNOWN, text="no answer within 3 s")

    floor.exchange.after = lost
    report = await floor.run(RunRequest(dry_run=False, symbols=("BTCUSDT",)))
    order = report.results["BTCUSDT"].order
    assert order is not None
    assert (order.status, order.facts["state"]) == (OrderStatus.SUBMITTED, str(EntryState.UNKNOWN))


async def test_a_symbol_whose_order_breaks_fails_alone_and_is_among_the_errors(floor: Floor) -> None:
    async def break_first() -> WriteOutcome | None:
        if floor.exchange.leverages == 1:
            raise ExchangeUnavailableError("the line is dead")
        return None

    floor.exchange.at_leverage = break_first
    report = await floor.run()
    broken = [symbol for symbol, status in statuses(report).items() if status is OrderStatus.ERROR]
    document = report.to_json()
    assert len(broken) == 1
    assert document["status"] == "completed_with_errors"
    assert document["errors"] == [
        {"symbol": broken[0], "code": "ExchangeUnavailableError", "message": "the line is dead"}
    ]
    assert report.results[broken[0]].status is SymbolStatus.READY
    assert len(floor.exchange.entries) == len(statuses(report)) - 1


async def test_an_account_in_the_wrong_position_mode_enters_nothing(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        world = a_world(MARKET, NOW_MS)
        floor = floor_on(database, world)
        await floor.exchange.set_position_mode(PositionMode.ONE_WAY)
        report = await floor.run()
        assert order_reasons(report) == {Reason.MODES_DIFFER}
        assert "one_way" in (await floor.environment.stores.orders.standing()).why
    assert "does not say" in modes_differ(None, OrderSettings())


async def test_a_past_instant_and_an_account_that_ends_with_the_command_only_give_dry_runs() -> None:
    async with dry_world(eager()) as past:
        with pytest.raises(TradingRefusedError, match="only give dry runs") as refused:
            await past.run(LIVE)
        assert refused.value.reason is Reason.TRADING_NOT_AVAILABLE


@pytest.mark.parametrize("stays", [False, True])
async def test_only_a_process_that_stays_trades_on_an_account_that_ends_with_it(
    migrated_sqlite_url: str, stays: bool
) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        floor = floor_on(database, a_world(MARKET, NOW_MS), stays=stays)
        floor.environment = evolve(floor.environment, venue=evolve(floor.environment.venue, is_passing=True))
        floor.orchestrator = Orchestrator(floor.environment)
        if stays:
            assert OrderStatus.SUBMITTED in statuses(await floor.run()).values()
        else:
            with pytest.raises(TradingRefusedError, match="would end with this command"):
                await floor.run()


async def test_available_balance_is_never_planned_below_nothing(migrated_sqlite_url: str) -> None:
    async with Database.open(migrated_sqlite_url) as database:
        floor = floor_on(database, a_world(MARKET, NOW_MS, balance=60))
        report = await floor.run()
    assert sum((plan_of(report, one.symbol).margin_usdt for one in floor.exchange.entries), Decimal(0)) <= 60
    assert Reason.INSUFFICIENT_MARGIN in order_reasons(report) or Reason.SIZE_BELOW_MIN_VOLUME in order_reasons(report)


async def test_the_report_on_the_screen_says_what_was_sent_and_what_failed(floor: Floor) -> None:
    async def break_first() -> WriteOutcome | None:
        if floor.exchange.leverages == 1:
            raise ExchangeUnavailableError("the line is dead")
        return None

    floor.exchange.at_leverage = break_first
    report = await floor.run()
    console = Console(record=True, width=200, file=io.StringIO())
    print_report(report, "market", console)
    shown = console.export_text()
    sent = len(floor.exchange.entries)
    assert f"{sent} orders sent, 1 not" in shown
    assert "order not sent, ExchangeUnavailableError: the line is dead" in shown
    assert shown.count("submitted") == sent


async def test_a_run_that_placed_can_be_decided_and_planned_again_from_what_it_stored(floor: Floor) -> None:
    """Each plan with the balance that was left for it, and the quote that was read for it."""
    report = await floor.run()
    found = await verify_run(floor.environment.stores, report.run_id)
    assert found is not None
    assert found.differences == ()
    assert found.plans == len(statuses(report))
