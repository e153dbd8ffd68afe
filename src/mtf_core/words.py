"""How numbers are said in sentences."""

from __future__ import annotations


def counted(count: int, singular: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {singular}{'' if count == 1 else 's'}"


def lasting(seconds: float) -> str:
    """`3 d 4 h`, `2 h 5 min`, `40 s`: the two largest units that are not 0."""
    rest, words = round(seconds), []
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, size)
        if count:
            words.append(f"{count} {unit}")
    return " ".join(words[:2]) or "0 s"
