"""The stage of these tests: an account on BitMart's face, a store on disk, and the command line."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.account.stage import Stage, staged
from tests.integration.cli.conftest import Mtf, mtf

__all__ = ["mtf", "stage"]


@pytest.fixture
async def stage(mtf: Mtf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    async with staged(mtf, tmp_path, monkeypatch) as ready:
        yield ready
