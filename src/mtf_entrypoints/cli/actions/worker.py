"""`mtf worker`."""

from __future__ import annotations

import asyncio

from mtf_adapters.telemetry.logs import configure_logs
from mtf_core.records import ProcessKind
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stopping import told_to_stop
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import opened
from mtf_entrypoints.presence import shown
from mtf_entrypoints.settings import HOST_AND_PORT, Settings
from mtf_entrypoints.temporal import sdk


def perform(world: World, metrics: str | None, sdk_metrics: str | None, *, once: bool) -> None:
    """Works until it is told to stop; raises `CommandError` where there is no server."""
    for name, address in (("--metrics", metrics), ("--sdk-metrics", sdk_metrics)):
        if address is not None and not HOST_AND_PORT.fullmatch(address):
            raise CommandError(f"{name}: found {address!r}; allowed: a host and a port, like 127.0.0.1:9108")
    settings = settings_of(world, stays=True)
    asyncio.run(_work(settings, metrics, sdk_metrics, once=once))


async def _work(settings: Settings, metrics: str | None, sdk_metrics: str | None, *, once: bool) -> None:
    try:
        from mtf_entrypoints.temporal.connecting import TemporalUnavailableError  # noqa: PLC0415
        from mtf_entrypoints.temporal.worker import Exposed, work  # noqa: PLC0415  (the SDK takes a while to import)
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
            async with shown(container.environment(), ProcessKind.WORKER):
                await work(container, stopping, Exposed(metrics, sdk_metrics), output.warn, once=once)
        except TemporalUnavailableError as error:
            raise CommandError(str(error), FAILED) from None
