"""Plans and skips as JSON, under the names of the report's contract.

Prices, sizes and money are strings with every digit, ratios are numbers, times RFC 3339 UTC. The numbers of steps and
of a skip's facts are strings throughout, so that a computation can be repeated exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeAlias

from mtf_core.market import format_instant
from mtf_core.planning.outcome import OrderPlan, PlanCosts, Skip, Step, StepValue, Supervision, TakeProfit
from mtf_core.planning.zone_event import EntryZone, ZoneEvent
from mtf_core.settings.trade_entry import EndOfZoneSettings

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


def plan_to_json(plan: OrderPlan) -> dict[str, Json]:
    """The `plan` object of a report."""
    return {
        "symbol": plan.symbol,
        "side": plan.side.value,
        "execution_timeframe": plan.execution_timeframe.value,
        "decision_key": plan.decision_key,
        "planned_at": format_instant(plan.planned_at_ms),
        "order_type": plan.order_type.value,
        "time_in_force": plan.time_in_force.value,
        "post_only": plan.post_only,
        "margin_mode": plan.margin_mode.value,
        "entry_price": _text(plan.entry_price),
        "worst_entry_price": _text(plan.worst_entry_price),
        "stop_price": _text(plan.stop_price),
        "stop_source": plan.stop_source,
        "stop_wanted_source": plan.stop_wanted_source,
        "stop_wanted_distance": _text(plan.stop_wanted_distance),
        "take_profits": [_take_profit(target) for target in plan.take_profits],
        "size": _text(plan.size),
        "size_limited_by": plan.size_limited_by.value,
        "contract_size": _text(plan.contract_size),
        "tick_size": _text(plan.tick_size),
        "size_step": _text(plan.size_step),
        "leverage": plan.leverage,
        "notional_usdt": _text(plan.notional_usdt),
        "margin_usdt": _text(plan.margin_usdt),
        "budget_usdt": _text(plan.budget_usdt),
        "risk_usdt": _text(plan.risk_usdt),
        "loss_at_stop_usdt": _text(plan.loss_at_stop_usdt),
        "costs": _costs(plan.costs),
        "liquidation_price": _text(plan.liquidation_price),
        "zone": _zone(plan.zone) if plan.zone else None,
        "best_bid": _text(plan.best_bid),
        "best_ask": _text(plan.best_ask),
        "mark_price": _optional_text(plan.mark_price),
        "supervision": _supervision(plan.supervision),
        "zone_event": zone_event_to_json(plan.zone_event) if plan.zone_event else None,
        "steps": [step_to_json(step) for step in plan.steps],
    }


def skip_to_json(skip: Skip) -> dict[str, Json]:
    """Why there is no plan."""
    return {
        "reason": skip.reason.value,
        "facts": {name: _shown(value) for name, value in skip.facts},
        "zone_event": zone_event_to_json(skip.zone_event) if skip.zone_event else None,
        "steps": [step_to_json(step) for step in skip.steps],
    }


def step_to_json(step: Step) -> dict[str, Json]:
    return {
        "name": step.name,
        "formula": step.formula,
        "inputs": {name: _shown(value) for name, value in step.inputs},
        "value": _shown(step.value),
        "unit": step.unit,
    }


def _take_profit(target: TakeProfit) -> dict[str, Json]:
    return {
        "price": _text(target.price),
        "size": _text(target.size),
        "share": float(target.share),
        "r": float(target.r),
        "fee_usdt": _text(target.fee_usdt),
        "net_gain_usdt": _text(target.net_gain_usdt),
        "net_r": float(target.net_r),
    }


def _costs(costs: PlanCosts) -> dict[str, Json]:
    return {
        "entry_fee_usdt": _text(costs.entry_fee_usdt),
        "stop_fee_usdt": _text(costs.stop_fee_usdt),
        "half_spread_usdt": _text(costs.half_spread_usdt),
        "net_loss_at_stop_usdt": _text(costs.net_loss_at_stop_usdt),
        "net_r": float(costs.net_r),
        "break_even_win_rate": float(costs.break_even_win_rate),
    }


def zone_event_to_json(event: ZoneEvent) -> dict[str, Json]:
    """The zone row: prices are strings, ratios numbers."""
    return {
        "symbol": event.symbol,
        "side": event.side.value,
        "execution_timeframe": event.execution_timeframe.value,
        "decision_key": event.decision_key,
        "at": format_instant(event.at_ms),
        "zone": _zone(event.zone),
        "candidate_price": _text(event.candidate_price),
        "reference_price": _text(event.reference_price),
        "deviation": float(event.deviation),
        "allowed": float(event.allowed),
        "width_ratio": float(event.width_ratio),
        "atr_ratio": _optional_number(event.atr_ratio),
        "spread_ratio": float(event.spread_ratio),
        "volume_ratio": _optional_number(event.volume_ratio),
        "category": event.category.value,
        "failed_check": event.failed_check.value if event.failed_check else None,
    }


def _zone(zone: EntryZone) -> dict[str, Json]:
    return {
        "low": _text(zone.low),
        "high": _text(zone.high),
        "anchor": _text(zone.anchor),
        "anchor_source": zone.anchor_source,
        "expires_at": format_instant(zone.expires_at_ms),
    }


def _supervision(terms: Supervision) -> dict[str, Json]:
    minutes = terms.hard_time_stop_minutes
    return {
        "order_deadline": _optional_instant(terms.order_deadline_ms),
        "out_of_zone_from": _optional_instant(terms.out_of_zone_from_ms),
        "end_of_zone": _end_of_zone(terms.end_of_zone) if terms.end_of_zone else None,
        "break_even_after_tp1": terms.break_even_after_tp1,
        "hard_time_stop_minutes": None if minutes is None else float(minutes),
    }


def _end_of_zone(terms: EndOfZoneSettings) -> dict[str, Json]:
    return {
        "ttl_threshold_sec": terms.ttl_threshold_sec,
        "max_spread_bps": float(terms.max_spread_bps),
        "only_if_within_zone": terms.only_if_within_zone,
        "taker_order_type": terms.taker_order_type.value,
        "max_slippage_bps": float(terms.max_slippage_bps),
    }


def _text(value: Decimal) -> str:
    return format(value, "f")


def _optional_text(value: Decimal | None) -> str | None:
    return None if value is None else _text(value)


def _optional_number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _optional_instant(ms: int | None) -> str | None:
    return None if ms is None else format_instant(ms)


def _shown(value: StepValue) -> Json:
    return _text(value) if isinstance(value, Decimal) else value
