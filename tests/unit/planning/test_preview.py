"""The vectorised preview: the plan's formulas over arrays."""

from __future__ import annotations

import numpy as np
import pytest
from attrs import evolve
from hypothesis import assume, given

from mtf_core.market import MarkPrice, OrderType, Side, Timeframe, TimeInForce, TopOfBook
from mtf_core.planning import OrderPlan
from mtf_core.planning.caps import matching_caps
from mtf_core.planning.preview import PreviewInputs, preview
from mtf_core.settings.trade_entry import (
    AcceptSettings,
    RoundingMode,
    RoundingSettings,
    StopFallback,
    StopFrom,
    TargetPolicy,
)
from tests.strategies import NOW_MS, SYMBOL, PlanCase, plan_cases
from tests.unit.planning.examples import D, example, plan_of


def entered_at_the_close(case: PlanCase) -> PlanCase:
    """The case with a limit entry at its bid, which is also the mark, and without fees.

    The preview knows no account, bracket or contract: these are made so large that they do not bind.
    """
    close = case.facts.book.best_bid
    tick = case.contract.tick_size
    book = TopOfBook(SYMBOL, close - tick, close + tick, NOW_MS)
    top = max(case.contract.brackets, key=lambda row: row.max_leverage)
    wide = evolve(top, notional_floor=D(0), notional_cap=D(10**12), max_leverage=D(10_000))
    case = case.with_defaults(
        stop_fallback=StopFallback.ATR,
        order_type=OrderType.LIMIT,
        time_in_force=TimeInForce.GTC,
        post_only=False,
        inside_ticks=1,
        initial_margin_usdt=D(100),
        max_deviation_pct=D("0.5"),
        implausible_pct=D("0.5"),
        zone_max_deviation_pct=D(1),
    )
    # A short starts a tick below the ask, a long a tick above the bid: both at the close.
    return (
        evolve(
            case,
            settings=evolve(case.settings, market_entry=evolve(case.settings.market_entry, enabled=False)),
            contract=evolve(
                case.contract,
                brackets=(wide,),
                max_leverage=D(10_000),
                min_leverage=D(1),
                min_size=D("1e-9"),
                size_step=D("1e-9"),
                max_size=D("1e15"),
                max_market_size=D("1e15"),
                min_notional=D(0),
            ),
            facts=evolve(case.facts, book=book, mark=MarkPrice(SYMBOL, close, NOW_MS), available_balance=D(10**6)),
        )
        .with_risk(include_fees=False, min_liquidation_ratio=D("0.01"), min_net_r=D(0))
        .with_leverage(accept=AcceptSettings(min=D(1)))
    )


def inputs_of(case: PlanCase) -> PreviewInputs:
    caps = matching_caps(case.settings.leverage.per_symbol_caps, SYMBOL)
    return PreviewInputs(
        side=case.signal.side,
        execution_timeframe=case.signal.execution_timeframe,
        close=np.array([float(case.facts.book.mid)]),
        features={role: np.array([fact.value]) for role, fact in case.facts.features.items()},
        symbol_cap=float(min(caps, default=D(10_000))),
    )


@given(plan_cases())
def test_preview_and_plan_agree_when_the_entry_is_the_close(case):
    case = entered_at_the_close(case)
    plan = case.plan()
    assume(isinstance(plan, OrderPlan) and plan.entry_price == case.facts.book.mid)
    shown = preview(case.settings, inputs_of(case))
    # A tick moves the stop by that much, and each R of the target by that much again, and the target itself.
    tick, distance = case.contract.tick_size, abs(plan.entry_price - plan.stop_price)
    slack = float(tick / distance) * (2 + float(plan.take_profits[0].r) + 2)
    stop = float(plan.stop_price)
    assert shown.stop_loss[0] == pytest.approx(stop, rel=0, abs=1.01 * float(tick))
    if plan.zone:
        width = 100 * (plan.zone.high - plan.zone.low) / plan.zone.anchor
        outward = 200 * tick / plan.zone.anchor
        assert float(width - outward) <= shown.entry_zone_width_pct[0] * (1 + 1e-12)
        assert shown.entry_zone_width_pct[0] <= float(width) * (1 + 1e-12)
    leverage = next(step.value for step in plan.steps if step.name == "leverage_within_caps")
    assert shown.leverage[0] == pytest.approx(leverage, rel=slack, abs=1)  # a tick may tip the rounding
    if _level_is_clear(case, plan):
        assert shown.expected_r_multiple[0] == pytest.approx(float(plan.take_profits[0].r), rel=0, abs=slack)


