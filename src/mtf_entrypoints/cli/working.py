"""Parts that are ready for work: an open store, an exchange, and what a person should know of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from mtf_adapters.telemetry.logs import configure_files
from mtf_core.ports import Environment
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.exposing import exposed, place_of
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.settings import Settings


@asynccontextmanager
async def working(world: World) -> AsyncIterator[Environment]:
    """What a use case works with, open until the block ends."""
    async with announced(settings_of(world)) as container:
        yield container.environment()


@asynccontextmanager
async def announced(settings: Settings) -> AsyncIterator[Container]:
    """An open container, after what a person should know of its venue was said on stderr."""
    configure_files(settings.log_level, settings.secrets, settings.log_dir)
    async with opened(settings) as container:
        for remark in container.venue().remarks:
            output.warn(remark)
        yield container


def metrics_place(world: World) -> Listening | None:
    """Where `--metrics` wants this process to answer Prometheus; raises `ListenError`."""
    return None if world.metrics is None else place_of("--metrics", world.metrics)


def measured(container: Container, place: Listening | None) -> AbstractAsyncContextManager[None]:
    """Answers Prometheus there while the block goes on."""
    return exposed(container.scrape(), place, container.settings().api_token, output.warn)
