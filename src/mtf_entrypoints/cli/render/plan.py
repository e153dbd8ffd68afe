"""An order plan, or why there is none, with every step of its computation."""

from __future__ import annotations

from decimal import Decimal

from rich.console import Console

from mtf_core.market import format_instant
from mtf_core.planning import OrderPlan, PlanOutcome, Step, TakeProfit
from mtf_core.reasons import meaning_of
from mtf_entrypoints.cli import output


def print_outcome(outcome: PlanOutcome, symbol: str, console: Console) -> None:
    """The plan's numbers (or the reason and its facts), then the steps."""
    if isinstance(outcome, OrderPlan):
        console.print(output.pairs(_numbers(outcome)))
    else:
        console.print(f"{symbol}: no plan: {outcome.reason}: {meaning_of(outcome.reason)}")
        console.print(output.pairs({name: _shown(value) for name, value in outcome.facts}))
    table = output.table(
        "step", "value", "formula", "with", right=("value",), prose=("formula", "with"), optional=("with",)
    )
    for step in outcome.steps:
        table.add_row(step.name, _value(step), step.formula, _inputs(step))
    console.print(table)


def _numbers(plan: OrderPlan) -> dict[str, object]:
    zone = plan.zone
    return {
        "plan": f"{plan.symbol} {plan.side} on {plan.execution_timeframe}, {format_instant(plan.planned_at_ms)}",
        "entry": f"{plan.entry_price:f} ({plan.order_words}, {plan.margin_mode}){_worst(plan)}",
        "zone": "none"
        if zone is None
        else f"{zone.low:f} to {zone.high:f} around {zone.anchor:f} ({zone.anchor_source}), "
        f"until {format_instant(zone.expires_at_ms)}",
        "stop": f"{plan.stop_price:f} ({plan.stop_words})",
        **{f"target {number}": _target(target) for number, target in enumerate(plan.take_profits, start=1)},
        "size": f"{plan.size:f} contracts of {plan.contract_size:f}, {plan.notional_usdt:f} USDT, "
        f"limited by {plan.size_limited_by}",
        "leverage": plan.leverage,
        "margin": f"{plan.margin_usdt:f} USDT of a budget of {plan.budget_usdt:f}",
        "loss at stop": f"{plan.loss_at_stop_usdt:f} USDT of a risk of {plan.risk_usdt:f}",
        "costs": plan.cost_words,
        "liquidation": f"{plan.liquidation_price:f}",
        "book": f"bid {plan.best_bid:f}, ask {plan.best_ask:f}, mark {_shown(plan.mark_price)}",
    }


def _target(target: TakeProfit) -> str:
    r, net_r, share = float(target.r), float(target.net_r), float(target.share)
    return f"{target.price:f} ({r:.2f} R, net {net_r:.2f} R, {share:.0%} = {target.size:f})"


def _worst(plan: OrderPlan) -> str:
    """The bound of an entry that takes; a limit's is its own price."""
    return "" if plan.worst_entry_price == plan.entry_price else f", at worst {plan.worst_entry_price:f}"


def _value(step: Step) -> str:
    return f"{_shown(step.value)} {step.unit}".strip()


def _inputs(step: Step) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in step.inputs)


def _shown(value: object) -> str:
    """Numbers with at most ten significant digits; the JSON has all of them."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        if not value.is_finite():
            return str(value)
        digits = max(0, 9 - value.adjusted()) if value else 0
        text = f"{value:.{digits}f}" if digits < -int(value.as_tuple().exponent) else f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    return str(value)
