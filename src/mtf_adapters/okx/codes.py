"""What OKX's codes mean (sheet §10): for a write a result, for a read an error. One table for both, and for the codes
of streams.

A code that is not in the table proves nothing: a write is UNKNOWN then, a read an error. So is whatever comes with an
HTTP status of 500 or more, and so are the codes that say themselves that they say nothing. A kind within a code
(`51008_1000`) means what the code means.
"""

from __future__ import annotations

from collections.abc import Mapping

from mtf_adapters.okx.envelope import SUCCESS
from mtf_adapters.online.meanings import Meaning, ReadFailure
from mtf_core.market import WriteResult

ALL_FAILED, SOME_FAILED = "1", "2"
"""Codes of a whole answer whose rows say what became of each; a row that was accepted is so under the second only."""

CLOCK = frozenset({"50102", "50112", "50036", "50037"})
"""The time of the request, or its end, is past by the exchange's clock."""

_REFUSED = WriteResult.REJECTED
_AUTH = WriteResult.AUTH
_SKEW = WriteResult.CLOCK_SKEW
_HERE = WriteResult.NOT_ALLOWED_HERE
_CLOSED = WriteResult.MAINTENANCE
_LIMITED = WriteResult.RATE_LIMITED
_TWICE = WriteResult.DUPLICATE
_GONE = WriteResult.NOT_FOUND
_OPEN = WriteResult.UNKNOWN
_BUSY = ReadFailure.UNAVAILABLE
_NO_ORDER = ReadFailure.NO_SUCH_ORDER

_OUR_REQUEST: Mapping[str, Meaning] = {
    "50014": Meaning("a parameter is missing", _REFUSED),
    "50015": Meaning("one of two parameters is missing", _REFUSED),
    "50016": Meaning("two parameters do not fit together", _REFUSED),
    "50038": Meaning("the demo does not offer this", _HERE),
    "50053": Meaning("only the demo offers this", _HERE),
    "50072": Meaning("this account mode has no isolated margin", _REFUSED),
    "51000": Meaning("a parameter is wrong, or does not fit the account's position mode", _REFUSED),
    "51001": Meaning(
        "there is no such contract: another region than OKX_REGION may have it", _REFUSED, ReadFailure.UNKNOWN_SYMBOL
    ),
    "51010": Meaning("the account mode does not allow this: choose the futures mode on OKX's site", _HERE),
    "51039": Meaning("portfolio margin has no leverage of its own to set", _REFUSED),
    "51041": Meaning("portfolio margin has no separate long and short positions", _REFUSED),
    "51044": Meaning("this kind of order takes no stop", _REFUSED),
    "51071": Meaning("too many timers that cancel orders", _REFUSED),
    "51088": Meaning("the position has a stop of the whole position already", _REFUSED),
    "51100": Meaning("an order that closes takes no stop", _REFUSED),
    "51298": Meaning("trigger orders need separate long and short positions", _REFUSED),
    "51332": Meaning("portfolio margin has no stops of a whole position", _REFUSED),
    "51333": Meaning("an order that closes takes no stop", _REFUSED),
    "51513": Meaning("three changes of this order are under way", _REFUSED),
    "51523": Meaning("of a stop of the whole position only the trigger can be changed", _REFUSED),
    "51524": Meaning("of a stop of the whole position only the trigger can be changed", _REFUSED),
    "51527": Meaning("there is no such stop", _GONE, _NO_ORDER),
    "51538": Meaning("the attached stop is named in another way than when the order was placed", _REFUSED),
    "59000": Meaning("there are positions or orders: the setting stays", _REFUSED),
}

