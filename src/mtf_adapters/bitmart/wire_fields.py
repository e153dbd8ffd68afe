"""What stands for nothing in a field of BitMart's answers; what else a field may hold, `online.fields` says."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.online.fields import identifier, number, text, whole

_ABSENT = (None, "", "-")


def number_or_none(value: object) -> Decimal | None:
    return None if _is_absent(value) else number(value)


def price_or_market(value: object) -> Decimal | None:
    """A price; None for what is absent, zero, or the word for an order at market."""
    if isinstance(value, str) and value.strip().lower() in {"market", "market price"}:
        return None
    found = number_or_none(value)
    return found or None


def whole_or_zero(value: object) -> int:
    return 0 if _is_absent(value) else whole(value)


def text_or_empty(value: object) -> str:
    return "" if _is_absent(value) else text(value)


def identifier_or_empty(value: object) -> str:
    return "" if _is_absent(value) else identifier(value)


def _is_absent(value: object) -> bool:
    return value is None or (isinstance(value, str) and value in _ABSENT)
