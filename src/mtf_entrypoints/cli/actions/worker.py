"""`mtf worker`."""

from __future__ import annotations

import asyncio

from mtf_adapters.telemetry.logs import configure_logs
from mtf_core.records import ProcessKind
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.working import measured, metrics_place
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import opened
from mtf_entrypoints.exposing import place_of
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.presence import shown
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.temporal import sdk


def perform(world: World, sdk_metrics: str | None, *, once: bool, jobs: int, search_jobs: int) -> None:
    """Works until it is told to stop; raises `CommandError` where there is no server, or nothing to do."""
    if not jobs and not search_jobs:
        raise CommandError("--jobs 0 takes no runs; then --search-jobs says how many trials")
    sdk_place = None if sdk_metrics is None else place_of("--sdk-metrics", sdk_metrics).address
    settings = settings_of(world, stays=True)
    asyncio.run(_work(settings, metrics_place(world), sdk_place, once=once, jobs=jobs, search_jobs=search_jobs))


async def _work(
    settings: Settings, metrics: Listening | None, sdk_metrics: str | None, *, once: bool, jobs: int, search_jobs: int
) -> None:
    try:
        from mtf_entrypoints.temporal.connecting import TemporalUnavailableError  # noqa: PLC0415
        from mtf_entrypoints.temporal.worker import work  # noqa: PLC0415  (the SDK takes a while to import)
    except ModuleNotFoundError as error:
        if not sdk.is_missing(error):
            raise
        raise CommandError(sdk.MISSING, FAILED) from None
    stopping = told_to_stop()
    async with opened(settings, aside=asyncio.to_thread) as container:
        configure_logs(settings.log_level, settings.log_format, settings.secrets, settings.log_dir)
        for remark in container.venue().remarks:
            output.warn(remark)
        try:
            async with shown(container.environment(), ProcessKind.WORKER), measured(container, metrics):
                await work(container, stopping, sdk_metrics, output.warn, once=once, jobs=jobs, search_jobs=search_jobs)
        except TemporalUnavailableError as error:
            raise CommandError(str(error), FAILED) from None
