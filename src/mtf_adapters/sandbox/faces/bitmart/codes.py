"""BitMart's codes with their HTTP status and words, and which of them the engine's refusals become.

Where the words of a code are known from clients that match them, they are exactly those.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.sandbox.matching.events import Refusal, Refused

OK = 1000
OVERLOADED = 40012
"""Nominally a system error; seen for conflicts of leverage and for missing balance, too."""
FIRST_GATEWAY_CODE, LAST_GATEWAY_CODE = 30000, 30999
"""Codes of the gateway in front of all services, whose answers say `msg` where services say `message`."""


@frozen
class Problem:
    """A refusal as it goes out."""

    code: int
    status: int
    text: str

    @property
    def is_gateway(self) -> bool:
        return FIRST_GATEWAY_CODE <= self.code <= LAST_GATEWAY_CODE


class RefusedError(Exception):
    """Ends the handling of a call with a refusal; never leaves the face."""

    def __init__(self, refusal: Problem) -> None:
        super().__init__(refusal.text)
        self.problem = refusal


_TABLE: tuple[tuple[int, int, str], ...] = (
    (30000, 404, "Not found"),
    (30001, 401, "Header X-BM-KEY is empty"),
    (30002, 401, "Header X-BM-KEY not found"),
    (30003, 401, "Header X-BM-KEY has frozen"),
    (30004, 401, "Header X-BM-SIGN is empty"),
    (30005, 401, "Header X-BM-SIGN is wrong"),
    (30006, 401, "Header X-BM-TIMESTAMP is empty"),
    (30007, 401, "Header X-BM-TIMESTAMP range. Within a minute"),
    (30008, 401, "Header X-BM-TIMESTAMP invalid format"),
    (30010, 403, "IP is forbidden. We recommend enabling IP whitelist for API trading. After that reauth your account"),
    (30011, 403, "Header X-BM-KEY over expire time"),
    (30012, 403, "Header X-BM-KEY is forbidden to request it"),
    (30013, 429, "Request too many requests"),
    (30014, 503, "Service unavailable"),
    (30016, 200, "Service maintenance, the function is temporarily unavailable"),
    (30017, 418, "Your account request is temporarily rejected due to violation of current limiting rules"),
    (30018, 503, "Request Body requires JSON format"),
    (30019, 200, "You do not have the permissions to perform this operation"),
    (30030, 200, "The API version is no longer available"),
    (30031, 200, "The endpoint is no longer available"),
    (40001, 400, "Cloud account not found"),
    (40002, 400, "out_trade_no not found"),
    (40003, 400, "out_trade_no already existed"),
    (40004, 400, "Cloud account count limit"),
    (40005, 400, "Transfer vol precision error"),
    (40006, 400, "Invalid ip error"),
    (40007, 400, "Parse parameter error"),
    (40008, 400, "Check nonce error"),
    (40009, 400, "Check ver error"),
    (40010, 400, "Not found func error"),
    (40011, 400, "Invalid request"),
    (40012, 400, "System error"),
    (40013, 400, "Access too often"),
    (40014, 400, "This contract is offline"),
    (40015, 400, "This contract's exchange has been paused"),
    (40016, 400, "This order would trigger user position liquidate"),
    (40017, 400, "It is not possible to open and close simultaneously in the same position"),
    (40018, 400, "Your position is closed"),
    (40019, 400, "Your position is in liquidation delegating"),
    (40020, 400, "Your position volume is not enough"),
    (40021, 400, "Position does not exist"),
    (40022, 400, "The position is not isolated"),
    (40023, 400, "The position would liquidate when sub margin"),
    (40024, 400, "The position would be warnning of liquidation when sub margin"),
    (40025, 400, "The position's margin shouldn't be lower than the base limit"),
    (40026, 400, "You cross margin position is in liquidation delegating"),
    (40027, 400, "You contract account available balance not enough"),
    (40028, 400, "Your plan order's count is more than system maximum limit."),
    (40029, 400, "The order's leverage is too large."),
    (40030, 400, "The order's leverage is too small."),
    (40031, 400, "The deviation between current price and trigger price is too large."),
    (40032, 400, "The plan order's life cycle is too long."),
    (40033, 400, "The plan order's life cycle is too short."),
    (40034, 400, "Symbol Not Exist"),
    (40035, 400, "The order is not exist"),
    (40036, 400, "The order status is invalid"),
    (40037, 400, "The order id is not exist"),
    (40038, 400, "Invalid K-Line Step"),
    (40039, 400, "The timestamp is invalid"),
    (40040, 400, "The order leverage is invalid"),
    (40041, 400, "The order side is invalid"),
    (40042, 400, "The order type is invalid"),
    (40043, 400, "The order precision is invalid"),
    (40044, 400, "The order range is invalid"),
    (40045, 400, "The order open type is invalid"),
    (40046, 403, "The account is not opened futures"),
    (40047, 403, "Services is not available in you countries and areas"),
    (40048, 403, "ClientOrderId only allows a combination of numbers and letters"),
    (40049, 403, "The maximum length of clientOrderId cannot exceed 32"),
    (40050, 403, "Client OrderId duplicated with existing orders"),
    (40059, 400, "The position mode cannot be switched while there are positions or open orders"),
    (42000, 200, "Balance not enough"),
    (49998, 400, "INVALID_PARAMETER"),
)

CODES: Mapping[int, Problem] = {code: Problem(code, status, text) for code, status, text in _TABLE}


def problem(code: int, text: str | None = None) -> Problem:
    """The refusal of that code, in its usual words or in others."""
    known = CODES[code]
    return known if text is None else Problem(known.code, known.status, text)


def refuse(code: int, text: str | None = None) -> RefusedError:
    """To be raised: ends the call with the code."""
    return RefusedError(problem(code, text))


STOP_ABOVE_PRICE = "The stop loss price is invalid, needs to be lesser than the order price"
_UNFILLABLE = "The order would not fill as its mode asks for"

REFUSALS: Mapping[Refusal, Problem] = {
    Refusal.UNKNOWN_ACCOUNT: problem(40001),
    Refusal.UNKNOWN_SYMBOL: problem(40034),
    Refusal.NOT_TRADING: problem(40014),
    Refusal.CLOSE_ONLY: problem(40015),
    Refusal.NO_MARKET: problem(40015),
    Refusal.PRICE_OFF_TICK: problem(40043),
    Refusal.SIZE_OFF_STEP: problem(40043),
    Refusal.SIZE_OUT_OF_RANGE: problem(40044),
    Refusal.NOTIONAL_TOO_SMALL: problem(40044),
    Refusal.PRICE_OUT_OF_BAND: problem(40031),
    Refusal.LEVERAGE_OUT_OF_RANGE: problem(40029),
    Refusal.LEVERAGE_DIFFERS: problem(40040),
    Refusal.NOT_ENOUGH_BALANCE: problem(40027),
    Refusal.WOULD_LIQUIDATE: problem(40016),
    Refusal.WOULD_TAKE: problem(40011, _UNFILLABLE),
    Refusal.WOULD_NOT_FILL: problem(40011, _UNFILLABLE),
    Refusal.NO_POSITION: problem(40021),
    Refusal.EXIT_TOO_LARGE: problem(40020),
    Refusal.TRIGGER_WRONG_SIDE: problem(40011, "The trigger price is on the wrong side of the current price"),
    Refusal.PRESET_WRONG_SIDE: problem(40011, STOP_ABOVE_PRICE),
    Refusal.DUPLICATE_CLIENT_ID: problem(40050),
    Refusal.BAD_CLIENT_ID: problem(40048),
    Refusal.UNKNOWN_ORDER: problem(40037),
    Refusal.ORDER_FINISHED: problem(40036),
    Refusal.TOO_MANY_ORDERS: problem(40028),
    Refusal.WHOLE_POSITION_TAKEN: problem(40028),
    Refusal.POSITION_OR_ORDERS_OPEN: problem(40059),
    Refusal.WRONG_POSITION_MODE: problem(40041),
    Refusal.INVALID: problem(40011),
}
"""Every refusal of the engine; the codes of those that the sheet leaves open are quirks (`balance_code`, …)."""


def problem_of(refused: Refused, instead: Mapping[int, int]) -> Problem:
    """What a refusal of the engine becomes; `instead` gives other codes for some."""
    known = REFUSALS[refused.refusal]
    code = instead.get(known.code, known.code)
    if code == known.code:
        return known
    # The overloaded code says by its words alone what it means.
    return problem(code, known.text if code == OVERLOADED else None)
