"""Nothing that is told, logged or raised holds a key, a secret or a memo, even where an answer repeats them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable
from decimal import Decimal

import pytest

from mtf_core.market import MarginMode, WriteOutcome
from tests.unit.bitmart.desk import SECRETS, Desk, desk
from tests.unit.bitmart.loopback import HTML, Answer, ok, refused

ECHO = " ".join(SECRETS)
ANSWERS = {
    "an echo in the text": refused(30005, ECHO, 401),
    "an echo with an unknown code": refused(49123, ECHO),
    "an echo in the data": ok([{"currency": ECHO, "equity": ECHO, "available_balance": ECHO}]),
    "an echo where a list belongs": ok(ECHO),
    "a page": HTML,
    "half a body": Answer(ECHO.encode(), promised=4000),
    "nothing": Answer(drop=True),
    "too late": Answer(b"", wait_s=5.0),
    "a redirection": Answer(b"", 302, {"Location": "http://127.0.0.1:9/"}),
}


async def a_read(at: Desk) -> object:
    return await at.trading.account_state()


async def a_write(at: Desk) -> WriteOutcome:
    return await at.trading.set_leverage("BTCUSDT", Decimal(5), MarginMode.ISOLATED)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", [a_read, a_write])
async def test_no_error_outcome_log_or_trace_holds_a_secret(
    answer: Answer, call: Callable[[Desk], Awaitable[object]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    async with desk() as at:
        for name in ("assets-detail", "position-v2", "get-open-orders", "current-plan-order", "get-position-mode"):
            at.exchange.answer(name, answer)
        at.exchange.answer("submit-leverage", answer)
        try:
            told.append(repr(await call(at)))
        except Exception as error:
            told += [repr(error), *traceback.format_exception(error)]
            told += [repr(one) for one in _chain(error)]
        told += [repr(at.rest), repr(at.trading), repr(at.market), repr(at.clock)]
    told += [record.getMessage() for record in caplog.records]
    told += [repr(record.args) for record in caplog.records]
    assert told
    for secret in SECRETS:
        assert not [text for text in told if secret in text]


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in found:
        found.append(following)
        following = following.__cause__ or following.__context__
    return found


async def test_an_error_keeps_no_request_and_so_no_key() -> None:
    """An error of the HTTP library would hold the request, whose headers hold the key."""
    async with desk() as at:
        at.exchange.answer("assets-detail", Answer(drop=True))
        at.exchange.answer("position-v2", Answer(drop=True))
        with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever it is
            await at.trading.account_state()
    assert all(type(one).__module__.startswith("mtf_core") for one in _chain(caught.value))
