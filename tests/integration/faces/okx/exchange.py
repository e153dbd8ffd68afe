"""A served sandbox with OKX's face, and a client that signs: the real thing over loopback, for the tests."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
from attrs import frozen

from mtf_adapters.sandbox.faces.okx.opening import ACCOUNT, OkxSandbox
from mtf_adapters.sandbox.faces.okx.script import parse_script
from mtf_adapters.sandbox.faces.okx.signing import signature, timestamp_of
from mtf_adapters.sandbox.faces.serving import served
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.market import Market
from mtf_adapters.sandbox.matching.commands import Level, Tick
from mtf_adapters.sandbox.world_clock import FlowingClock, SteppedClock, WorldClock
from mtf_core.market import parse_instant, to_ms

AT_MS = to_ms(parse_instant("2026-02-02T11:20Z"))
SYMBOL = "BTC-USDT-SWAP"
MARKET = GeneratedMarket(1, 15)
"""One for all: it holds nothing but what it has computed already."""
PREFIX = "/api/v5/"
DEMO = {"x-simulated-trading": "1"}


@frozen(eq=False)
class Exchange:
    """One served exchange and a client of its account."""

    sandbox: OkxSandbox
    address: str
    http: httpx.AsyncClient

    @property
    def ready(self) -> dict[str, str]:
        return self.sandbox.addresses(self.address)

    async def get(self, path: str, **query: Any) -> httpx.Response:
        """A signed read."""
        target = PREFIX + path + (f"?{urlencode(query)}" if query else "")
        return await self.http.get(target, headers=self.signed("GET", target))

    async def post(self, path: str, body: Any, **headers: str) -> httpx.Response:
        """A signed write; `headers` replace those of the signature."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        signed = self.signed("POST", PREFIX + path, content)
        return await self.http.post(PREFIX + path, content=content, headers={**signed, **headers})

    def signed(self, method: str, target: str, content: bytes = b"", now_ms: int | None = None) -> dict[str, str]:
        credential = self.sandbox.credential
        stamp = timestamp_of(self.sandbox.world.now_ms if now_ms is None else now_ms)
        return {
            "OK-ACCESS-KEY": credential.key,
            "OK-ACCESS-PASSPHRASE": credential.passphrase,
            "OK-ACCESS-TIMESTAMP": stamp,
            "OK-ACCESS-SIGN": signature(credential.secret, stamp, method, target, content),
            **DEMO,
        }

    async def data(self, path: str, **query: Any) -> Any:
        answer = (await self.get(path, **query)).json()
        assert answer["code"] == "0", answer
        return answer["data"]

    async def public(self, path: str, **query: Any) -> Any:
        answer = (await self.http.get(PREFIX + path, params=query, headers=DEMO)).json()
        assert answer["code"] == "0", answer
        return answer["data"]

    async def done(self, path: str, body: Any) -> Any:
        """The only row of a write that is taken."""
        answer = (await self.post(path, body)).json()
        assert answer["code"] == "0", answer
        (row,) = answer["data"]
        return row

    async def code(self, path: str, body: Any) -> str:
        """The code of a write: that of its first row, where it has any."""
        answer = (await self.post(path, body)).json()
        rows = answer.get("data") or [{}]
        return str(rows[0].get("sCode") or answer["code"])

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

    def shown(self, last: str, *, depth: str = "1000", beyond: str = "") -> Tick:
        """Shows the engine a market of the symbol at another price, until the next second's; `beyond` offers more."""
        price, size = Decimal(last), Decimal(depth)
        far = (Level(Decimal(beyond), Decimal(1000)),) if beyond else ()
        tick = Tick(
            SYMBOL,
            bids=(Level(price - Decimal("0.1"), size),),
            asks=(Level(price + Decimal("0.1"), size), *far),
            last=price,
            mark=price,
        )
        self.sandbox.world.happen(tick)
        return tick

    async def opened(self, size: str = "6", **more: Any) -> Any:
        """A long position of that size."""
        return await self.done("trade/order", self.order(size=size, ordType="market", **more))

    def order(self, size: str = "3", **more: Any) -> dict[str, Any]:
        """What opens a long position."""
        base = {"instId": SYMBOL, "tdMode": "cross", "side": "buy", "posSide": "long", "sz": size}
        return {**base, "ordType": "limit", **more}

    def stop(self, factor: str = "0.95", **more: Any) -> dict[str, Any]:
        """What closes all of a long position when the price falls."""
        base = {"instId": SYMBOL, "tdMode": "cross", "side": "sell", "posSide": "long", "ordType": "conditional"}
        levels = {"slTriggerPx": self.price(factor), "slOrdPx": "-1"}
        whole = {} if "sz" in more else {"closeFraction": "1", "reduceOnly": True}
        return {**base, **levels, **whole, **more}

    def engine_positions(self) -> Any:
        return self.sandbox.world.engine.positions(ACCOUNT)


@asynccontextmanager
async def exchange(
    script: str = "", *, flows: bool = False, market: Market | None = None, at_ms: int = AT_MS, leverage: str = "5"
) -> AsyncIterator[Exchange]:
    """An exchange that is served: stepped, or with a clock that flows from this machine's time on."""
    clock: WorldClock = FlowingClock(int(time.time() * 1000)) if flows else SteppedClock(at_ms)
    sandbox = OkxSandbox.of(market or MARKET, clock, script=parse_script(script) if script else None)
    async with (
        sandbox.beating(),
        served(sandbox) as address,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=10) as client,
    ):
        found = Exchange(sandbox, address, client)
        if leverage:
            await found.done("account/set-leverage", {"instId": SYMBOL, "lever": leverage, "mgnMode": "cross"})
        yield found
