"""Memory that was freed, given back to the system."""

from __future__ import annotations

import ctypes


def give_memory_back() -> None:
    """Returns to the system what was freed anywhere in the heap; does nothing where the C library has no call for it.

    glibc returns by itself only what lies at the end of its heap. Between arrays that stay, a process that computes
    each minute collects free pages, which count as its own: a quarter of its heap after some hours. It may take a
    tenth of a second, and lets other threads run.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
