"""Facts that cannot be planned on, the reasons of skips, and what a plan needs and tells."""

import json

import pytest
from attrs import evolve

from mtf_core.market import ContractStatus, MarkPrice, Timeframe
from mtf_core.planning import FactRole, FeatureFact, OrderPlan, needed_features
from mtf_core.reasons import Reason, Stage, stage_of
from mtf_core.records.documents import plan_to_json, skip_to_json
from mtf_core.rules.expressions import Feature
from mtf_core.settings.trade_entry import (
    CrashModeSettings,
    EndOfZoneSettings,
    EntrySettings,
    EntryZoneOptions,
    MarketEntrySettings,
    SecondTargetPolicy,
    StopFallback,
    StopFrom,
    TargetPolicy,
    ZoneAnchor,
)
from tests.strategies import NOW_MS, SYMBOL, PlanCase
from tests.unit.planning.examples import D, example, plan_of, skip_of, with_contract, with_settings

CONTRACT_NAMES = {
    "side",
    "order_type",
    "time_in_force",
    "post_only",
    "margin_mode",
    "entry_price",
    "stop_price",
    "stop_source",
    "stop_trigger",
    "take_profits",
    "size",
    "contract_size",
    "tick_size",
    "size_step",
    "leverage",
    "notional_usdt",
    "margin_usdt",
    "budget_usdt",
    "risk_usdt",
    "loss_at_stop_usdt",
    "liquidation_price",
    "zone",
    "best_bid",
    "best_ask",
    "mark_price",
    "steps",
}


def at(case: PlanCase, **facts: object) -> PlanCase:
    return evolve(case, facts=evolve(case.facts, **facts))


def aged(case: PlanCase, role: FactRole, close_ms: int) -> PlanCase:
    features = dict(case.facts.features)
    features[role] = FeatureFact(features[role].value, close_ms)
    return at(case, features=features)


# --- staleness ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("age_ms", "fresh"), [(15_000, True), (15_001, False), (-15_000, True), (-15_001, False)])
def test_a_book_older_or_younger_than_allowed_is_stale(age_ms, fresh):
    case = at(example(), book=evolve(example().facts.book, time_ms=NOW_MS - age_ms))
    if fresh:
        plan_of(case)
    else:
        skip = skip_of(case)
        assert skip.reason is Reason.STALE_MARKET_DATA
        assert dict(skip.facts) == {"fact": "book", "age_ms": age_ms, "allowed_ms": 15_000}


def test_an_old_mark_or_balance_is_stale():
    assert skip_of(at(example(), mark=MarkPrice(SYMBOL, D(100), NOW_MS - 15_001))).reason is Reason.STALE_MARKET_DATA
    assert skip_of(at(example(), balance_time_ms=NOW_MS - 120_001)).reason is Reason.STALE_MARKET_DATA


@pytest.mark.parametrize(("role", "timeframe_ms"), [(FactRole.STOP_ATR, 300_000), (FactRole.LEVERAGE_ATR, 900_000)])
def test_a_feature_is_stale_once_the_next_candle_is_overdue(role, timeframe_ms):
    plan_of(aged(example(), role, NOW_MS - timeframe_ms - 90_000))
    assert skip_of(aged(example(), role, NOW_MS - timeframe_ms - 90_001)).reason is Reason.STALE_MARKET_DATA


def test_a_candle_that_closes_later_than_now_is_never_used():
    assert skip_of(aged(example(), FactRole.STOP_ATR, NOW_MS + 1)).reason is Reason.STALE_MARKET_DATA


def test_an_old_feature_that_no_setting_asks_for_does_not_matter():
    plan_of(aged(example(), FactRole.ADX_1H, 0))


# --- unusable facts -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("balance", [D("NaN"), D("Infinity"), D("1e30")])
def test_a_balance_that_is_no_number_is_unavailable(balance):
    assert skip_of(at(example(), available_balance=balance)).reason is Reason.MARKET_FACTS_UNAVAILABLE


@pytest.mark.parametrize("balance", [D(0), D(-5)])
def test_an_empty_account_has_insufficient_margin(balance):
    assert skip_of(at(example(), available_balance=balance)).reason is Reason.INSUFFICIENT_MARGIN


@pytest.mark.parametrize(
    "changes", [{"brackets": ()}, {"taker_fee": D("NaN")}, {"maker_fee": D("0.2")}, {"max_market_size": D("NaN")}]
)
def test_a_contract_without_brackets_or_with_impossible_numbers_is_unavailable(changes):
    assert skip_of(with_contract(example(), **changes)).reason is Reason.MARKET_FACTS_UNAVAILABLE


def test_facts_of_another_symbol_are_unavailable():
    case = example()
    other = at(case, book=evolve(case.facts.book, symbol="OTHERUSDT"))
    assert skip_of(other).reason is Reason.MARKET_FACTS_UNAVAILABLE
    assert skip_of(with_contract(case, symbol="OTHERUSDT")).reason is Reason.MARKET_FACTS_UNAVAILABLE


