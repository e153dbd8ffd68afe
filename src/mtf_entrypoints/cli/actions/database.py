"""`mtf db`."""

from __future__ import annotations

import asyncio

from mtf_adapters.sql import Database
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of


def upgrade(world: World, beside_others: bool, as_json: bool) -> None:
    """Upgrades, then checks."""
    location = asyncio.run(_upgrade(settings_of(world).database_url, beside_others))
    if as_json:
        output.write_json({"location": location, "ok": True})
    else:
        output.write_line(f"{location}: the tables are what this version needs")


async def _upgrade(url: str | None, beside_others: bool) -> str:
    async with Database.open(url) as database:
        await database.upgrade(beside_others=beside_others)
        await database.check()
        return database.location
