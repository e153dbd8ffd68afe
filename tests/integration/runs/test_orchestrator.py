"""One run from end to end: every symbol gets one final reason, and what must not be traded is not."""

from __future__ import annotations

import asyncio
import importlib
import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, repeat
from typing import Any

import pytest
from attrs import evolve
from sqlalchemy import text

from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sql import Database, SqlSwitchStore
from mtf_adapters.sql.transactions import changing
from mtf_core.market import DAY_MS, ContractStatus, Timeframe
from mtf_core.orders import Intent
from mtf_core.ports import ExchangeUnavailableError, StoreUnavailableError
from mtf_core.problems import InvalidRequestError
from mtf_core.reasons import Reason
from mtf_core.records import OrderStatus, RunStatus, SymbolStatus
from mtf_core.records.documents import to_document
from mtf_core.risk import QueuedSymbol, RiskDay, Switch, SwitchChange
from mtf_core.runs import Orchestrator, RunReport, RunRequest
from mtf_core.settings.profile import Profile
from mtf_core.validation.decide import Decider, Stacks
from mtf_core.validation.decision import Decision, DecisionBatch
from tests.integration.runs.world import NOW_MS, World, eager, reasons, simulated, world, world_on
from tests.integration.sql.orders_shop import draft, planned, yes
from tests.unit.files.shipped import NAMES, shipped

CHOSEN = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "WEXNOUSDT", "XRPUSDT")
"""What the universe of the eager profile holds at the instant; all are READY, and their orders simulated."""
DOWN = ExchangeUnavailableError("the exchange does not answer")


def assert_adds_up(report: RunReport) -> None:
    """Counts are a partition of the symbols, and each symbol has one final reason, or a simulated order."""
    document = report.to_json()
    summary, results = document["summary"], document["results"]
    assert summary["requested"] == len(results)
    assert summary["processed"] == summary["ready"] + summary["invalid"]
    assert summary["requested"] == summary["processed"] + summary["skipped"] + summary["errors"]
    assert summary["errors"] == sum(1 for error in document["errors"] if error["symbol"] is not None)
    rejected = [symbol for symbols in document["rejected_by"].values() for symbol in symbols]
    assert len(rejected) == len(set(rejected))
    for symbol, result in results.items():
        order = result.get("order")
        passed = order is not None and order["status"] == OrderStatus.SIMULATED
        assert (result["reason"] is None) == passed == (symbol not in rejected)
        assert ("error" in result) == (result["status"] == SymbolStatus.ERROR)
        assert (order is not None) == (result["status"] == SymbolStatus.READY)
        if result["status"] == SymbolStatus.READY and not passed:
            assert order["reason"] == result["reason"]
        assert result["reason"] is None or Reason(result["reason"])
    assert {one["symbol"] for one in document["last_validated"]} == {
        symbol for symbol, result in results.items() if result["status"] == SymbolStatus.READY
    }
    decided = [symbol for symbol, result in results.items() if result["last_timeframe"] is not None]
    assert sorted(symbol for symbols in document["symbols_by_tf"].values() for symbol in symbols) == decided
    assert document["ready_rate"] == (summary["ready"] / summary["processed"] if summary["processed"] else 0)
    assert (document["status"] == "completed_with_errors") == bool(document["errors"])
    orders = document["orders_placed"]
    assert [order["symbol"] for order in orders["orders"]] == simulated(report)
    assert (orders["submitted"], orders["total"], orders["simulated"]) == (0, len(simulated(report)), orders["total"])
    assert orders["total"] + orders["refused"] == summary["ready"]
    for counts in document["summary_by_tf"].values():
        assert sum(counts.values()) <= summary["processed"] + summary["errors"]


async def records_of(there: World, report: RunReport) -> dict[str, str | None]:
    return {one.symbol: one.reason for one in await there.stores.runs.decisions(report.run_id)}


async def held(there: World) -> list[str]:
    return [lock.name for lock in await there.locks.held()]


async def test_a_run_plans_what_is_ready_and_stores_what_it_reports() -> None:
    async with world(eager()) as there:
        report = await there.run()
        assert_adds_up(report)
        assert simulated(report) == list(CHOSEN)
        assert await records_of(there, report) == reasons(report)
        stored = await there.stores.runs.run(report.run_id)
        assert stored is not None
        assert (stored.status, stored.finished_ms) == (RunStatus.FINISHED, NOW_MS)
        assert stored.report is not None
        assert to_document(stored.report)["results"] == report.to_json()["results"]
        assert await held(there) == []


