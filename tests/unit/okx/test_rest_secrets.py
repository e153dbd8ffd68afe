"""Nothing that a request leads to holds a key, a secret or a passphrase, even where an answer repeats them."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Awaitable, Callable

import pytest

from mtf_adapters.okx.endpoints import BALANCE, PLACE_ORDER
from mtf_adapters.okx.rest import NoReply
from mtf_adapters.okx.signing import Credentials
from mtf_core.ports import ExchangeError, Priority
from tests.unit.bitmart.loopback import HTML, Answer
from tests.unit.okx.calling import COINS, SECRETS, Calls, CoinRow, answered, calls, ok, refused, row_refused

ECHO = " ".join(SECRETS)
ANSWERS = {
    "an echo in the text": refused("50113", ECHO, 401),
    "an echo with a key that is not known": refused("50119", ECHO, 401),
    "an echo with an unknown code": refused("50999", ECHO),
    "an echo in a row": row_refused("51008", ECHO),
    "an echo in the data": ok({"ccy": {"a": ECHO}}),
    "an echo where rows belong": ok(ECHO),
    "an echo for the rows": answered("0", ECHO),
    "an echo for the code": answered(ECHO, []),
    "a page": HTML,
    "half a body": Answer(ECHO.encode(), promised=4000),
    "nothing": Answer(drop=True),
    "too late": Answer(b"", wait_s=5.0),
    "a redirection": Answer(b"", 302, {"Location": "http://127.0.0.1:9/"}),
}


async def a_read(at: Calls) -> str:
    return repr(await at.rest.read(BALANCE, CoinRow))


async def a_write(at: Calls) -> str:
    exchanged = await at.rest.write(PLACE_ORDER, {"instId": "A"}, Priority.EXIT, leaves_within_ms=1000)
    return exchanged.why if isinstance(exchanged, NoReply) else at.rest.said(exchanged)


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
@pytest.mark.parametrize("call", [a_read, a_write])
async def test_no_error_word_log_or_trace_holds_a_secret(
    answer: Answer, call: Callable[[Calls], Awaitable[str]], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    async with calls() as at:
        at.exchange.answer("balance", answer)
        at.exchange.answer("order", answer)
        try:
            told.append(await call(at))
        except ExchangeError as error:
            told += [repr(error), repr(error.__cause__), repr(error.__context__), *traceback.format_exception(error)]
        told += [repr(at.rest), repr(at.rest.__dict__), repr(at.clock)]
    told += [record.getMessage() for record in caplog.records]
    told += [repr(record.args) for record in caplog.records]
    for secret in SECRETS:
        assert not [text for text in told if secret in text]


async def test_a_passphrase_may_have_any_letters() -> None:
    """An error of the text's encoding would hold all of it."""
    odd = Credentials("desk-key-4711", "simulator-secret-01", "Schlüssel ключ")
    async with calls(odd) as at:
        at.exchange.answer("balance", COINS)
        assert await at.rest.read(BALANCE, CoinRow)
