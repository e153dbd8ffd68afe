"""Why live and replay differ: one closed list, and which cause counts where several hold.

Each difference has exactly one cause. What was *shown* goes before what merely differs, and what comes earlier on the
way from candles to money goes before what follows from it:

1. `configuration_changed`: decided again with the configuration of then, the answer is the live one. That is shown, so
   it goes first; candles may have changed besides, without having mattered.
2. `candle_missing_then`, then `candle_revised`, then `candle_gone`: the candles of now do not have the digest of
   those that were decided on. What they were cannot be brought back, so it is known that they differ, and not that
   this turned the answer. A candle that was not there goes before one that was another: whoever lacks one decides on
   nothing else. One that is not stored any more goes last, for it may have been right.
3. `quote_differed`, `operators_switch`, `account_state_differed`: on the same candles, the plan was made from another
   market or another account, or the account let it in here and not there. The quote goes first: a plan's prices
   follow from it. A switch that somebody threw goes before the rest of the account, for no candle could have foretold
   it.
4. `code_version_differed`: nothing above differs, and another version of the program decided. Code of then cannot be
   run, so this is what is left when everything that can be looked at is the same.
5. Orders. `latency`: replayed with the time that the real order took, it fills, or does not, as it really did; again
   a thing that is shown. Then what no candle could have foretold: `closed_by_hand`, somebody cancelled or closed it,
   and `closed_by_exchange`, it was liquidated, deleveraged or settled. Then `not_filled`: it was to be sent, or was,
   and really nothing filled. Then `order_within_candle`: what came first within a minute, which a candle does not
   say, makes the difference. Then `trigger_price_differed`: both held the same, and a stop or target fired in another
   minute, or only in one of them. Then `filled_differently`: both filled, at other prices, sizes, fees or minutes, or
   only the real one filled. Last `funding_differed`: all is the same but the funding. Whether something happened goes
   before when, and when before at what price: the money follows that.

`unexplained` is none of these: it is a fault of this program, and whoever compares is told so.
"""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """In the order in which they count."""

    CONFIGURATION_CHANGED = "configuration_changed"
    CANDLE_MISSING_THEN = "candle_missing_then"
    CANDLE_REVISED = "candle_revised"
    CANDLE_GONE = "candle_gone"
    QUOTE_DIFFERED = "quote_differed"
    OPERATORS_SWITCH = "operators_switch"
    ACCOUNT_STATE_DIFFERED = "account_state_differed"
    CODE_VERSION_DIFFERED = "code_version_differed"
    LATENCY = "latency"
    CLOSED_BY_HAND = "closed_by_hand"
    CLOSED_BY_EXCHANGE = "closed_by_exchange"
    NOT_FILLED = "not_filled"
    ORDER_WITHIN_CANDLE = "order_within_candle"
    TRIGGER_PRICE_DIFFERED = "trigger_price_differed"
    FILLED_DIFFERENTLY = "filled_differently"
    FUNDING_DIFFERED = "funding_differed"
    UNEXPLAINED = "unexplained"


_WORDS = {
    Cause.CONFIGURATION_CHANGED: "the profile or another setting was changed since",
    Cause.CANDLE_MISSING_THEN: "a candle was not there yet when it was decided, and is there now",
    Cause.CANDLE_REVISED: "a candle was corrected since it was decided",
    Cause.CANDLE_GONE: "a candle that it was decided by is not stored any more",
    Cause.QUOTE_DIFFERED: "the order book or the mark price was another one, or could not be read",
    Cause.OPERATORS_SWITCH: "an operator had switched entries off: the kill switch, a symbol, or real money",
    Cause.ACCOUNT_STATE_DIFFERED: "balance, positions, orders or limits of the account were others",
    Cause.CODE_VERSION_DIFFERED: "another version of this program decided",
    Cause.LATENCY: "the order was on the exchange sooner or later than the replay takes for granted",
    Cause.CLOSED_BY_HAND: "somebody cancelled the order, or closed the position, by hand",
    Cause.CLOSED_BY_EXCHANGE: "the exchange closed the position: liquidation, deleveraging (ADL) or settlement",
    Cause.NOT_FILLED: "the order was sent, or was to be, and nothing of it was filled",
    Cause.ORDER_WITHIN_CANDLE: "what came first within one minute, which a candle does not say",
    Cause.TRIGGER_PRICE_DIFFERED: "a stop or target was fired by another price, or stood at another one",
    Cause.FILLED_DIFFERENTLY: "it was filled at another price, size, fee or minute than the candles say",
    Cause.FUNDING_DIFFERED: "everything is the same but the funding that was paid or received",
    Cause.UNEXPLAINED: "nothing explains it: a fault of this program, please report it",
}


def words_of(cause: Cause) -> str:
    """One line for people."""
    return _WORDS[cause]


def first_of(causes: frozenset[Cause] | set[Cause]) -> Cause:
    """The one that counts where several hold; unexplained where none does."""
    return next((cause for cause in Cause if cause in causes), Cause.UNEXPLAINED)