@pytest.mark.parametrize("name", NAMES)
async def test_every_symbol_of_every_shipped_profile_gets_one_final_reason(name: str) -> None:
    async with world(shipped(name)) as there:
        there.exchange.faults["candles:BTCUSDT"] = DOWN
        there.hold("ETHUSDT")
        await there.switch_off("SOLUSDT")
        symbols = tuple(contract.symbol for contract in await there.exchange.contracts())
        for _ in range(2):
            report = await there.run(RunRequest(symbols=symbols))
            assert_adds_up(report)
            assert await records_of(there, report) == reasons(report)
            assert reasons(report)["BTCUSDT"] == Reason.CANDLES_UNAVAILABLE
            assert reasons(report)["ETHUSDT"] == Reason.HAS_OPEN_ORDERS_OR_POSITIONS
            assert reasons(report)["SOLUSDT"] == Reason.SYMBOL_SWITCHED_OFF
            there.later(minutes=1)


# --- the account ----------------------------------------------------------------------------------------------
async def test_without_the_account_symbols_are_validated_and_nothing_is_placed() -> None:
    async with world(eager()) as there:
        there.exchange.faults["account_state"] = DOWN
        report = await there.run()
        assert_adds_up(report)
        assert reasons(report) == dict.fromkeys(CHOSEN, "account_state_unknown")
        assert report.count(SymbolStatus.READY) == 5
        assert report.to_json()["errors"] == [
            {"symbol": None, "code": "account_state_unknown", "message": "the exchange does not answer"}
        ]
        assert report.performance.exchange_calls.get("quotes") is None


async def test_without_syncing_tables_nothing_is_placed_and_switches_stay() -> None:
    async with world(eager()) as there:
        there.hold("BTCUSDT")
        report = await there.run(RunRequest(sync_tables=False))
        assert reasons(report) == dict.fromkeys(CHOSEN, "account_state_unknown")
        assert await there.switches() == {}


async def test_busy_symbols_are_left_out_and_come_back_when_they_are_free() -> None:
    async with world(eager()) as there:
        there.hold("BTCUSDT")
        there.order("ETHUSDT")
        first = await there.run()
        busy = {"BTCUSDT": Reason.HAS_OPEN_ORDERS_OR_POSITIONS, "ETHUSDT": Reason.HAS_OPEN_ORDERS_OR_POSITIONS}
        assert {symbol: reason for symbol, reason in reasons(first).items() if reason} == busy
        assert {key: one.until_ms for key, one in (await there.switches()).items()} == dict.fromkeys(
            busy, NOW_MS + 300_000
        )
        there.hold()
        there.order()
        there.later(minutes=1)
        second = await there.run()
        assert not set(busy) & set(second.results), "off when the universe was chosen"
        assert all(one.on for one in (await there.switches()).values()), "free: on at once, not after five minutes"
        there.later(minutes=1)
        assert set(busy) <= set(simulated(await there.run()))
        actions = [event.action for event in (await there.stores.audit.history(10)).items if event.subject in busy]
        assert actions == ["switch_on"] * 2 + ["switch_off"] * 2


async def test_a_symbol_that_is_free_again_may_be_entered_in_the_same_run() -> None:
    async with world(eager()) as there:
        there.hold("BTCUSDT")
        await there.run()
        there.hold()
        there.later(minutes=1)
        assert simulated(await there.run(RunRequest(symbols=("BTCUSDT",)))) == ["BTCUSDT"]


class ThrownMeanwhile(SqlSwitchStore):
    """The real store, on which an operator turns a symbol off between a run's look at the switches and its writing."""

    thrown: Switch | None = None
    most = 1

    async def change(self, changes: Sequence[SwitchChange]) -> tuple[Switch, ...]:
        if self.most and self.thrown is not None:
            self.most -= 1
            self.thrown = evolve(self.thrown, changed_ms=self.thrown.changed_ms + 1)
            await self.put([self.thrown])
        return await super().change(changes)


