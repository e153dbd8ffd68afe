"""How tables write numbers and spans of time."""

from __future__ import annotations

from decimal import Decimal

UNSEEN = "–"


def age(ms: int) -> str:
    """`12 s`, `3 min 5 s`, `2 h 4 min`, `3 d 2 h`."""
    seconds = max(0, ms) // 1000
    for unit, name, below in ((86_400, "d", "h"), (3_600, "h", "min"), (60, "min", "s")):
        if seconds >= unit:
            smaller = {"h": 3_600, "min": 60, "s": 1}[below]
            rest = seconds % unit // smaller
            return f"{seconds // unit} {name}" + (f" {rest} {below}" if rest else "")
    return f"{seconds} s"


def plain(value: Decimal | None) -> str:
    return UNSEEN if value is None else f"{value.normalize():f}"


def average(value: Decimal | None) -> str:
    """Eight digits say enough of an average; --json has them all."""
    return UNSEEN if value is None else f"{float(value):.8g}"


def money(value: Decimal | None) -> str:
    return UNSEEN if value is None else f"{value:.4f}"


def ratio(value: Decimal | None) -> str:
    return UNSEEN if value is None else f"{value:+.2f}"
