"""A served sandbox with BitMart's face, and a client that signs: the real thing over loopback, for the tests."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import httpx
from attrs import frozen

from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT, BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.script import Script, parse_script
from mtf_adapters.sandbox.faces.bitmart.signing import signature
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock, WorldClock
from mtf_core.market import parse_instant, to_ms

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL = "BTCUSDT"
MARKET = GeneratedMarket(1, 15)
"""One for all: it holds nothing but what it has computed already."""
PRIVATE, PUBLIC = "/contract/private/", "/contract/public/"


@frozen(eq=False)
class Exchange:
    """One served exchange and a client of its account."""

    sandbox: BitmartSandbox
    address: str
    http: httpx.AsyncClient

    @property
    def ready(self) -> dict[str, str]:
        return self.sandbox.addresses(self.address)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """A call with the account's key; a bare name is a private endpoint."""
        full = path if path.startswith("/") else PRIVATE + path
        return await self.http.get(full, params=query, headers={"X-BM-KEY": self.sandbox.credential.key})

    async def data(self, path: str, **query: Any) -> Any:
        answer = await self.get(path, **query)
        assert answer.json()["code"] == 1000, answer.text
        return answer.json().get("data")

    async def public(self, name: str, **query: Any) -> httpx.Response:
        return await self.http.get(PUBLIC + name, params=query)

    async def post(self, name: str, body: Any = None, **headers: str) -> httpx.Response:
        """A signed call; `headers` replace those of the signature."""
        path = name if name.startswith("/") else PRIVATE + name
        raw = json.dumps({} if body is None else body) if not isinstance(body, bytes) else body
        content = raw if isinstance(raw, bytes) else raw.encode()
        return await self.http.post(path, content=content, headers={**self.signed(content), **headers})

    def signed(self, content: bytes, now_ms: int | None = None) -> dict[str, str]:
        credential = self.sandbox.credential
        stamp = str(self.sandbox.world.now_ms if now_ms is None else now_ms)
        sign = signature(credential.secret, stamp, credential.memo, content)
        return {"X-BM-KEY": credential.key, "X-BM-TIMESTAMP": stamp, "X-BM-SIGN": sign}

    async def accepted(self, name: str, body: Any = None) -> Any:
        answer = await self.post(name, body)
        assert answer.json()["code"] == 1000, answer.text
        return answer.json().get("data")

    async def code(self, name: str, body: Any = None) -> tuple[int, int]:
        """Code and HTTP status of a signed call."""
        answer = await self.post(name, body)
        return answer.json()["code"], answer.status_code

    async def control(self, method: str, name: str, body: Any = None) -> Any:
        answer = await self.http.request(method, f"/control/{name}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def step(self, ms: int) -> None:
        await self.control("POST", "step", {"ms": ms})

    def price(self, factor: str) -> str:
        """A price on the grid, as a multiple of the last one."""
        tick = self.sandbox.world.quote(SYMBOL)
        contract = self.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        steps = (tick.last * Decimal(factor)) // contract.tick_size
        return f"{steps * contract.tick_size:f}"

    def shown(self, last: str, *, depth: str = "1000") -> Tick:
        """Shows the engine a market of the symbol at another price, until the next second's."""
        price, size = Decimal(last), Decimal(depth)
        tick = Tick(
            SYMBOL,
            bids=(Level(price - Decimal("0.1"), size),),
            asks=(Level(price + Decimal("0.1"), size),),
            last=price,
            mark=price,
        )
        self.sandbox.world.happen(tick)
        return tick

    async def opened(self, size: int = 6, client_order_id: str = "") -> Any:
        """A long position of that size."""
        await self.accepted("submit-leverage", {"symbol": SYMBOL, "leverage": "5", "open_type": "isolated"})
        named = {"client_order_id": client_order_id} if client_order_id else {}
        return await self.accepted(
            "submit-order", {"symbol": SYMBOL, "side": 1, "type": "market", "size": size, **named}
        )

    def engine_positions(self) -> Any:
        return self.sandbox.world.engine.positions(ACCOUNT)


def script_of(text: str) -> Script:
    return parse_script(text)


@asynccontextmanager
async def exchange(
    script: str = "", *, flows: bool = False, market: Market | None = None, at_ms: int = AT_MS
) -> AsyncIterator[Exchange]:
    """An exchange that is served: stepped, or with a clock that flows from this machine's time on."""

    clock: WorldClock = FlowingClock(int(time.time() * 1000)) if flows else SteppedClock(at_ms)
    chosen = market or MARKET
    sandbox = BitmartSandbox.of(chosen, clock, script=script_of(script) if script else None)
    async with (
        sandbox.beating(),
        served(sandbox) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as client,
    ):
        yield Exchange(sandbox, address, client)
