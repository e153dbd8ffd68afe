"""How one field of an exchange's answer is read: what counts as a number, an id or a text, and what is refused.

Which values stand for nothing differs between exchanges; each adapter says it beside its own types.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from attrs import field

_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
_LARGEST_EXPONENT = 40
"""No price, size or sum has more digits before or behind the point; `1e999999` would take all memory in a sum."""


def number(value: object) -> Decimal:
    """A number, or the text of one."""
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            found = Decimal(value.strip() if isinstance(value, str) else value)
        except InvalidOperation:
            found = Decimal("NaN")
        if found.is_finite() and -_LARGEST_EXPONENT <= found.adjusted() <= _LARGEST_EXPONENT:
            return found
    raise ValueError(f"{shown(value)} is no number")


def whole(value: object) -> int:
    found = number(value)
    if found != found.to_integral_value():
        raise ValueError(f"{shown(value)} is no whole number")
    return int(found)


def text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{shown(value)} is no text")
    return value


def identifier(value: object) -> str:
    """An id as text; a number is taken as it stands, one with a point is refused: digits may be lost."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str) and _ID.fullmatch(value):
        return value
    raise ValueError(f"{shown(value)} is no id")


def order_number(value: object) -> str:
    """The id of an order that exists: digits, and not zero, which stands for none."""
    found = identifier(value)
    if not (found.isascii() and found.isdigit() and found.strip("0")):
        raise ValueError(f"{shown(value)} is no id of an order")
    return found


def as_given(found: str) -> tuple[int, str]:
    """Sorts ids of one instant in the order in which they were given out: numbers by what they are worth."""
    return (int(found), "") if found.isascii() and found.isdigit() else (0, found)


def shown(value: object) -> str:
    """The beginning of a value, for a message."""
    return repr(value)[:60]


def required(converter: Any) -> Any:
    """A field that has to be there."""
    return field(converter=converter)


def optional(converter: Any, default: object) -> Any:
    """A field that may be missing, and is the default then."""
    return field(default=default, converter=converter)