_LATER: Mapping[str, Meaning] = {
    "50001": Meaning("the service is not available", _CLOSED, _BUSY, again=True),
    "50004": Meaning("the exchange waited too long for itself: it may have happened", _OPEN, _BUSY, again=True),
    "50005": Meaning("this part of the interface is closed", _CLOSED, _BUSY),
    "50011": Meaning("too many requests", _LIMITED, _BUSY, again=True),
    "50013": Meaning("the exchange is busy", _LIMITED, _BUSY, again=True),
    "50026": Meaning("an error of the exchange: it may have happened", _OPEN, _BUSY, again=True),
    "50040": Meaning("too many requests", _LIMITED, _BUSY, again=True),
    "50061": Meaning("too many orders and changes of the account", _LIMITED, _BUSY, again=True),
    "51029": Meaning("the contract is being settled", _CLOSED, _BUSY),
    "51030": Meaning("funding is being settled", _CLOSED, _BUSY),
    "51054": Meaning("the exchange waited too long for itself: it may have happened", _OPEN, _BUSY, again=True),
    "51113": Meaning("too many closes at market", _LIMITED, _BUSY, again=True),
    "51149": Meaning("the exchange waited too long for itself: it may have happened", _OPEN, _BUSY, again=True),
    "51412": Meaning("the cancel took too long, or the order has been triggered", _OPEN),
}

_CLOCKS: Mapping[str, Meaning] = {
    "50036": Meaning("its deadline is past by the exchange's clock: compare the clocks", _SKEW),
    "50037": Meaning("its deadline passed at the exchange", _SKEW),
    "50102": Meaning("the time stamp is more than 30 s off: compare the clocks", _SKEW),
    "50112": Meaning("the time stamp is malformed", _SKEW),
}

_KEY: Mapping[str, Meaning] = {
    "50035": Meaning("the key has to be bound to addresses for this", _AUTH),
    "50100": Meaning("the key is frozen", _AUTH),
    "50101": Meaning(
        "the key is of another environment than MTF_ENVIRONMENT says: keys of the demo are its own", _AUTH
    ),
    "50103": Meaning("the key is missing", _AUTH),
    "50104": Meaning("the passphrase is missing", _AUTH),
    "50105": Meaning("the passphrase is wrong", _AUTH),
    "50106": Meaning("the signature is missing", _AUTH),
    "50107": Meaning("the time stamp is missing", _AUTH),
    "50110": Meaning("this machine's address may not use the key", _AUTH),
    "50111": Meaning("the key is wrong", _AUTH),
    "50113": Meaning("the signature is wrong: the secret does not belong to the key", _AUTH),
    "50114": Meaning("the key is not accepted", _AUTH),
    "50119": Meaning(
        "this key is not known here. It may belong to another region than OKX_REGION says, "
        "to another environment than MTF_ENVIRONMENT says, or be mistyped",
        _AUTH,
    ),
    "50120": Meaning("the key has no right to this: it needs the right to trade", _AUTH),
}

_ACCOUNT: Mapping[str, Meaning] = {
    "50007": Meaning("the account is blocked", _HERE),
    "50009": Meaning("the account is frozen: it was liquidated", _HERE),
    "50012": Meaning("the account's state does not allow this: look at it on OKX's site", _HERE),
    "50027": Meaning("the account may not trade: ask OKX", _HERE),
    "50028": Meaning("the account may not place orders: ask OKX", _HERE),
    "50029": Meaning("OKX's risk control stopped the account: look at its e-mail", _HERE),
    "50030": Meaning("the account has no right to this", _HERE),
    "50033": Meaning("the account's settings block this contract", _HERE),
    "50051": Meaning("the country or region does not allow this", _HERE),
    "50052": Meaning("the country or region does not allow this coin", _HERE),
    "50059": Meaning("the regulator wants more steps: see OKX's site", _HERE),
    "50060": Meaning("OKX wants the identity verified first", _HERE),
    "50067": Meaning("this site's accounts cannot be used from here: see OKX_REGION", _HERE),
    "50121": Meaning("OKX does not serve this machine's address", _HERE),
    "51009": Meaning("orders of the account are blocked: ask OKX", _HERE),
    "51024": Meaning("the account is blocked, for a reason that the text gives", _HERE),
    "51155": Meaning("the country or region does not allow this contract", _HERE),
    "54092": Meaning("OKX wants its notice on these contracts accepted on its site first", _HERE),
    "59113": Meaning("the region does not allow trading on margin", _HERE),
    "59114": Meaning("the region does not allow trading on margin", _HERE),
}

