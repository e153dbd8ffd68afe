"""A story that is played in virtual time."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from tests.simulation.virtual import VirtualLoop


def in_time(story: Coroutine[Any, Any, None]) -> list[dict[str, Any]]:
    """What the loop was told that nobody handled."""
    loop = VirtualLoop(1, 0.0)
    loop.run(story)
    return loop.unhandled