@pytest.mark.parametrize("times", [1, 100])
@pytest.mark.parametrize("busy_again", [True, False])
async def test_what_an_operator_turns_off_while_a_run_looks_stays_off(times: int, busy_again: bool) -> None:
    async with Database.open("memory") as database:
        there = world_on(database, eager())
        there.hold("BTCUSDT", "ETHUSDT")
        await there.run(RunRequest(symbols=("BTCUSDT", "ETHUSDT")))
        there.later(minutes=6 if busy_again else 1)
        there.hold(*(("BTCUSDT", "ETHUSDT") if busy_again else ()))
        switches = ThrownMeanwhile(database, "test")
        switches.thrown, switches.most = Switch("BTCUSDT", False, None, "by hand", 1), times
        stores = evolve(there.environment.stores, switches=switches)
        report = await Orchestrator(evolve(there.environment, stores=stores)).run(
            RunRequest(symbols=("BTCUSDT", "ETHUSDT"))
        )
        assert (await there.switches())["BTCUSDT"].reason == "by hand"
        wanted = Reason.HAS_OPEN_ORDERS_OR_POSITIONS if busy_again else Reason.SYMBOL_SWITCHED_OFF
        assert report.results["BTCUSDT"].reason is wanted
        assert (await there.switches())["ETHUSDT"].reason == ("busy" if busy_again else "free again")
        events = (await there.stores.audit.history(20)).items
        by_runs = [(event.subject, event.action) for event in events if event.actor == "run"]
        assert by_runs.count(("BTCUSDT", "switch_on")) == 0, "what was not done is not in the trail"


@pytest.mark.parametrize("minute", [0, 1])
async def test_validating_busy_symbols_never_places_a_second_entry(minute: int) -> None:
    async with world(eager()) as there:
        there.hold("BTCUSDT")
        there.order("ETHUSDT", reduce_only=True)
        for _ in range(minute + 1):
            report = await there.run(RunRequest(symbols=CHOSEN, skip_open_state_filter=True))
            there.later(minutes=1)
        assert_adds_up(report)
        assert report.results["BTCUSDT"].plan is not None
        assert reasons(report) == dict.fromkeys(CHOSEN) | {"BTCUSDT": "symbol_busy", "ETHUSDT": "symbol_busy"}


# --- switches and guards --------------------------------------------------------------------------------------
async def test_force_run_looks_at_symbols_that_are_off_but_passes_no_guard() -> None:
    async with world(eager()) as there:
        await there.switch_off("BTCUSDT")
        await there.switch_off("ETHUSDT:15m")
        plain = await there.run(RunRequest(symbols=CHOSEN))
        assert plain.results["BTCUSDT"].status is SymbolStatus.SKIPPED
        assert plain.results["BTCUSDT"].execution == {}
        forced = await there.run(RunRequest(symbols=CHOSEN, force_run=True))
        for report, status in ((plain, SymbolStatus.SKIPPED), (forced, SymbolStatus.READY)):
            assert report.results["BTCUSDT"].status is status
            assert reasons(report)["BTCUSDT"] == Reason.SYMBOL_SWITCHED_OFF
            assert report.results["ETHUSDT"].execution_timeframe is Timeframe.M15
            assert reasons(report)["ETHUSDT"] == Reason.SYMBOL_SWITCHED_OFF
            assert_adds_up(report)


@pytest.mark.parametrize("request_", [RunRequest(), RunRequest(force_run=True, skip_context=True)])
async def test_the_kill_switch_stops_every_entry_whatever_is_asked(request_: RunRequest) -> None:
    async with world(eager()) as there:
        await there.switch_off("global")
        report = await there.run(request_)
        assert set(reasons(report).values()) == {"kill_switch_on"}
        assert all(result.plan is not None for result in report.results.values())


async def test_a_kill_switch_that_is_thrown_while_candles_are_fetched_stops_that_very_run() -> None:
    async with world(eager()) as there:

        def progress(stage: str, done: int, total: int) -> None:
            if stage == "candles" and done == 1:
                throwing.append(asyncio.ensure_future(there.switch_off("global")))

        throwing: list[asyncio.Future[None]] = []
        there.watched.pause = 0.01
        report = await there.orchestrator.run(RunRequest(), progress)
        assert set(reasons(report).values()) == {"kill_switch_on"}