_FROZEN: Mapping[str, Meaning] = {
    "50017": Meaning("the position is frozen: it is being reduced by the exchange", _REFUSED),
    "50018": Meaning("the coin is frozen: a position is being reduced by the exchange", _REFUSED),
    "50019": Meaning("the account is frozen: a position is being reduced by the exchange", _REFUSED),
    "50020": Meaning("the position is in liquidation", _REFUSED),
    "50021": Meaning("the coin is frozen: a position is in liquidation", _REFUSED),
    "50022": Meaning("the account is in liquidation", _REFUSED),
    "50023": Meaning("funding is being taken", _REFUSED),
}

_CONTRACT: Mapping[str, Meaning] = {
    "51021": Meaning("the contract is not listed yet", _HERE),
    "51022": Meaning("the contract is suspended", _HERE),
    "51027": Meaning("the contract has expired", _HERE),
    "51028": Meaning("the contract is being delivered", _HERE),
    "51037": Meaning("the account may only place orders at once (IOC) that lower its risk", _HERE),
    "51087": Meaning("the listing was cancelled", _HERE),
    "51124": Meaning("during the call auction only limit orders are taken", _HERE),
    "54011": Meaning("before delivery the contract can only be closed", _HERE),
    "54012": Meaning("the book is too thin: only cancels and post-only orders are taken", _HERE),
    "54035": Meaning("the coin's limit as collateral is reached: positions can only be closed", _HERE),
    "54072": Meaning("the contract can only be looked at", _HERE),
    "54094": Meaning("the contract is in a cool-off period", _HERE),
}

_ORDERS: Mapping[str, Meaning] = {
    "51011": Meaning("an order of this id is there already", _TWICE),
    "51016": Meaning("an order of this client id is waiting already", _TWICE),
    "51065": Meaning("a stop of this client id is there already", _TWICE),
    "51068": Meaning("a stop of this client id is there already", _TWICE),
    "51063": Meaning("there is no order of this id", _GONE, _NO_ORDER),
    "51400": Meaning("the order is filled, cancelled, or was never there", _GONE, _NO_ORDER),
    "51410": Meaning("the order is being cancelled, or settled", _GONE, _NO_ORDER),
    "51416": Meaning("the order has been triggered", _GONE, _NO_ORDER),
    "51503": Meaning("the order is filled or cancelled", _GONE, _NO_ORDER),
    "51603": Meaning("there is no such order", _GONE, _NO_ORDER),
    "51511": Meaning("a post-only order would be filled at this price", WriteResult.WOULD_TAKE),
    "51023": Meaning("there is no such position", _REFUSED),
    "51058": Meaning("there is no position for this stop", _REFUSED),
    "51169": Meaning("there is no position in this direction to close", _REFUSED),
}

_MONEY: Mapping[str, Meaning] = {
    "51008": Meaning("the balance is not enough", _REFUSED),
    "51127": Meaning("the balance is 0", _REFUSED),
    "51131": Meaning("the balance is not enough", _REFUSED),
    "51502": Meaning("the balance is not enough for the change", _REFUSED),
    "54024": Meaning("the coin does not count as collateral: switch that on at OKX's site", _REFUSED),
    "59200": Meaning("the balance is not enough", _REFUSED),
}

_SIZE: Mapping[str, Meaning] = {
    "51005": Meaning("the order is too large", _REFUSED),
    "51007": Meaning("the order is too small", _REFUSED),
    "51020": Meaning("the order is too small", _REFUSED),
    "51101": Meaning("the order is too large", _REFUSED),
    "51120": Meaning("the order is too small", _REFUSED),
    "51121": Meaning("the size is off the contract's steps", _REFUSED),
    "51150": Meaning("the size or the price has too many digits", _REFUSED),
    "51185": Meaning("the order is worth too much", _REFUSED),
    "51201": Meaning("the market order is worth too much", _REFUSED),
    "51202": Meaning("the market order is too large", _REFUSED),
    "51203": Meaning("the order is too large", _REFUSED),
}

