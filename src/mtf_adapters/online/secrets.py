"""What is told without what must not be: texts of an exchange, should one repeat a part of the key."""

from __future__ import annotations

_SHORTEST = 4
"""Shorter ones are no secrets, and stand in half of all words."""


def without(secrets: tuple[str, ...], text: str) -> str:
    """The text with a sign in the place of each of the secrets."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, "…")
    return text
