"""Days of the application, in as much time as its work takes: what happens, and when it is measured."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from attrs import field, frozen

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.sql import Database
from mtf_adapters.telemetry.logs import configure_files
from mtf_core.ending import ended
from mtf_core.runs import RunReport
from mtf_core.settings.trading import RetentionSettings
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from tests.application.asking import Asker, Receiver, receiving
from tests.application.databases import read_postgres, read_sqlite
from tests.application.idle_time import IdleLoop
from tests.application.plants import ROWS, Kept
from tests.application.process import opened_in_idle_time, running, settings_for
from tests.application.samples import Meter, Sample

MINUTE_S = 60.0
_WARM_UP_MINUTES = 60
SHORT_RETENTION = RetentionSettings(candles_per_series=1440, runs_days=1, runs_most=480, audit_days=1)
"""Reached within a day, so that the cleanup has to work on the others."""
KEEP_ALL = RetentionSettings(candles_per_series=0, runs_days=0, runs_most=0, audit_days=0)

Told = Callable[[Sample], None]


@frozen
class Days:
    """How much of what is soaked. `minutes`: of the clock."""

    minutes: int
    symbols: int
    seed: int = 1
    retention: RetentionSettings = SHORT_RETENTION
    sample_minutes: int = 5
    rows_minutes: int = 60
    """How often rows are counted."""
    objects_minutes: int = 360
    """How often objects are counted, which takes seconds and collects garbage."""
    with_threads: bool = True
    """SQLite in threads, as it is; else in the loop, which takes less time."""
    planted: tuple[str, ...] = ()
    """Leaks that are there on purpose (`plants`)."""


@frozen(eq=False)
class Counts:
    """What the application did."""

    runs: Counter[str] = field(factory=Counter)
    newest: list[str] = field(factory=list)

    def take(self, report: RunReport, _: str) -> None:
        self.newest[:] = [report.run_id]
        self.runs["runs"] += 1
        self.runs["symbols"] += len(report.results)
        for result in report.results.values():
            self.runs[f"symbol {result.status}"] += 1
            if result.order is not None:
                self.runs[f"order {result.order.status}"] += 1


def soak(days: Days, folder: Path, told: Told, database_url: str | None = None) -> None:
    """Plays the days in a folder that is empty; `told` hears each sample. Raises what a part of the process raises."""
    clock = SteppedClock(DEFAULT_INSTANT_MS)
    said = folder / "said.txt"
    with (
        said.open("w") as output,
        contextlib.redirect_stderr(output),
        contextlib.redirect_stdout(output),
        asyncio.Runner(loop_factory=lambda: IdleLoop(clock)) as runner,
    ):
        runner.run(_soak(days, folder, clock, told, database_url))


async def _soak(days: Days, folder: Path, clock: SteppedClock, told: Told, database_url: str | None) -> None:
    file = folder / "mtf.db"
    read = partial(read_sqlite, file) if database_url is None else partial(read_postgres, database_url)
    if database_url is not None:
        async with Database.open(database_url) as database:
            await database.upgrade()
    async with receiving() as receiver:
        url = database_url or f"sqlite:///{file}"
        retention = KEEP_ALL if ROWS in days.planted else days.retention
        settings = settings_for(folder, url, days.symbols, days.seed, retention, receiver.url)
        configure_files(settings.log_level, settings.secrets, settings.log_dir)
        counts = Counts()
        async with (
            opened_in_idle_time(settings, clock, folder, with_threads=days.with_threads) as container,
            running(container, counts.take) as parts,
        ):
            listed = container.venue().market
            symbols = tuple(sorted(contract.symbol for contract in await listed.contracts()))
            asker = Asker(parts.url, symbols)
            asking = [asyncio.create_task(asker.scrape()), asyncio.create_task(asker.ask())]
            try:
                await _measured(days, Meter(read), told, counts, asker, receiver, Kept(folder), asking)
            finally:
                await ended(*asking)


async def _measured(
    days: Days,
    meter: Meter,
    told: Told,
    counts: Counts,
    asker: Asker,
    receiver: Receiver,
    kept: Kept,
    asking: list[asyncio.Task[None]],
) -> None:
    """A sample each few minutes, half a minute after the close: runs are over by then."""
    await asyncio.sleep(MINUTE_S / 2)
    loop = asyncio.get_running_loop()
    assert isinstance(loop, IdleLoop)
    for minute in range(1, days.minutes + 1):
        await asyncio.sleep(MINUTE_S)
        asker.run_id = counts.newest[0] if counts.newest else None
        for task in asking:
            if task.done():
                task.result()
        for name in days.planted:
            if name != ROWS:
                kept.plants()[name]()
        if minute % days.sample_minutes == 0 or minute == days.minutes:
            done = {**counts.runs, **_prefixed("answered", asker.answers), **_prefixed("heard", receiver.heard)}
            done["time went on"] = loop.went_on
            rows = minute % days.rows_minutes == 0 or minute in (days.sample_minutes, days.minutes)
            objects = minute % days.objects_minutes == 0 or minute in (_WARM_UP_MINUTES, days.minutes)
            told(meter.sample(minute, done, counts_rows=rows, counts_objects=objects))


def _prefixed(word: str, counter: Counter[str]) -> dict[str, int]:
    return {f"{word} {name}": count for name, count in sorted(counter.items())}
