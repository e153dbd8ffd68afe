"""Under load no limit is exceeded; and whatever happens, no secret is told."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing, suppress

import pytest

from mtf_adapters.bitmart.limits import BUCKETS as BITMART
from mtf_adapters.limits import BucketTable
from mtf_adapters.okx.limits import BUCKETS as OKX
from mtf_core.market import Timeframe
from mtf_core.ports import Connected, ExchangeError
from tests.venues.stages import AT_MS, WIRED, CountingBudget, Stage

SERVERS = ("uvicorn", "websockets.server", "mtf.sandbox")
"""Loggers of the exchange's own side, which runs in this process, too."""


@pytest.mark.parametrize(("venue", "buckets", "calls"), [("bitmart", BITMART, 30), ("okx", OKX, 90)])
async def test_calls_side_by_side_wait_for_the_limit_and_none_is_refused(
    venue: str, buckets: BucketTable, calls: int
) -> None:
    budget = CountingBudget(buckets)
    async with WIRED[venue]("rate_limits: true", budget) as stage:
        first = AT_MS - 10 * 60_000
        candles = [stage.market.candles(stage.symbol, Timeframe.M1, first, AT_MS) for _ in range(calls)]
        reads = [stage.trading.sync() for _ in range(3)]
        answers = await asyncio.gather(*candles, *reads)
        waited = stage.venue.waited()
    assert len(answers) == calls + 3
    assert budget.refusals == 0
    assert waited > 1.0, "there were more calls than the limit takes at once"


async def test_nothing_that_is_told_on_a_whole_day_of_trading_holds_a_secret(
    wired: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = [repr(wired.venue)]
    async with aclosing(wired.streams.account()) as events:
        async for event in events:
            told.append(repr(event))
            if isinstance(event, Connected):
                break
        await wired.levers()
        told.append(repr(await wired.trading.submit_entry(wired.entry(6))))
        for kind in ("cdn_page", "reset", "refused", "banned", "truncated"):
            wired.break_calls(kind, "reads", "writes")
            told.append(repr(await wired.trading.submit_exit(wired.exit(1))))
            with suppress(ExchangeError):
                told.append(repr(await wired.trading.sync()))
    told += [record.getMessage() for record in caplog.records if not record.name.startswith(SERVERS)]
    assert len(wired.secrets) == 3
    for secret in wired.secrets:
        if len(secret) > 8:  # the sandbox's memo is the word `sandbox`
            assert not [text for text in told if secret in text]
