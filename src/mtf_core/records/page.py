"""A page of a long list."""

from __future__ import annotations

from typing import Generic, TypeVar

from attrs import frozen

Item = TypeVar("Item")


@frozen
class Page(Generic[Item]):
    """Some entries of a list, the newest first. Following `next` to its end repeats and loses none of them.

    `next` is the cursor of the page that follows, to be given back as it is; None: this page is the last.
    """

    items: tuple[Item, ...]
    next: str | None
