"""Where the stop stands, by hand-computed examples around an entry of 100.1."""

import pytest

from mtf_core.market import Side
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import PivotStopPolicy, StopFallback, StopFrom
from tests.unit.planning.examples import D, example, plan_of, skip_of, step


def test_an_atr_stop_stands_k_atrs_below_a_long_entry():
    plan = plan_of(example(atr_k=D("1.5")))
    assert plan.entry_price == D("100.1")
    assert plan.stop_price == D("98.6")  # 100.1 − 1.5 · 1.0
    assert plan.stop_source == "atr"


def test_an_atr_stop_stands_k_atrs_above_a_short_entry():
    plan = plan_of(example(Side.SHORT, atr_k=D("1.5")))
    assert plan.entry_price == D("100.3")  # ask − tick
    assert plan.stop_price == D("101.8")


def test_a_stop_is_rounded_away_from_the_entry():
    assert plan_of(example(atr_k=D("1.51"))).stop_price == D("98.5")  # 98.59 down
    assert plan_of(example(Side.SHORT, atr_k=D("1.51"))).stop_price == D("101.9")  # 101.81 up


def test_a_stop_is_never_closer_than_the_minimum_distance():
    plan = plan_of(example(atr_k=D("0.1"), min_stop_distance_pct=D("0.008")))
    assert plan.stop_price == D("99.2")  # 100.1 − 0.8008 = 99.2992, down


def test_a_stop_is_never_closer_than_a_tick():
    plan = plan_of(example(atr_k=D("0.0001"), min_stop_distance_pct=D(0), k_dynamic=D(1)).with_features(stop_atr=0.001))
    assert plan.entry_price - plan.stop_price == D("0.1")


@pytest.mark.parametrize("atr", [None, float("nan"), float("inf"), 0.0, -1.0])
def test_an_atr_stop_without_a_valid_atr_is_skipped(atr):
    assert skip_of(example().with_features(stop_atr=atr)).reason is Reason.ATR_REQUIRED_BUT_INVALID


@pytest.mark.parametrize(
    ("policy", "stop"),
    [
        ("nearest", "99.1"),  # s1 99.2 · 0.999 = 99.1008, down
        ("strongest", "98.6"),  # s2 98.7 · 0.999 = 98.6013, down
        ("s1", "99.1"),
        ("s2", "98.6"),
        ("r1", "99.1"),  # r1 101.0 is above the entry: its mirror image s1
    ],
)
def test_a_pivot_stop_stands_behind_the_level_of_the_policy(policy, stop):
    case = example(stop_from=StopFrom.PIVOT, pivot_sl_policy=PivotStopPolicy(policy), pivot_sl_buffer_pct=D("0.001"))
    plan = plan_of(case)
    assert plan.stop_price == D(stop)
    assert plan.stop_source == "pivot"


def test_an_explicit_level_of_the_other_letter_counts_where_it_lies_on_the_losing_side():
    case = example(stop_from=StopFrom.PIVOT, pivot_sl_policy=PivotStopPolicy.R1, pivot_sl_buffer_pct=D(0))
    assert plan_of(case.with_features(pivot_r1=99.0)).stop_price == D("99.0")


@pytest.mark.parametrize(("policy", "stop"), [("nearest", "101.0"), ("s1", "101.0"), ("r1", "101.0")])
def test_a_pivot_stop_of_a_short_stands_behind_a_resistance(policy, stop):
    case = example(
        Side.SHORT, stop_from=StopFrom.PIVOT, pivot_sl_policy=PivotStopPolicy(policy), pivot_sl_buffer_pct=D(0)
    )
    assert plan_of(case).stop_price == D(stop)


def test_strongest_takes_the_first_level_when_the_second_is_missing():
    case = example(stop_from=StopFrom.PIVOT, pivot_sl_policy=PivotStopPolicy.STRONGEST, pivot_sl_buffer_pct=D(0))
    assert plan_of(case.with_features(pivot_s2=None)).stop_price == D("99.2")


def test_a_pivot_stop_keeps_the_asked_share_of_the_level_distance():
    case = example(stop_from=StopFrom.PIVOT, pivot_sl_buffer_pct=D(0), pivot_sl_min_keep_ratio=D("1.5"))
    assert plan_of(case).stop_price == D("98.7")  # 100.1 − 1.5 · (100.1 − 99.2) = 98.75, down


@pytest.mark.parametrize(("level", "source"), [(98.1, "pivot"), (98.09, "atr")])
def test_a_pivot_farther_than_two_percent_gives_way_to_the_fallback(level, source):
    # 2 % of 100.1 is 2.002: 98.1 is 2.0 away, 98.09 is 2.01 away.
    case = example(stop_from=StopFrom.PIVOT, pivot_sl_policy=PivotStopPolicy.S1, pivot_sl_buffer_pct=D(0))
    assert plan_of(case.with_features(pivot_s1=level, pivot_r1=None)).stop_source == source


def test_without_a_pivot_and_a_fallback_the_plan_is_skipped():
    case = example(stop_from=StopFrom.PIVOT, stop_fallback=StopFallback.NONE, pivot_sl_policy=PivotStopPolicy.S6)
    assert skip_of(case).reason is Reason.STOP_NOT_AVAILABLE


def test_a_risk_stop_follows_from_leverage_and_budget():
    # L = 5: 100 USDT · 5 / (100.1 · 0.01) = 499.50 → 499 contracts; 5 USDT / (499 · 0.01) = 1.002004 away;
    # 100.1 − 1.002004 = 99.097996, down to 99.0. At that stop 5 / (1.1 · 0.01) = 454.5 → 454 contracts.
    plan = plan_of(example(stop_from=StopFrom.RISK).with_leverage(target=D(5)))
    assert plan.stop_source == "risk"
    assert step(plan, "stop_distance_risk").quantize(D("1e-6")) == D("1.002004")
    assert plan.stop_price == D("99.0")
    assert (plan.size, plan.leverage) == (D(454), 5)


def test_a_risk_stop_takes_the_fees_off_its_distance():
    # 500 USDT of notional: fees 499 · 0.01 · 100.1 · (0.0006 + 0.0006) = 0.599398…; (5 − 0.599398…) / (4.99 · 0.9994)
    plan = plan_of(example(stop_from=StopFrom.RISK).with_leverage(target=D(5)).with_risk(include_fees=True))
    distance = (D(5) - D("4.99") * D("100.1") * D("0.0012")) / (D("4.99") * D("0.9994"))
    assert abs(step(plan, "stop_distance_risk") - distance) < D("1e-20")


def test_a_risk_stop_needs_no_atr():
    case = example(stop_from=StopFrom.RISK).with_leverage(target=D(5))
    assert plan_of(case.with_features(stop_atr=None, leverage_atr=None)) == plan_of(case)


def test_a_pivot_stop_may_fall_back_to_the_risk():
    case = example(stop_from=StopFrom.PIVOT, stop_fallback=StopFallback.RISK, pivot_sl_policy=PivotStopPolicy.S6)
    plan = plan_of(case.with_leverage(target=D(5)))
    assert (plan.stop_source, plan.stop_price) == ("risk", D("99.0"))


def test_a_long_stop_at_or_below_zero_is_skipped():
    assert skip_of(example(atr_k=D(101))).reason is Reason.STOP_NOT_POSITIVE
