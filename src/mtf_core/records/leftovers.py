"""What runs leave behind when they are purged."""

from __future__ import annotations

from attrs import frozen


@frozen
class Leftovers:
    """Things to which no stored run refers, and what is over: how many of each."""

    keys: int = 0
    """Keys of clients whose run never began."""
    documents: int = 0
    """Configurations, and shapes of their trees."""
    locks: int = 0
    """Names of locks that were given back, or expired."""
    processes: int = 0
    """Processes that were not heard of any more."""
    alerts: int = 0
    """Calls for help that ended."""
