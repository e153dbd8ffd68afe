"""`mtf run --every`: a process that stays and runs at each close, so that only what is new is read and computed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from mtf_core.ending import ended
from mtf_core.market import format_instant
from mtf_core.ports import PortError
from mtf_core.run_request import RunRequest
from mtf_core.runs import Orchestrator, RunLockedError, RunReport, parse_request
from mtf_core.runs.pacing import Pace
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import CommandError
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import announced, measured
from mtf_entrypoints.container import Container
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.supervising import supervised

_DURATION = re.compile(r"(\d{1,6})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
SHORTEST_MS = 1000

Shown = Callable[[RunReport, str], None]
"""Shows a report; gets the market in words."""


@frozen
class Stay:
    """How a process stays: its pace, and after how many runs it ends by itself (None: when it is told to)."""

    pace: Pace
    times: int | None
    supervises: bool = False
    """Whether it supervises the account meanwhile."""


def stay_of(every: str, offset: str, times: int | None, *, supervise: bool = False) -> Stay:
    """From the words of the command line; raises `CommandError`."""
    period_ms, offset_ms = _milliseconds("--every", every), _milliseconds("--offset", offset)
    if period_ms < SHORTEST_MS:
        raise CommandError(f"--every: found {every}; allowed is 1s or more, like 1m")
    if offset_ms >= period_ms:
        raise CommandError(f"--offset: found {offset}; allowed is less than --every, which is {every}")
    return Stay(Pace(period_ms, offset_ms), times, supervise)


def _milliseconds(option: str, text: str) -> int:
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise CommandError(f"{option}: found {text!r}; write it like 30s, 1m or 1h")
    return int(match[1]) * _SECONDS[match[2]] * 1000


async def run_every(
    settings: Settings, document: Mapping[str, Any], stay: Stay, shown: Shown, metrics: Listening | None = None
) -> None:
    """Runs until it is told to stop (SIGTERM, SIGINT) or has run often enough; a run that has begun is finished.

    `metrics` is where Prometheus may ask meanwhile.
    """
    request = parse_request(document)
    stopping = told_to_stop()
    async with (
        announced(settings) as container,
        measured(container, metrics),
        supervised(container.environment(), wanted=stay.supervises),
    ):
        await runs(container, request, stay, shown, stopping)
    output.warn("stopped; no run was broken off")


async def runs(container: Container, request: RunRequest, stay: Stay, shown: Shown, stopping: asyncio.Event) -> None:
    """Runs on an open container, until `stopping` is set or it has run often enough."""
    clock, orchestrator, label = container.wall_clock(), container.orchestrator(), container.venue().label
    done = 0
    while not stopping.is_set() and done != stay.times:
        start_ms = stay.pace.next_start(clock.now_ms())
        await _wait(container, start_ms, stopping)
        if stopping.is_set():
            return
        started_ms = clock.now_ms()
        await _run(orchestrator, request, lambda report: shown(report, label))
        done += 1
        skipped = stay.pace.skipped(started_ms, clock.now_ms())
        if skipped:
            output.warn(f"the run took longer than its period: {output.counted(skipped, 'start')} skipped")


async def _run(orchestrator: Orchestrator, request: RunRequest, shown: Callable[[RunReport], None]) -> None:
    """One run; what is wrong outside today may be right in a minute, so it is said and the process stays."""
    try:
        with output.progress() as progress:
            shown(await orchestrator.run(request, progress))
    except (RunLockedError, PortError) as error:
        output.warn(f"no run: {error}")


async def _wait(container: Container, start_ms: int, stopping: asyncio.Event) -> None:
    """Until the start, or until the process is told to stop."""
    seconds = (start_ms - container.wall_clock().now_ms()) / 1000
    output.warn(f"next run at {format_instant(start_ms)}")
    pause = asyncio.ensure_future(container.sleep()(seconds))
    told = asyncio.ensure_future(stopping.wait())
    await asyncio.wait((pause, told), return_when=asyncio.FIRST_COMPLETED)
    await ended(pause, told)
