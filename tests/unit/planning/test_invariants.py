"""The laws of order plans over generated contracts, books, settings and signals; a case is drawn once for all laws."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

from attrs import evolve
from hypothesis import event, given, settings
from hypothesis import strategies as st

from mtf_core.planning import OrderPlan, SizeLimit, Skip, plan_order
from mtf_core.reasons import Reason, Stage, stage_of
from tests.strategies import PlanCase, in_contracts, plan_cases, scaled, wild_cases
from tests.unit.planning import laws, relations
from tests.unit.planning.formulas import assert_every_step_can_be_computed_again

MORE = settings(max_examples=3 * settings.default.max_examples)
"""Three times the examples of the profile: all laws are checked on every one of them."""


def test_every_generated_plan_obeys_every_law():
    """And at least a quarter are plans: laws that are only ever tried on skips prove nothing."""
    endings: Counter[str] = Counter()
    categories: set[str] = set()

    @MORE
    @given(
        plan_cases(),
        st.sampled_from(["10", "1000", "0.01", "2", "5", "0.2"]).map(Decimal),
        scaled(1, 60, "0.25"),
        scaled(11, 30, "0.1"),
        scaled(1, 9, "0.1"),
    )
    def check(case: PlanCase, unit: Decimal, more_risk: Decimal, farther: Decimal, lower: Decimal) -> None:
        outcome = case.plan()
        ending = outcome.reason.value if isinstance(outcome, Skip) else "plan"
        endings[ending] += 1
        categories.add(outcome.zone_event.category if outcome.zone_event else "no zone")
        event(ending)
        assert case.plan() == outcome
        assert_every_step_can_be_computed_again(outcome)
        if not isinstance(outcome, OrderPlan):
            return
        laws.assert_lawful(case, outcome)
        relations.assert_mirrored(case)
        relations.assert_scaled(case, outcome, unit)
        relations.assert_more_risk_gives_no_smaller_size(case, more_risk)
        relations.assert_a_farther_stop_gives_no_larger_size(case, farther)
        relations.assert_a_lower_cap_gives_no_more_leverage(case, outcome, lower)

    check()
    assert endings["plan"] >= endings.total() / 4, endings
    assert categories >= {"waiting", "inside"}


def test_every_law_holds_where_the_exchange_states_its_brackets_in_contracts():
    """A plan's size has a bracket of its own count of contracts, and no more than that bracket's leverage."""
    limited: Counter[str] = Counter()

    @MORE
    @given(
        plan_cases().map(in_contracts),
        st.sampled_from(["10", "1000", "0.01", "2", "5", "0.2"]).map(Decimal),
        scaled(1, 60, "0.25"),
        scaled(11, 30, "0.1"),
        scaled(1, 9, "0.1"),
    )
    def check(case: PlanCase, unit: Decimal, more_risk: Decimal, farther: Decimal, lower: Decimal) -> None:
        outcome = case.plan()
        assert_every_step_can_be_computed_again(outcome)
        if not isinstance(outcome, OrderPlan):
            return
        limited[outcome.size_limited_by] += 1
        assert outcome.size <= case.contract.brackets[-1].notional_cap
        laws.assert_lawful(case, outcome)
        relations.assert_mirrored(case)
        relations.assert_scaled(case, outcome, unit)
        relations.assert_more_risk_gives_no_smaller_size(case, more_risk)
        relations.assert_a_farther_stop_gives_no_larger_size(case, farther)
        relations.assert_a_lower_cap_gives_no_more_leverage(case, outcome, lower)

    check()
    assert limited[SizeLimit.BRACKET], limited


@given(wild_cases())
def test_every_input_gives_a_lawful_plan_or_a_skip_with_a_reason(case):
    outcome = case.plan()
    if isinstance(outcome, Skip):
        assert stage_of(outcome.reason) in (Stage.PLAN, Stage.FACTS) or outcome.reason is Reason.CONTRACT_NOT_TRADING
        assert outcome.facts
    else:
        laws.assert_lawful(case, outcome)


@given(st.one_of(plan_cases(), plan_cases().map(in_contracts), wild_cases()))
def test_a_plan_that_nobody_has_explained_is_the_same_without_its_steps(case):
    unexplained = plan_order(case.signal, case.contract, case.facts, case.settings, case.now_ms, explained=False)
    assert unexplained == evolve(case.plan(), steps=())
