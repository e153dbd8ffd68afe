"""Plans and skips for a notebook: the numbers first, every step folded away below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from mtf_core.market import format_instant

if TYPE_CHECKING:
    from mtf_core.planning.outcome import OrderPlan, Skip, Step


def plan_html(plan: OrderPlan) -> str:
    """A plan as a table; prices and money in quote currency, size in contracts."""
    zone = "none" if plan.zone is None else f"{plan.zone.low:f} to {plan.zone.high:f} ({plan.zone.anchor_source})"
    targets = ", ".join(
        f"{target.price:f} ({float(target.r):.2f} R, net {float(target.net_r):.2f} R, {target.size:f})"
        for target in plan.take_profits
    )
    rows = {
        "entry": f"{plan.entry_price:f} {plan.order_words}",
        "zone": zone,
        "stop": f"{plan.stop_price:f} ({plan.stop_words})",
        "targets": targets,
        "size": f"{plan.size:f} contracts of {plan.contract_size:f}, limited by {plan.size_limited_by}",
        "leverage": f"{plan.leverage}x, liquidation at {plan.liquidation_price:f}",
        "margin": f"{plan.margin_usdt:f} of {plan.budget_usdt:f} USDT",
        "loss at the stop": f"{plan.loss_at_stop_usdt:f} of {plan.risk_usdt:f} USDT",
        "costs": plan.cost_words,
    }
    title = f"{plan.symbol} {plan.side} on {plan.execution_timeframe} at {format_instant(plan.planned_at_ms)}"
    return _html(title, rows, plan.steps)


def skip_html(skip: Skip) -> str:
    """Why there is no plan, with the numbers that show it."""
    return _html(f"no plan: {skip.reason}", {name: str(value) for name, value in skip.facts}, skip.steps)


def _html(title: str, rows: Mapping[str, str], steps: Sequence[Step]) -> str:
    table = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows.items())
    lines = "\n".join(f"{step.name} = {step.value} {step.unit}   {step.formula}" for step in steps)
    folded = f"<details><summary>{len(steps)} steps</summary><pre>{escape(lines)}</pre></details>"
    return f"<b>{escape(title)}</b><table>{table}</table>{folded}"
