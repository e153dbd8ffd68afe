"""`mtf db`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mtf_adapters.sql import Database
from mtf_adapters.sql.backup import back_up
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


def backup(world: World, file: Path, as_json: bool) -> None:
    """Copies, and says what was written."""
    made = back_up(settings_of(world).database_url, file)
    if as_json:
        output.write_json(
            {"location": made.location, "file": str(made.file), "bytes": made.size_bytes, "revision": made.revision}
        )
    else:
        output.write_line(
            f"{made.location}: copied to {made.file}, {made.size_bytes:,} bytes, tables of revision {made.revision}"
        )


async def _upgrade(url: str | None, beside_others: bool) -> str:
    async with Database.open(url) as database:
        await database.upgrade(beside_others=beside_others)
        await database.check()
        return database.location
