"""Receivers on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.alerts.listening import Listener, certificate_in, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    """An HTTP server that remembers what it was asked."""
    with listening() as one:
        yield one


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a mail server on this machine."""
    return certificate_in(tmp_path_factory.mktemp("certificate"))
