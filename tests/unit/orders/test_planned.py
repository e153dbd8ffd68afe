"""From a plan to the order that is sent: what an exchange can do decides how, and whether at all."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given

from mtf_adapters.bitmart.capabilities import CAPABILITIES as BITMART
from mtf_adapters.sandbox.capabilities import CAPABILITIES as SANDBOX
from mtf_core.market import (
    ArmsAt,
    Capabilities,
    MarginMode,
    OrderType,
    OversizedExit,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
)
from mtf_core.orders import Draft, PlanUse, Purpose, draft_of, read_client_id
from mtf_core.orders.planned import Regime, plan_words, regime_of
from mtf_core.planning import OrderPlan, Skip
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import CrashModeSettings, MarketEntrySettings, SupervisionSettings
from mtf_core.settings.trading import OrderSettings, TradingSettings
from tests.strategies import NOW_MS, PlanCase, plan_cases
from tests.unit.planning.examples import D, example, plan_of, with_settings

LATE = evolve(SANDBOX, entry_protection=evolve(SANDBOX.entry_protection, arms_at=ArmsAt.FULL_FILL))
"""An exchange whose travelling stop arms when everything has filled."""
NO_OVERLAP = evolve(LATE, oversized_exit=OversizedExit.UNKNOWN)
USE = PlanUse(profile="scalper_micro", run_id="run", now_ms=NOW_MS + 200, facts_ms=NOW_MS, namespace="here")


def orders(**changes: object) -> TradingSettings:
    return TradingSettings(orders=OrderSettings(**changes))


def drafted(
    case: PlanCase, capabilities: Capabilities = SANDBOX, trading: TradingSettings | None = None, use: PlanUse = USE
) -> Draft | Skip:
    return draft_of(plan_of(case), case.contract, case.settings, trading or TradingSettings(), capabilities, use)


def draft(case: PlanCase, capabilities: Capabilities = SANDBOX, trading: TradingSettings | None = None) -> Draft:
    made = drafted(case, capabilities, trading)
    assert isinstance(made, Draft), made
    return made


def refused(case: PlanCase, capabilities: Capabilities, trading: TradingSettings | None = None) -> Skip:
    made = drafted(case, capabilities, trading)
    assert isinstance(made, Skip), made
    return made


def at_market(case: PlanCase, time_in_force: TimeInForce = TimeInForce.IOC) -> PlanCase:
    return with_settings(
        case.with_defaults(order_type=OrderType.MARKET, time_in_force=time_in_force, market_max_spread_pct=D("0.01")),
        market_entry=MarketEntrySettings(max_slippage_bps=D(30)),
    )


def taking(case: PlanCase) -> PlanCase:
    """A limit that is inside the spread by so much that it reaches the other side's touch."""
    return case.with_defaults(inside_ticks=10, post_only=False)


def test_an_entry_rests_with_its_stop_where_that_arms_at_the_first_fill() -> None:
    case = example(post_only=True)
    made, plan = draft(case), plan_of(case)
    attempt = made.attempt
    assert (attempt.order_type, attempt.time_in_force, attempt.post_only) == (OrderType.LIMIT, TimeInForce.GTC, True)
    assert (attempt.price, attempt.size, attempt.carries_stop) == (plan.entry_price, plan.size, True)
    assert made.wanted.stop == TriggerLevel(plan.stop_price, TriggerPrice.MARK)
    assert made.terms.order_timeout_ms == 120_000


@pytest.mark.parametrize("late", [LATE, NO_OVERLAP, evolve(SANDBOX, entry_protection=None), BITMART])
def test_a_plan_that_has_to_wait_is_refused_where_a_part_of_it_would_stand_without_a_stop(late: Capabilities) -> None:
    skip = refused(example(post_only=True), late)
    assert skip.reason is Reason.PROTECTION_NOT_AVAILABLE
    assert dict(skip.facts) == {"entry": "has to wait", "stop": "would arm late"}


def test_whoever_accepts_the_risk_may_let_entries_rest_there() -> None:
    made = draft(example(post_only=True), BITMART, orders(rest_where_stop_is_late=True))
    assert (made.attempt.time_in_force, made.attempt.post_only) == (TimeInForce.GTC, True)
    assert not made.attempt.carries_stop  # nobody knows what becomes of an exit that is too large


