"""How long a market that is alive may go without a trade."""

from __future__ import annotations

LARGEST_QUIET_MINUTES = 15
"""The longest hole that is taken for minutes without trades where nothing else is said; a longer one is an outage."""
