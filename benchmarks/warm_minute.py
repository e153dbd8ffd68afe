"""What a process that runs every minute spends on one: a whole run of some 200 symbols on the sandbox.

CPU seconds of the process, least of the minutes of a kind, so that other work on the machine disturbs little. Minutes
at which longer candles close have more to do, and the first run starts from nothing.

    python benchmarks/warm_minute.py [--profile regular] [--minutes 12] [--database memory]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from mtf_core.market import MINUTE_MS, Timeframe, parse_instant, to_ms
from mtf_core.runs import RunReport, RunRequest
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import Settings

START_MS = to_ms(parse_instant("2026-02-01T13:00Z"))
LIMIT_S = 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", action="append", help="default: scalper_micro and regular")
    parser.add_argument("--minutes", type=int, default=11, help="runs after the first (11)")
    parser.add_argument("--database", help="where runs are stored; default: a SQLite file that is thrown away")
    arguments = parser.parse_args()
    for profile in arguments.profile or ("scalper_micro", "regular"):
        with tempfile.TemporaryDirectory() as folder:
            database = arguments.database or f"sqlite:///{Path(folder) / 'mtf.db'}"
            asyncio.run(_measure(profile, database, arguments.minutes))


async def _measure(profile: str, database: str, minutes: int) -> None:
    """Prints the CPU seconds of the first run, of ordinary minutes and of those that close a longer candle."""
    seconds: dict[int, float] = {}
    last: RunReport | None = None
    settings = Settings(database_url=database, at_ms=START_MS)
    async with opened(settings, timer=time.process_time) as container:
        orchestrator = container.orchestrator()
        for minute in range(minutes + 1):
            started = time.process_time()
            report = await orchestrator.run(RunRequest(profile=profile, at_ms=START_MS + minute * MINUTE_MS))
            seconds[minute] = time.process_time() - started
            last = report if minute and minute % Timeframe.M5.minutes else last
    longer = [value for minute, value in seconds.items() if minute and minute % Timeframe.M5.minutes == 0]
    ordinary = min(value for minute, value in seconds.items() if minute % Timeframe.M5.minutes)
    symbols = 0 if last is None else len(last.results)
    print(f"{profile}, {symbols} symbols: first run {seconds[0]:.2f} s of CPU")
    verdict = "" if ordinary <= LIMIT_S else "  MISSED"
    print(f"  a minute: {ordinary:.3f} s, {ordinary / seconds[0]:.2f} × the first; target {LIMIT_S} s{verdict}")
    if longer:
        print(f"  a minute that closes longer candles: {min(longer):.3f} s, {min(longer) / seconds[0]:.2f} × the first")
    if last is not None:
        _print_stages(last.performance.stages, last.performance.exchange_calls)


def _print_stages(stages: Mapping[str, float], calls: Mapping[str, int]) -> None:
    """CPU seconds of the last ordinary minute, by stage, and what it asked the exchange."""
    print("  stages: " + ", ".join(f"{name} {seconds:.3f} s" for name, seconds in stages.items()))
    print("  calls: " + ", ".join(f"{count} {name}" for name, count in calls.items()))


if __name__ == "__main__":
    main()
