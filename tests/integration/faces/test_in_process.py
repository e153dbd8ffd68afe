"""The face is one ASGI application: it answers without a server, too, as a simulation carries it."""

from __future__ import annotations

import httpx
import pytest

from mtf_adapters.sandbox.faces.bitmart.opening import BitmartSandbox
from mtf_adapters.sandbox.faces.http import ConnectionDroppedError
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import SteppedClock
from tests.integration.faces.exchange import AT_MS, SYMBOL, script_of


class Seconds:
    """A timer that stands until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_it_answers_over_a_transport_without_a_network() -> None:
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 5), SteppedClock(AT_MS))
    transport = httpx.ASGITransport(app=sandbox)
    async with httpx.AsyncClient(transport=transport, base_url="http://exchange") as client:
        answer = await client.get("/contract/public/depth", params={"symbol": SYMBOL})
        assert answer.json()["data"]["timestamp"] == AT_MS
        assert (await client.get("/control/state")).json()["now_ms"] == AT_MS


async def test_requests_are_counted_by_the_time_it_is_given() -> None:
    seconds = Seconds()
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 5), SteppedClock(AT_MS), machine_s=seconds)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://exchange") as client:
        statuses = []
        for now in (0.0, 0.0, 0.0, 1.9, 2.0):
            seconds.now = now
            statuses.append((await client.get("/contract/public/open-interest", params={"symbol": SYMBOL})).status_code)
        assert statuses == [200, 200, 429, 429, 200]


async def test_a_dropped_connection_is_an_error_of_the_application() -> None:
    script = script_of("faults: {calls: [{kind: reset, on: depth}]}")
    sandbox = BitmartSandbox.of(GeneratedMarket(1, 5), SteppedClock(AT_MS), script=script)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox), base_url="http://exchange") as client:
        with pytest.raises(ConnectionDroppedError) as caught:
            await client.get("/contract/public/depth", params={"symbol": SYMBOL})
        assert caught.value.reset