def test_a_limit_that_takes_goes_as_ioc_where_the_stop_arms_late() -> None:
    made = draft(taking(example()), LATE)
    assert made.attempt.time_in_force is TimeInForce.IOC
    assert made.terms.order_timeout_ms is None
    assert made.terms.end_of_zone is None


@pytest.mark.parametrize(
    ("capabilities", "regime"),
    [(SANDBOX, Regime.TRAVELS), (LATE, Regime.TRAVELS_LATE), (NO_OVERLAP, Regime.OWN), (BITMART, Regime.OWN)],
)
def test_stops_overlap_only_where_an_exit_that_is_too_large_is_trimmed(
    capabilities: Capabilities, regime: Regime
) -> None:
    assert regime_of(plan_of(example()), capabilities) is regime
    assert draft(taking(example()), capabilities).attempt.carries_stop is regime.carries_stop


def test_an_entry_that_no_stop_can_protect_from_its_first_fill_is_refused() -> None:
    no_own = evolve(LATE, position_protection=None)
    assert refused(taking(example()), no_own).reason is Reason.PROTECTION_NOT_AVAILABLE
    by_last = evolve(
        SANDBOX,
        entry_protection=evolve(SANDBOX.entry_protection, trigger_prices=frozenset({TriggerPrice.LAST})),
        position_protection=evolve(SANDBOX.position_protection, trigger_prices=frozenset({TriggerPrice.LAST})),
    )
    assert refused(example(), by_last).reason is Reason.PROTECTION_NOT_AVAILABLE
    assert draft(example(trigger_price=TriggerPrice.LAST), by_last).wanted.stop.by is TriggerPrice.LAST


@pytest.mark.parametrize("time_in_force", [TimeInForce.IOC, TimeInForce.FOK])
@pytest.mark.parametrize("side", list(Side))
def test_a_market_entry_is_sent_as_a_limit_at_the_worst_price_that_it_was_reckoned_with(
    side: Side, time_in_force: TimeInForce
) -> None:
    case = at_market(example(side), time_in_force)
    made, plan = draft(case, BITMART), plan_of(case)
    assert plan.worst_entry_price != plan.entry_price
    assert (made.attempt.order_type, made.attempt.price) == (OrderType.LIMIT, plan.worst_entry_price)
    assert made.attempt.time_in_force is time_in_force
    assert made.terms.order_timeout_ms is None
    assert made.terms.planned_entry == plan.entry_price


def test_a_request_has_an_end_and_never_lives_longer_than_the_exchange_can_refuse_it() -> None:
    assert draft(example()).attempt.not_after_ms == USE.now_ms + 10_000
    short = evolve(SANDBOX, request_deadline=evolve(SANDBOX.request_deadline, longest_ms=3000))
    assert draft(example(), short).attempt.not_after_ms == USE.now_ms + 3000
    assert draft(example(), SANDBOX, orders(request_life_sec=2)).attempt.not_after_ms == USE.now_ms + 2000


@pytest.mark.parametrize(
    ("lacking", "why"),
    [
        ({"request_deadline": None}, "does not refuse a request that comes late"),
        ({"fills_kept_ms": 100_000}, "forgets orders before their end is certain"),
        ({"client_ids": evolve(SANDBOX.client_ids, lookup_history_ms=100_000)}, "forgets orders"),
        ({"client_ids": evolve(SANDBOX.client_ids, lookup_open=False)}, "does not show ids of ours"),
        ({"client_ids": evolve(SANDBOX.client_ids, most_characters=10)}, "ids of ours need"),
    ],
)
def test_nothing_is_sent_whose_end_could_not_be_known(lacking: dict[str, object], why: str) -> None:
    skip = refused(example(), evolve(SANDBOX, **lacking))
    assert skip.reason is Reason.EVIDENCE_NOT_AVAILABLE
    assert why in str(dict(skip.facts)["why"])


def test_a_margin_mode_that_the_exchange_does_not_have_is_refused() -> None:
    cross_only = evolve(SANDBOX, margin_modes=frozenset({MarginMode.CROSS}))
    assert refused(example(), cross_only).reason is Reason.MODES_DIFFER
    assert draft(example(margin_mode=MarginMode.CROSS), cross_only).wanted.margin_mode is MarginMode.CROSS


