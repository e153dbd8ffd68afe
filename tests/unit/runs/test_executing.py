"""A stored plan that is placed by hand: what it has to be, and what stands against it by now."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from attrs import evolve

from mtf_core.market import AccountState, MarkPrice, Quote, Side
from mtf_core.planning import OrderPlan, Skip
from mtf_core.problems import NotFoundError
from mtf_core.reasons import Reason
from mtf_core.records import PlanRecord
from mtf_core.runs.executing import StoredPlan, stands_against, stored_plan
from tests.unit.planning.examples import BOOK, NOW_MS, SETTINGS, SYMBOL, D, example, plan_of

KEY = f"{SYMBOL}:5m:0:long"
ALLOWED, ENOUGH = SETTINGS.defaults.max_deviation_pct, D(1000)


def quote(mark: Decimal) -> Quote:
    return Quote(BOOK, MarkPrice(SYMBOL, mark, NOW_MS))


def account(available: Decimal) -> AccountState:
    return AccountState(NOW_MS, available, available, (), ())


def against(plan: OrderPlan, mark: Decimal | None = None, available: Decimal = ENOUGH) -> Skip | None:
    shown = quote(plan.entry_price if mark is None else mark)
    return stands_against(plan, shown, account(available), SETTINGS)


@pytest.mark.parametrize("side", Side)
def test_a_plan_is_over_once_the_mark_is_at_its_stop_and_not_a_tick_before(side: Side) -> None:
    plan = plan_of(example(side))
    at_stop = against(plan, plan.stop_price)
    assert at_stop is not None
    assert (at_stop.reason, dict(at_stop.facts)) == (
        Reason.SKIPPED_OUT_OF_ZONE,
        {"check": "stop_price", "mark": plan.stop_price, "stop": plan.stop_price},
    )
    beyond = against(plan, plan.stop_price - side.sign * plan.tick_size)
    assert beyond is not None
    assert dict(beyond.facts)["check"] == "stop_price"
    near = evolve(plan, stop_price=plan.entry_price - side.sign * plan.tick_size)
    assert against(near) is None


@pytest.mark.parametrize("way", [1, -1])
def test_the_mark_may_be_as_far_from_the_entry_as_the_settings_say_and_no_farther(way: int) -> None:
    mark = D(200)
    plan = evolve(plan_of(example()), entry_price=mark * (1 + way * ALLOWED), stop_price=D(1))
    assert against(plan, mark) is None
    farther = evolve(plan, entry_price=plan.entry_price + way * plan.tick_size)
    skip = against(farther, mark)
    assert skip is not None
    assert (skip.reason, dict(skip.facts)) == (
        Reason.SKIPPED_OUT_OF_ZONE,
        {"check": "max_deviation_pct", "mark": mark, "entry": farther.entry_price, "max_deviation_pct": ALLOWED},
    )


def test_margin_and_the_fee_of_the_entry_have_to_be_there_to_the_last_bit() -> None:
    plan = plan_of(example())
    plan = evolve(plan, costs=evolve(plan.costs, entry_fee_usdt=D("0.25")))
    needed = plan.margin_usdt + D("0.25")
    assert against(plan, available=needed) is None
    skip = against(plan, available=needed - D("0.01"))
    assert skip is not None
    assert (skip.reason, dict(skip.facts)) == (
        Reason.INSUFFICIENT_MARGIN,
        {"needed_usdt": needed, "available_usdt": needed - D("0.01")},
    )


class Runs:
    """A store of runs with one decision, or none."""

    def __init__(self, decision: object, run: object = "the run") -> None:
        self.decision = decision
        self.kept = run
        self.asked: list[object] = []

    async def last_decision(self, symbol: str) -> object:
        self.asked.append(symbol)
        return self.decision

    async def run(self, run_id: str, *, results: bool) -> object:
        self.asked.append((run_id, results))
        return self.kept


def decided(plan: PlanRecord | None = None, key: str | None = KEY, *, is_readable: bool = True) -> object:
    return SimpleNamespace(decision_key=key, run_id="run-1", result=SimpleNamespace(plan=plan) if is_readable else None)


def found(runs: Runs) -> StoredPlan:
    return asyncio.run(stored_plan(cast(Any, runs), KEY))


def test_the_plan_of_a_symbols_newest_decision_is_found_without_reading_the_other_symbols_of_its_run() -> None:
    plan = plan_of(example())
    runs = Runs(decided(PlanRecord.of(plan)))
    assert found(runs) == StoredPlan(cast(Any, "the run"), plan)
    assert runs.asked == [SYMBOL, ("run-1", False)]


@pytest.mark.parametrize(
    ("decision", "ends"),
    [
        (None, f"no run has just planned '{KEY}'$"),
        (decided(key="another"), "; its newest decision is another$"),
        (decided(key=None), "; its newest decision is none$"),
    ],
)
def test_whoever_asks_for_another_decision_is_told_which_is_the_newest(decision: object, ends: str) -> None:
    with pytest.raises(NotFoundError, match=ends):
        found(Runs(decision))


@pytest.mark.parametrize(
    "runs",
    [
        Runs(decided()),
        Runs(decided(is_readable=False)),
        Runs(decided(PlanRecord.of(plan_of(example()))), run=None),
    ],
)
def test_a_decision_of_which_no_plan_can_be_read_cannot_be_placed(runs: Runs) -> None:
    with pytest.raises(NotFoundError, match="decided without an order plan"):
        found(runs)
