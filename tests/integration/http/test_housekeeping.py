"""The service cleans by itself, and goes on after a cleanup that failed."""

from __future__ import annotations

import asyncio

import pytest
from attrs import evolve

from mtf_core.market import DAY_MS
from mtf_core.ports import StoreUnavailableError
from mtf_entrypoints.http.housekeeping import keep_clean
from tests.integration.runs.world import NOW_MS, eager, world
from tests.integration.sql.examples import event


async def test_a_service_deletes_what_the_retention_does_not_keep_and_survives_a_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        """The third time is the end; before the second the store works again."""
        waits.append(seconds)
        if len(waits) == 2:
            broken.undo()
        if len(waits) == 3:
            raise asyncio.CancelledError

    async def refuse(*_: object, **__: object) -> int:
        raise StoreUnavailableError("disk full")

    async with world(eager()) as there:
        old = [event(NOW_MS - 400 * DAY_MS) for _ in range(150)]
        await there.stores.audit.append(old)
        with monkeypatch.context() as broken:
            broken.setattr(there.stores.cleanup, "purge_audit", refuse)
            with pytest.raises(asyncio.CancelledError):
                await keep_clean(evolve(there.environment, sleep=sleep))
        assert waits == [60.0, 3600.0, 3600.0]
        newest, *rest = (await there.stores.audit.history(999)).items
        assert (newest.actor, newest.action, newest.details["audit_events"]) == ("serve", "cleanup", 50)
        assert len(rest) == 100
