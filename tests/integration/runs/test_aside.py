"""What takes long when a run is asked about is computed aside, so that a service answers others meanwhile."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import pytest
from sqlalchemy import update

from mtf_adapters.sql import Database
from mtf_adapters.sql.schema import runs
from mtf_adapters.sql.transactions import changing
from mtf_core.inquiry import funnel, verify_run, why
from mtf_core.ports import Aside, at_once
from mtf_core.runs import RunRequest
from mtf_entrypoints.stores import build_stores
from tests.integration.runs.world import eager, world_on

LONG = {
    "Unpacked.of",
    "sealed",
    "profile_from_content",
    "compile_profile",
    "templates_of",
    "Window.stack",
    "Decider.decide",
    "plan_order",
    "counts_of",
}


@contextmanager
def called_on_this_thread() -> Iterator[set[str]]:
    """The names of the functions that this thread calls within the block."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            names.add(frame.f_code.co_qualname)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield names
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize(("aside", "here"), [(asyncio.to_thread, set()), (at_once, LONG)])
async def test_reading_counting_and_deciding_again_happen_aside(aside: Aside, here: set[str]) -> None:
    async with Database.open("memory") as database:
        there = world_on(database, eager())
        report = await there.run(RunRequest(symbols=("BTCUSDT", "ETHUSDT")))
        await database.write(changing(update(runs).values(counts=None)))
        stores = build_stores(database, "test", aside)
        with called_on_this_thread() as names:
            verified = await verify_run(stores, report.run_id, aside=aside)
            counted = await funnel(stores, aside=aside)
            told = await why(stores.runs, "BTCUSDT")
        assert verified is not None
        assert verified.ok
        assert counted is not None
        assert counted.unread == 0
        assert told is not None
        assert names & LONG == here
