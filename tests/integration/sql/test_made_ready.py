"""What a process finds when it starts on a database: its own, one that another makes this moment, or one half made."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest

from mtf_adapters.sql import Database
from mtf_adapters.sql.engines import use_write_ahead_log
from mtf_core.ports import StoreOutdatedError
from mtf_entrypoints.storage import make_ready


async def test_a_file_that_another_process_is_making_is_waited_for(tmp_path: Path) -> None:
    """`mtf stream` and `mtf run` started together: the second one found a file without tables, and ended."""
    other = sqlite3.connect(tmp_path / "mtf.db", isolation_level=None)
    use_write_ahead_log(other)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE not_committed_yet (id INTEGER)")
    async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
        made_ready = asyncio.create_task(make_ready(database))
        await asyncio.sleep(0.2)
        assert not made_ready.done()
        other.execute("ROLLBACK")
        await made_ready
        await database.check()
    other.close()


async def test_several_processes_that_start_on_a_new_file_all_find_it_ready(tmp_path: Path) -> None:
    databases = [Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") for _ in range(6)]
    await asyncio.gather(*map(make_ready, databases))
    for database in databases:
        await database.check()
        await database.close()


async def test_a_file_whose_maker_was_killed_before_its_first_table_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "mtf.db").touch()
    async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
        await make_ready(database)
        await database.check()


async def test_the_tables_of_others_are_left_as_they_are(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "mtf.db") as other:
        other.execute("CREATE TABLE theirs (id INTEGER)")
    other.close()
    async with Database.open(f"sqlite:///{tmp_path / 'mtf.db'}") as database:
        with pytest.raises(StoreOutdatedError, match="run `mtf db upgrade`"):
            await make_ready(database)
        assert not await database.is_new()
