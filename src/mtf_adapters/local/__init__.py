"""What a process needs of the machine it runs on: the wall clock."""

from mtf_adapters.local.clock import WallClock

__all__ = ["WallClock"]
