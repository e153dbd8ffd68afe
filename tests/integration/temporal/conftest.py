"""A real Temporal dev server, a worker in this process, and workflows that are started as a schedule starts them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from mtf_entrypoints.container import Container, opened
from mtf_entrypoints.settings import SandboxOptions, Settings, TemporalOptions
from mtf_entrypoints.temporal.connecting import connected, know_attributes
from tests.integration.http.server import AT_MS
from tests.temporal_server import temporal_server


@pytest.fixture(scope="session")
def temporal_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server for the whole session; each test has a task queue and ids of its own."""
    with temporal_server(tmp_path_factory.mktemp("temporal")) as address:
        yield address


@pytest_asyncio.fixture
async def client(temporal_address: str) -> AsyncIterator[Client]:
    options = TemporalOptions(temporal_address)
    there = await connected(options)
    await know_attributes(there, options)
    yield there


@pytest_asyncio.fixture
async def container(tmp_path: Path) -> AsyncIterator[Container]:
    settings = Settings(
        database_url=f"sqlite:///{tmp_path / 'mtf.db'}", at_ms=AT_MS, sandbox=SandboxOptions(universe_size=12)
    )
    async with opened(settings) as there:
        yield there
