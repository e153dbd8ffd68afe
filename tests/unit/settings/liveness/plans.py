"""Scenarios of the order plan: hand-made markets, planned with a profile's trade-entry settings.

What is looked at is what a trader would see: prices, sizes, leverage, targets, zone, or why there is no plan. Fields
of a plan that only carry a setting to whoever places and supervises the order are left out, but in `instructions`.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from mtf_core.market import MarginMode, Side, TimeInForce, TriggerPrice
from mtf_core.planning import OrderPlan, PlanOutcome, Skip
from mtf_core.planning.facts import FeatureFact
from mtf_core.settings.profile import Profile
from tests.strategies import NOW_MS, PlanCase
from tests.unit.planning.examples import example, plan_of

Scenario = Callable[[Profile], object]

_CARRIED = {
    "time_in_force": TimeInForce.GTC,
    "post_only": False,
    "margin_mode": MarginMode.ISOLATED,
    "stop_trigger": TriggerPrice.MARK,
}


def result_of(outcome: PlanOutcome) -> object:
    """The reason of a skip; of a plan all numbers and choices, without the words and what it only carries."""
    if isinstance(outcome, Skip):
        return outcome.reason
    supervision = evolve(
        outcome.supervision,
        order_deadline_ms=None,
        out_of_zone_from_ms=None,
        end_of_zone=None,
        break_even_after_tp1=False,
        hard_time_stop_minutes=None,
    )
    zone = outcome.zone and evolve(outcome.zone, anchor_source="")
    return evolve(outcome, steps=(), stop_source="", zone=zone, supervision=supervision, **_CARRIED)


def _planned(case: PlanCase, profile: Profile) -> PlanOutcome:
    return evolve(case, settings=profile.trade_entry).plan()


def plan_in(case: PlanCase) -> Scenario:
    """What becomes of one trade."""
    return lambda profile: result_of(_planned(case, profile))


def _aged(seconds_after_candles: int, seconds_after_facts: int) -> PlanCase:
    """The long trade with candles that closed five minutes and some seconds ago, and book and balance that old."""
    case = example()
    closed_ms = NOW_MS - (300 + seconds_after_candles) * 1000 + seconds_after_facts * 1000
    features = {role: FeatureFact(fact.value, closed_ms) for role, fact in case.facts.features.items()}
    return evolve(case, now_ms=NOW_MS + seconds_after_facts * 1000, facts=evolve(case.facts, features=features))


def _balance_read_before(seconds: int) -> PlanCase:
    case = example()
    return evolve(case, facts=evolve(case.facts, balance_time_ms=NOW_MS - seconds * 1000))


def _with_valid_timeframes(case: PlanCase, count: int) -> PlanCase:
    return evolve(case, facts=evolve(case.facts, valid_timeframes=count))


def instructions(profile: Profile) -> object:
    """What the order and its supervisor are told: margin mode, deadlines, and what happens when they pass."""
    plan = plan_of(evolve(example(), settings=profile.trade_entry))
    return plan.margin_mode, plan.supervision


def zone_life(profile: Profile) -> object:
    """When the zone of the long trade expires."""
    plan = plan_of(evolve(example(), settings=profile.trade_entry))
    assert plan.zone is not None
    return plan.zone.expires_at_ms


def first_target(case: PlanCase) -> Scenario:
    """The price and the share of the first of two targets."""

    def observe(profile: Profile) -> object:
        plan = plan_of(evolve(case, settings=profile.trade_entry))
        assert isinstance(plan, OrderPlan)
        assert len(plan.take_profits) == 2
        return plan.take_profits[0].price, plan.take_profits[0].size

    return observe


LONG = plan_in(example())
SHORT = plan_in(example(Side.SHORT))
RESISTANCE_NEAR = plan_in(example().with_features(pivot_r2=103.2))
RESISTANCE_FARTHER = plan_in(example().with_features(pivot_r2=103.6))
NO_PIVOTS = plan_in(
    example().with_features(**{f"pivot_{letter}{number}": None for letter in "rs" for number in (1, 2, 3)})
)
NO_ANCHOR = plan_in(example().with_features(anchor_vwap=None, anchor_average=None))
OLD_QUOTES = plan_in(_aged(0, 10))
OLD_CANDLES = plan_in(_aged(60, 0))
OLD_BALANCE = plan_in(_balance_read_before(90))

STRONG = first_target(_with_valid_timeframes(example().with_features(adx_1h=25.0, split_atr=1.0), 3))
VOLATILE = first_target(_with_valid_timeframes(example().with_features(split_atr=1.9), 1))
DOUBTFUL = first_target(
    _with_valid_timeframes(
        example().with_features(adx_1h=10.0, split_atr=2.1, anchor_vwap=99.6, zone_atr=0.3),
        1,
    )
)
NEUTRAL = first_target(example())
