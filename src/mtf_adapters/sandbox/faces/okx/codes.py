"""OKX's codes with their HTTP status and words, and which of them the engine's refusals become."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from mtf_adapters.sandbox.matching.events import Refusal, Refused

OK = "0"
ALL_FAILED, SOME_FAILED = "1", "2"
LAST_GATEWAY_CODE = 51000
"""Codes below it are of the gateway and stand in the envelope; those of trading stand in the rows of trade calls."""


@frozen
class Problem:
    """A refusal as it goes out."""

    code: str
    status: int
    text: str
    sub_code: str = ""

    @property
    def is_of_gateway(self) -> bool:
        return int(self.code) < LAST_GATEWAY_CODE


class RefusedError(Exception):
    """Ends the handling of a call with a refusal; never leaves the face."""

    def __init__(self, refusal: Problem) -> None:
        super().__init__(refusal.text)
        self.problem = refusal


_TABLE: tuple[tuple[int, int, str], ...] = (
    (50000, 400, "Body for POST request cannot be empty."),
    (50001, 503, "Service temporarily unavailable. Try again later"),
    (50002, 400, "JSON syntax error"),
    (50004, 400, "API endpoint request timeout (does not mean that the request was successful or failed)"),
    (50005, 410, "API is offline or unavailable."),
    (50011, 429, "Too Many Requests"),
    (50013, 429, "Systems are busy. Please try again later."),
    (50014, 400, "Parameter cannot be empty."),
    (50015, 400, "Either parameter is required."),
    (50026, 500, "System error. Try again later"),
    (50036, 200, "The expTime can't be earlier than the current system time."),
    (50037, 200, "The order expired."),
    (50061, 200, "Order rate limit reached. Please try again later."),
    (50072, 200, "Isolated margin mode is not supported."),
    (50100, 400, "API frozen, please contact customer service."),
    (50101, 401, "APIKey does not match current environment."),
    (50102, 401, "Timestamp request expired."),
    (50103, 401, 'Request header "OK-ACCESS-KEY" cannot be empty.'),
    (50104, 401, 'Request header "OK-ACCESS-PASSPHRASE" cannot be empty.'),
    (50105, 401, 'Request header "OK-ACCESS-PASSPHRASE" incorrect.'),
    (50106, 401, 'Request header "OK-ACCESS-SIGN" cannot be empty.'),
    (50107, 401, 'Request header "OK-ACCESS-TIMESTAMP" cannot be empty.'),
    (50111, 401, "Invalid OK-ACCESS-KEY"),
    (50112, 401, "Invalid OK-ACCESS-TIMESTAMP"),
    (50113, 401, "Invalid Sign"),
    (50114, 401, "Invalid authorization"),
    (50119, 401, "API key doesn't exist"),
    (50120, 401, "This API key doesn't have permission to use this function"),
    (51000, 200, "Parameter error"),
    (51001, 200, "Instrument ID, Instrument ID code, or Spread ID doesn't exist."),
    (51004, 200, "Order amount exceeds the current tier limit for your leverage."),
    (51005, 200, "Your order amount exceeds the max order amount."),
    (51006, 200, "Order price is not within the price limit"),
    (51008, 200, "Order failed. Insufficient margin in account."),
    (51010, 200, "You can't complete this request under your current account mode."),
    (51016, 200, "Client order ID already exists."),
    (51020, 200, "Your order should meet or exceed the minimum order amount."),
    (51021, 200, "The pair or contract is not yet listed"),
    (51022, 200, "Contract suspended."),
    (51023, 200, "Position does not exist."),
    (51046, 200, "The take profit trigger price should be higher than the order price"),
    (51047, 200, "The stop loss trigger price should be lower than the order price"),
    (51048, 200, "The take profit trigger price should be lower than the order price"),
    (51049, 200, "The stop loss trigger price should be higher than the order price"),
    (51058, 200, "No available position for this algo order"),
    (51068, 200, "The algo client order ID already exists within algoClOrdId and attachAlgoClOrdId."),
    (51088, 200, "You can only place 1 TP/SL order to close an entire position"),
    (51100, 200, "Unable to place order. Take profit/stop loss conditions cannot be added to reduce-only orders."),
    (51112, 200, "Your order size exceeds the available size for closing positions"),
    (51115, 200, "Cancel all pending close-orders before liquidation."),
    (51121, 200, "Order quantity must be a multiple of the lot size."),
    (51169, 200, "You don't have any positions in this direction for this contract to reduce or close"),
    (51174, 200, "Order failed. The number of pending orders reached the upper limit."),
    (51202, 200, "Market order amount exceeds the maximum amount."),
    (51277, 200, "TP trigger price cannot be lower than the last price"),
    (51278, 200, "SL trigger price cannot be higher than the last price"),
    (51279, 200, "TP trigger price cannot be higher than the last price"),
    (51280, 200, "SL trigger price cannot be lower than the last price"),
    (51300, 200, "TP trigger price cannot be lower than the mark price"),
    (51302, 200, "SL trigger price cannot be higher than the mark price"),
    (51303, 200, "TP trigger price cannot be higher than the mark price"),
    (51305, 200, "SL trigger price cannot be lower than the mark price"),
    (51400, 200, "Order cancellation failed as the order has been filled, canceled or does not exist."),
    (51416, 200, "Order has been triggered and can't be canceled."),
    (51503, 200, "Order modification failed as the order has been filled, canceled or does not exist."),
    (51511, 200, "Operation failed as the order price doesn't meet the requirement for Post Only."),
    (51523, 200, "Unable to modify the order price of a stop order that closes an entire position."),
    (51527, 200, "Order modification failed. At least 1 of the attached TP/SL orders does not exist."),
    (51538, 200, "attachAlgoOrds are not amended: the order has none, or has filled in part."),
    (51603, 200, "Order does not exist"),
    (54011, 200, "Trading pair or contract is reduce-only."),
    (59000, 200, "Setting failed. Close any open positions or orders before modifying settings."),
    (
        59101,
        200,
        "Leverage can't be modified. Please cancel all pending isolated orders before adjusting it.",
    ),
    (59102, 200, "Leverage exceeds the maximum limit. Please lower the leverage."),
    (59105, 200, "Leverage can't be less than 1. Please increase the leverage."),
    (59107, 200, "Leverage can't be modified. Please cancel all pending cross-margin orders before adjusting it."),
    (59668, 200, "Cancel isolated margin TP/SL, trailing, trigger orders or stop bots before adjusting your leverage"),
    (59669, 200, "Cancel cross-margin TP/SL, trailing, trigger orders or stop bots before adjusting your leverage."),
)

CODES: Mapping[int, Problem] = {code: Problem(str(code), status, text) for code, status, text in _TABLE}


def problem(code: int, text: str | None = None) -> Problem:
    """The refusal of that code, in its usual words or in others."""
    known = CODES[code]
    return known if text is None else Problem(known.code, known.status, text)


def refuse(code: int, text: str | None = None) -> RefusedError:
    """To be raised: ends the call with the code."""
    return RefusedError(problem(code, text))


def bad(name: str) -> RefusedError:
    """What any field gets that cannot be what it should."""
    return refuse(51000, f"Parameter {name} error")


def missing(name: str) -> RefusedError:
    return refuse(50014, f"Parameter {name} cannot be empty")


REFUSALS: Mapping[Refusal, Problem] = {
    Refusal.UNKNOWN_ACCOUNT: problem(50119),
    Refusal.UNKNOWN_SYMBOL: problem(51001),
    Refusal.NOT_TRADING: problem(51022),
    Refusal.CLOSE_ONLY: problem(54011),
    Refusal.NO_MARKET: problem(51021),
    Refusal.PRICE_OFF_TICK: problem(51000, "Parameter px error"),
    Refusal.SIZE_OFF_STEP: problem(51121),
    Refusal.SIZE_OUT_OF_RANGE: problem(51005),
    Refusal.NOTIONAL_TOO_SMALL: problem(51020),
    Refusal.PRICE_OUT_OF_BAND: problem(51006),
    Refusal.LEVERAGE_OUT_OF_RANGE: problem(51004),
    Refusal.LEVERAGE_DIFFERS: problem(51000, "Parameter tdMode error"),
    Refusal.NOT_ENOUGH_BALANCE: Problem("51008", 200, CODES[51008].text, "51008_1000"),
    Refusal.WOULD_LIQUIDATE: Problem("51008", 200, CODES[51008].text, "51008_1003"),
    Refusal.WOULD_TAKE: problem(51511),
    Refusal.WOULD_NOT_FILL: problem(51000, "Parameter ordType error"),
    Refusal.NO_POSITION: problem(51169),
    Refusal.EXIT_TOO_LARGE: problem(51112),
    Refusal.TRIGGER_WRONG_SIDE: problem(51280),
    Refusal.PRESET_WRONG_SIDE: problem(51047),
    Refusal.DUPLICATE_CLIENT_ID: problem(51016),
    Refusal.BAD_CLIENT_ID: problem(51000, "Parameter clOrdId error"),
    Refusal.UNKNOWN_ORDER: problem(51603),
    Refusal.ORDER_FINISHED: problem(51503),
    Refusal.TOO_MANY_ORDERS: problem(51174),
    Refusal.WHOLE_POSITION_TAKEN: problem(51088),
    Refusal.POSITION_OR_ORDERS_OPEN: problem(59000),
    Refusal.WRONG_POSITION_MODE: problem(51000, "Parameter posSide error"),
    Refusal.INVALID: problem(51000),
}
"""Every refusal of the engine; handlers that know better name another code for some."""


def problem_of(refused: Refused, instead: Mapping[Refusal, int]) -> Problem:
    """What a refusal of the engine becomes; `instead` gives other codes for some."""
    code = instead.get(refused.refusal)
    return REFUSALS[refused.refusal] if code is None else problem(code)
