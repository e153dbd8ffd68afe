"""Ids of our own for orders: whose store they are of, for what, and the same for whoever asks again.

An id is a number of 128 bits, so that it fits every venue: a tag of the store (20 bits), the store's counter (28), the
purpose (4) and a digest (76) of account, decision key, attempt, purpose and generation. The tag tells what is ours from
what is another store's; the counter tells a store that was restored to an earlier state from one that knows everything.
The text is written in what the venue's ids may hold.
"""

from __future__ import annotations

import hashlib
import math
import re
from enum import IntEnum
from functools import cache, lru_cache

from attrs import field, frozen
from attrs.validators import ge, le

from mtf_core.market import ClientIds

_TAG_BITS, _COUNTER_BITS, _PURPOSE_BITS, _DIGEST_BITS = 20, 28, 4, 76
_BITS = _TAG_BITS + _COUNTER_BITS + _PURPOSE_BITS + _DIGEST_BITS
_LETTERS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""The digits that an id may be written in; a venue takes the first so many of them."""

MOST_COUNTER = 2**_COUNTER_BITS - 1

_MOST_READ = 10_000
"""Ids that were read once are known: each look reads those of every order that the exchange shows."""


class ClientIdError(ValueError):
    """The venue's ids have no room for ours."""


class Purpose(IntEnum):
    """What an order is for; the number is part of its id and never changes its meaning."""

    ENTRY = 1
    STOP = 2
    TARGET = 3
    """The only target, or the first of two."""
    SECOND_TARGET = 4
    CLOSE = 5
    """Closes at market, whatever is left."""
    HAND = 6
    """Asked for by the operator."""


@frozen
class ClientId:
    """One id. Equal for the same order, whoever makes it; it differs from every other order's."""

    tag: int = field(validator=[ge(0), le(2**_TAG_BITS - 1)])
    counter: int = field(validator=[ge(0), le(MOST_COUNTER)])
    purpose: Purpose
    digest: int = field(validator=[ge(0), le(2**_DIGEST_BITS - 1)])

    @property
    def number(self) -> int:
        return (
            (self.tag << _BITS - _TAG_BITS)
            | (self.counter << _PURPOSE_BITS + _DIGEST_BITS)
            | (self.purpose << _DIGEST_BITS)
            | self.digest
        )

    def text(self, ids: ClientIds) -> str:
        """As the venue's ids are written, always with the same length; raises `ClientIdError`."""
        digits, length = _writing(ids)
        number, letters = self.number, []
        for _ in range(length):
            number, rest = divmod(number, len(digits))
            letters.append(digits[rest])
        return "".join(reversed(letters))


def mint(
    tag: int, counter: int, account: str, decision_key: str, attempt: int, purpose: Purpose, generation: int = 0
) -> ClientId:
    """The id of one order. `generation` counts the orders of one purpose of one attempt: a stop that is placed anew."""
    parts = (account, decision_key, str(attempt), purpose.name, str(generation))
    hashed = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return ClientId(tag, counter, purpose, int.from_bytes(hashed[:10], "big") >> 4)


@lru_cache(maxsize=_MOST_READ)
def read_client_id(text: str, ids: ClientIds) -> ClientId | None:
    """The id behind a text; None for one that is none of ours by its form."""
    digits, length = _writing(ids)
    if len(text) != length or any(letter not in digits for letter in text):
        return None
    number = 0
    for letter in text:
        number = number * len(digits) + digits.index(letter)
    if number >> _BITS:
        return None
    try:
        purpose = Purpose(number >> _DIGEST_BITS & 2**_PURPOSE_BITS - 1)
    except ValueError:
        return None
    return ClientId(
        tag=number >> _BITS - _TAG_BITS,
        counter=number >> _PURPOSE_BITS + _DIGEST_BITS & MOST_COUNTER,
        purpose=purpose,
        digest=number & 2**_DIGEST_BITS - 1,
    )


def store_tag(store_id: str) -> int:
    """The tag of a store of that identity."""
    return int.from_bytes(hashlib.sha256(store_id.encode()).digest()[:3], "big") >> 4


@cache
def _writing(ids: ClientIds) -> tuple[str, int]:
    """The digits that the venue allows, and how many it takes to write every id."""
    allowed = re.compile(f"[{ids.alphabet}]")
    digits = "".join(letter for letter in _LETTERS if allowed.fullmatch(letter))
    length = math.ceil(_BITS / math.log2(len(digits))) if len(digits) > 1 else 0
    if not length or length > ids.most_characters:
        raise ClientIdError(
            f"ids of ours need {length or 'more'} characters of [{ids.alphabet}]; the venue takes {ids.most_characters}"
        )
    return digits, length
