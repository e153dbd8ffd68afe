"""Children of a nursery are processes of their own, and none outlives the tests that asked for it."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.integration.orders.nursery import nursery


async def test_a_child_tells_its_end_what_it_said_and_what_killed_it(tmp_path: Path) -> None:
    with nursery() as children:
        assert await children.life("os:listdir", str(tmp_path), variables={}, out=tmp_path / "well") == 0
        assert await children.life("sys:exit", variables={}, out=tmp_path / "exit") == 0
        assert await children.life("os:listdir", "nowhere", variables={}, out=tmp_path / "badly") == 1
        assert "FileNotFoundError" in (tmp_path / "badly").read_text()
        pid = children.begin("signal:pause", variables={}, out=tmp_path / "waits")
        os.kill(pid, signal.SIGKILL)
        assert await children.end_of(pid) == -signal.SIGKILL


def test_no_child_outlives_its_nursery(tmp_path: Path) -> None:
    with nursery() as children:
        pid = children.begin("signal:pause", variables={}, out=tmp_path / "waits")
        os.kill(pid, 0)  # it is there
    for _ in range(500):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.02)
    pytest.fail("it is still there")
