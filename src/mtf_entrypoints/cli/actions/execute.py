"""`mtf execute`: one stored plan, placed by hand."""

from __future__ import annotations

import asyncio

import typer

from mtf_core.planning import OrderPlan
from mtf_core.records import OrderStatus
from mtf_core.runs.executing import Executed, execute_plan, stored_plan
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.actions.account import account_of
from mtf_entrypoints.cli.actions.by_hand import confirm
from mtf_entrypoints.cli.actions.operators import actor
from mtf_entrypoints.cli.exits import REFUSED
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.documents import executed_to_json


def perform(world: World, key: str, yes: bool, as_json: bool) -> None:
    """Places it once it was confirmed; exit code 3 where it was not sent."""
    executed = asyncio.run(_executed(world, key, yes))
    if as_json:
        output.write_json(executed_to_json(executed))
    else:
        output.write_line(_words(executed))
    if executed.order.status is not OrderStatus.SUBMITTED:
        raise typer.Exit(REFUSED)


async def _executed(world: World, key: str, yes: bool) -> Executed:
    from mtf_core.execution import open_desk  # noqa: PLC0415  (only where something is to be sent)

    async with account_of(world) as environment:
        desk = await open_desk(environment)
        stored = await stored_plan(environment.stores.runs, key)
        confirm(stored.plan.symbol, yes, f"places {_plan_words(stored.plan)} at {environment.venue.label}")
        return await execute_plan(desk, stored, actor())


def _plan_words(plan: OrderPlan) -> str:
    return (
        f"a {plan.side} of {plan.size:f} contracts of {plan.symbol} at {plan.worst_entry_price:f}, stop "
        f"{plan.stop_price:f}, margin {plan.margin_usdt:.2f} USDT, loss at the stop {plan.loss_at_stop_usdt:.2f} USDT,"
    )


def _words(executed: Executed) -> str:
    order, facts = executed.order, executed.order.facts
    if order.status is OrderStatus.SUBMITTED:
        return f"{executed.decision_key}: submitted as {order.client_order_id}, {facts.get('state', '')}"
    numbers = ", ".join(f"{name} {value}" for name, value in facts.items())
    return f"{executed.decision_key}: not sent, {order.reason}{f' ({numbers})' if numbers else ''}"
