"""An exchange, a supervisor and an operator, each a process of its own, as the runbook has them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
from attrs import define, field

from mtf_entrypoints.served_sandbox import served_sandbox, variables_for
from tests.integration.orders.nursery import Nursery
from tests.integration.secrets.place import Place

SYMBOL, KEY, ACCOUNT = "BTCUSDT", "BTCUSDT:5m:1:long", "trader"
PACKAGED = Path(__file__).parents[3] / "config"
_ENTER = "tests.integration.execution.dying:main"
_QUIRKS = "rate_limits: false, restart_forgets_history: true"
_PATIENCE_S = 180
"""On a busy machine; what is waited for is told, and comes at once where nothing hinders it."""


@define(eq=False)
class Scene:
    """What an operator types, and what happens at the exchange."""

    place: Place
    exchange: httpx.AsyncClient
    """The control route: the exchange's own pages, and the owner's hands there."""
    supervisor: int = 0
    """The number of the process that supervises."""
    _said: Path = field(factory=Path, init=False)
    """What it says."""

    async def supervise(self, *options: str) -> None:
        """Somebody supervises, from now on."""
        self.supervisor, self._said = self.place.begin("supervise", "--json", *options)
        await self.until(lambda: _said(self._said, '"supervising"'))

    @property
    def supervisor_said(self) -> str:
        return self._said.read_text()

    async def ends(self) -> None:
        """It ends in good order."""
        assert await self.place.end(self.supervisor) == 0, self._said.read_text()

    async def dies(self) -> None:
        os.kill(self.supervisor, signal.SIGKILL)
        await self.place.children.end_of(self.supervisor)

    async def mtf(self, *words: str) -> str:
        """What a command says that succeeds."""
        code, said = await self.place.run(*words)
        assert code == 0, said
        return said

    async def refused(self, *words: str) -> str:
        code, said = await self.place.run(*words)
        assert code != 0, said
        return said

    async def json(self, *words: str) -> Any:
        said = await self.mtf(*words, "--json")
        return json.loads(said[said.index("{") :])

    async def alarms(self) -> set[str]:
        return {alarm["kind"] for alarm in (await self.json("alarms"))["alarms"]}

    async def until_quiet(self) -> None:
        async def is_quiet() -> bool:
            return not await self.alarms()

        await self.until(is_quiet)

    async def state(self, key: str = KEY) -> tuple[str, str]:
        """Of the intent: its entry's and its position's."""
        intent = (await self.json("story", key))["intent"]
        return intent["entry_state"], intent["state"]

    async def until(self, holds: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(_PATIENCE_S):
            while not (found := await holds()):
                await asyncio.sleep(0.2)
        return found

    async def at_exchange(self, what: str, symbol: str = SYMBOL) -> Any:
        answer = await self.exchange.get(what, params={"symbol": symbol})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def does(self, kind: str, **fields: Any) -> Any:
        """The owner's hands at the exchange, or something that happens to the market."""
        answer = await self.exchange.post("commands", json={"type": kind, **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def restart(self) -> None:
        """The exchange comes up again without its history."""
        assert (await self.exchange.post("restart")).status_code == 200

    async def fails(self, kind: str, *endpoints: str) -> None:
        """From now on these calls fail so."""
        calls = ", ".join(f"{{kind: {kind}, on: {name}}}" for name in endpoints)
        answer = await self.exchange.put("script", content=f"quirks: {{{_QUIRKS}}}\nfaults: {{calls: [{calls}]}}")
        assert answer.status_code == 200, answer.text

    async def mends(self) -> None:
        assert (await self.exchange.delete("faults")).status_code == 200

    async def show(self, price: Decimal, symbol: str = SYMBOL) -> None:
        """The market is at this price for a moment."""
        bid, ask = ({"price": f"{price + away}", "size": "100000"} for away in (-price / 100_000, price / 100_000))
        await self.does("Tick", symbol=symbol, bids=[bid], asks=[ask], last=f"{price}", mark=f"{price}")

    async def enter(self, key: str = KEY, symbol: str = SYMBOL) -> Decimal:
        """An entry that rests below the market; its price."""
        assert await self.tries_to_enter(key, symbol)
        (order,) = await self.at_exchange("orders", symbol)
        return Decimal(order["price"])

    async def tries_to_enter(self, key: str, symbol: str) -> bool:
        """Whether an order was sent."""
        code, said = await self.place.run(symbol, key, "0", work=_ENTER)
        assert (code, '"sent": ' in said) == (0, True), said
        return '"sent": true' in said

    async def end_entries(self) -> None:
        """The supervisor is to cancel what rests now, not when its time is over."""
        await self.mtf("kill", "--reason", "to end the entry")

    async def hold(self, key: str = KEY, symbol: str = SYMBOL) -> None:
        """A position that the supervisor has protected, with its target."""
        price = await self.enter(key, symbol)
        await self.show(price * Decimal("0.9999"), symbol)

        async def is_protected() -> bool:
            orders = await self.at_exchange("orders", symbol)
            return await self.state(key) == ("done", "protected") and len(orders) == 2

        await self.until(is_protected)


@asynccontextmanager
async def scene(folder: Path, children: Nursery, database_url: str | None = None) -> AsyncIterator[Scene]:
    """Everything runs; the supervisor supervises, and gives up on a cancelled entry after three looks, not ten.

    Without a URL the database is a new SQLite file of the folder.
    """
    faults, config = folder / "faults.yaml", folder / "config"
    faults.write_text(f"quirks: {{{_QUIRKS}}}")
    shutil.copytree(PACKAGED, config)
    trading = config / "trading.yaml"
    trading.write_text(trading.read_text() + "\norders: {cancel_looks: 3}\n")
    told = {"DATABASE_URL": database_url or f"sqlite:///{folder / 'mtf.db'}", "MTF_CONFIG_DIR": str(config)}
    with served_sandbox("--universe-size", "12", "--faults", str(faults)) as ready:
        place = Place(folder, children, {**variables_for(ready), **told})
        async with httpx.AsyncClient(base_url=ready["control"] + "/", timeout=60) as client:
            one = Scene(place, client)
            await one.mtf("db", "upgrade")
            await one.supervise()
            yield one
            await one.ends()


async def _said(file: Path, what: str) -> bool:
    return what in file.read_text()
