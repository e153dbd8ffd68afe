"""The token of a service, as clients send it."""

from __future__ import annotations

import hmac


def is_bearer_of(token: str, header: bytes) -> bool:
    """Whether an `Authorization` header holds the token."""
    scheme, _, given = header.partition(b" ")
    # Compared in constant time, so that the time taken tells nothing of how much of a guess was right.
    return hmac.compare_digest(given.strip(), token.encode()) and scheme.lower() == b"bearer"
