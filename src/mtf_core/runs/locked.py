"""The error of a run that another one stands in the way of."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mtf_core.ports import HeldBy


class RunLockedError(RuntimeError):
    """Another run of the profile holds the lock."""

    def __init__(self, held: HeldBy) -> None:
        self.held = held
        super().__init__(f"a run holds the lock {held.name!r}; it expires by itself if its owner died")
