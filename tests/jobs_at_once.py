"""Transactions of an SQLite file that are carried out where they are asked for, for a loop whose time is a world's."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

from mtf_adapters.sql.sqlite_threads import Job


class JobsAtOnce:
    """Implements `SqliteJobs`. Not for tests in which one transaction waits for another."""

    def connect(self, database: str, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = sqlite3.connect(database, **options)
        return connection

    def begin(self, job: Job[Any]) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            future.set_result(job())
        except Exception as error:
            future.set_exception(error)
        return future

    def end(self) -> None:
        """Nothing was begun that has not ended."""
