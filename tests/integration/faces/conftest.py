"""The interpreter of foreign clients."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def foreign_python() -> Path:
    """The interpreter of the foreign clients' environment; without it nothing is proven, so it has to be there."""
    python = Path(sys.prefix) / "foreign" / "bin" / "python"
    if not python.exists():
        pytest.fail(f"the foreign clients are not installed: {python} is missing; `make test` installs them")
    return python
