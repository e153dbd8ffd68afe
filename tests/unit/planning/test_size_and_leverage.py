"""Budget, size, leverage and liquidation, by hand-computed examples: entry 100.1, stop 98.6, 0.015 USDT a contract."""

import pytest
from attrs import evolve

from mtf_core.market import BracketUnit, LeverageBracket, OrderType, Side, Timeframe
from mtf_core.planning import SizeLimit
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.planning.liquidation import Exposure, largest_safe_quantity, liquidation_price, safe_liquidation
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import (
    AcceptSettings,
    CrashModeSettings,
    EndOfZoneSettings,
    MarketEntrySettings,
    RoundingMode,
    RoundingSettings,
    StopFrom,
    SymbolCap,
)
from tests.unit.planning.examples import D, example, plan_of, skip_of, step, with_contract, with_settings


# --- budget and risk ------------------------------------------------------------------------------------------
def test_the_size_is_the_risk_over_the_loss_of_a_contract_rounded_down():
    plan = plan_of(example())
    assert plan.risk_usdt == D(5)
    assert plan.size == D(333)  # 5 / (1.5 · 0.01) = 333.3
    assert plan.loss_at_stop_usdt == D("4.995")


def test_the_size_is_rounded_down_to_its_step():
    assert plan_of(with_contract(example(), size_step=D(50))).size == D(300)


def test_fees_of_entry_and_stop_are_part_of_the_risk():
    # a contract loses 0.01 · (1.5 + 0.0006 · 100.1 + 0.0006 · 98.6) = 0.0161922; 5 / 0.0161922 = 308.8
    plan = plan_of(example().with_risk(include_fees=True))
    assert plan.size == D(308)
    assert plan.loss_at_stop_usdt == 308 * D("0.0161922")


def test_an_entry_that_can_only_be_maker_pays_the_makers_fee():
    case = example(post_only=True).with_risk(include_fees=True)
    # 0.01 · (1.5 + 0.0002 · 100.1 + 0.0006 · 98.6) = 0.0157918
    assert plan_of(case).loss_at_stop_usdt == plan_of(case).size * D("0.0157918")
    may_take = with_settings(case, fallback_end_of_zone=EndOfZoneSettings(enabled=True))
    assert step(plan_of(may_take), "entry_fee") == D("0.0006")


def test_a_rebate_is_never_counted_on():
    case = with_contract(example(post_only=True).with_risk(include_fees=True), maker_fee=D("-0.001"))
    assert step(plan_of(case), "entry_fee") == 0


def test_the_budget_is_what_is_available_when_that_is_less():
    case = example()
    poor = evolve(case, facts=evolve(case.facts, available_balance=D(40)))
    plan = plan_of(poor)
    assert (plan.budget_usdt, plan.risk_usdt) == (D(40), D(2))


def test_without_an_initial_margin_the_budget_comes_from_the_fallback_balance():
    plan = plan_of(example(initial_margin_usdt=D(0), fallback_account_balance=D(3000)))
    assert plan.budget_usdt == D(150)  # 3000 · 5 %


def test_the_timeframe_multiplier_of_the_leverage_section_scales_the_risk():
    plan = plan_of(example().with_risk(risk_by_timeframe={Timeframe.M5: D(2), Timeframe.M1: D(9)}))
    assert plan.risk_usdt == D(10)


def test_the_loss_is_capped_at_a_share_of_the_initial_margin():
    assert plan_of(example().with_leverage(max_loss_pct=D("0.03"))).risk_usdt == D(3)


def test_crash_mode_scales_the_risk():
    crash = CrashModeSettings(enabled=True, risk_pct_multiplier=D("0.5"), hard_time_stop_minutes=D(45))
    plan = plan_of(example().with_risk(crash_mode=crash))
    assert plan.risk_usdt == D("2.5")
    assert plan.supervision.hard_time_stop_minutes == D(45)


def test_a_fixed_risk_ignores_the_multipliers():
    case = example().with_risk(risk_by_timeframe={Timeframe.M5: D(2)}).with_risk(fixed_risk_percent=D(1))
    assert plan_of(case).risk_usdt == D(1)


# --- leverage -------------------------------------------------------------------------------------------------
def test_the_leverage_follows_from_risk_stop_and_volatility():
    # 0.05 / (1.5 / 100.1) · (1.25 − 75 · 0.5 / 100.1) = 0.05 / 1.5 · (125.125 − 37.5) = 2.9208333; three times that
    plan = plan_of(example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)}))
    assert step(plan, "volatility_factor").quantize(D("1e-6")) == D("0.875375")
    assert step(plan, "leverage_raw") == D("8.7625")
    assert plan.leverage == 9  # rounded up
    assert plan.notional_usdt == D("333.333")  # 333 · 0.01 · 100.1
    assert plan.margin_usdt == D("37.03700000")


