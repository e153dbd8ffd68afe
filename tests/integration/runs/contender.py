"""A process that begins a run whenever it is told to, and says what came of it: `python -m … DATABASE [REDIS]`.

For each line of its input it answers `ran BEGAN FINISHED` (milliseconds of the wall clock) or `held OWNER`. It
began to work once it had its lock, for which it may have waited: what its stages took, before it finished.
"""

from __future__ import annotations

import asyncio
import sys

from mtf_core.market import parse_instant, to_ms
from mtf_core.runs import RunLockedError, RunRequest
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import SandboxOptions, Settings

AT_MS = to_ms(parse_instant("2026-02-01T13:00Z"))


async def main(database_url: str, redis_url: str | None) -> None:
    sandbox = SandboxOptions(seed=7, universe_size=12)
    settings = Settings(database_url, redis_url=redis_url, at_ms=AT_MS, sandbox=sandbox)
    async with opened(settings) as container:
        print("ready", flush=True)  # noqa: T201
        while await asyncio.to_thread(sys.stdin.readline):
            try:
                report = await container.orchestrator().run(RunRequest(profile="scalper_micro"))
                worked_ms = 1000 * sum(report.record.performance.stages.values())
                answer = f"ran {report.finished_ms - int(worked_ms)} {report.finished_ms}"
            except RunLockedError as refused:
                answer = f"held {refused}"
            print(answer, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None))
