"""What a supervisor tells Prometheus, over a wire: a process, an exchange and a position that are real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.integration.operating.scene import SYMBOL, Scene, scene
from tests.integration.orders.nursery import Nursery, nursery
from tests.integration.secrets.place import COMMAND
from tests.unit.telemetry.exposition import value


@pytest.fixture(scope="module")
def children() -> Iterator[Nursery]:
    with nursery(COMMAND, "tests.integration.execution.dying", "mtf_entrypoints.cli.app") as ready:
        yield ready


async def told(there: Scene) -> str:
    found = re.search(r"metrics for Prometheus at (\S+)", there.supervisor_said)
    assert found is not None
    async with httpx.AsyncClient(timeout=60) as client:
        return (await client.get(found[1])).text


async def test_a_supervisor_tells_of_the_position_that_it_protects_and_of_the_calls_that_this_takes(
    tmp_path: Path, children: Nursery
) -> None:
    async with scene(tmp_path, children) as there:
        await there.ends()
        await there.supervise("--metrics", "0")
        before = await told(there)
        await there.hold()
        during = await told(there)
        await there.mtf("position", "close", SYMBOL, "--yes")

        async def is_over() -> bool:
            return (await there.state())[1] == "closed"

        await there.until(is_over)
        after = await told(there)
    its = {"symbol": SYMBOL, "side": "long"}
    for text in (before, during, after):
        assert value(text, "mtf_store_up") == 1
        assert value(text, "mtf_processes", kind="supervise", vitality="alive") == 1
        assert value(text, "mtf_positions_without_confirmed_stop") == 0
    assert value(during, "mtf_positions", account="local", state="protected") == 1
    assert value(during, "mtf_position_contracts", **its) == 1
    assert 0 <= (value(during, "mtf_position_protection_age_seconds", **its) or 0) < float("inf")
    assert "mtf_position_contracts{" not in before + after
    calls = re.findall(r'mtf_rate_limit_calls_total\{bucket="([\w-]+)",exchange="bitmart"\} ([\d.]+)', during)
    assert sum(float(number) for _, number in calls) > 5
    assert (value(during, "mtf_store_transaction_seconds_count", kind="write") or 0) > 1
