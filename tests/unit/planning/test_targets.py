"""Take profits by hand-computed examples: entry 100.1, stop 98.6, so 1 R is 1.5; 333 contracts."""

import pytest
from attrs import evolve

from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import (
    CrashModeSettings,
    EntrySettings,
    EntryZoneOptions,
    SecondTargetPolicy,
    TargetPolicy,
)
from tests.strategies import PlanCase
from tests.unit.planning.examples import D, example, plan_of, skip_of, step, with_contract

ALIGNED = {"tp_policy": TargetPolicy.PIVOT_CONSERVATIVE, "tp_buffer_pct": D(0)}


def first(case: PlanCase) -> D:
    return plan_of(case).take_profits[0].price


def test_the_target_is_r_stop_distances_away():
    target = plan_of(example(r_multiple=D(2))).take_profits[0]
    assert (target.price, target.r, target.share, target.size) == (D("103.1"), D(2), D(1), D(333))


def test_the_target_is_rounded_toward_the_entry():
    assert first(example(r_multiple=D("1.99"))) == D("103.0")  # 103.085 down
    assert first(example(Side.SHORT, r_multiple=D("1.99"))) == D("97.4")  # 100.3 − 2.985 = 97.315 up


def test_the_r_of_a_timeframe_scales_the_target():
    assert first(example(r_timeframe_multipliers={Timeframe.M5: D("1.5")})) == D("104.6")


def test_the_target_moves_to_the_next_pivot_at_or_beyond_it():
    assert first(example(**ALIGNED).with_features(pivot_r2=103.5)) == D("103.5")
    assert first(example(**ALIGNED).with_features(pivot_r2=103.1)) == D("103.1")


def test_the_target_stands_before_the_pivot_by_its_buffer():
    case = example(tp_policy=TargetPolicy.PIVOT_CONSERVATIVE, tp_buffer_pct=D("0.001"), tp_buffer_ticks=2)
    assert first(case.with_features(pivot_r2=103.6)) == D("103.2")  # 103.6 · 0.999 − 0.2 = 103.2964, down


def test_a_buffer_never_brings_the_target_below_its_keep_ratio():
    case = example(tp_policy=TargetPolicy.PIVOT_CONSERVATIVE, tp_buffer_pct=D("0.02"), tp_min_keep_ratio=D("0.9"))
    assert first(case.with_features(pivot_r2=103.2)) == D("102.8")  # 100.1 + 0.9 · 3


def test_a_far_pivot_moves_the_target_by_the_extra_r_at_most():
    assert first(example(**ALIGNED, tp_max_extra_r=D("0.4"))) == D("103.7")  # r2 104.0; 100.1 + 2.4 · 1.5


def test_without_pivots_beyond_it_the_target_stays():
    assert first(example(**ALIGNED, r_multiple=D(5))) == D("107.6")


def test_15m_pivots_stand_in_only_when_every_daily_one_is_missing():
    case = example(**ALIGNED)
    assert first(case.with_features(fallback_pivot_r1=103.3)) == D("103.8")  # r2 104.0, capped at 2.5 R: 103.85
    without = case.with_features(pivot_r1=None, pivot_r2=float("nan"), pivot_r3=None)
    assert first(without.with_features(fallback_pivot_r1=103.3)) == D("103.3")


def test_a_shorts_target_runs_into_supports():
    case = example(Side.SHORT, **ALIGNED)  # entry 100.3, stop 101.8, base 97.3
    assert first(case) == D("97.0")  # s3


def test_a_target_within_less_than_a_tick_is_not_available():
    assert skip_of(example(r_multiple=D("0.01"))).reason is Reason.TARGET_NOT_AVAILABLE


def test_a_shorts_target_at_or_below_zero_is_not_available():
    assert skip_of(example(Side.SHORT, r_multiple=D(70))).reason is Reason.TARGET_NOT_AVAILABLE


# --- two targets ----------------------------------------------------------------------------------------------
def two(**defaults: object) -> PlanCase:
    return example(targets=2, **defaults)


def shares(case: PlanCase) -> list[D]:
    return [target.size for target in plan_of(case).take_profits]


def test_two_targets_share_the_size_and_stand_in_order():
    plan = plan_of(two(tp_buffer_pct=D(0)))
    assert [target.price for target in plan.take_profits] == [D("103.1"), D("104.0")]  # 2 R, then r2
    assert [target.size for target in plan.take_profits] == [D(166), D(167)]  # 50 % of 333, down
    assert sum(target.share for target in plan.take_profits) == 1


def test_the_second_target_is_at_twice_the_r_without_a_further_pivot():
    assert plan_of(two(tp2_policy=SecondTargetPolicy.R_MULTIPLE)).take_profits[1].price == D("106.1")
    no_pivots = dict.fromkeys(("pivot_r1", "pivot_r2", "pivot_r3"))
    assert plan_of(two().with_features(**no_pivots)).take_profits[1].price == D("106.1")


def test_the_first_of_two_targets_may_have_its_own_r():
    assert first(two(tp1_r=D(1))) == D("101.6")
    crash = CrashModeSettings(enabled=True, tp1_r=D("0.8"))
    assert first(two(tp1_r=D(1)).with_risk(crash_mode=crash)) == D("101.3")


def test_one_target_does_not_look_at_the_r_of_the_first_of_two():
    assert first(example(tp1_r=D(1))) == D("103.1")


@pytest.mark.parametrize(
    ("values", "valid", "size"),
    [
        ({"adx_1h": 25.0, "split_atr": 1.0}, 3, 99),  # strong: 30 %
        ({"adx_1h": 25.0, "split_atr": 1.0}, 2, 166),
        ({"adx_1h": 24.0, "split_atr": 1.0}, 3, 166),
        ({"adx_1h": 25.0, "split_atr": 1.3}, 3, 166),
        ({"split_atr": 1.9}, 1, 199),  # volatile: 60 %
        ({"split_atr": 1.9}, 2, 166),
        ({"split_atr": 1.7}, 1, 166),
        ({"adx_1h": 10.0, "split_atr": 2.1, "anchor_vwap": 99.6, "zone_atr": 0.3}, 1, 233),  # doubtful: 70 %
        ({"adx_1h": 10.0, "split_atr": 2.1}, 1, 199),  # not late: volatile
        ({"adx_1h": None, "split_atr": None}, None, 166),  # nothing known: 50 %
    ],
)
def test_the_share_of_the_first_target_follows_the_market(values, valid, size):
    zone = EntrySettings(entry_zone=EntryZoneOptions(w_min=D("0.006")))
    case = two().with_features(**values)
    case = evolve(case, facts=evolve(case.facts, valid_timeframes=valid))
    assert shares(evolve(case, settings=evolve(case.settings, entry=zone)))[0] == D(size)


def test_a_split_that_leaves_a_part_below_the_smallest_volume_is_no_split():
    assert shares(with_contract(two(), min_size=D(167))) == [D(333)]
    assert shares(with_contract(two(), min_size=D(166))) == [D(166), D(167)]


def test_break_even_after_the_first_target_is_asked_for_only_with_two_of_them():
    assert plan_of(two(break_even_after_tp1=True)).supervision.break_even_after_tp1
    assert not plan_of(with_contract(two(break_even_after_tp1=True), min_size=D(167))).supervision.break_even_after_tp1


def test_every_target_is_explained():
    assert step(plan_of(two()), "tp2_price") == plan_of(two()).take_profits[1].price
