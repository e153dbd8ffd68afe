"""What a code of an exchange can mean, whatever its number: for a write a result, for a read an error."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import frozen

from mtf_core.market import WriteResult
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError


class NoSuchOrderError(ExchangeError):
    """The exchange says that there is no such order; so it does while an order is not visible yet."""


class KeyRefusedError(ExchangeError):
    """The key, its rights or its signature were refused: every call that needs it will be."""


class ReadFailure(StrEnum):
    """What a read raises for a code."""

    REFUSED = "refused"
    """`ExchangeError`: asking again would be refused again."""
    UNAVAILABLE = "unavailable"
    """`ExchangeUnavailableError`: another time there will be an answer."""
    UNKNOWN_SYMBOL = "unknown_symbol"
    NO_SUCH_ORDER = "no_such_order"
    """No error: the answer that there is none."""


ERRORS: Mapping[ReadFailure, type[ExchangeError]] = {
    ReadFailure.REFUSED: ExchangeError,
    ReadFailure.UNAVAILABLE: ExchangeUnavailableError,
    ReadFailure.UNKNOWN_SYMBOL: UnknownSymbolError,
    ReadFailure.NO_SUCH_ORDER: NoSuchOrderError,
}


@frozen
class Meaning:
    """One code in our words."""

    words: str
    write: WriteResult
    read: ReadFailure = ReadFailure.REFUSED
    again: bool = False
    """Whether a read may be sent again within its deadline."""
    cancel: WriteResult | None = None
    """What it means for a cancel, where that differs from other writes."""
