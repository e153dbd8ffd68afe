"""What stands for nothing in a field of OKX's answers; what else a field may hold, `online.fields` says.

Unknown or not applicable is `""`, and never zero (sheet §12.14).
"""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.online.fields import identifier, number, shown, text, whole

_ABSENT = (None, "")


def number_or_none(value: object) -> Decimal | None:
    return None if is_absent(value) else number(value)


def price_or_none(value: object) -> Decimal | None:
    """A price; None for what is absent, zero or below: `-1` stands for an order at market, `0` for no average yet."""
    found = number_or_none(value)
    return None if found is None or found <= 0 else found


def time_or_zero(value: object) -> int:
    """Milliseconds; 0 where no time is told."""
    return 0 if is_absent(value) else whole(value)


def text_or_empty(value: object) -> str:
    return "" if is_absent(value) else text(value)


def identifier_or_empty(value: object) -> str:
    return "" if is_absent(value) else identifier(value)


def flag(value: object) -> bool:
    """Flags come as booleans, or as the text of one; what is absent is not set."""
    if isinstance(value, bool) or is_absent(value):
        return bool(value)
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise ValueError(f"{shown(value)} is neither true nor false")


def is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _ABSENT)