async def test_a_kill_switch_with_an_end_holds_until_then() -> None:
    async with world(eager()) as there:
        await there.switch_off("global", until_ms=NOW_MS + 60_000)
        assert simulated(await there.run()) == []
        there.later(seconds=59)
        assert simulated(await there.run()) == []
        there.later(seconds=1)
        assert simulated(await there.run()) == list(CHOSEN)


async def test_positions_orders_and_entries_of_the_run_count_against_the_most_that_may_be_open() -> None:
    async with world(eager(trade_entry__risk__max_concurrent_positions=4)) as there:
        there.hold("DOTUSDT")
        there.order("ADAUSDT")
        report = await there.run()
        assert simulated(report) == list(CHOSEN[:2]), "in the order of the universe"
        refused = report.results["XRPUSDT"].order
        assert refused is not None
        assert (refused.reason, refused.facts) == (
            Reason.MAX_CONCURRENT_POSITIONS_REACHED,
            {"open": "4", "allowed": "4"},
        )


async def test_an_order_that_closes_a_position_is_no_entry() -> None:
    async with world(eager(trade_entry__risk__max_concurrent_positions=2)) as there:
        there.hold("DOTUSDT")
        there.order("DOTUSDT", reduce_only=True)
        assert len(simulated(await there.run())) == 1


async def test_a_live_intent_takes_its_place_before_the_exchange_shows_anything_of_it() -> None:
    async with world(eager(trade_entry__risk__max_concurrent_positions=2)) as there:
        await there.stores.orders.bind("account")
        reserved = await there.stores.orders.reserve("alive", "k", NOW_MS, yes, draft("k", "DOTUSDT"), planned)
        assert isinstance(reserved, Intent)
        assert len(simulated(await there.run())) == 1


# --- the day's loss -------------------------------------------------------------------------------------------
LIMITED = eager(trade_entry__risk__daily_max_loss_usdt=25)


async def test_a_loss_locks_the_day_for_every_process_and_whatever_the_balance_does_then() -> None:
    async with Database.open("memory") as database:
        morning = world_on(database, LIMITED)
        assert simulated(await morning.run())
        morning.account.balance -= 24
        morning.later(minutes=1)
        assert set(reasons(await morning.run()).values()) == {"open_loss_too_large"}, "24 of 25: no lock, and no room"
        other = world_on(database, LIMITED, at_ms=NOW_MS + 120_000, account=morning.account, prefix="other")
        morning.account.balance -= 1
        report = await other.run()
        assert set(reasons(report).values()) == {"daily_loss_limit_reached"}
        order = next(iter(report.results.values())).order
        assert order is not None
        assert order.facts == {"baseline_usdt": "10000", "loss_usdt": "25"}
        morning.account.balance += 5000
        restarted = world_on(database, LIMITED, at_ms=NOW_MS + 180_000, account=morning.account, prefix="restarted")
        assert simulated(await restarted.run()) == []
        restarted.later(minutes=12 * 60 - 4)
        assert simulated(await restarted.run()) == [], "23:59"
        restarted.later(minutes=1)
        assert simulated(await restarted.run()) == [], "at the border both days must allow it"
        restarted.later(minutes=1)
        assert simulated(await restarted.run()), "a new day, with a new baseline"


async def test_the_day_begins_with_its_first_run_even_if_that_finds_nothing_to_trade() -> None:
    async with world(LIMITED) as there:
        there.exchange.faults["candles"] = DOWN
        assert simulated(await there.run()) == []
        there.exchange.faults.clear()
        there.account.balance -= 30
        there.later(minutes=1)
        assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_a_limit_that_was_reached_while_nothing_was_ready_locks_the_day() -> None:
    async with world(LIMITED) as there:
        await there.run()
        there.account.balance -= 30
        there.exchange.faults["candles"] = DOWN
        there.later(minutes=1)
        await there.run()
        there.account.balance += 30
        there.exchange.faults.clear()
        there.later(minutes=1)
        assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


