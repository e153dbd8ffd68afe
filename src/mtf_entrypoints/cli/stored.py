"""A stored run, open for a question about it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.stored_runs import StoredRun, opened_run


@asynccontextmanager
async def stored_run(world: World, run_id: str | None, symbol: str | None = None) -> AsyncIterator[StoredRun | None]:
    """A stored run with the stores of its world; None when there is no such run."""
    async with opened_run(settings_of(world), run_id, symbol) as stored:
        yield stored