@pytest.mark.parametrize(("mode", "leverage"), [("floor", 8), ("ceil", 9), ("round", 9)])
def test_the_leverage_is_rounded_as_the_settings_say(mode, leverage):
    case = example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)})
    assert plan_of(case.with_leverage(rounding=RoundingSettings(RoundingMode(mode)))).leverage == leverage


def test_the_volatility_factor_stays_between_its_bounds():
    assert step(plan_of(example().with_features(leverage_atr=5.0)), "volatility_factor") == D("0.5")
    assert step(plan_of(example().with_features(leverage_atr=1e-9)), "volatility_factor") < D("1.25")


def test_the_leverage_is_raised_until_the_budget_covers_the_margin():
    plan = plan_of(example())  # 2.92 → 3, but 333.333 / 100 needs 4
    assert plan.leverage == 4
    assert plan.margin_usdt == D("83.33325")


def test_the_size_is_reduced_when_no_leverage_covers_the_margin():
    # with at most 2: 200 USDT of notional, 200 / (100.1 · 0.01) = 199.8
    plan = plan_of(example().with_leverage(exchange_cap=D(2)))
    assert (plan.size, plan.leverage) == (D(199), 2)
    assert plan.margin_usdt <= D(100)


def test_too_small_a_budget_for_the_smallest_size_is_insufficient_margin():
    case = with_contract(example().with_leverage(exchange_cap=D(2)), min_size=D(200))
    assert skip_of(case).reason is Reason.INSUFFICIENT_MARGIN


def test_a_size_is_never_rounded_up_to_the_smallest_volume():
    case = with_contract(example(), min_size=D(334))
    assert skip_of(case).reason is Reason.SIZE_BELOW_MIN_VOLUME


def test_toward_the_initial_margin_the_lowest_affordable_leverage_is_taken():
    case = example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)})
    assert plan_of(case.with_leverage(toward_initial_margin=True)).leverage == 4


@pytest.mark.parametrize(
    ("changes", "leverage"),
    [
        ({"exchange_cap": D(6)}, 6),
        ({"exchange_cap": D("6.9")}, 6),
        ({"per_symbol_caps": (SymbolCap("^test", D(5)), SymbolCap("^BTC", D(4)))}, 5),
        ({"floor": D(12)}, 12),
        ({"floor": D("11.5")}, 12),
        ({"floor": D(12), "per_symbol_caps": (SymbolCap("USDT$", D(7)),)}, 7),
    ],
)
def test_caps_and_floor_bound_the_leverage_and_a_cap_below_the_floor_wins(changes, leverage):
    case = example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)}).with_leverage(**changes)
    assert plan_of(case).leverage == leverage


def test_the_dynamic_cap_is_k_dynamic_over_the_stop_distance():
    # 0.1 / (1.5 / 100.1) = 6.67
    assert plan_of(example(k_dynamic=D("0.1")).with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)})).leverage == 6


def test_the_bracket_of_the_notional_caps_the_leverage():
    rows = (
        LeverageBracket(D(0), D(300), D(50), D("0.01"), D(0)),
        LeverageBracket(D(300), D(50_000), D(5), D("0.01"), D(0)),
    )
    case = with_contract(example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(3)}), brackets=rows)
    assert plan_of(case).leverage == 5


def test_the_size_stays_within_the_highest_bracket():
    rows = (LeverageBracket(D(0), D(100), D(50), D("0.01"), D(0)),)
    assert plan_of(with_contract(example(), brackets=rows)).size == D(99)  # 100 / 1.001


def test_the_size_stays_within_the_contracts_of_its_bracket():
    """Up to 100 contracts 50x, up to 200 contracts 5x: the budget carries the 333 of the risk, 200 are allowed."""
    rows = (
        LeverageBracket(D(0), D(100), D(50), D("0.01"), D(0)),
        LeverageBracket(D(100), D(200), D(5), D("0.02"), D(0)),
    )
    plan = plan_of(with_contract(example(), brackets=rows, brackets_in=BracketUnit.CONTRACTS))
    assert (plan.size, plan.size_limited_by) == (D(200), SizeLimit.BRACKET)
    assert plan.leverage <= 5
    assert step(plan, "notional_cap") == D("200.2")  # 200 · 0.01 · 100.1
    cap = next(one for one in plan.steps if one.name == "notional_cap")
    assert dict(cap.inputs)["bracket_contracts"] == 200


