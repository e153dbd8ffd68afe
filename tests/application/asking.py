"""Those outside: who scrapes, who asks now and then, and who is told of alerts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import httpx
from attrs import define, field

SCRAPED = ("/metrics", "/health")
"""Twice a minute, as Prometheus and an orchestrator of containers do."""
SCRAPE_EVERY_S = 30.0
ASKED_EVERY_S = 600.0
_PATIENT_S = 300.0


def questions(symbol: str, run_id: str | None) -> Iterable[str]:
    """What a person asks who looks at the page of a symbol and at the statistics."""
    yield "/mtf/status"
    yield f"/mtf/why/{symbol}"
    yield f"/mtf/why?symbols={symbol}&since=1h"
    yield "/mtf/funnel"
    yield "/mtf/positions"
    yield "/mtf/orders"
    yield "/mtf/trades"
    yield "/mtf/alarms"
    yield "/mtf/switches"
    yield "/mtf/lock/status"
    yield "/mtf/audit"
    yield "/mtf/risk"
    yield f"/api/indicators/{symbol}/5m"
    for statistics in ("blockers", "success", "zones", "atr", "features", "trades"):
        yield f"/mtf/stats/{statistics}?from=1h"
    if run_id is not None:
        yield f"/mtf/runs/{run_id}"


@define(eq=False)
class Asker:
    """Asks over HTTP and counts the answers; each question has a connection of its own."""

    url: str
    symbols: tuple[str, ...]
    answers: Counter[str] = field(factory=Counter, init=False)
    """By path without its question, and status."""
    run_id: str | None = None
    """Of the newest run."""

    async def scrape(self) -> None:
        """For ever."""
        async with self._client() as client:
            while True:
                await asyncio.sleep(SCRAPE_EVERY_S)
                for path in SCRAPED:
                    await self._ask(client, path)

    async def ask(self) -> None:
        """For ever."""
        async with self._client() as client:
            number = 0
            while True:
                await asyncio.sleep(ASKED_EVERY_S)
                for path in questions(self.symbols[number % len(self.symbols)], self.run_id):
                    await self._ask(client, path)
                number += 1

    def _client(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=self.url, timeout=_PATIENT_S, limits=limits, verify=False)

    async def _ask(self, client: httpx.AsyncClient, path: str) -> None:
        answer = await client.get(path)
        parts = path.partition("?")[0].split("/")
        kind = "/".join(part if part.islower() and len(part) < 20 else "…" for part in parts)
        self.answers[f"{answer.status_code} {kind}"] += 1


@define(eq=False)
class Receiver:
    """Confirms whatever is sent to it, and counts it by its path."""

    heard: Counter[str] = field(factory=Counter, init=False)
    url: str = ""

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        lengths = [line.partition(":")[2] for line in head.splitlines() if line.lower().startswith("content-length:")]
        await reader.readexactly(int(lengths[0]) if lengths else 0)
        self.heard[head.split(" ", 2)[1]] += 1
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """On a port of its own, until the block ends."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.take, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield receiver