_PRICE: Mapping[str, Meaning] = {
    "51006": Meaning("the price is outside the exchange's band", _REFUSED),
    "51031": Meaning("the price is outside the band for closing", _REFUSED),
    "51116": Meaning("the price or the trigger is outside the exchange's band", _REFUSED),
    "51122": Meaning("the price is too low", _REFUSED),
    "51136": Meaning("the price is below the band for closing", _REFUSED),
    "51137": Meaning("the price is above the band for buying", _REFUSED),
    "51138": Meaning("the price is below the band for selling", _REFUSED),
    "51250": Meaning("the stop's price is outside the exchange's band", _REFUSED),
}

_MOST: Mapping[str, Meaning] = {
    "51004": Meaning("position and orders would be larger than this leverage allows", _REFUSED),
    "51025": Meaning("too many orders", _REFUSED),
    "51102": Meaning("too many orders of this contract", _REFUSED),
    "51103": Meaning("too many orders of this coin", _REFUSED),
    "51105": Meaning("position and orders of this contract would be too large", _REFUSED),
    "51106": Meaning("position and orders of this coin would be too large", _REFUSED),
    "51107": Meaning("positions and orders of this coin would be too large", _REFUSED),
    "51115": Meaning("orders that close the position have to be cancelled first", _REFUSED),
    "51117": Meaning("too many orders that close the position", _REFUSED),
    "51174": Meaning("too many orders of this contract", _REFUSED),
    "51187": Meaning("positions and orders would be larger than OKX allows", _REFUSED),
    "51261": Meaning("too many stops", _REFUSED),
    "51299": Meaning("too many orders of this kind", _REFUSED),
    "54030": Meaning("positions and orders would be too large a part of the market", _REFUSED),
    "54031": Meaning("the contract's open interest is at its limit: nothing can be opened", _REFUSED),
}

_LEVERAGE: Mapping[str, Meaning] = {
    "51186": Meaning("the leverage is larger than OKX allows", _REFUSED),
    "59101": Meaning("orders are waiting: the leverage stays", _REFUSED),
    "59102": Meaning("the leverage is too large", _REFUSED),
    "59103": Meaning("the balance is not enough for this leverage", _REFUSED),
    "59105": Meaning("the leverage is too small", _REFUSED),
    "59106": Meaning("the leverage is too large for positions of this size", _REFUSED),
    "59107": Meaning("orders are waiting: the leverage stays", _REFUSED),
    "59112": Meaning("orders are waiting: the leverage stays", _REFUSED),
    "59668": Meaning("stops are waiting: the leverage stays", _REFUSED),
    "59669": Meaning("stops are waiting: the leverage stays", _REFUSED),
}

_REDUCE_ONLY: Mapping[str, Meaning] = {
    "51112": Meaning("there is less to close than that", _REFUSED),
    "51148": Meaning("orders that close are waiting, and this one could turn the position round", _REFUSED),
    "51170": Meaning("an order that closes cannot add to the position", _REFUSED),
    "51205": Meaning("orders that only close are not offered here", _REFUSED),
    "51206": Meaning("orders that only close have to be cancelled first", _REFUSED),
    "51521": Meaning("there is no position that the order could close", _REFUSED),
    "51522": Meaning("an order that closes cannot add to the position", _REFUSED),
}


def _trigger(word: str, side: str, than: str, *codes: str) -> dict[str, Meaning]:
    """A trigger on the wrong side of the price that it is compared with."""
    return {code: Meaning(f"the {word}'s trigger has to be {side} the {than}", _REFUSED) for code in codes}


