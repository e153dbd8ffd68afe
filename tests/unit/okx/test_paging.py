"""Lists that come page by page."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mtf_adapters.okx.paging import MOST_ROWS, read_pages
from mtf_core.ports import ExchangeUnavailableError


class Pages:
    def __init__(self, *pages: Sequence[int]) -> None:
        self.pages, self.asked = [list(page) for page in pages], list[str]()

    async def ask(self, after: str) -> list[int]:
        self.asked.append(after)
        return self.pages[min(len(self.asked), len(self.pages)) - 1]


FULL = list(range(300, 300 - MOST_ROWS, -1))


async def test_a_page_that_is_not_full_is_the_last() -> None:
    pages = Pages([3, 2, 1])
    assert await read_pages(pages.ask, str, "list") == [3, 2, 1]
    assert pages.asked == [""]


async def test_the_next_page_is_older_than_the_oldest_row_of_the_one_before() -> None:
    pages = Pages(FULL, [7, 5])
    assert await read_pages(pages.ask, str, "list") == [*FULL, 7, 5]
    assert pages.asked == ["", str(FULL[-1])]


async def test_a_full_page_may_be_followed_by_an_empty_one() -> None:
    pages = Pages(FULL, [])
    assert await read_pages(pages.ask, str, "list") == FULL


async def test_pages_end_where_nothing_older_is_wanted() -> None:
    pages = Pages(FULL, [7])
    assert await read_pages(pages.ask, str, "list", is_enough=lambda row: row <= FULL[-1]) == FULL
    assert pages.asked == [""]


@pytest.mark.parametrize("second", [FULL, [FULL[-1], 7]], ids=["the same page", "one row of it"])
async def test_pages_that_repeat_are_no_answer(second: list[int]) -> None:
    """An exchange that ignores which page was asked for would hide everything that is older."""
    with pytest.raises(ExchangeUnavailableError, match="repeats"):
        await read_pages(Pages(FULL, second).ask, str, "list")


async def test_pages_that_never_end_are_no_answer() -> None:
    oldest = 10**9

    async def ask(after: str) -> list[int]:
        nonlocal oldest
        oldest -= MOST_ROWS
        return list(range(oldest + MOST_ROWS, oldest, -1))

    with pytest.raises(ExchangeUnavailableError, match="cannot be seen"):
        await read_pages(ask, str, "list")
