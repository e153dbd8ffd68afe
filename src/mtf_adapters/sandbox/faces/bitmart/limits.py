"""Rate limits as BitMart counts them: per endpoint, over any window, per address, key or account.

Its headers say `Remaining` for what is used (it counts up) and `Reset` for the length of the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from mtf_adapters.sandbox.faces.counting import Count


class Per(StrEnum):
    """Whose requests are counted together, as the header says it."""

    IP = "IP"
    KEY = "KEY"
    UID = "UID"


@frozen
class Limit:
    """At most so many requests of one endpoint in any window."""

    per: Per
    requests: int
    window_s: int = 2


def headers_of(count: Count[Limit]) -> Mapping[str, str]:
    """What the headers of an answer say."""
    return {
        "X-BM-RateLimit-Remaining": str(count.used),
        "X-BM-RateLimit-Limit": str(count.limit.requests),
        "X-BM-RateLimit-Reset": str(count.limit.window_s),
        "X-BM-RateLimit-Mode": count.limit.per,
    }
