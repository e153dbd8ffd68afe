"""What is kept of orders outside of the database lies where the account needs it, and nowhere else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from mtf_adapters.local import FileActionJournal, FileHighWater, MemoryActionJournal, MemoryHighWater
from mtf_adapters.redis import RedisConnection, RedisHighWater
from mtf_core.ports import Mark
from mtf_entrypoints.container import Container
from mtf_entrypoints.keeping import orders_folder
from mtf_entrypoints.served_sandbox import own_environment
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.venue_options import BitmartOptions
from tests.unit.local.test_action_journal import a_note

BITMART = Settings(
    database_url="memory",
    exchange="bitmart",
    bitmart=BitmartOptions("key", "secret", "memo", *("http://127.0.0.1:1",) * 2, *("ws://127.0.0.1:1",) * 2),
)


async def test_an_account_that_ends_with_the_process_leaves_nothing_behind(data_folder: Path) -> None:
    environment = Container(settings=Settings(database_url="memory")).environment()
    assert isinstance(environment.high_water, MemoryHighWater)
    assert isinstance(environment.action_journal, MemoryActionJournal)
    await environment.high_water.raise_to("account", Mark("store", 3))
    environment.action_journal.note(a_note(1))
    assert not data_folder.exists()


async def test_an_account_of_an_exchange_has_files_in_the_users_data_folder(data_folder: Path) -> None:
    environment = Container(settings=BITMART).environment()
    assert isinstance(environment.high_water, FileHighWater)
    assert isinstance(environment.action_journal, FileActionJournal)
    assert not data_folder.exists(), "until there is something to keep"
    await environment.high_water.raise_to("account", Mark("store", 3))
    environment.action_journal.note(a_note(1))
    assert orders_folder().parent.parent == data_folder
    again = Container(settings=BITMART).environment()
    assert await again.high_water.read("account") == Mark("store", 3)
    assert again.action_journal.noted() == (a_note(1),)


async def test_where_processes_share_a_redis_the_mark_is_there_and_the_journal_stays_on_the_machine() -> None:
    settings = Settings(
        database_url="memory", exchange="bitmart", bitmart=BITMART.bitmart, redis_url="redis://127.0.0.1:1/0"
    )
    container = Container(settings=settings)
    environment = container.environment()
    assert isinstance(environment.high_water, RedisHighWater)
    assert isinstance(environment.action_journal, FileActionJournal)
    redis = container.redis()
    assert isinstance(redis, RedisConnection)
    await redis.close()


def test_no_test_keeps_anything_in_the_users_folder_nor_does_a_program_that_it_starts(data_folder: Path) -> None:
    assert orders_folder() == data_folder / "mtf" / "orders"
    ask = "from mtf_entrypoints.keeping import orders_folder; print(orders_folder())"
    words, environment = [sys.executable, "-c", ask], own_environment()
    told = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == str(orders_folder())
