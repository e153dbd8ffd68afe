"""What a single process needs of the outside world: the wall clock and locks in memory."""

from mtf_adapters.local.clock import WallClock
from mtf_adapters.local.locks import InProcessLocks

__all__ = ["InProcessLocks", "WallClock"]
