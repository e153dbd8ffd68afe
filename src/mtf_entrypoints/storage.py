"""A database that is ready for work."""

from __future__ import annotations

from mtf_adapters.sql import Database
from mtf_core.ports import StoreOutdatedError


async def make_ready(database: Database) -> None:
    """Makes a new SQLite file with its tables; raises `StoreError` where tables are older, or cannot be reached.

    A file without any table is new as well: another process is making it this moment, and is waited for, or one was
    killed while it did.
    """
    try:
        await database.check()
    except StoreOutdatedError:
        if await database.is_new():
            await database.upgrade()
        await database.check()  # as another process may have made it meanwhile, this one decides
