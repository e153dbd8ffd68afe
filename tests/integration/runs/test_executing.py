"""One stored plan placed by hand: as it stands, through every guard, only while it may be acted on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from attrs import evolve

from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_adapters.sql import Database
from mtf_core.market import Quote
from mtf_core.problems import NotFoundError
from mtf_core.reasons import Reason
from mtf_core.records import OrderStatus, PlanRecord
from mtf_core.records.documents import from_document, to_document
from mtf_core.runs import RunRequest
from mtf_core.runs.executing import Executed, execute_plan, stored_plan
from tests.integration.execution.counter import a_world, beat
from tests.integration.runs.test_placing import Floor, floor_on, plan_of
from tests.integration.runs.world import MARKET, NOW_MS

SYMBOL = "BTCUSDT"


@pytest_asyncio.fixture
async def floor(migrated_sqlite_url: str) -> AsyncIterator[Floor]:
    async with Database.open(migrated_sqlite_url) as database:
        yield floor_on(database, a_world(MARKET, NOW_MS))


async def dry_key(floor: Floor) -> str:
    """A dry run that planned the symbol; the key of its decision."""
    report = await floor.run(RunRequest(symbols=(SYMBOL,)))
    key = report.results[SYMBOL].decision_key
    assert key is not None
    return key


async def execute(floor: Floor, key: str) -> Executed:
    await beat(floor.environment)
    stored = await stored_plan(floor.environment.stores.runs, key)
    return await execute_plan(await floor.orchestrator.desk(), stored, "tester")


async def test_a_stored_plan_is_placed_as_it_stands_and_once(floor: Floor) -> None:
    key = await dry_key(floor)
    plan = (await stored_plan(floor.environment.stores.runs, key)).plan
    first = await execute(floor, key)
    (order,) = floor.exchange.entries
    assert (order.price, order.size, order.stop and order.stop.price) == (
        plan.worst_entry_price,
        plan.size,
        plan.stop_price,
    )
    assert (first.order.status, first.order.client_order_id) == (OrderStatus.SUBMITTED, order.client_order_id)
    again = await execute(floor, key)
    assert again.order.status is OrderStatus.SKIPPED
    assert len(floor.exchange.entries) == 1
    audited = await floor.environment.stores.audit.history(10, action="execute_plan")
    assert [event.subject for event in audited.items] == [key, key]
    assert {str(event.details["status"]): event.details["reason"] for event in audited.items}["submitted"] == ""


async def test_a_plan_whose_time_is_over_is_refused(floor: Floor) -> None:
    key = await dry_key(floor)
    zone = (await stored_plan(floor.environment.stores.runs, key)).plan.zone
    assert zone is not None
    floor.world.advance(zone.expires_at_ms - NOW_MS + 1)
    executed = await execute(floor, key)
    assert executed.order.status is OrderStatus.SKIPPED
    assert executed.order.reason in {Reason.PLAN_EXPIRED, Reason.SKIPPED_OUT_OF_ZONE}
    assert floor.exchange.entries == []


async def test_a_plan_that_the_market_has_left_is_refused(floor: Floor) -> None:
    key = await dry_key(floor)
    plan = (await stored_plan(floor.environment.stores.runs, key)).plan
    tick = plan.tick_size
    floor.world.quote(SYMBOL)
    depth = (Level(plan.stop_price - tick, plan.size),), (Level(plan.stop_price + tick, plan.size),)
    floor.world.happen(Tick(SYMBOL, *depth, last=plan.stop_price, mark=plan.stop_price))
    executed = await execute(floor, key)
    assert (executed.order.reason, executed.order.facts["check"]) == (Reason.SKIPPED_OUT_OF_ZONE, "stop_price")
    assert floor.exchange.entries == []


async def test_guards_stand_before_it_as_before_any_entry(floor: Floor) -> None:
    key = await dry_key(floor)
    await floor.switch_off("global")
    executed = await execute(floor, key)
    assert executed.order.reason is Reason.KILL_SWITCH_ON
    assert floor.exchange.entries == []


async def test_a_contract_that_is_gone_is_not_traded_and_that_is_audited(floor: Floor) -> None:
    key = await dry_key(floor)
    contracts = floor.environment.stores.contracts
    left = [contract for contract in await contracts.all() if contract.symbol != SYMBOL]
    await contracts.replace_all(left, NOW_MS)
    executed = await execute(floor, key)
    assert executed.order.reason is Reason.SYMBOL_UNKNOWN
    (event,) = (await floor.environment.stores.audit.history(10, action="execute_plan")).items
    assert (event.actor, event.details) == (
        "tester",
        {"run_id": executed.run_id, "status": "skipped", "reason": "symbol_unknown"},
    )
    assert floor.exchange.entries == []


async def test_what_an_exchange_cannot_protect_is_not_placed_there(floor: Floor) -> None:
    key = await dry_key(floor)
    await beat(floor.environment)
    stored, desk = await stored_plan(floor.environment.stores.runs, key), await floor.orchestrator.desk()
    venue = evolve(desk.environment.venue, capabilities=evolve(desk.capabilities, request_deadline=None))
    executed = await execute_plan(evolve(desk, environment=evolve(desk.environment, venue=venue)), stored, "tester")
    assert executed.order.reason is Reason.EVIDENCE_NOT_AVAILABLE
    assert floor.exchange.entries == []


@pytest.mark.parametrize("stale", ["book", "mark"])
async def test_a_plan_is_acted_on_only_while_both_the_book_and_the_mark_are_fresh(floor: Floor, stale: str) -> None:
    key = await dry_key(floor)
    sound, old_ms = floor.exchange.quotes, NOW_MS - 3_600_000

    async def quotes(symbols: Sequence[str]) -> Any:
        answers = dict(await sound(symbols))
        quote = answers[SYMBOL]
        assert isinstance(quote, Quote)
        answers[SYMBOL] = evolve(quote, **{stale: evolve(getattr(quote, stale), time_ms=old_ms)})
        return answers

    floor.exchange.quotes = quotes  # type: ignore[method-assign]
    executed = await execute(floor, key)
    assert executed.order.reason is Reason.PLAN_EXPIRED
    assert floor.exchange.entries == []


async def test_only_the_newest_decision_of_a_symbol_can_be_executed(floor: Floor) -> None:
    key = await dry_key(floor)
    with pytest.raises(NotFoundError, match=f"its newest decision is {key}"):
        await stored_plan(floor.environment.stores.runs, f"{SYMBOL}:5m:0:long")
    with pytest.raises(NotFoundError, match="no run has just planned"):
        await stored_plan(floor.environment.stores.runs, "NOPEUSDT:5m:0:long")


async def test_a_stored_plan_reads_back_as_the_plan_and_an_older_one_as_none(floor: Floor) -> None:
    report = await floor.run(RunRequest(symbols=(SYMBOL,)))
    record = PlanRecord.of(plan_of(report, SYMBOL))
    assert record.plan() == plan_of(report, SYMBOL)
    document = to_document(record)
    del document["stop_trigger"]
    assert from_document(document, PlanRecord).plan() is None
