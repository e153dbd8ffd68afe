"""The parameters of a call, read one by one into types; what is wrong with one ends the call with its code.

Numbers and flags come as text or as JSON numbers and booleans, as clients send both; empty text, an empty list and null
say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from attrs import frozen

from mtf_adapters.sandbox.faces.okx.codes import bad, missing, refuse

T = TypeVar("T")

_MOST_DIGITS = 40
_FLAGS = {"true": True, "false": False}


@frozen
class Parameters:
    """What a call, or one row of it, said."""

    values: Mapping[str, Any]

    def has(self, name: str) -> bool:
        value = self.values.get(name)
        return value is not None and value not in ("", [])

    def text(self, name: str) -> str | None:
        """A text; a number counts as its text."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise bad(name)
        return str(value)

    def required_text(self, name: str) -> str:
        found = self.text(name)
        if found is None:
            raise missing(name)
        return found

    def decimal(self, name: str) -> Decimal | None:
        """A number; never through a float where it came as text."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise bad(name)
        try:
            number = Decimal(value if isinstance(value, (str, int)) else repr(value))
        except InvalidOperation:
            raise bad(name) from None
        long = len(number.as_tuple().digits) > _MOST_DIGITS
        if not number.is_finite() or long or abs(number.adjusted()) > _MOST_DIGITS:
            raise bad(name)
        return number

    def required_decimal(self, name: str) -> Decimal:
        found = self.decimal(name)
        if found is None:
            raise missing(name)
        return found

    def whole(self, name: str) -> int | None:
        number = self.decimal(name)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise bad(name)
        return int(number)

    def flag(self, name: str) -> bool:
        """False where nothing is said."""
        if not self.has(name):
            return False
        value = self.values[name]
        known = value if isinstance(value, bool) else _FLAGS.get(str(value))
        if known is None:
            raise bad(name)
        return known

    def choice(self, name: str, meanings: Mapping[str, T]) -> T | None:
        """What the value means, by its text."""
        found = self.text(name)
        if found is None:
            return None
        if found not in meanings:
            raise bad(name)
        return meanings[found]

    def required_choice(self, name: str, meanings: Mapping[str, T]) -> T:
        found = self.choice(name, meanings)
        if found is None:
            raise missing(name)
        return found

    def rows(self, name: str) -> Sequence[Parameters]:
        """The maps of a list."""
        return rows_of(self.values[name], name) if self.has(name) else ()


def rows_of(document: Any, name: str) -> Sequence[Parameters]:
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise bad(name)
    return [Parameters(each) for each in document]


def body_of(raw: bytes) -> Any:
    """The document of a body; raises 50000 and 50002 for one that is empty or no JSON."""
    if not raw:
        raise refuse(50000)
    try:
        document = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise refuse(50002) from None
    if not isinstance(document, (dict, list)):
        raise refuse(50002)
    return document
