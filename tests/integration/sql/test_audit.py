"""The audit trail: append, and page backwards."""

import pytest

from mtf_adapters.sql import Database, SqlAuditStore
from mtf_core.ports import StoreError
from mtf_core.records import AuditEvent
from tests.integration.sql.examples import WORLD, event


async def test_events_are_paged_from_the_last_appended_backwards(database: Database) -> None:
    """The clock was wrong for a while: the event of 2106 is not the newest for ever."""
    store = SqlAuditStore(database, WORLD)
    await store.append([event(4_291_747_200_000), event(1)])
    await store.append([event(2)])
    await store.append([])
    assert (await store.history(limit=2)).items == (event(2), event(1))
    assert (await store.history(limit=2, before_ms=2)).items == (event(1),)


async def test_a_page_can_be_of_one_action(database: Database) -> None:
    store = SqlAuditStore(database, WORLD)
    await store.append([event(1, "kill"), event(2, "cleanup"), event(3, "kill"), event(4, "kill")])
    assert (await store.history(limit=5, before_ms=4, action="kill")).items == (event(3, "kill"), event(1, "kill"))
    assert (await store.history(limit=5, action="unheard_of")).items == ()


async def test_events_are_appended_together_or_not_at_all(database: Database) -> None:
    store = SqlAuditStore(database, WORLD)
    unstorable = AuditEvent(time_ms=2**70, actor="a", action="b", subject="c", details={})
    with pytest.raises(StoreError):
        await store.append([event(1), unstorable])
    assert (await store.history(limit=5)).items == ()
