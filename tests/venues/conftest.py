from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.venues.stages import STAGES, Stage


@pytest.fixture(params=STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Every venue in turn."""
    async with STAGES[request.param]() as one:
        yield one


@pytest.fixture(params=[name for name in STAGES if name not in {"native", "paper"}])
async def wired(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """Every venue whose account is reached over a wire, in turn."""
    async with STAGES[request.param]() as one:
        yield one
