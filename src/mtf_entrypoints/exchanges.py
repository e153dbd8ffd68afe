"""The names of the exchanges that there are: checking a configuration must not wait for what they are made of."""

from __future__ import annotations

EXCHANGES = frozenset({"sandbox", "bitmart", "okx"})
"""Those of `venues.VENUES`, under which settings may be kept; a test keeps both alike."""
