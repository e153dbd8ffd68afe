"""`mtf why` for several symbols, or since an instant."""

from __future__ import annotations

import asyncio

from mtf_core.inquiry.why_over_time import WhyOverTime, why_over_time
from mtf_core.market import parse_moment
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.plain import write_json, write_line
from mtf_entrypoints.cli.stored import stored_run
from mtf_entrypoints.selecting import selection_of


def perform(world: World, symbols: list[str], since: str | None, profile: str | None, as_json: bool) -> None:
    """What stopped each symbol over the stored runs."""
    if since is not None:
        parse_moment(since, 0)
    found = asyncio.run(_why(world, symbols, since, profile))
    if found is None:
        raise CommandError("no run is stored; `mtf run` stores one", FAILED)
    if as_json:
        write_json(found.to_json())
    else:
        write_line(found.render())


async def _why(world: World, symbols: list[str], since: str | None, profile: str | None) -> WhyOverTime | None:
    async with stored_run(world, None) as stored:
        if stored is None:
            return None
        stores = stored.stores
        return await why_over_time(stores, await selection_of(stores, since, None, symbols, None, profile))