def test_a_market_entry_may_use_its_bracket_to_the_last_contract_wherever_it_fills():
    """The 101st contract is beyond the first bracket's 100 at the touch and at the worst fill, though these differ."""
    rows = (
        LeverageBracket(D(0), D(100), D(50), D("0.01"), D(0)),
        LeverageBracket(D(100), D(101), D(50), D("0.02"), D(0)),
    )
    market = example(order_type=OrderType.MARKET, market_max_spread_pct=D("0.01"))
    case = with_contract(market, brackets=rows, brackets_in=BracketUnit.CONTRACTS)
    plan = plan_of(with_settings(case, market_entry=MarketEntrySettings(max_slippage_bps=D(200))))
    assert plan.worst_entry_price > plan.entry_price
    assert plan.size == 101


def test_brackets_in_notional_tell_of_no_contracts():
    assert "notional_cap" not in {one.name for one in plan_of(example()).steps}


def test_caps_below_the_contracts_minimum_leave_no_leverage():
    case = with_contract(example().with_leverage(exchange_cap=D(2)), min_leverage=D(3))
    assert skip_of(case).reason is Reason.LEVERAGE_BELOW_MIN
    assert skip_of(example(k_dynamic=D("0.001"))).reason is Reason.LEVERAGE_BELOW_MIN


@pytest.mark.parametrize("accept", [AcceptSettings(min=D(5)), AcceptSettings(min=D(1), max=D(3))])
def test_a_leverage_that_is_not_accepted_skips_the_plan(accept):
    skip = skip_of(example().with_leverage(accept=accept))
    assert skip.reason is Reason.LEVERAGE_OUT_OF_BOUNDS
    assert dict(skip.facts)["leverage"] == 4


def test_a_missing_15m_atr_is_never_taken_for_a_calm_market():
    assert skip_of(example().with_features(leverage_atr=None)).reason is Reason.ATR_REQUIRED_BUT_INVALID


# --- liquidation ----------------------------------------------------------------------------------------------
def exposure(side: Side, amount: str = "0") -> Exposure:
    bracket = LeverageBracket(D(0), D(5000), D(50), D("0.01"), D(amount))
    return Exposure(side, entry=D(100), bracket=bracket, taker_fee=D("0.001"), tick=D("0.1"))


@pytest.mark.parametrize(
    ("side", "amount", "price"),
    [
        (Side.LONG, "0", "91.1"),  # 100 · 0.9 / (1 − 0.011) = 91.001, up
        (Side.SHORT, "0", "108.8"),  # 100 · 1.1 / 1.011 = 108.803, down
        (Side.LONG, "1", "90.5"),  # (90 − 0.5) / 0.989 = 90.4954, up
        (Side.SHORT, "1", "109.2"),  # (110 + 0.5) / 1.011 = 109.298, down
    ],
)
def test_liquidation_is_where_the_margin_no_longer_covers_maintenance_and_fee(side, amount, price):
    assert liquidation_price(exposure(side, amount), D(2), 10) == D(price)


def test_a_long_without_borrowed_money_is_not_liquidated():
    assert liquidation_price(exposure(Side.LONG, "1"), D(2), 1) == 0


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("ratio", ["3", "1", "0.5"])
def test_the_largest_safe_quantity_is_the_last_whose_liquidation_is_beyond_the_safe_price(side, ratio):
    """With a maintenance amount of 1 and a leverage that is unsafe without it; one tick decides."""
    position, stop, leverage = exposure(side, "1"), D(100) - side.sign * D("1.5"), {"3": 20, "1": 50, "0.5": 70}[ratio]
    quantity = largest_safe_quantity(position, leverage, stop, D(ratio)) * (1 - D("1e-20"))
    safe = safe_liquidation(position, stop, D(ratio))
    assert quantity > 0
    assert (safe - liquidation_price(position, quantity, leverage)) * side.sign >= 0
    assert (safe - liquidation_price(position, quantity * D("1.1"), leverage)) * side.sign < 0


def test_without_a_maintenance_amount_a_leverage_is_safe_for_every_quantity_or_for_none():
    safe, unsafe = 18, 19  # 100 / (100 − 95.5 · 0.989) = 18.006
    assert largest_safe_quantity(exposure(Side.LONG), safe, D("98.5"), D(3)) == D("Infinity")
    assert largest_safe_quantity(exposure(Side.LONG), unsafe, D("98.5"), D(3)) == 0


def test_the_guard_lowers_the_leverage_until_the_stop_comes_first():
    # raw 29.2; a stop 1.5 away needs liquidation 4.5 away: 100.1 / L ≲ 5.5
    case = example().with_leverage(leverage_by_timeframe={Timeframe.M5: D(10)}).with_risk(min_liquidation_ratio=D(3))
    plan = plan_of(case)
    assert step(plan, "leverage_within_caps") == 30
    assert plan.leverage == 18  # 100.1 · 17/18 / 0.9894 = 95.552, 4.5 away; with 19 it is 95.9, 4.2 away
    assert plan.entry_price - plan.liquidation_price == D("4.5")


