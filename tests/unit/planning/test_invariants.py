"""The laws of order plans over generated contracts, books, settings and signals."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from mtf_core.market import MarkPrice, Side, TopOfBook
from mtf_core.planning import FactRole, FeatureFact, OrderPlan, Skip
from mtf_core.reasons import Stage, stage_of
from mtf_core.settings.trade_entry import StopFallback, StopFrom
from tests.strategies import PlanCase, feature_value, plan_cases, scaled, wild_cases
from tests.unit.planning import laws


def planned(case: PlanCase) -> OrderPlan:
    """The plan of a case; cases that are skipped say nothing about a law of plans."""
    outcome = case.plan()
    event(outcome.reason.value if isinstance(outcome, Skip) else "plan")
    assume(isinstance(outcome, OrderPlan))
    assert isinstance(outcome, OrderPlan)
    return outcome


def test_most_generated_cases_are_plans():
    """Laws that are only ever tried on skips prove nothing."""
    seen: Counter[str] = Counter()

    @settings(max_examples=300, derandomize=True)
    @given(plan_cases())
    def collect(case: PlanCase) -> None:
        outcome = case.plan()
        seen[outcome.reason.value if isinstance(outcome, Skip) else "plan"] += 1

    collect()
    assert seen["plan"] >= 0.4 * seen.total(), seen


@given(plan_cases())
def test_the_loss_at_the_stop_never_exceeds_the_risk(case):
    laws.assert_loss_within_risk(case, planned(case))


@given(plan_cases())
def test_the_margin_never_exceeds_the_budget_or_the_balance(case):
    laws.assert_margin_within_budget(case, planned(case))


@given(plan_cases())
def test_sizes_and_prices_are_on_the_grids_of_the_contract(case):
    laws.assert_on_grids(case, planned(case))


@given(plan_cases())
def test_stop_entry_and_targets_stand_in_order_with_the_least_stop_distance(case):
    laws.assert_prices_in_order(case, planned(case))


@given(plan_cases())
def test_liquidation_lies_beyond_the_stop_by_the_required_ratio(case):
    laws.assert_stop_before_liquidation(case, planned(case))


@given(plan_cases())
def test_the_leverage_is_whole_and_within_every_cap(case):
    laws.assert_leverage_within_caps(case, planned(case))


@given(plan_cases())
def test_an_entry_lies_in_the_zone_the_book_and_the_allowed_deviation(case):
    laws.assert_entry_acceptable(case, planned(case))


@given(plan_cases())
def test_the_effective_r_stays_between_keep_ratio_and_extra_r(case):
    laws.assert_target_within_reach(case, planned(case))


# --- mirror and scale -----------------------------------------------------------------------------------------
def without_price_relative_terms(case: PlanCase) -> PlanCase:
    """The case with every term off that is a share of a price other than the entry.

    Reflected around the entry, shares of the entry stay what they are. Shares of the reference, the anchor, a pivot
    level, the stop (its fee) and the liquidation price do not, as these prices change: they are switched off.
    """
    zone = evolve(case.settings.entry.entry_zone, w_min=Decimal(0), w_max=Decimal("0.5"))
    changed = case.with_defaults(
        pivot_sl_buffer_pct=Decimal(0),
        tp_buffer_pct=Decimal(0),
        max_deviation_pct=Decimal("0.5"),
        implausible_pct=Decimal("0.5"),
        zone_max_deviation_pct=Decimal(1),
        market_max_spread_pct=Decimal(1),
    ).with_risk(include_fees=False)
    rows = tuple(
        evolve(row, maintenance_margin_ratio=Decimal(0), maintenance_amount=Decimal(0))
        for row in case.contract.brackets
    )
    return evolve(
        changed,
        settings=evolve(
            changed.settings,
            entry=evolve(changed.settings.entry, entry_zone=zone),
            market_entry=evolve(changed.settings.market_entry, enabled=False),
        ),
        contract=evolve(case.contract, brackets=rows, taker_fee=Decimal(0), maker_fee=Decimal(0)),
    )


def reflected(case: PlanCase, centre: Decimal) -> PlanCase:
    """The case seen in a mirror at `centre`: prices reflected, bid and ask, supports and resistances swapped."""

    def image(price: Decimal) -> Decimal:
        return 2 * centre - price

    def feature_image(role: FactRole, fact: FeatureFact) -> tuple[FactRole, FeatureFact]:
        if "atr" in role or "adx" in role:
            return role, fact
        other = mirrored_pivot(role.value) if "pivot" in role else role.value
        price = image(Decimal(repr(fact.value)))
        return FactRole(other), FeatureFact(feature_value(price), fact.candle_close_ms)

    facts, book = case.facts, case.facts.book
    policy = case.settings.defaults.pivot_sl_policy
    policy_image = type(policy)(policy.value.translate(str.maketrans("rs", "sr"))) if len(policy) == 2 else policy
    return evolve(
        case.with_defaults(pivot_sl_policy=policy_image),
        signal=evolve(case.signal, side=case.signal.side.opposite),
        facts=evolve(
            facts,
            book=TopOfBook(book.symbol, image(book.best_ask), image(book.best_bid), book.time_ms),
            mark=MarkPrice(facts.mark.symbol, image(facts.mark.price), facts.mark.time_ms) if facts.mark else None,
            features=dict(feature_image(role, fact) for role, fact in facts.features.items()),
        ),
    )


def mirrored_pivot(name: str) -> str:
    """pivot_r2 and pivot_s2 are each other's image."""
    stem, level = name.rsplit("_", 1)
    return f"{stem}_{level.translate(str.maketrans('rs', 'sr'))}"


