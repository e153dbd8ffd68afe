"""Processes that have imported the command line, for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.secrets.place import COMMAND


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(COMMAND, "mtf_entrypoints.cli.app", "mtf_entrypoints.http.server") as ready:
        yield ready
