"""A database that is ready for work."""

from __future__ import annotations

from mtf_adapters.sql import Database
from mtf_adapters.sql.locations import SqliteFile, default_database_url, parse_location
from mtf_entrypoints.settings import Settings


async def make_ready(database: Database, settings: Settings) -> None:
    """Makes a new SQLite file with its tables; raises `StoreError` where tables are older, or cannot be reached."""
    location = parse_location(settings.database_url or default_database_url())
    if isinstance(location, SqliteFile) and not location.path.exists():
        await database.upgrade()
    await database.check()
