"""How numbers are said in sentences."""

from __future__ import annotations


def counted(count: int, singular: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {singular}{'' if count == 1 else 's'}"
