"""What a process needs of the machine it runs on: clocks, sockets, and small files that outlive it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_adapters.local.accepting import accept_no_more
    from mtf_adapters.local.action_journal import FileActionJournal, MemoryActionJournal
    from mtf_adapters.local.clock import SteadyClock, WallClock
    from mtf_adapters.local.disks import LocalDisks
    from mtf_adapters.local.high_water import FileHighWater, MemoryHighWater
    from mtf_adapters.local.memory import give_memory_back

__all__ = [
    "FileActionJournal",
    "FileHighWater",
    "LocalDisks",
    "MemoryActionJournal",
    "MemoryHighWater",
    "SteadyClock",
    "WallClock",
    "accept_no_more",
    "give_memory_back",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "accepting": "accept_no_more",
            "action_journal": "FileActionJournal MemoryActionJournal",
            "clock": "SteadyClock WallClock",
            "disks": "LocalDisks",
            "high_water": "FileHighWater MemoryHighWater",
            "memory": "give_memory_back",
        },
    )