def prices_near(case: PlanCase, plan: OrderPlan) -> list[Decimal]:
    """The prices of a plan, and the pivot levels and anchors that it was made from."""
    levels = [
        Decimal(repr(fact.value)) for role, fact in case.facts.features.items() if "pivot" in role or "anchor" in role
    ]
    return [plan.stop_price, *(target.price for target in plan.take_profits), *levels]


@given(plan_cases())
def test_reflecting_the_prices_swaps_long_and_short_plans(case):
    """Exact when reflected around the entry, with the terms off that are shares of other prices (see above)."""
    case = without_price_relative_terms(case)
    plan = planned(case)
    centre = plan.entry_price
    image = reflected(case, centre).plan()
    # What lies beyond twice the entry has its image at or below zero, where no price is: nothing can be said of it.
    assume(all(price < 2 * centre for price in prices_near(case, plan)))
    assert isinstance(image, OrderPlan)
    assume(all(price < 2 * centre for price in prices_near(case, image)))
    assert image.side is plan.side.opposite
    assert image.entry_price == centre
    assert image.stop_price == 2 * centre - plan.stop_price
    assert [target.price for target in image.take_profits] == [
        2 * centre - target.price for target in plan.take_profits
    ]
    assert [target.size for target in image.take_profits] == [target.size for target in plan.take_profits]
    assert (image.size, image.leverage, image.margin_usdt) == (plan.size, plan.leverage, plan.margin_usdt)
    assert image.loss_at_stop_usdt == plan.loss_at_stop_usdt


def rescaled(case: PlanCase, factor: Decimal) -> PlanCase:
    """Every price and tick times the factor, the contract size divided by it: the same trade in another unit."""
    facts, book = case.facts, case.facts.book
    return evolve(
        case,
        contract=evolve(
            case.contract,
            tick_size=case.contract.tick_size * factor,
            contract_size=case.contract.contract_size / factor,
        ),
        facts=evolve(
            facts,
            book=TopOfBook(book.symbol, book.best_bid * factor, book.best_ask * factor, book.time_ms),
            mark=MarkPrice(facts.mark.symbol, facts.mark.price * factor, facts.mark.time_ms) if facts.mark else None,
            features={
                role: fact
                if role is FactRole.ADX_1H
                else evolve(fact, value=feature_value(Decimal(repr(fact.value)) * factor))
                for role, fact in facts.features.items()
            },
        ),
    )


