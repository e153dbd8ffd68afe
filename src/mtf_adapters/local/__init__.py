"""What a process needs of the machine it runs on: the wall clock, and a steady one."""

from mtf_adapters.local.clock import SteadyClock, WallClock

__all__ = ["SteadyClock", "WallClock"]
