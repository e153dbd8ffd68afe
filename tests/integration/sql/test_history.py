"""Pages by cursor: in the order in which the store was told, whatever the clock said, every entry exactly once."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtf_adapters.sql import Database, SqlAuditStore, SqlRunStore
from mtf_core.ports import InvalidCursorError, StoreError
from mtf_core.records import Page
from tests.integration.sql.examples import WORLD, event, run

Item = TypeVar("Item")
DOCUMENTS = {"sha-1": {"defaults": {}}}

# Times that repeat and go back: the clock that they come from may be wrong, and says nothing about the order.
_TIMES = st.lists(st.integers(-2, 2), max_size=12)
_LIMITS = st.integers(1, 5)
_EACH_IN_ITS_OWN_WORLD = settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])


async def all_pages(page: Callable[[str | None], Awaitable[Page[Item]]]) -> list[tuple[Item, ...]]:
    """The items of every page, following the cursors to the end."""
    found = await page(None)
    pages = [found.items]
    while found.next is not None:
        found = await page(found.next)
        pages.append(found.items)
    return pages


@given(times=_TIMES, limit=_LIMITS)
@_EACH_IN_ITS_OWN_WORLD
async def test_paging_the_audit_loses_and_repeats_nothing(database: Database, times: list[int], limit: int) -> None:
    store = SqlAuditStore(database, uuid4().hex)
    await store.append([event(time, subject=str(number)) for number, time in enumerate(times)])
    pages = await all_pages(lambda cursor: store.history(limit, cursor))
    assert [found.subject for items in pages for found in items] == [str(at) for at in reversed(range(len(times)))]
    assert all(len(items) == limit for items in pages[:-1])
    assert len(pages[-1]) > 0 or not times


@given(times=_TIMES, limit=_LIMITS)
@_EACH_IN_ITS_OWN_WORLD
async def test_paging_runs_loses_and_repeats_nothing(database: Database, times: list[int], limit: int) -> None:
    store = SqlRunStore(database, uuid4().hex)
    for number, time in enumerate(times):
        await store.start(run(f"r{number:02d}", time), DOCUMENTS)
    pages = await all_pages(lambda cursor: store.history(limit, cursor))
    assert [found.run_id for items in pages for found in items] == [f"r{at:02d}" for at in reversed(range(len(times)))]
    assert all(len(items) == limit for items in pages[:-1])
    assert len(pages[-1]) > 0 or not times


async def test_entries_that_arrive_between_two_pages_move_nothing(database: Database) -> None:
    store = SqlAuditStore(database, WORLD)
    await store.append([event(5, subject=name) for name in "ABCD"])
    first = await store.history(2)
    await store.append([event(5, subject="late"), event(6, subject="newer")])
    second = await store.history(2, first.next)
    assert [found.subject for found in (*first.items, *second.items)] == ["D", "C", "B", "A"]
    assert second.next is None


async def test_pages_of_one_action_that_begin_before_an_instant(database: Database) -> None:
    store = SqlAuditStore(database, WORLD)
    await store.append([event(time, action, str(time)) for time in (1, 2, 3, 4) for action in ("kill", "cleanup")])
    pages = await all_pages(lambda cursor: store.history(2, cursor, action="kill", before_ms=4))
    assert pages == [(event(3, "kill", "3"), event(2, "kill", "2")), (event(1, "kill", "1"),)]


async def test_pages_of_runs_of_one_profile_that_begin_before_an_instant(database: Database) -> None:
    store = SqlRunStore(database, WORLD)
    for number, profile in enumerate(["scalper", "regular", "scalper", "scalper"]):
        await store.start(run(f"r{number}", 1_000 + number, profile), DOCUMENTS)
    pages = await all_pages(lambda cursor: store.history(1, cursor, profile="scalper", before_ms=1_003))
    assert [[found.run_id for found in items] for items in pages] == [["r2"], ["r0"]]


@pytest.mark.parametrize("cursor", ["", "x", "5.", "-5", " 5", "٣", str(10**18)])
async def test_a_text_that_is_no_cursor_is_refused(database: Database, cursor: str) -> None:
    for store in (SqlAuditStore(database, WORLD), SqlRunStore(database, WORLD)):
        with pytest.raises(InvalidCursorError, match="is no cursor of these pages"):
            await store.history(1, cursor)


@pytest.mark.parametrize("limit", [0, -1])
async def test_a_page_without_entries_is_refused(database: Database, limit: int) -> None:
    for store in (SqlAuditStore(database, WORLD), SqlRunStore(database, WORLD)):
        with pytest.raises(StoreError, match=f"a page has 1 entry or more, not {limit}"):
            await store.history(limit)
