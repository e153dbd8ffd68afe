"""How long questions over a day take: a store of 1,500 runs of 300 symbols, as a profile leaves them minute by minute.

Some runs of different hours are made on the sandbox; the others are copies of these at their own minute, so that every
row, block and count is a real one. CPU seconds of a whole command in a process of its own, from the interpreter's start
to the last line, and the most memory that it had. Best of two.

    python benchmarks/questions_over_time.py [--runs 1500] [--keep FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attrs import evolve

from mtf_adapters.sql import SqlRunStore
from mtf_core.market import MINUTE_MS, parse_instant, to_ms
from mtf_core.records import RunRecord, RunStatus
from mtf_core.runs import RunRequest
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.settings import Settings

START_MS = to_ms(parse_instant("2026-02-01T00:00Z"))
REAL, PROFILE, ROUNDS = 12, "scalper", 2
QUESTIONS = (
    ("stats", "blockers"),
    ("stats", "blockers", "--symbols", "BTCUSDT"),
    ("stats", "success"),
    ("stats", "zones"),
    ("stats", "atr"),
    ("stats", "features"),
    ("stats", "trades"),
    ("why", "BTCUSDT", "ETHUSDT", "SOLUSDT", "--since", "2h"),
    ("why", "BTCUSDT", "ETHUSDT", "SOLUSDT"),
    ("cleanup",),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1500)
    parser.add_argument("--keep", type=Path, help="a file for the store, used again where it is there")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.keep or Path(folder) / "day.db"
        if not path.exists():
            started = time.perf_counter()
            asyncio.run(_fill(path, arguments.runs))
            print(f"{arguments.runs} runs stored in {time.perf_counter() - started:.0f} s", flush=True)
        print(f"the store has {path.stat().st_size / 2**20:.0f} MB")
        for words in QUESTIONS:
            seconds, megabytes = min(_asked(words, path) for _ in range(ROUNDS))
            print(f"  mtf {' '.join(words)}: {seconds:.2f} s, {megabytes} MB", flush=True)


async def _fill(path: Path, runs: int) -> None:
    settings = Settings(database_url=f"sqlite:///{path}", at_ms=START_MS)
    async with opened(settings) as container:
        market = container.environment().venue.market
        symbols = tuple(contract.symbol for contract in await market.contracts())
        orchestrator = container.orchestrator()
        made = []
        for number in range(REAL):
            at_ms = START_MS + number * (runs // REAL) * MINUTE_MS
            report = await orchestrator.run(RunRequest(profile=PROFILE, symbols=symbols, at_ms=at_ms))
            made.append(report.run_id)
        await _copy(container, made, runs)


async def _copy(container: Container, made: list[str], runs: int) -> None:
    """Every minute that has no run gets a copy of the one before it."""
    store, stores = container.environment().stores.runs, container.environment().stores
    assert isinstance(store, SqlRunStore)
    per = runs // len(made)
    counts = {one.run_id: one.counts async for one in store.tallies_since(0)}
    for number, run_id in enumerate(made):
        run = await store.run(run_id)
        assert run is not None
        decisions, zones = await store.decisions(run_id), await stores.zones.of_run(run_id)
        for minute in range(1, per):
            copy = _later(run, f"{number:04d}{minute:04d}{run_id[8:]}", minute * MINUTE_MS)
            await store.start(evolve(copy, status=RunStatus.RUNNING, report=None), {})
            await store.finish(
                copy,
                [evolve(one, run_id=copy.run_id) for one in decisions],
                counts=counts[run_id],
                zones=[evolve(one, run_id=copy.run_id) for one in zones],
            )


def _later(run: RunRecord, run_id: str, by_ms: int) -> RunRecord:
    finished_ms = None if run.finished_ms is None else run.finished_ms + by_ms
    return evolve(
        run,
        run_id=run_id,
        instant_ms=run.instant_ms + by_ms,
        started_ms=run.started_ms + by_ms,
        finished_ms=finished_ms,
    )


def _asked(words: tuple[str, ...], path: Path) -> tuple[float, int]:
    """CPU seconds and megabytes of one command."""
    command = [sys.executable, "-m", "mtf_entrypoints.cli.main", *words, "--database", f"sqlite:///{path}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024


if __name__ == "__main__":
    main()
