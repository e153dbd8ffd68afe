"""Four processes that want more than BitMart permits, for a minute: how much of the limit they use, and no refusal.

They share one budget through a real Redis (from a wheel) and ask a sandbox that enforces BitMart's real limits.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.wire import Face, face
from tests.redis_server import redis_server

from mtf_adapters.bitmart.limits import BUCKETS
from mtf_core.market import Timeframe
from mtf_core.ports import ExchangeError
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings

PROCESSES, SECONDS, TASKS = 4, 60.0, 6
KLINE = "/contract/public/kline"
LEAST_SHARE = 0.95


async def hammer(seconds: float) -> tuple[float, float, int]:
    """Asks for candles as fast as it may; returns from when to when (Unix time), and how many answers came."""
    answers = 0
    async with opened(read_settings()) as container:
        venue = container.venue()
        now_ms = await venue.market.server_time_ms()
        last = Timeframe.M1.last_closed_open(now_ms)
        begun, end = time.time(), time.monotonic() + seconds

        async def ask() -> None:
            nonlocal answers
            while time.monotonic() < end:
                try:
                    await venue.market.candles("BTCUSDT", Timeframe.M1, last, last)
                except ExchangeError as error:
                    print(error, file=sys.stderr)
                answers += 1

        await asyncio.gather(*(ask() for _ in range(TASKS)))
        return begun, time.time(), answers


def measured(exchange: Face, redis_url: str) -> int:
    """Prints what the exchange counted; returns 1 for a missed aim."""
    bucket = next(bucket for name, bucket in BUCKETS.buckets.items() if "kline" in name and "mark" not in name)
    environment = exchange.environment(REDIS_URL=redis_url, DATABASE_URL="memory")
    command = [sys.executable, os.fspath(Path(__file__).resolve()), "hammer"]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(PROCESSES)]
    told = [json.loads(process.communicate()[0]) for process in started]
    span = max(end for _, end, _ in told) - min(begun for begun, _, _ in told)
    calls = exchange.calls()[KLINE]
    refused = calls.get("429", 0) + calls.get("418", 0)
    permitted = bucket.limit * (span * 1000 / bucket.window_ms + 1)
    share = calls["200"] / permitted
    verdict = "met" if share >= LEAST_SHARE else "MISSED"
    print(f"{PROCESSES} processes, {TASKS} tasks each, {span:.1f} s from the first call to the last")
    print(f"permitted {bucket.limit} in {bucket.window_ms} ms, so {permitted:.0f}; answered {calls['200']}")
    print(f"used {share:.1%} of what was permitted (aim {LEAST_SHARE:.0%}): {verdict}")
    print(f"refused {refused} (aim 0): {'met' if refused == 0 else 'MISSED'}")
    print(json.dumps({"calls": calls, "share": round(share, 4)}))
    return int(share < LEAST_SHARE or refused > 0)


def main() -> int:
    if sys.argv[1:] == ["hammer"]:
        print(json.dumps(asyncio.run(hammer(SECONDS))))
        return 0
    with (
        tempfile.TemporaryDirectory() as folder,
        redis_server(Path(folder)) as socket,
        face("--universe-size", "20") as exchange,
    ):
        return measured(exchange, f"unix://{socket}")


if __name__ == "__main__":
    sys.exit(main())