@pytest.mark.parametrize(("unrealised", "expected"), [(True, "daily_loss_limit_reached"), (False, None)])
async def test_unrealised_losses_count_only_if_the_profile_says_so(unrealised: bool, expected: str | None) -> None:
    profile = eager(
        trade_entry__risk__daily_max_loss_usdt=25, trade_entry__risk__daily_loss_count_unrealized=unrealised
    )
    async with world(profile) as there:
        await there.run()
        there.hold("DOTUSDT", profit=-30)
        there.later(minutes=1)
        assert set(reasons(await there.run()).values()) == {expected}


async def test_of_two_processes_that_begin_the_day_together_the_first_opening_counts() -> None:
    async with world(LIMITED) as there:
        start_ms = NOW_MS - NOW_MS % DAY_MS
        for equity in (10_000, 9990):
            day = RiskDay(start_ms, Decimal(equity), Decimal(equity), NOW_MS - 1000)
            assert (await there.stores.risk.open_day(day)).opening_equity == 10_000
        there.account.balance = Decimal(9974)
        assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_a_locked_day_stays_locked_when_the_audit_trail_is_gone() -> None:
    async with Database.open("memory") as database:
        there = world_on(database, LIMITED)
        await there.run()
        there.account.balance -= 30
        there.later(minutes=1)
        assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}
        there.account.balance += 30
        await database.write(changing(text("DELETE FROM audit")))
        there.later(minutes=1)
        assert set(reasons(await there.run()).values()) == {"daily_loss_limit_reached"}


async def test_a_loss_locks_the_profile_that_has_the_limit_and_no_other() -> None:
    async with Database.open("memory") as database:
        careful = world_on(database, LIMITED)
        await careful.run()
        careful.account.balance -= 30
        careful.later(minutes=1)
        assert simulated(await careful.run()) == []
        bold = world_on(
            database, evolve(eager(), name="bold"), at_ms=NOW_MS + 60_000, account=careful.account, prefix="bold"
        )
        assert simulated(await bold.run())


# --- locks ----------------------------------------------------------------------------------------------------
async def test_locks_are_given_back_after_an_error_and_after_a_cancellation() -> None:
    async with world(eager()) as there:
        there.watched.pause = 0.05
        running = asyncio.create_task(there.run())
        while not there.watched.calls:
            await asyncio.sleep(0.001)
        assert len(await held(there)) == 6
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert await held(there) == []
        (stored,) = (await there.stores.runs.history(1)).items
        assert (stored.status, stored.report) == (RunStatus.FAILED, None)
        there.watched.pause = 0
        assert simulated(await there.run()) == list(CHOSEN), "nothing is left of the run that broke off"


async def test_a_store_that_fails_ends_the_run_as_failed_with_nothing_half_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with world(eager()) as there:
        finish, put_off = there.stores.runs.finish, [True]

        async def refuse_once(run: object, *rest: object) -> None:
            if put_off:
                put_off.pop()
                raise StoreUnavailableError("disk full")
            await finish(run, *rest)  # type: ignore[arg-type]

        monkeypatch.setattr(there.stores.runs, "finish", refuse_once)
        with pytest.raises(StoreUnavailableError):
            await there.run()
        (stored,) = (await there.stores.runs.history(1)).items
        assert stored.status is RunStatus.FAILED
        assert await there.stores.runs.decisions(stored.run_id) == ()
        assert await held(there) == []
        assert simulated(await there.run()) == list(CHOSEN)


async def test_candles_that_cannot_be_stored_end_the_run_as_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(eager()) as there:

        async def refuse(_: object) -> int:
            raise StoreUnavailableError("disk full")

        with monkeypatch.context() as patched:
            patched.setattr(there.stores.candles, "write", refuse)
            with pytest.raises(StoreUnavailableError):
                await there.run()
        (stored,) = (await there.stores.runs.history(1)).items
        assert stored.status is RunStatus.FAILED
        assert await there.stores.candles.spans() == ()
        assert await held(there) == []
        assert simulated(await there.run()) == list(CHOSEN)


async def test_an_end_that_cannot_be_noted_does_not_hide_what_ended_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(eager()) as there:

        async def refuse(*_: object) -> None:
            raise StoreUnavailableError("gone")

        async def explode(*_: object) -> int:
            raise StoreUnavailableError("disk full")

        monkeypatch.setattr(there.stores.runs, "finish", refuse)
        monkeypatch.setattr(there.stores.candles, "write", explode)
        with pytest.raises(StoreUnavailableError, match="disk full"):
            await there.run()
        assert await held(there) == []


