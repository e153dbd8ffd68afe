"""Lists that are answered page by page, the newest first: `after` names the oldest row that is known (sheet §6)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from mtf_core.ports import ExchangeUnavailableError

Row = TypeVar("Row")

MOST_ROWS = 100
_MOST_PAGES = 500
"""Of one list: far more than an account of this program has, and an end where pages never end."""


async def read_pages(
    ask: Callable[[str], Awaitable[list[Row]]],
    key_of: Callable[[Row], str],
    what: str,
    *,
    is_enough: Callable[[Row], bool] | None = None,
) -> list[Row]:
    """All rows; `ask` takes the key of the oldest row so far, empty for the first page.

    `is_enough` says of the oldest row of a page that nothing older is wanted. Raises `ExchangeUnavailableError` where
    pages repeat what was answered: then they do not say what they leave out.
    """
    rows: list[Row] = []
    known: set[Hashable] = set()
    after = ""
    for _ in range(_MOST_PAGES):
        page = await ask(after)
        keys = [key_of(row) for row in page]
        if known.intersection(keys):
            raise ExchangeUnavailableError(
                f"{what}: a page repeats rows of an earlier one: there may be others, unseen"
            )
        rows += page
        known.update(keys)
        if len(page) < MOST_ROWS or (is_enough is not None and is_enough(page[-1])):
            return rows
        after = keys[-1]
    raise ExchangeUnavailableError(f"{what}: more than {_MOST_PAGES} pages: some rows cannot be seen")
