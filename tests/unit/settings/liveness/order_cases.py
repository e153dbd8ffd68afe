"""Settings of orders: what becomes of a plan once it is to be sent, and when it is not."""

from __future__ import annotations

from attrs import evolve

from mtf_adapters.bitmart.capabilities import CAPABILITIES as LATE
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_core.execution.opening import modes_differ
from mtf_core.market import PositionMode
from mtf_core.orders import Draft, PlanUse, draft_of
from mtf_core.planning import Skip
from mtf_core.risk import Heartbeat, refusal
from mtf_core.settings.profile import Profile
from tests.strategies import NOW_MS
from tests.unit.planning.examples import example, plan_of
from tests.unit.risk import facts
from tests.unit.settings.liveness.case import Case

_USE = PlanUse(profile="alive", run_id="run", now_ms=NOW_MS, facts_ms=NOW_MS, namespace="here")


def _drafted(profile: Profile, late: bool = False) -> Draft | Skip:
    case = evolve(example(), settings=profile.trade_entry)
    capabilities = LATE if late else CAPABILITIES
    return draft_of(plan_of(case), case.contract, profile.trade_entry, profile.trading, capabilities, _USE)


def draft(profile: Profile) -> object:
    """The intent of a resting entry."""
    made = _drafted(profile)
    assert isinstance(made, Draft), made
    return evolve(made, decision_key="")


def where_the_stop_is_late(profile: Profile) -> object:
    """Whether a resting entry may leave where its stop arms late."""
    made = _drafted(profile, late=True)
    return made.reason if isinstance(made, Skip) else "sent"


def one_way_account(profile: Profile) -> object:
    return modes_differ(PositionMode.ONE_WAY, profile.trading.orders)


def nobody_heard_of_for_five_seconds(profile: Profile) -> object:
    silent = Heartbeat("one", facts.NOW_MS - 5000, facts.NOW_MS - 5000)
    live = evolve(facts.LIVE, supervisor=silent, settings=profile.trading.orders)
    return refusal(facts.ENTRY, facts.facts(live=live))


def a_clock_that_is_away_by_half_a_second(profile: Profile) -> object:
    live = evolve(facts.LIVE, skew_ms=500, settings=profile.trading.orders)
    return refusal(facts.ENTRY, facts.facts(live=live))


_ORDERS, _SUPERVISION = "trading.orders", "trade_entry.supervision"

CASES = (
    Case("trade_entry.defaults.trigger_price", "mark", "last", draft),
    Case(f"{_SUPERVISION}.protection_timeout_sec", 5, 9, draft),
    Case(f"{_SUPERVISION}.target_order", "market", "limit", draft),
    Case(f"{_SUPERVISION}.tp_proximity_skip_pct", 0.003, 0.01, draft),
    Case("trading.switches.after_cancel_minutes", 1, 3, draft),
    Case(f"{_ORDERS}.request_life_sec", 10, 3, draft),
    Case(f"{_ORDERS}.rest_where_stop_is_late", False, True, where_the_stop_is_late),
    Case(f"{_ORDERS}.position_mode", "hedge", "one_way", one_way_account),
    Case(f"{_ORDERS}.heartbeat_sec", 10, 3, nobody_heard_of_for_five_seconds),
    Case(f"{_ORDERS}.clock_skew_ms", 1000, 300, a_clock_that_is_away_by_half_a_second),
)