def test_two_targets_stay_one_where_a_split_could_open_the_other_side() -> None:
    case = example(targets=2, tp1_r=D(1), break_even_after_tp1=True)
    assert [target.share for target in draft(case).wanted.targets] == [
        target.share for target in plan_of(case).take_profits
    ]
    parts_only = evolve(NO_OVERLAP, position_protection=evolve(SANDBOX.position_protection, whole_position=False))
    for one_of_both in (NO_OVERLAP, evolve(parts_only, oversized_exit=OversizedExit.TRIMMED)):
        assert len(draft(taking(case), one_of_both).wanted.targets) == 2, "a stop over all, or exits that are trimmed"
    kept = draft(taking(case), parts_only)
    assert [target.share for target in kept.wanted.targets] == [D(1)]
    assert kept.wanted.targets[0].price == plan_of(taking(case)).take_profits[0].price


@pytest.mark.parametrize(
    ("oversized", "order"),
    [
        (OversizedExit.TRIMMED, OrderType.LIMIT),
        (OversizedExit.REJECTED, OrderType.MARKET),
        (OversizedExit.REVERSES, OrderType.MARKET),
        (OversizedExit.UNKNOWN, OrderType.MARKET),
    ],
)
def test_a_target_rests_only_where_it_cannot_keep_the_size_back_from_a_stop_that_fires(
    oversized: OversizedExit, order: OrderType
) -> None:
    case = with_settings(example(), supervision=SupervisionSettings(target_order=OrderType.LIMIT))
    made = draft(taking(case), evolve(LATE, oversized_exit=oversized))
    assert made.terms.target_order is order
    assert plan_words(made)["target_order"] == order


def test_a_plan_is_acted_on_while_its_facts_are_fresh_and_its_zone_lasts() -> None:
    case = example()
    zone = plan_of(case).zone
    assert zone is not None
    assert draft(case).expires_ms == NOW_MS + 15_000
    late_facts = evolve(USE, facts_ms=zone.expires_at_ms)
    made = drafted(case, use=late_facts)
    assert isinstance(made, Draft)
    assert made.expires_ms == zone.expires_at_ms


def test_the_id_names_the_store_the_count_and_the_purpose_and_repeats_itself() -> None:
    made = draft(example())
    intent = made.intent("account", 7, 42, SANDBOX.client_ids)
    read = read_client_id(intent.attempt.client_order_id, SANDBOX.client_ids)
    assert read is not None
    assert (read.tag, read.counter, read.purpose) == (7, 42, Purpose.ENTRY)
    assert made.intent("account", 7, 42, SANDBOX.client_ids) == intent
    assert made.intent("other", 7, 42, SANDBOX.client_ids).attempt.client_order_id != intent.attempt.client_order_id
    assert (intent.account, intent.decision_key, intent.is_live) == ("account", made.decision_key, True)


@given(plan_cases())
def test_what_is_sent_never_risks_more_than_the_plan_and_stands_on_its_own(case: PlanCase) -> None:
    """Whatever the market: the order is the plan's, at no worse price than it was reckoned with."""
    plan = case.plan()
    if not isinstance(plan, OrderPlan):
        return
    made = draft_of(plan, case.contract, case.settings, TradingSettings(), SANDBOX, USE)
    if isinstance(made, Skip):
        return
    wanted, attempt, terms = made.wanted, made.attempt, made.terms
    assert attempt.price is not None
    loss = (attempt.price - wanted.stop.price) * wanted.side.sign * attempt.size * terms.contract_size
    assert 0 < loss <= plan.risk_usdt
    assert attempt.size == wanted.size == plan.size
    assert terms.notional_usdt >= attempt.price * attempt.size * terms.contract_size
    assert sum((target.share for target in wanted.targets), Decimal(0)) == 1
    assert terms.order_timeout_ms is None or attempt.time_in_force is TimeInForce.GTC
    assert attempt.created_ms < attempt.not_after_ms


def test_the_hard_time_stop_is_told_in_milliseconds() -> None:
    case = example().with_risk(crash_mode=CrashModeSettings(enabled=True, hard_time_stop_minutes=D("1.5")))
    assert draft(case).terms.hard_time_stop_ms == 90_000
    assert draft(example()).terms.hard_time_stop_ms is None
