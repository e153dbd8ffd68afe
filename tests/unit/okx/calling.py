"""A client of an exchange on this machine that answers in OKX's envelope, byte for byte what a test says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from attrs import frozen

from mtf_adapters.limits import Limiter, Unlimited
from mtf_adapters.okx.rest import RestClient, Timing
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.fields import required, text
from mtf_adapters.sandbox.clock import SandboxClock
from tests.unit.bitmart.loopback import Answer, Loopback, loopback

NOW_MS = 1_795_737_600_042
"""2026-11-27T00:00:00.042Z, a moment after the sheet's instant."""
CREDENTIALS = Credentials("desk-key-4711", "simulator-secret-01", "desk-phrase-77")
SECRETS = ("desk-key-4711", "simulator-secret-01", "desk-phrase-77")
TIMING = Timing(attempt_s=0.25, read_s=2.0, attempts=3, pause_s=0.01, longest_pause_s=0.02, permit_s=0.5)


@frozen(kw_only=True)
class CoinRow:
    """Some row that is read."""

    ccy: str = required(text)


def answered(code: str, rows: Any = ..., message: str = "", status: int = 200, **headers: str) -> Answer:
    """The envelope; without `data` where no rows are given."""
    envelope: dict[str, Any] = {"code": code, "msg": message}
    if rows is not ...:
        envelope["data"] = rows
    return Answer(json.dumps(envelope).encode(), status, dict(headers))


def ok(*rows: Any, **headers: str) -> Answer:
    return answered("0", list(rows), **headers)


def refused(code: str, message: str = "no", status: int = 200) -> Answer:
    """The whole request, as a gateway refuses it: without `data`."""
    return answered(code, message=message, status=status)


def row_refused(code: str, message: str = "no", envelope: str = "1") -> Answer:
    """A write whose one row says why, and the rest only that."""
    row = {"ordId": "", "clOrdId": "a1", "tag": "", "ts": "1", "sCode": code, "sMsg": message, "subCode": ""}
    return answered(envelope, [row], "All operations failed")


def clock(now_ms: int) -> Answer:
    return ok({"ts": str(now_ms)})


TAKEN = ok({"ordId": "312", "clOrdId": "a1", "tag": "", "ts": "1", "sCode": "0", "sMsg": "", "subCode": ""})
COINS = ok({"ccy": "USDT"})


@frozen(eq=False)
class Calls:
    exchange: Loopback
    clock: ExchangeClock
    rest: RestClient


def client_of(
    base: str,
    credentials: Credentials | None = CREDENTIALS,
    *,
    limiter: Limiter | None = None,
    timing: Timing = TIMING,
    is_demo: bool = True,
    transport: httpx.AsyncBaseTransport | None = None,
) -> RestClient:
    now = ExchangeClock(SandboxClock(NOW_MS))
    now.measured(NOW_MS, NOW_MS, NOW_MS)
    return RestClient(
        base,
        credentials,
        now,
        limiter or Unlimited(),
        is_demo=is_demo,
        timing=timing,
        transport=transport,
        random=lambda: 0.5,
    )


@asynccontextmanager
async def calls(
    credentials: Credentials | None = CREDENTIALS,
    *,
    limiter: Limiter | None = None,
    timing: Timing = TIMING,
    is_demo: bool = True,
) -> AsyncIterator[Calls]:
    async with loopback() as exchange:
        rest = client_of(exchange.url, credentials, limiter=limiter, timing=timing, is_demo=is_demo)
        try:
            yield Calls(exchange, rest.clock, rest)
        finally:
            await rest.aclose()