_TRIGGERS: Mapping[str, Meaning] = {
    **_trigger("target", "above", "order's price", "51046"),
    **_trigger("stop", "below", "order's price", "51047"),
    **_trigger("target", "below", "order's price", "51048"),
    **_trigger("stop", "above", "order's price", "51049"),
    **_trigger("target", "above", "best ask", "51050"),
    **_trigger("stop", "below", "best ask", "51051"),
    **_trigger("target", "below", "best bid", "51052"),
    **_trigger("stop", "above", "best bid", "51053"),
    **_trigger("target", "below", "last price", "51277"),
    **_trigger("stop", "above", "last price", "51278"),
    **_trigger("target", "above", "last price", "51279"),
    **_trigger("stop", "below", "last price", "51280"),
    **_trigger("target", "below", "mark price", "51300"),
    **_trigger("stop", "above", "mark price", "51302"),
    **_trigger("target", "above", "mark price", "51303"),
    **_trigger("stop", "below", "mark price", "51304"),
    **_trigger("target", "below", "index price", "51305"),
    **_trigger("stop", "above", "index price", "51306"),
    **_trigger("target", "above", "index price", "51307"),
    **_trigger("stop", "below", "index price", "51308"),
    "51301": Meaning("the trigger is on the wrong side of the price", _REFUSED),
}

_STREAMS: Mapping[str, Meaning] = {
    "60004": Meaning("the time stamp of the login is more than 30 s off: compare the clocks", _SKEW),
    "60005": Meaning("the key is wrong", _AUTH),
    "60006": Meaning("the time stamp of the login has expired: compare the clocks", _SKEW),
    "60007": Meaning("the signature is wrong: the secret does not belong to the key", _AUTH),
    "60009": Meaning("the login failed", _AUTH),
    "60011": Meaning("a login comes first", _AUTH),
    "60012": Meaning("the request cannot be read", _REFUSED),
    "60014": Meaning("too many requests", _LIMITED, _BUSY, again=True),
    "60018": Meaning(
        "there is no such channel here, or no such contract: another region than OKX_REGION may have it",
        _REFUSED,
        ReadFailure.UNKNOWN_SYMBOL,
    ),
    "60023": Meaning("too many logins", _LIMITED, _BUSY, again=True),
    "60024": Meaning("the passphrase is wrong", _AUTH),
    "60031": Meaning("the connection is logged in already", _REFUSED),
    "60032": Meaning(
        "this key is not known here. It may belong to another region than OKX_REGION says, "
        "to another environment than MTF_ENVIRONMENT says, or be mistyped",
        _AUTH,
    ),
    "64001": Meaning("the channel is on another address of the streams", _REFUSED),
    "64003": Meaning("the account may not have this channel", _HERE),
    "64008": Meaning("the exchange closes the connection in a minute", _CLOSED, _BUSY),
}

CODES: Mapping[str, Meaning] = {
    **_OUR_REQUEST,
    **_LATER,
    **_CLOCKS,
    **_KEY,
    **_ACCOUNT,
    **_FROZEN,
    **_CONTRACT,
    **_ORDERS,
    **_MONEY,
    **_SIZE,
    **_PRICE,
    **_MOST,
    **_LEVERAGE,
    **_REDUCE_ONLY,
    **_TRIGGERS,
    **_STREAMS,
}


def meaning_of(code: str) -> Meaning | None:
    """What a code of a refusal means; None where the table does not say."""
    return CODES.get(code.partition("_")[0])


def write_result(envelope_code: str, row_code: str, status: int, *, of_cancel: bool = False) -> WriteResult:
    """The result of a write by the code of its row, else by that of the whole answer.

    An empty `row_code` is of a row, or an answer, that has none.
    """
    if status >= 500:
        return WriteResult.UNKNOWN
    code = row_code or envelope_code
    if code == SUCCESS:
        agrees = envelope_code in {SUCCESS, SOME_FAILED} and 200 <= status < 300
        return WriteResult.ACCEPTED if agrees else WriteResult.UNKNOWN
    meaning = meaning_of(code)
    if meaning is None:
        return WriteResult.RATE_LIMITED if status == 429 else WriteResult.UNKNOWN
    return (meaning.cancel if of_cancel else None) or meaning.write