# --- what a request asks for ----------------------------------------------------------------------------------
async def test_only_the_named_timeframe_may_take_the_entry() -> None:
    async with world(eager()) as there:
        for timeframe in (Timeframe.M15, Timeframe.M5, Timeframe.M1):
            report = await there.run(RunRequest(current_tf=timeframe))
            chosen = {one.execution_timeframe for one in report.results.values()}
            assert chosen <= {timeframe, None}
            assert timeframe in chosen


async def test_without_the_context_the_execution_timeframe_brings_the_side() -> None:
    async with world(eager()) as there:
        symbols = tuple(contract.symbol for contract in await there.exchange.contracts())
        plain = await there.run(RunRequest(symbols=symbols))
        free = await there.run(RunRequest(symbols=symbols, skip_context=True))
        assert plain.count(SymbolStatus.READY) < free.count(SymbolStatus.READY)
        assert all(one.to_json()["context_skipped"] for one in free.results.values() if one.execution)


async def test_timeframes_are_evaluated_again_only_when_their_candle_is_new_or_when_forced() -> None:
    async with world(eager()) as there:
        every = (Timeframe.H1, Timeframe.M15, Timeframe.M5, Timeframe.M1)
        first = await there.run()
        again = await there.run()
        forced = await there.run(RunRequest(force_timeframe_check=True))
        there.later(minutes=1)
        later = await there.run()
        assert [one.performance.timeframes_evaluated for one in (first, again, forced, later)] == [
            every,
            (),
            every,
            every[3:],
        ]
        assert [one.performance.timeframes_reused for one in (first, again, forced, later)] == [
            (),
            every,
            (),
            every[:3],
        ]
        assert first.results == again.results == forced.results


async def test_unknown_symbols_are_refused_with_the_nearest_name_and_nothing_is_recorded() -> None:
    async with world(eager()) as there:
        with pytest.raises(InvalidRequestError, match=r"BTCUSD .did you mean BTCUSDT"):
            await there.run(RunRequest(symbols=("BTCUSD",)))
        with pytest.raises(InvalidRequestError, match=r"no contract for BTCUSD at .*: perhaps not listed yet"):
            await there.run(RunRequest(symbols=("BTCUSD",), at_ms=NOW_MS - 60_000))
        assert (await there.stores.runs.history(1)).items == ()
        assert await held(there) == []


async def test_a_symbol_that_is_asked_for_twice_is_looked_at_once() -> None:
    async with world(eager()) as there:
        report = await there.run(RunRequest(symbols=("BTCUSDT", "BTCUSDT")))
        assert_adds_up(report)
        assert simulated(report) == ["BTCUSDT"]


