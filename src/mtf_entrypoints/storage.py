"""The part of a process that keeps things: enough for a question about what is stored, without an exchange."""

from __future__ import annotations

from dependency_injector import containers, providers

from mtf_adapters.sql import Database
from mtf_adapters.sql.locations import SqliteFile, default_database_url, parse_location
from mtf_entrypoints.settings import Settings


class Storage(containers.DeclarativeContainer):
    """The database of the settings; `Container` adds the rest."""

    settings = providers.Dependency(instance_of=Settings)
    database = providers.Singleton(Database.open, settings.provided.database_url)


async def make_ready(database: Database, settings: Settings) -> None:
    """Makes a new SQLite file with its tables; raises `StoreError` where tables are older, or cannot be reached."""
    location = parse_location(settings.database_url or default_database_url())
    if isinstance(location, SqliteFile) and not location.path.exists():
        await database.upgrade()
    await database.check()