def _level_is_clear(case: PlanCase, plan: OrderPlan) -> bool:
    """No pivot lies so near to the base target that a tick decides whether it is the next one."""
    r = case.settings.r_multiple(case.signal.execution_timeframe)
    distance = abs(plan.entry_price - plan.stop_price)
    base = plan.entry_price + case.signal.side.sign * r * distance
    near = (3 + r) * case.contract.tick_size
    return all(abs(D(repr(fact.value)) - base) > near for role, fact in case.facts.features.items() if "pivot" in role)


def test_the_example_is_previewed_as_it_is_planned():
    """Close 100.1, ATR stop 1.5 away; r2 at 104 is beyond the base of 103.1 and 2.5 R is 103.85."""
    case = example()
    shown = preview(case.settings, evolve(inputs_of(case), close=np.array([100.1])))
    assert shown.entry_price == pytest.approx(np.array([100.1]))
    assert shown.stop_loss == pytest.approx(np.array([98.6]))
    assert shown.expected_r_multiple == pytest.approx(np.array([2.0]))
    assert shown.entry_zone_width_pct == pytest.approx(np.array([1.4]))  # 100 · 2 · 0.7 / 100
    assert shown.leverage == pytest.approx(np.array([float(plan_of(case).leverage)]))


def test_a_pivot_pulls_the_previewed_r():
    case = example().with_features(pivot_r2=103.4)
    case = case.with_defaults(tp_policy=TargetPolicy.PIVOT_CONSERVATIVE, tp_buffer_pct=D(0))
    shown = preview(case.settings, evolve(inputs_of(case), close=np.array([100.1])))
    assert shown.expected_r_multiple == pytest.approx(np.array([2.2]))  # 3.3 / 1.5


@pytest.mark.parametrize("shape", [(3,), (2, 4)])
def test_a_preview_keeps_the_shape_of_the_close(shape):
    case = example()
    inputs = evolve(
        inputs_of(case),
        close=np.full(shape, 100.1),
        features={role: np.full(shape, fact.value) for role, fact in case.facts.features.items()},
    )
    shown = preview(case.settings, inputs)
    for array in (shown.entry_price, shown.stop_loss, shown.expected_r_multiple, shown.leverage):
        assert array.shape == shape
    assert shown.entry_zone_width_pct.shape == shape


@pytest.mark.parametrize("missing", [np.nan, np.inf, 0.0, -1.0])
def test_what_is_missing_is_nan_where_it_is_needed_and_nowhere_else(missing):
    case = example()
    inputs = inputs_of(case)
    no_stop = preview(case.settings, evolve(inputs, features=inputs.features | {"stop_atr": np.array([missing])}))
    assert np.isnan(no_stop.expected_r_multiple).all()
    assert np.isnan(no_stop.leverage).all()
    assert not np.isnan(no_stop.entry_zone_width_pct).any()
    no_zone = preview(case.settings, evolve(inputs, features=inputs.features | {"zone_atr": np.array([missing])}))
    assert np.isnan(no_zone.entry_zone_width_pct).all()
    assert not np.isnan(no_zone.expected_r_multiple).any()
    no_price = preview(case.settings, evolve(inputs, close=np.array([missing])))
    assert np.isnan(no_price.expected_r_multiple).all()


def test_the_leverage_of_a_risk_stop_is_its_target():
    case = example(Side.SHORT, stop_from=StopFrom.RISK).with_leverage(target=D(5))
    shown = preview(case.settings, evolve(inputs_of(case), close=np.array([100.0])))
    assert shown.leverage == pytest.approx(np.array([5.0]))
    assert shown.stop_loss == pytest.approx(np.array([101.0]))  # 5 % of 1/5


@pytest.mark.parametrize(("mode", "leverage"), [("round", 3), ("floor", 2), ("ceil", 3)])
def test_plan_and_preview_round_half_a_leverage_alike(mode, leverage):
    case = example(stop_from=StopFrom.RISK).with_leverage(
        target=D("2.5"), rounding=RoundingSettings(RoundingMode(mode))
    )
    shown = preview(case.settings, evolve(inputs_of(case), close=np.array([100.1])))
    assert plan_of(case).leverage == leverage
    assert shown.leverage == pytest.approx(np.array([float(leverage)]))


def test_the_preview_reads_the_multipliers_of_the_execution_timeframe():
    case = example(r_timeframe_multipliers={Timeframe.M5: D("1.5")}).with_leverage(
        leverage_by_timeframe={Timeframe.M5: D(3)}
    )
    shown = preview(case.settings, evolve(inputs_of(case), close=np.array([100.1])))
    assert shown.leverage == pytest.approx(np.array([9.0]))
    assert shown.expected_r_multiple == pytest.approx(np.array([3.0]))