@given(plan_cases(), st.sampled_from(["10", "1000", "0.01", "2", "5", "0.2"]).map(Decimal))
def test_the_unit_of_the_price_changes_no_ratio(case, factor):
    plan = planned(case)
    other = rescaled(case, factor).plan()
    assert isinstance(other, OrderPlan)
    assert other.entry_price == plan.entry_price * factor
    assert other.stop_price == plan.stop_price * factor
    assert other.liquidation_price == plan.liquidation_price * factor
    assert [(target.price, target.share, target.r) for target in other.take_profits] == [
        (target.price * factor, target.share, target.r) for target in plan.take_profits
    ]
    assert (other.size, other.leverage, other.margin_usdt) == (plan.size, plan.leverage, plan.margin_usdt)
    assert (other.loss_at_stop_usdt, other.notional_usdt) == (plan.loss_at_stop_usdt, plan.notional_usdt)


# --- monotone -------------------------------------------------------------------------------------------------
def with_stop_of_the_market(case: PlanCase) -> PlanCase:
    """A stop that does not follow from the risk, so that risk and stop can be varied one by one."""
    source = StopFrom.ATR if case.settings.defaults.stop_from is StopFrom.RISK else case.settings.defaults.stop_from
    return case.with_defaults(stop_from=source, stop_fallback=StopFallback.ATR)


@given(plan_cases(), scaled(1, 60, "0.25"))
def test_more_risk_never_gives_a_smaller_size(case, more):
    case = with_stop_of_the_market(case)
    plan = planned(case)
    # The budget must not follow the risk, so it does not come from the fallback balance.
    assume(case.settings.defaults.initial_margin_usdt > 0)
    riskier = case.with_defaults(risk_pct_percent=case.settings.defaults.risk_pct_percent + more).plan()
    assume(isinstance(riskier, OrderPlan))
    assert riskier.size >= plan.size


@given(plan_cases(), scaled(11, 30, "0.1"))
def test_a_farther_stop_never_gives_a_larger_size(case, factor):
    case = case.with_defaults(stop_from=StopFrom.ATR)
    plan = planned(case)
    farther = case.with_defaults(atr_k=case.settings.defaults.atr_k * factor).plan()
    assume(isinstance(farther, OrderPlan))
    assert abs(farther.entry_price - farther.stop_price) >= abs(plan.entry_price - plan.stop_price)
    assert farther.size <= plan.size


@given(plan_cases(), scaled(1, 9, "0.1"))
def test_a_lower_cap_never_gives_more_leverage(case, factor):
    plan = planned(case)
    cap = max(case.settings.leverage.exchange_cap * factor, Decimal(1))
    lower = case.with_leverage(exchange_cap=cap).plan()
    assume(isinstance(lower, OrderPlan))
    assert lower.leverage <= plan.leverage


# --- total and deterministic ----------------------------------------------------------------------------------
@given(plan_cases())
def test_the_same_inputs_give_the_same_outcome(case):
    assert case.plan() == case.plan()


@given(wild_cases())
def test_every_input_gives_a_lawful_plan_or_a_skip_with_a_reason(case):
    outcome = case.plan()
    if isinstance(outcome, Skip):
        assert stage_of(outcome.reason) in (Stage.PLAN, Stage.FACTS)
        assert outcome.facts
    else:
        laws.assert_lawful(case, outcome)


@pytest.mark.parametrize("side", Side)
def test_a_plan_shows_every_number_that_it_holds_in_its_steps(side):
    seen = 0

    @settings(max_examples=50, derandomize=True)
    @given(plan_cases())
    def check(case: PlanCase) -> None:
        nonlocal seen
        outcome = evolve(case, signal=evolve(case.signal, side=side)).plan()
        if isinstance(outcome, OrderPlan):
            seen += 1
            values = {step.name: step.value for step in outcome.steps}
            assert values["entry_price"] == outcome.entry_price
            assert values["stop_price"] == outcome.stop_price
            assert values["size"] == outcome.size
            assert values["leverage"] == outcome.leverage
            assert values["risk_usdt"] == outcome.risk_usdt
            assert values["margin_usdt"] == outcome.margin_usdt

    check()
    assert seen