# --- failures of one symbol -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("candles", Reason.CANDLES_UNAVAILABLE),
        ("quotes", Reason.MARKET_FACTS_UNAVAILABLE),
    ],
)
async def test_a_symbol_fails_alone_with_code_and_message(call: str, reason: Reason) -> None:
    async with world(eager()) as there:
        there.exchange.faults[f"{call}:ETHUSDT"] = DOWN
        report = await there.run()
        assert_adds_up(report)
        assert reasons(report) == dict.fromkeys(CHOSEN) | {"ETHUSDT": reason}
        assert report.to_json()["errors"] == [
            {"symbol": "ETHUSDT", "code": "ExchangeUnavailableError", "message": "the exchange does not answer"}
        ]
        del there.exchange.faults[f"{call}:ETHUSDT"]
        there.later(minutes=1)
        assert simulated(await there.run()) == list(CHOSEN)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("mtf_core.runs.entries", "plan_decision"),
        ("mtf_core.runs.recording", "decision_inputs"),
    ],
)
async def test_a_bug_on_one_symbol_is_that_symbols_error_and_no_others(
    where: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = importlib.import_module(where)
    sound = getattr(module, name)

    def broken(decision: Decision | None, *rest: object) -> object:
        if decision is not None and decision.symbol == "SOLUSDT":
            raise ZeroDivisionError("a bug")
        return sound(decision, *rest)

    monkeypatch.setattr(module, name, broken)
    async with world(eager()) as there:
        report = await there.run()
        assert_adds_up(report)
        assert reasons(report) == dict.fromkeys(CHOSEN, None) | {"SOLUSDT": "pipeline_error"}
        error = report.results["SOLUSDT"].error
        assert error is not None
        assert error.code == "ZeroDivisionError"
        assert re.fullmatch(r"a bug \(test_orchestrator\.py:\d+\)", error.message)
        assert await records_of(there, report) == reasons(report)


async def test_a_symbol_that_breaks_the_decisions_of_all_is_left_out_and_the_others_are_decided(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sound = Decider.decide

    def broken(self: Decider, stacks: Stacks, at_ms: int, *rest: Any, **named: Any) -> DecisionBatch:
        if any("SOLUSDT" in stack.symbols for stack in stacks.values()):
            raise FloatingPointError("a bug")
        return sound(self, stacks, at_ms, *rest, **named)

    async with world(eager()) as there:
        expected = await there.run()
    monkeypatch.setattr(Decider, "decide", broken)
    async with world(eager()) as there:
        report = await there.run()
        assert_adds_up(report)
        assert reasons(report) == reasons(expected) | {"SOLUSDT": "pipeline_error"}
        others = [symbol for symbol in CHOSEN if symbol != "SOLUSDT"]
        assert [report.results[one].plan for one in others] == [expected.results[one].plan for one in others]


async def test_a_bug_while_candles_are_fetched_is_that_symbols_pipeline_error() -> None:
    async with world(eager()) as there:
        there.exchange.faults["candles"] = RuntimeError("a bug")  # type: ignore[assignment]
        report = await there.run(RunRequest(symbols=("BTCUSDT",)))
        assert reasons(report) == {"BTCUSDT": "pipeline_error"}


async def test_what_the_universe_leaves_out_is_in_the_report_with_its_reason() -> None:
    async with world(eager()) as there:
        report = await there.run()
        listed = {contract.symbol for contract in await there.stores.contracts.all()}
        assert {*report.results, *report.left_out} == listed
        document = report.to_json()["left_out"]
        assert set(document) == listed - set(report.results)
        assert all(Reason(one["reason"]) for one in document.values())


async def test_a_queued_symbol_is_looked_at_by_the_next_run_that_chooses_and_once() -> None:
    async with world(eager()) as there:
        left_out = next(iter((await there.run()).left_out))
        for symbol in (left_out, "NOSUCHUSDT"):
            await there.stores.switches.queue(QueuedSymbol(symbol, NOW_MS, "operator"))
        there.later(minutes=1)
        assert left_out not in (await there.run(RunRequest(symbols=("BTCUSDT",)))).results, "this run was told which"
        report = await there.run(RunRequest(limit=1))
        assert list(report.results) == [left_out]
        assert report.left_out["NOSUCHUSDT"].reason is Reason.SYMBOL_UNKNOWN
        assert report.left_out["BTCUSDT"].reason is Reason.BEYOND_UNIVERSE_LIMIT
        assert_adds_up(report)
        assert left_out not in (await there.run()).results


async def test_a_queued_symbol_waits_on_when_the_run_that_took_it_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    async with world(eager()) as there:
        queued = QueuedSymbol("BTCUSDT", NOW_MS, "operator")
        await there.stores.switches.queue(queued)

        async def refuse(*_: object) -> None:
            raise StoreUnavailableError("disk full")

        with monkeypatch.context() as broken:
            broken.setattr(there.stores.runs, "start", refuse)
            with pytest.raises(StoreUnavailableError):
                await there.run()
        assert await there.stores.switches.queued() == (queued,)
        await there.run()
        assert await there.stores.switches.queued() == ()


async def test_a_contract_that_does_not_trade_is_not_evaluated_even_when_it_is_asked_for_by_name() -> None:
    async with world(eager()) as there:
        await there.run()
        contracts = await there.stores.contracts.all()
        closed = {"BTCUSDT": {"status": ContractStatus.CLOSE_ONLY}, "ETHUSDT": {"expires_at_ms": NOW_MS}}
        changed = [evolve(one, **closed.get(one.symbol, {})) for one in contracts]
        await there.stores.contracts.replace_all(changed, NOW_MS)
        report = await there.run(RunRequest(symbols=("BTCUSDT", "ETHUSDT", "SOLUSDT"), force_run=True))
        refused = dict.fromkeys(("BTCUSDT", "ETHUSDT"), "contract_not_trading")
        assert reasons(report) == {**refused, "SOLUSDT": None}


async def test_everything_failing_is_still_a_report() -> None:
    async with world(eager()) as there:
        there.exchange.faults["candles"] = DOWN
        report = await there.run()
        assert_adds_up(report)
        assert report.count(SymbolStatus.ERROR) == 5
        assert report.to_json()["summary"]["success_rate"] == 0


async def test_a_book_that_only_the_selector_asked_for_is_an_error_of_its_symbol() -> None:
    """15m is left only where the spread is known to be above nothing: an unknown one stops the walk there."""
    async with world(profile_that_asks_for_spreads()) as there:
        assert simulated(await there.run()) == list(CHOSEN[:4])
        there.exchange.faults["quotes:SOLUSDT"] = DOWN
        report = await there.run()
        assert_adds_up(report)
        assert reasons(report)["SOLUSDT"] == Reason.MARKET_FACTS_UNAVAILABLE
        assert report.results["SOLUSDT"].status is SymbolStatus.ERROR
        assert simulated(report) == [symbol for symbol in CHOSEN[:4] if symbol != "SOLUSDT"]


async def test_an_exchange_without_bulk_tickers_is_asked_symbol_by_symbol_and_the_decisions_are_the_same() -> None:
    profile = profile_that_asks_for_spreads()
    async with Database.open("memory") as first, Database.open("memory") as second:
        bulk = await world_on(first, profile).run()
        single = await world_on(second, profile, capabilities=evolve(CAPABILITIES, quotes_per_call=1)).run()
    assert bulk.results == single.results
    ready = bulk.count(SymbolStatus.READY)
    assert bulk.performance.exchange_calls["quotes"] == 2  # for the selector, and just before the plans
    assert single.performance.exchange_calls["quotes"] == len(asked_in_the_selector(bulk)) + ready


def asked_in_the_selector(report: RunReport) -> list[str]:
    """Symbols with an execution timeframe on the context's side: the selector can choose for no other."""
    return [
        symbol
        for symbol, result in report.results.items()
        if result.context_verdict
        and result.context_verdict.side in {one.outcome.side for one in result.execution.values()} - {None}
    ]


def profile_that_asks_for_spreads() -> Profile:
    selector = {
        "per_timeframe": {"15m": {"stay_on_if": ["get_false"], "drop_to_lower_if_any": [{"spread_bps_gt": 0.0001}]}}
    }
    return eager(mtf_validations__execution_selector=selector)


# --- the same again -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", NAMES)
async def test_the_same_instant_gives_the_same_results_whatever_ran_before_and_with_any_workers(
    name: str, tmp_path: object
) -> None:
    at = RunRequest(at_ms=NOW_MS - 3_600_000)
    async with world(shipped(name)) as there, world(shipped(name)) as other:
        first = await there.run(at)
        await there.run()
        there.later(minutes=7)
        await there.run()
        again = await there.run(evolve(at, workers=8))
        wide = await other.run(evolve(at, workers=8))
        assert first.results == again.results == wide.results
        assert len(first.results) > 5


async def test_a_database_file_gives_the_results_of_memory(tmp_path: object) -> None:
    async with Database.open(f"sqlite:///{tmp_path}/mtf.db") as file, Database.open("memory") as memory:
        await file.upgrade()
        reports = [await world_on(one, shipped("regular")).run() for one in (file, memory)]
        reports.append(await world_on(file, shipped("regular"), at_ms=NOW_MS, prefix="again").run())
        assert reports[0].results == reports[1].results == reports[2].results
        assert reports[2].performance.exchange_calls.get("candles", 0) == 0


async def test_the_time_that_calls_of_the_run_waited_for_rate_limits_is_in_its_report() -> None:
    waits = chain([3.0], repeat(4.5))
    async with world(eager()) as there:
        venue = evolve(there.environment.venue, waited=lambda: next(waits))
        report = await Orchestrator(evolve(there.environment, venue=venue)).run(RunRequest(symbols=CHOSEN))
        assert report.performance.rate_limit_wait_seconds == 1.5
