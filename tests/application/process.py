"""What `mtf serve --supervise`, `mtf stream`, `mtf run --every 1m` and `mtf alerts watch` do, in one process.

One process, because the sandbox's account lives in the one that has it. The parts are the commands' own; only time, the
threads of SQLite and who is told of alerts are given to them.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from attrs import frozen

from mtf_adapters.files.config_dir import copy_shipped_config
from mtf_adapters.local import FileActionJournal, FileHighWater
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.ending import ended
from mtf_core.run_request import RunRequest
from mtf_core.settings.trading import RetentionSettings
from mtf_entrypoints.cli.actions.alerts import Whom, watch_until
from mtf_entrypoints.cli.actions.run_every import Shown, runs, stay_of
from mtf_entrypoints.cli.actions.stream import StreamRequest, stream
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.http.app import build_app
from mtf_entrypoints.http.listening import Listening, listener_of
from mtf_entrypoints.http.server import Server, answer, server_config
from mtf_entrypoints.settings import AlertOptions, SandboxOptions, Settings
from tests.application.idle_time import IdleThreads, sleep
from tests.jobs_at_once import JobsAtOnce

_END_S = 30.0
"""Of the clock: so long the parts may take to end in good order."""


class EndedTooSoonError(Exception):
    """A part of the process ended although nobody told it to."""


@frozen
class Parts:
    """What is running, and the address at which it answers."""

    container: Container
    url: str
    stopping: asyncio.Event


def settings_for(
    folder: Path, database_url: str, symbols: int, seed: int, retention: RetentionSettings, receiver_url: str
) -> Settings:
    """The shipped configuration, with a retention of its own, in a folder of its own."""
    config = folder / "config"
    copy_shipped_config(config)
    trading = config / "trading.yaml"
    lines = []
    for line in trading.read_text().splitlines():
        name = line.strip().partition(":")[0]
        is_retention = line.startswith("  ") and hasattr(retention, name)
        lines.append(f"  {name}: {getattr(retention, name)}" if is_retention else line)
    trading.write_text("\n".join(lines) + "\n")
    return Settings(
        database_url=database_url,
        config_dir=config,
        stays=True,
        log_dir=folder / "logs",
        sandbox=SandboxOptions(seed=seed, universe_size=symbols),
        alerts=AlertOptions(webhook_url=f"{receiver_url}/alerts", ping_url=f"{receiver_url}/ping"),
    )


@asynccontextmanager
async def opened_in_idle_time(
    settings: Settings, clock: SteppedClock, folder: Path, *, with_threads: bool
) -> AsyncIterator[Container]:
    """The container as `mtf serve` opens it, by another clock; what is kept of orders lies in files, as with a venue
    that outlives the process."""
    chance = random.Random(settings.sandbox.seed)

    def timer() -> float:
        return clock.now_ms() / 1000

    async with opened(
        settings,
        wall_clock=clock,
        timer=timer,
        random=chance.random,
        sleep=sleep,
        sqlite_jobs=IdleThreads() if with_threads else JobsAtOnce(),
        aside=asyncio.to_thread,
        high_water=FileHighWater(folder / "orders"),
        action_journal=FileActionJournal(folder / "orders" / "account.journal"),
    ) as container:
        yield container


@asynccontextmanager
async def running(container: Container, told: Shown) -> AsyncIterator[Parts]:
    """All parts, until the block ends; then they end in good order. Raises what one of them raises."""
    stopping, listening = asyncio.Event(), Listening(port=0)
    listener = listener_of(listening)
    server = _Server(server_config(build_app(container, listening), listening))
    whom = Whom.of(container.settings())
    parts = {
        "serve": answer(container, server, listener, supervise=True),
        "stream": stream(container, StreamRequest(), stopping, as_json=True),
        "run": runs(container, RunRequest(dry_run=False), stay_of("1m", "2s", None), told, stopping),
        "alerts": watch_until(container, whom, stopping, as_json=True),
    }
    tasks = [asyncio.create_task(part, name=name) for name, part in parts.items()]
    watching = asyncio.create_task(_first_end(tasks, stopping, asyncio.current_task()), name="watching")
    try:
        yield Parts(container, f"http://127.0.0.1:{listener.getsockname()[1]}", stopping)
    finally:
        stopping.set()
        server.should_exit = True
        await asyncio.wait(tasks, timeout=_END_S)
        await ended(watching, *(task for task in tasks if not task.done()))
    for task in tasks:
        if task.cancelled():
            raise EndedTooSoonError(f"{task.get_name()} did not end within {_END_S:.0f} s when it was told to")
        task.result()


class _Server(Server):
    """Looks once a second whether it is to end, not ten times."""

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            await sleep(0)


async def _first_end(tasks: list[asyncio.Task[None]], stopping: asyncio.Event, main: asyncio.Task[None] | None) -> None:
    """A part that ends by itself ends the whole."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    if not stopping.is_set() and main is not None:
        main.cancel("a part ended")
