"""What is kept of orders outside of the database: the mark of the store, and the journal of what protects."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from mtf_adapters.local import FileActionJournal, FileHighWater, MemoryActionJournal, MemoryHighWater
from mtf_adapters.local.places import default_data_folder
from mtf_core.ports import ActionJournal, HighWater, Venue

if TYPE_CHECKING:
    from mtf_adapters.redis import RedisConnection


def build_high_water(venue: Venue, redis: RedisConnection | None) -> HighWater:
    """In Redis where there is one, else in files of the user's data folder; a passing account needs neither."""
    if venue.is_passing:
        return MemoryHighWater()
    if redis is None:
        return FileHighWater(orders_folder())
    from mtf_adapters.redis import RedisHighWater  # noqa: PLC0415

    return RedisHighWater(redis)


def build_action_journal(venue: Venue) -> ActionJournal:
    """A file of this machine, for each account one: what protects must not wait for a network."""
    if venue.is_passing:
        return MemoryActionJournal()
    name = hashlib.sha256(venue.orders_namespace.encode()).hexdigest()[:16]
    return FileActionJournal(orders_folder() / f"{name}.journal")


def orders_folder() -> Path:
    """Where marks and journals are."""
    return default_data_folder() / "orders"
