"""`mtf plan`."""

from __future__ import annotations

import asyncio

from mtf_core.inquiry import plan_symbol
from mtf_core.market import Side, Timeframe
from mtf_core.planning import PlanOutcome
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.plan import print_outcome
from mtf_entrypoints.cli.working import working
from mtf_entrypoints.documents import plan_outcome_to_json


def perform(world: World, symbol: str, side: str, timeframe: str, as_json: bool) -> None:
    """Prints the plan with its steps, or why there is none; both are answers, so both end with exit code 0."""
    if side not in tuple(Side):
        raise CommandError(f"--side: found {side!r}; allowed: {', '.join(Side)}")
    outcome = asyncio.run(_plan(world, symbol, Side(side), Timeframe.parse(timeframe)))
    if as_json:
        output.write_json(plan_outcome_to_json(outcome))
    else:
        print_outcome(outcome, symbol, output.console())


async def _plan(world: World, symbol: str, side: Side, timeframe: Timeframe) -> PlanOutcome:
    async with working(world) as environment:
        return await plan_symbol(environment, environment.profiles(None), symbol, side, timeframe)
