"""300 symbols minute by minute, against a sandbox that enforces BitMart's real limits: calls, and time to the plans.

First a cold start, then some minutes by REST (a run two seconds after each close), then some by stream (a run as soon
as every candle is there). Time flows as it does: `--minutes N` (3) of each take N minutes each.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.wire import Face, face

from mtf_adapters.bitmart.limits import BUCKETS
from mtf_core.market import ContractStatus
from mtf_core.run_request import RunRequest
from mtf_core.upkeep.streaming import CandleStreamer, StreamMinute, StreamNews
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.settings import read_settings

SYMBOLS, LISTED = 300, 340
OPTIONS = ("--universe-size", str(LISTED), "--at", "2026-02-02T11:12Z", "--speed", "1")
"""A market in which some symbols are READY."""
KLINE = "/contract/public/kline"
AFTER_CLOSE_S = 2.0
MINUTE_S = 60.0
_KLINES = next(bucket for name, bucket in BUCKETS.buckets.items() if "kline" in name and "mark" not in name)
CALLS_A_SECOND = _KLINES.limit * 1000 / _KLINES.window_ms


def klines(exchange: Face) -> int:
    return sum(exchange.calls().get(KLINE, {}).values())


def refused(exchange: Face) -> int:
    counts: Counter[str] = Counter()
    for by_status in exchange.calls().values():
        counts.update(by_status)
    return counts["429"] + counts["418"]


def now_s(container: Container) -> float:
    """The exchange's time."""
    return container.venue().clock.now_ms() / 1000


async def one_run(container: Container, request: RunRequest, exchange: Face) -> tuple[float, int, int]:
    """Runs once: seconds from the last close to its end, candle calls, plans."""
    before, closed = klines(exchange), now_s(container) // MINUTE_S * MINUTE_S
    report = await container.orchestrator().run(request)
    plans = sum(one.plan is not None for one in report.results.values())
    return now_s(container) - closed, klines(exchange) - before, plans


async def by_calls(container: Container, request: RunRequest, exchange: Face, minutes: int) -> None:
    print("by REST: minute, candle calls, seconds of the run, of calls ÷ rate, plans")
    for minute in range(minutes):
        await asyncio.sleep(MINUTE_S - now_s(container) % MINUTE_S + AFTER_CLOSE_S)
        took, calls, plans = await one_run(container, request, exchange)
        seconds, floor = took - AFTER_CLOSE_S, calls / CALLS_A_SECOND
        # The first calls of a window may go at once, so a run of few calls may be quicker than its rate.
        verdict = "met" if seconds <= 1.05 * floor else "MISSED"
        ratio = f"{seconds / max(floor, 1e-9):.2f} x (aim 1.05: {verdict})"
        print(f"  {minute + 1}: {calls} calls, {seconds:.1f} s, {ratio}, {plans} plans")


async def by_stream(container: Container, request: RunRequest, exchange: Face, minutes: int) -> None:
    print("by stream: minute, candle calls, seconds from the close until all candles were stored, and to the last plan")
    heard: asyncio.Queue[StreamMinute] = asyncio.Queue()

    def news(one: StreamNews) -> None:
        if isinstance(one, StreamMinute):
            heard.put_nowait(one)
        else:
            print(f"  candles come by {one.state}: {one.why}")

    async def choose() -> tuple[str, ...]:
        return request.symbols

    stopping = asyncio.Event()
    streaming = asyncio.create_task(CandleStreamer(container.environment(), choose, news=news).run(stopping))
    latencies = []
    await heard.get()  # what it had missed before it began
    for minute in range(minutes):
        before = klines(exchange)
        told = await heard.get()
        took, _, plans = await one_run(container, request, exchange)
        latencies.append(took)
        print(
            f"  {minute + 1}: {klines(exchange) - before} calls ({told.streamed} streamed, {told.fetched} by call, "
            f"{told.lacking} lacking), {told.after_ms / 1000:.2f} s, {took:.2f} s, {plans} plans"
        )
    stopping.set()
    await streaming
    worst = max(latencies)
    print(
        f"  to the last plan: median {statistics.median(latencies):.2f} s, most {worst:.2f} s "
        f"(aim p99 < 2 s: {'met' if worst < 2 else 'MISSED'})"
    )


async def measured(exchange: Face, minutes: int) -> None:
    async with opened(read_settings()) as container:
        listed = await container.venue().market.contracts()
        trading = [one for one in listed if one.status is ContractStatus.TRADING and one.quote_currency == "USDT"]
        oldest = sorted(trading, key=lambda one: (one.opened_at_ms, one.symbol))
        request = RunRequest(symbols=tuple(one.symbol for one in oldest[:SYMBOLS]), workers=64)
        started = time.time()
        _, calls, plans = await one_run(container, request, exchange)
        print(
            f"cold start of {len(request.symbols)} symbols: {calls} candle calls, {time.time() - started:.0f} s "
            f"(calls ÷ rate {calls / CALLS_A_SECOND:.0f} s), {plans} plans"
        )
        await by_calls(container, request, exchange, minutes)
        await by_stream(container, request, exchange, minutes)
        print(f"refused for too many calls: {refused(exchange)} (aim 0)")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, default=3)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory() as folder, face(*OPTIONS) as exchange:
        os.environ.update(exchange.environment(DATABASE_URL=f"sqlite:///{folder}/scale.db"))
        asyncio.run(measured(exchange, minutes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