# --- contracts ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("status", [status for status in ContractStatus if status is not ContractStatus.TRADING])
def test_a_contract_that_takes_no_entries_is_never_planned(status):
    skip = skip_of(with_contract(example(), status=status))
    assert skip.reason is Reason.CONTRACT_NOT_TRADING
    assert dict(skip.facts)["status"] == status


@pytest.mark.parametrize(("minutes", "open_for"), [(None, 240_000), (D(45), 240_000 + 45 * 60_000)])
def test_a_contract_that_expires_within_the_life_of_a_plan_is_never_planned(minutes, open_for):
    """The zone lives four minutes; a position may be closed by time after that."""
    case = example().with_risk(crash_mode=CrashModeSettings(enabled=True, hard_time_stop_minutes=minutes))
    skip = skip_of(with_contract(case, expires_at_ms=NOW_MS + open_for))
    assert skip.reason is Reason.CONTRACT_NOT_TRADING
    assert plan_of(with_contract(case, expires_at_ms=NOW_MS + open_for + 1))


# --- reasons --------------------------------------------------------------------------------------------------
def test_every_reason_of_the_planning_stage_can_be_reached():
    open_spread = with_settings(example(), entry=EntrySettings(spread_guard_bps=D(1)))
    cases = [
        example().with_features(anchor_vwap=None, anchor_average=None),
        example(implausible_pct=D("0.0001")),
        open_spread,
        example().with_features(stop_atr=None),
        example(stop_from=StopFrom.PIVOT, stop_fallback=StopFallback.NONE).with_features(
            pivot_s1=None, pivot_s2=None, pivot_s3=None
        ),
        example(atr_k=D(200)),
        with_contract(example(), min_size=D(1000)),
        example(k_dynamic=D("0.001")),
        example().with_leverage(accept=evolve(example().settings.leverage.accept, min=D(30))),
        with_contract(example().with_leverage(exchange_cap=D(1)), min_size=D(300)),
        example().with_leverage(floor=D(30)),
        example(r_multiple=D("0.001")),
        example().with_risk(min_net_r=D(2)),
    ]
    reached = {skip_of(case).reason for case in cases}
    assert reached == {reason for reason in Reason if stage_of(reason) is Stage.PLAN}


def test_a_skip_keeps_the_steps_up_to_it():
    skip = skip_of(example().with_features(stop_atr=None))
    assert [step.name for step in skip.steps][:3] == ["budget_usdt", "risk_ratio", "risk_usdt"]
    assert skip.steps[-1].name == "exit_fee"
    assert skip_to_json(skip)["facts"] == {"needed_for": "stop", "atr": "missing", "atr_feature": "5m.atr"}


# --- supervision and report -----------------------------------------------------------------------------------
def test_a_limit_plan_carries_the_deadlines_of_its_order():
    case = with_settings(example(), fallback_end_of_zone=EndOfZoneSettings(ttl_threshold_sec=30))
    terms = plan_of(case).supervision
    assert terms.order_deadline_ms == NOW_MS + 120_000
    assert terms.out_of_zone_from_ms == NOW_MS + 30_000
    assert terms.end_of_zone == EndOfZoneSettings(ttl_threshold_sec=30)
    assert plan_of(example()).supervision.end_of_zone is None


def test_the_report_holds_the_names_and_types_of_the_contract():
    shown = json.loads(json.dumps(plan_to_json(plan_of(example()))))
    named = {step["name"] for step in shown["steps"]} & {"entry_price", "stop_price", "size", "leverage"}
    assert named == {"entry_price", "stop_price", "size", "leverage"}
    assert shown.keys() >= CONTRACT_NAMES
    assert shown["entry_price"] == "100.1"
    assert shown["leverage"] == 4
    [target] = shown["take_profits"]
    assert {name: target[name] for name in ("price", "size", "share", "r")} == {
        "price": "103.1",
        "size": "333",
        "share": 1.0,
        "r": 2.0,
    }
    assert shown["zone"] == {
        "low": "99.3",
        "high": "100.7",
        "anchor": "100.0",
        "anchor_source": "5m.vwap",
        "expires_at": "2023-11-14T22:17:20Z",
    }


def test_tiny_prices_are_written_without_an_exponent():
    outcome = with_contract(example(), contract_size=D("1E-8"), size_step=D("1E+1"), max_size=D("1E+12")).plan()
    assert isinstance(outcome, OrderPlan)
    shown = plan_to_json(outcome)
    assert shown["contract_size"] == "0.00000001"
    assert shown["size_step"] == "10"


def test_every_number_of_a_plan_is_the_value_of_a_step():
    plan = plan_of(example(targets=2))
    values = {step.name: step.value for step in plan.steps}
    shown = {name: getattr(plan, name) for name in values if hasattr(plan, name)}
    assert shown.keys() >= {"entry_price", "stop_price", "size", "leverage", "risk_usdt", "margin_usdt", "budget_usdt"}
    assert shown == {name: values[name] for name in shown}


