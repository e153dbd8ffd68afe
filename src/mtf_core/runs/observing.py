"""What a run lets others hear while it goes on: its stages, its calls to the exchange, and each order."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol

_NOTHING = nullcontext()


class RunObserver(Protocol):
    """Hears when something begins, how it ends and whether by an exception. Nothing here waits, and nothing raises: a
    run is the same whoever listens. What happens within a stage is asked for in the stage's own task or its children.
    """

    def stage(self, name: str) -> AbstractContextManager[None]: ...

    def part(self, name: str, run_id: str, profile: str) -> AbstractContextManager[None]:
        """What this process does of a run that several share: `open`, `shard` or `close`. Stages are within it."""
        ...

    def call(self, endpoint: str) -> AbstractContextManager[None]:
        """A call to the exchange; there may be hundreds, side by side."""
        ...

    def order(self, decision_key: str) -> AbstractContextManager[None]:
        """An entry that is planned once more, and sent if nothing speaks against it."""
        ...


class Unobserved:
    """Nobody listens."""

    def stage(self, name: str) -> AbstractContextManager[None]:
        return _NOTHING

    def part(self, name: str, run_id: str, profile: str) -> AbstractContextManager[None]:
        return _NOTHING

    def call(self, endpoint: str) -> AbstractContextManager[None]:
        return _NOTHING

    def order(self, decision_key: str) -> AbstractContextManager[None]:
        return _NOTHING


UNOBSERVED = Unobserved()
