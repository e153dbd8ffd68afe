"""A client of a running service that the tests of a module share."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.http.server import serving


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with serving() as url, httpx.Client(base_url=url, timeout=60) as connected:
        yield connected
