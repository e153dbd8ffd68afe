"""What a venue is given of the machine that it runs on; a simulation replaces each part."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from mtf_adapters.local import SteadyClock, WallClock
from mtf_core.ports import Clock, Sleep

if TYPE_CHECKING:
    from mtf_adapters.limits import Limiter


def _unheard(_: str, __: Limiter) -> None:
    return None


@frozen(eq=False)
class Machine:
    """Time, waiting and chance. `timer` counts seconds from anywhere; `random` draws within 0..1.

    `limited` hears by which limiter an exchange is called, if any.
    """

    wall: Clock
    sleep: Sleep = asyncio.sleep
    timer: Callable[[], float] = time.monotonic
    random: Callable[[], float] = random.random
    limited: Callable[[str, Limiter], None] = _unheard

    def steady(self) -> Clock:
        """A clock that nobody sets; where the wall clock is not this machine's, it is the only time that there is."""
        return SteadyClock() if isinstance(self.wall, WallClock) else self.wall