# --- what it costs --------------------------------------------------------------------------------------------
def test_a_plan_says_what_is_left_after_fees_and_how_often_it_must_win():
    """A target of 1.32 R, a stop of 0.5 % and 0.06 % fees a side are 0.87 R net and need 53.4 % winners."""
    case = with_contract(example(r_multiple=D("1.32")), tick_size=D("0.00001"), taker_fee=D("0.0006"))
    case = case.with_features(stop_atr=0.001)
    plan = plan_of(case)
    assert plan.stop_source == "min_distance"
    assert float(plan.take_profits[0].net_r) == pytest.approx(0.87, abs=0.005)
    assert float(plan.costs.break_even_win_rate) == pytest.approx(0.534, abs=0.001)


def test_costs_are_reckoned_in_money():
    # 333 contracts of 0.01 at 100.1, stop 98.6, target 103.1, 0.06 % a side
    plan = plan_of(example())
    assert plan.costs.entry_fee_usdt == D("0.1999998")  # 333.333 · 0.0006
    assert plan.costs.stop_fee_usdt == D("0.1970028")  # 328.338 · 0.0006
    assert plan.costs.net_loss_at_stop_usdt == D("4.995") + D("0.1999998") + D("0.1970028")
    [target] = plan.take_profits
    assert target.net_gain_usdt == D("9.99") - D("0.1999998") - D("0.2059938")  # 343.323 · 0.0006
    assert plan.costs.half_spread_usdt == 0


def test_half_the_spread_is_stated_where_the_entry_takes():
    plan = plan_of(example(inside_ticks=9))
    assert plan.entry_price == D("100.4")
    assert plan.costs.half_spread_usdt == D("0.2") * plan.size * D("0.01")


def test_a_plan_that_leaves_too_little_is_skipped_where_that_is_asked():
    skip = skip_of(example().with_risk(min_net_r=D("1.78")))  # 9.584 / 5.392 = 1.7774
    assert skip.reason is Reason.NET_REWARD_TOO_SMALL
    assert plan_of(example().with_risk(min_net_r=D("1.77")))


# --- needs ----------------------------------------------------------------------------------------------------
def needs(case: PlanCase) -> dict[FactRole, Feature]:
    return dict(needed_features(case.settings, Timeframe.M5))


def test_a_plan_needs_only_what_its_settings_read():
    assert needs(example()) == {
        FactRole.STOP_ATR: Feature("atr", timeframe=Timeframe.M5),
        FactRole.LEVERAGE_ATR: Feature("atr", timeframe=Timeframe.M15),
        FactRole.ANCHOR_VWAP: Feature("vwap", timeframe=Timeframe.M5),
        FactRole.ANCHOR_AVERAGE: Feature("sma_21", timeframe=Timeframe.M5),
        FactRole.ZONE_ATR: Feature("atr", timeframe=Timeframe.M5),
    }
    assert set(needs(example(stop_from=StopFrom.RISK))) == {
        FactRole.ANCHOR_VWAP,
        FactRole.ANCHOR_AVERAGE,
        FactRole.ZONE_ATR,
    }


def test_pivots_are_needed_for_pivot_stops_and_pivot_targets():
    assert FactRole.PIVOT_S1 in needs(example(stop_from=StopFrom.PIVOT))
    assert FactRole.FALLBACK_PIVOT_S1 not in needs(example(stop_from=StopFrom.PIVOT))
    aligned = needs(example(tp_policy=TargetPolicy.PIVOT_CONSERVATIVE))
    assert aligned[FactRole.PIVOT_R6] == Feature("pivot_r6", timeframe=Timeframe.D1)
    assert aligned[FactRole.FALLBACK_PIVOT_R6] == Feature("pivot_r6", timeframe=Timeframe.M15)
    assert FactRole.PIVOT_R1 not in needs(example(targets=2, tp2_policy=SecondTargetPolicy.R_MULTIPLE))


def test_the_adx_is_needed_for_market_entries_that_ask_for_it_and_for_two_targets():
    asks = MarketEntrySettings(enabled=True, allowed_execution_timeframes=(Timeframe.M5,), adx_min_1h=D(20))
    assert FactRole.ADX_1H in needs(with_settings(example(), market_entry=asks))
    assert FactRole.ADX_1H not in needs(with_settings(example(), market_entry=evolve(asks, adx_min_1h=None)))
    assert {FactRole.ADX_1H, FactRole.SPLIT_ATR} <= set(needs(example(targets=2)))


def test_the_zone_reads_the_timeframes_of_its_settings():
    zone = EntryZoneOptions(source=ZoneAnchor.MA21, anchor_timeframe=Timeframe.M15, offset_atr_tf=Timeframe.M1)
    found = needs(with_settings(example(), entry=EntrySettings(entry_zone=zone)))
    assert str(found[FactRole.ANCHOR_AVERAGE]) == "15m.ma_21"
    assert str(found[FactRole.ANCHOR_VWAP]) == "15m.vwap"
    assert str(found[FactRole.ZONE_ATR]) == "1m.atr"
