"""A client of an exchange on this machine that answers in OKX's words: its key, its clock, and no patience."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from attrs import define, field, frozen

from mtf_adapters.limits import Limiter, Unlimited
from mtf_adapters.okx.market_data import OkxMarketData
from mtf_adapters.okx.products import SWAP, Product
from mtf_adapters.okx.rest import RestClient, Timing
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.trading import OkxTrading
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.sandbox.clock import SandboxClock
from tests.unit.bitmart.loopback import Answer, Asked, Loopback, loopback

NOW_MS = 1_767_225_600_000
"""2026-01-01T00:00Z, the instant of the payloads."""
CREDENTIALS = Credentials("desk-key-4711", "simulator-secret-01", "desk-phrase-77")
TIMING = Timing(attempt_s=0.5, read_s=2.0, attempts=3, pause_s=0.01, longest_pause_s=0.02, permit_s=0.5)

Given = Answer | Callable[[Asked], Answer]


def ok(*rows: Any) -> Answer:
    """A success with these rows."""
    return Answer(json.dumps({"code": "0", "msg": "", "data": list(rows)}).encode())


def refused(code: str, text: str = "no", status: int = 200) -> Answer:
    """A refusal of the whole request."""
    return Answer(json.dumps({"code": code, "msg": text, "data": []}).encode(), status)


def row_refused(code: str, text: str = "no", **row: Any) -> Answer:
    """A write whose one row was refused: only the row says why."""
    data = [{"sCode": code, "sMsg": text, "subCode": "", **row}]
    return Answer(json.dumps({"code": "1", "msg": "All operations failed", "data": data}).encode())


@define(eq=False)
class Script:
    """Answers by the end of a path, or by it and the kind of order that is asked for (`orders-algo-pending:oco`).

    One after the other, the last one again and again.
    """

    given: dict[str, list[Given]] = field(factory=dict)

    def answer(self, name: str, *answers: Given) -> None:
        self.given[name] = list(answers)

    def __call__(self, asked: Asked) -> Answer:
        name = asked.path.rpartition("/")[2]
        kind = asked.params.get("ordType", "")
        answers = self.given.get(f"{name}:{kind}") or self.given.get(name) or [refused("50404", name, 404)]
        given = answers.pop(0) if len(answers) > 1 else answers[0]
        return given if isinstance(given, Answer) else given(asked)


@frozen(eq=False)
class Desk:
    exchange: Loopback
    script: Script
    wall: SandboxClock
    clock: ExchangeClock
    rest: RestClient
    market: OkxMarketData
    trading: OkxTrading

    def answer(self, name: str, *answers: Given) -> None:
        self.script.answer(name, *answers)

    def of(self, name: str) -> list[Asked]:
        return self.exchange.of(name)


def pages(rows: Sequence[dict[str, Any]], key: str) -> Callable[[Asked], Answer]:
    """Answers a list as OKX pages it: the newest first, a hundred at most, older than the row that `after` names."""

    def page(asked: Asked) -> Answer:
        after = asked.params.get("after")
        older = [row for row in rows if after is None or int(row[key]) < int(after)]
        newest = sorted(older, key=lambda row: -int(row[key]))
        return ok(*newest[: int(asked.params["limit"])])

    return page


@asynccontextmanager
async def desk(
    *,
    credentials: Credentials | None = CREDENTIALS,
    product: Product = SWAP,
    limiter: Limiter | None = None,
    timing: Timing = TIMING,
) -> AsyncIterator[Desk]:
    async with loopback() as exchange:
        script = Script()
        exchange.computed = script
        wall = SandboxClock(NOW_MS)
        clock = ExchangeClock(wall)
        clock.measured(NOW_MS, NOW_MS, NOW_MS)
        rest = RestClient(
            exchange.url,
            credentials,
            clock,
            limiter or Unlimited(),
            is_demo=True,
            timing=timing,
            random=lambda: 0.5,
            sleep=asyncio.sleep,
        )
        market, trading = OkxMarketData(rest, product), OkxTrading(rest, product, "desk")
        try:
            yield Desk(exchange, script, wall, clock, rest, market, trading)
        finally:
            await rest.aclose()
