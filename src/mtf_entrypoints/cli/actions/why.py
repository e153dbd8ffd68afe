"""`mtf why`."""

from __future__ import annotations

import asyncio

from mtf_core.inquiry import Why, why
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.plain import write_json
from mtf_entrypoints.cli.stored import stored_run
from mtf_entrypoints.cli.trees import write_tree


def perform(world: World, symbol: str, run: str | None, full: bool, as_json: bool) -> None:
    """What became of the symbol in a run; in full, with its trace."""
    found = asyncio.run(_why(world, symbol, run))
    if found is None:
        where = f"run {run}" if run else "any stored run"
        raise CommandError(f"{symbol} is not in {where}; `mtf run` stores one", FAILED)
    if as_json:
        write_json(found.to_json())
    else:
        write_tree(found.render(full=full))


async def _why(world: World, symbol: str, run: str | None) -> Why | None:
    async with stored_run(world, run, symbol) as stored:
        return None if stored is None else await why(stored.runs, symbol, stored.run_id, stored.zones, stored.orders)
