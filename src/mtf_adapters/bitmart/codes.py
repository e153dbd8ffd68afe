"""What BitMart's codes mean (sheet §1.5 and §8.2): for a write a result, for a read an error. One table for both.

A code that is not in the table proves nothing: a write is UNKNOWN then, a read an error. So is whatever comes with an
HTTP status of 500 or more: such an answer may stand in front of an order that was accepted.
"""

from __future__ import annotations

from collections.abc import Mapping

from mtf_adapters.online.meanings import Meaning, ReadFailure
from mtf_core.market import WriteResult

SUCCESS = 1000
RATE_LIMITED = 30013
BANNED = 30017
CLOCK_SKEW = 30007
OVERLOADED = 40012


_REFUSED = WriteResult.REJECTED
_AUTH = WriteResult.AUTH
_SKEW = WriteResult.CLOCK_SKEW
_HERE = WriteResult.NOT_ALLOWED_HERE
_BUSY = ReadFailure.UNAVAILABLE

CODES: Mapping[int, Meaning] = {
    30000: Meaning("there is no such path", _REFUSED),
    30001: Meaning("the key is missing", _AUTH),
    30002: Meaning("the key is not known", _AUTH),
    30003: Meaning("the key is frozen", _AUTH),
    30004: Meaning("the signature is missing", _AUTH),
    30005: Meaning("the signature is wrong: the secret, or the memo", _AUTH),
    30006: Meaning("the time stamp is missing or malformed", _SKEW),
    CLOCK_SKEW: Meaning("the time stamp is more than a minute off: compare the clocks", _SKEW),
    30008: Meaning("the time stamp is malformed", _SKEW),
    30010: Meaning("this address may not use the key", _AUTH),
    30011: Meaning("the key has expired", _AUTH),
    30012: Meaning("the key has no right to this", _AUTH),
    RATE_LIMITED: Meaning("too many requests", WriteResult.RATE_LIMITED, _BUSY, again=True),
    30014: Meaning("the service is not available", WriteResult.UNKNOWN, _BUSY, again=True),
    30016: Meaning("maintenance", WriteResult.MAINTENANCE, _BUSY),
    BANNED: Meaning("banned for a while: limits were ignored", WriteResult.RATE_LIMITED, _BUSY),
    30018: Meaning("the body is not JSON", _REFUSED),
    30019: Meaning("no permission", _AUTH),
    30030: Meaning("this version of the interface is gone", _REFUSED),
    30031: Meaning("this endpoint is gone", _REFUSED),
    25601: Meaning("there is less to close than that", _REFUSED),
    40001: Meaning("there is no contract account", _HERE),
    40002: Meaning("refused", _REFUSED),
    40003: Meaning("refused", _REFUSED),
    40004: Meaning("refused", _REFUSED),
    40005: Meaning("refused", _REFUSED),
    40006: Meaning("this address may not use the key", _AUTH),
    40007: Meaning("a parameter cannot be read", _REFUSED),
    40008: Meaning("the time stamp or nonce is not accepted", _SKEW),
    40009: Meaning("refused", _REFUSED),
    40010: Meaning("refused", _REFUSED),
    40011: Meaning("a parameter is invalid", _REFUSED),
    OVERLOADED: Meaning("called a system error, used for several things: the text says which", WriteResult.UNKNOWN),
    40013: Meaning("too frequent, or the time stamp is invalid", WriteResult.RATE_LIMITED, _BUSY, again=True),
    40014: Meaning("the contract is offline", _HERE),
    40015: Meaning("the contract is paused", _HERE, _BUSY),  # of one contract, so no maintenance of the exchange
    40016: Meaning("it would lead to a liquidation", _REFUSED),
    40017: Meaning("one order cannot open and close", _REFUSED),
    40018: Meaning("the position is closed", _REFUSED),
    40019: Meaning("the position is in liquidation", _REFUSED),
    40020: Meaning("there is less to close than that", _REFUSED),
    40021: Meaning("there is no such position", _REFUSED),
    40022: Meaning("the margin cannot be changed so", _REFUSED),
    40023: Meaning("the margin cannot be changed so", _REFUSED),
    40024: Meaning("the margin cannot be changed so", _REFUSED),
    40025: Meaning("the margin cannot be changed so", _REFUSED),
    40026: Meaning("the account is in liquidation", _REFUSED),
    40027: Meaning("the balance is not enough", _REFUSED),
    42000: Meaning("the balance is not enough", _REFUSED),
    40028: Meaning("too many plan orders", _REFUSED),
    40029: Meaning("the leverage is too large", _REFUSED),
    40030: Meaning("the leverage is too small", _REFUSED),
    40031: Meaning("the price is too far from the market", _REFUSED),
    40032: Meaning("the plan would live too long", _REFUSED),
    40033: Meaning("the plan would live too short", _REFUSED),
    40034: Meaning("there is no such symbol", _REFUSED, ReadFailure.UNKNOWN_SYMBOL),
    40035: Meaning("there is no such order", WriteResult.NOT_FOUND, ReadFailure.NO_SUCH_ORDER),
    40036: Meaning("the order is finished", _REFUSED, cancel=WriteResult.ALREADY_SO),
    40037: Meaning("there is no order of this id", WriteResult.NOT_FOUND, ReadFailure.NO_SUCH_ORDER),
    40038: Meaning("there are no candles of this length", _REFUSED),
    40039: Meaning("a time is invalid", _REFUSED),
    40040: Meaning("the leverage is invalid, or not that of the open position", _REFUSED),
    40041: Meaning("the side is invalid", _REFUSED),
    40042: Meaning("the type is invalid", _REFUSED),
    40043: Meaning("the price is off its grid", _REFUSED),
    40044: Meaning("the size is outside its range", _REFUSED),
    40045: Meaning("the margin mode is invalid", _REFUSED),
    40046: Meaning("futures are not opened for this account", _HERE),
    40047: Meaning("the region is refused", _HERE),
    40048: Meaning("the client id has characters that are not allowed", _REFUSED),
    40049: Meaning("the client id is too long", _REFUSED),
    40050: Meaning("the client id was used before", WriteResult.DUPLICATE),
    40059: Meaning("there are positions or orders: the position mode stays", _REFUSED),
    49998: Meaning("a parameter is invalid", _REFUSED),
}

_OVERLOADED_TEXTS = {
    "symbol_not_exist": Meaning("there is no such symbol", _REFUSED, ReadFailure.UNKNOWN_SYMBOL),
    "balance not enough": Meaning("the balance is not enough", _REFUSED),
}
"""The one code whose text has to be read, and the texts that clients have seen (sheet §1.5)."""


def meaning_of(code: int, text: str) -> Meaning | None:
    """What a code other than success means; None where the table does not say."""
    if code == OVERLOADED:
        for part, meaning in _OVERLOADED_TEXTS.items():
            if part in text.lower():
                return meaning
    return CODES.get(code)


def write_result(code: int, text: str, status: int, *, of_cancel: bool = False) -> WriteResult:
    """The result of a write that was answered with this code and HTTP status."""
    if status >= 500:
        return WriteResult.UNKNOWN
    if code == SUCCESS:
        return WriteResult.ACCEPTED if 200 <= status < 300 else WriteResult.UNKNOWN
    meaning = meaning_of(code, text)
    if meaning is None:
        return WriteResult.UNKNOWN
    return (meaning.cancel if of_cancel else None) or meaning.write