def test_where_the_budget_does_not_carry_the_size_at_a_safe_leverage_the_position_is_smaller():
    # 100 USDT carry 333 contracts from 4 on; a stop 1.5 away needs liquidation 33 away at a ratio of 22, so at most 2:
    # 100.1 · (1 − 1/2) / (1 − 0.0106) = 50.6, and at 3 67.5. 200 USDT of notional are 199 contracts.
    plan = plan_of(example().with_risk(min_liquidation_ratio=D(22)))
    assert (plan.size, plan.leverage) == (D(199), 2)
    assert plan.size_limited_by is SizeLimit.LIQUIDATION
    assert step(plan, "size_by_liquidation") == D(199)


def test_a_safe_size_below_the_smallest_is_no_position():
    case = with_contract(example().with_risk(min_liquidation_ratio=D(22)), min_size=D(200))
    skip = skip_of(case)
    assert skip.reason is Reason.SIZE_BELOW_MIN_VOLUME
    assert dict(skip.facts)["size_limited_by"] == "liquidation"


def test_where_nothing_is_safe_in_a_high_bracket_the_position_shrinks_into_a_lower_one():
    rows = (
        LeverageBracket(D(0), D(300), D(50), D("0.01"), D(0)),
        LeverageBracket(D(300), D(50_000), D(50), D("0.3"), D(0)),
    )
    # 333 contracts are worth 333 USDT; there nothing above 3 is safe: 100.1 / (100.1 − 95.6 · 0.6994) = 3.01
    case = with_contract(example().with_leverage(floor=D(4)), brackets=rows)
    plan = plan_of(case)
    assert plan.size == D(299)  # 300 / 1.001
    assert plan.size_limited_by is SizeLimit.LIQUIDATION


@pytest.mark.parametrize(
    ("case", "limit"),
    [
        (example(), SizeLimit.RISK),
        (example().with_leverage(exchange_cap=D(2)), SizeLimit.BUDGET),
        (with_contract(example(), max_size=D(150)), SizeLimit.VOLUME),
        (with_contract(example(), max_market_size=D(150)), SizeLimit.VOLUME),
        (
            with_contract(example(), brackets=(LeverageBracket(D(0), D(100), D(50), D("0.01"), D(0)),)),
            SizeLimit.BRACKET,
        ),
    ],
)
def test_a_plan_names_what_limited_its_size(case, limit):
    assert plan_of(case).size_limited_by is limit


# --- least notional -------------------------------------------------------------------------------------------
def test_the_least_notional_is_reached_at_entry_stop_and_target():
    # 333 contracts are worth 333.333 at the entry and 328.338 at the stop of 98.6
    assert plan_of(with_contract(example(), min_notional=D("328.338"))).size == D(333)
    skip = skip_of(with_contract(example(), min_notional=D("328.339")))
    assert skip.reason is Reason.SIZE_BELOW_MIN_VOLUME
    assert dict(skip.facts)["lowest_price"] == D("98.6")


def test_a_short_whose_target_is_worth_too_little_is_no_plan():
    # entry 100.3, stop 101.8, target 97.3 for 333 contracts: 324.009
    assert plan_of(with_contract(example(Side.SHORT), min_notional=D("324.009")))
    skip = skip_of(with_contract(example(Side.SHORT), min_notional=D("324.01")))
    assert dict(skip.facts)["notional_at_target"] == D("324.009")


def test_a_part_that_is_worth_too_little_is_not_split_off():
    case = example(targets=2)
    assert [target.size for target in plan_of(case).take_profits] == [D(166), D(167)]
    whole = plan_of(with_contract(case, min_notional=D(164)))  # 166 at the stop of 98.6: 163.676
    assert [target.size for target in whole.take_profits] == [D(333)]


def test_a_floor_above_the_safe_leverage_is_a_stop_beyond_liquidation():
    case = example().with_leverage(floor=D(25)).with_risk(min_liquidation_ratio=D(3))
    assert skip_of(case).reason is Reason.STOP_BEYOND_LIQUIDATION


def test_the_leverage_of_a_stop_from_the_risk_is_never_below_the_contracts_minimum():
    case = with_contract(example(stop_from=StopFrom.RISK).with_leverage(floor=D(1)), min_leverage=D(2))
    assert plan_of(case).leverage == 2


def test_a_stop_from_the_risk_keeps_its_leverage():
    case = example(stop_from=StopFrom.RISK).with_leverage(target=D(5), leverage_by_timeframe={Timeframe.M5: D(9)})
    assert plan_of(case).leverage == 5


def test_the_precision_of_a_plan_holds_the_product_of_its_largest_numbers():
    """18 digits before and after the point, for price, size, contract size and fee."""
    assert PLAN_CONTEXT.prec >= 3 * 36
