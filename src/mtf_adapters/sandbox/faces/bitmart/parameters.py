"""The parameters of a call, read one by one into types; what is wrong with one ends the call with its code.

Queries carry text, bodies JSON. Numbers are taken as text or as numbers, as clients send both; a missing one that is
required, or one that cannot be read, gets 40011 or 40007 unless the endpoint has a code of its own for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec
from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.codes import refuse
from mtf_adapters.sandbox.faces.http import Request

T = TypeVar("T")

MISSING, UNREADABLE, NOT_JSON = 40011, 40007, 30018
_MOST_DIGITS = 40


@frozen
class Parameters:
    """What a call said."""

    values: Mapping[str, Any]

    @classmethod
    def of_query(cls, request: Request) -> Parameters:
        return cls(request.query)

    @classmethod
    def of_body(cls, request: Request) -> Parameters:
        """Raises 30018 for a body that is no JSON object."""
        try:
            document = msgspec.json.decode(request.body or b"{}")
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise refuse(NOT_JSON) from None
        if not isinstance(document, dict):
            raise refuse(NOT_JSON)
        return cls(document)

    def has(self, name: str) -> bool:
        """Whether something is said under the name; an empty text says nothing."""
        return self.values.get(name) not in (None, "")

    def text(self, name: str) -> str | None:
        if not self.has(name):
            return None
        value = self.values[name]
        if not isinstance(value, str):
            raise refuse(UNREADABLE, f"Parse parameter error: {name}")
        return value

    def text_or_number(self, name: str) -> str | None:
        """An id, which clients send as text or as a number."""
        value = self.values.get(name)
        return str(value) if isinstance(value, int) and not isinstance(value, bool) else self.text(name)

    def required_text(self, name: str, code: int = MISSING) -> str:
        found = self.text(name)
        if found is None:
            raise refuse(code)
        return found

    def whole(self, name: str, code: int = UNREADABLE) -> int | None:
        """A whole number, also as text."""
        number = self.decimal(name, code)
        if number is None:
            return None
        if number != number.to_integral_value():
            raise refuse(code)
        return int(number)

    def required_whole(self, name: str, code: int = MISSING) -> int:
        found = self.whole(name, code)
        if found is None:
            raise refuse(code)
        return found

    def decimal(self, name: str, code: int = UNREADABLE) -> Decimal | None:
        """A number, also as text; never through a float where it came as text."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise refuse(code)
        try:
            number = Decimal(value if isinstance(value, (str, int)) else repr(value))
        except InvalidOperation:
            raise refuse(code) from None
        if (
            not number.is_finite()
            or len(number.as_tuple().digits) > _MOST_DIGITS
            or abs(number.adjusted()) > _MOST_DIGITS
        ):
            raise refuse(code)
        return number

    def required_decimal(self, name: str, code: int = MISSING) -> Decimal:
        found = self.decimal(name, code)
        if found is None:
            raise refuse(code)
        return found

    def choice(self, name: str, meanings: Mapping[str, T], code: int = MISSING) -> T | None:
        """What the value means, by its text; a number counts as its text."""
        if not self.has(name):
            return None
        value = self.values[name]
        if isinstance(value, bool) or not isinstance(value, (str, int)) or str(value) not in meanings:
            raise refuse(code)
        return meanings[str(value)]

    def required_choice(self, name: str, meanings: Mapping[str, T], code: int = MISSING) -> T:
        found = self.choice(name, meanings, code)
        if found is None:
            raise refuse(code)
        return found
