"""An account on BitMart's face with what mtf holds there, a store on disk that tells of it, and who asks about both.

The command line runs in a thread of its own with its own event loop, as it does in a process of its own.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import evolve, field, frozen

from mtf_core.market import (
    MarginMode,
    OrderType,
    ProtectiveOrder,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.orders import (
    EntryState,
    EventKind,
    Intent,
    LifecycleEvent,
    PositionState,
    Progress,
    Purpose,
    Trade,
    Wanted,
    WantedTarget,
    mint,
    trade_of,
)
from mtf_core.ports import Acquired, Environment, OrderStore, StoreIdentity, StoreUnavailableError, Trading
from mtf_core.risk import Heartbeat
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import Settings, read_settings
from tests.integration.bitmart.wire import UNHURRIED, environment_for
from tests.integration.cli.conftest import Ended, Mtf
from tests.integration.faces.exchange import SYMBOL, Exchange, exchange
from tests.integration.http.server import serving
from tests.unit.orders.intents import an_attempt, terms

TOKEN = "correct-horse"
SIZE = 6


@frozen(eq=False)
class Stage:
    """What a test does and asks. Prices come of the market's last one."""

    exchange: Exchange
    environment: Environment
    settings: Settings
    run: Mtf
    """The command line, in this thread: `mtf` calls it in another."""
    watching: list[asyncio.Task[None]] = field(factory=list)

    @property
    def orders(self) -> OrderStore:
        return self.environment.stores.orders

    @property
    def trading(self) -> Trading:
        assert self.environment.venue.trading is not None
        return self.environment.venue.trading

    @property
    def now_ms(self) -> int:
        return self.exchange.sandbox.world.now_ms

    async def mtf(self, *words: str) -> Ended:
        return await asyncio.to_thread(self.run, *words)

    def price(self, factor: str) -> Decimal:
        return Decimal(self.exchange.price(factor))

    async def holds(self, *, stop: str = "0.98", target: str = "1.04", key: str = f"{SYMBOL}:5m:0:long") -> Intent:
        """A long position that mtf opened, with an armed stop and target, and the intent that tells of it."""
        intent = await self.reserved(stop=self.price(stop), targets=(self.price(target),), key=key)
        await self.exchange.opened(SIZE, intent.attempt.client_order_id)
        for purpose, waits in ((Purpose.STOP, TriggerPurpose.STOP), (Purpose.TARGET, TriggerPurpose.TARGET)):
            price = intent.stop.price if waits is TriggerPurpose.STOP else intent.wanted.targets[0].price
            client_id = intent.id_of(purpose, 0, self.environment.venue.capabilities.client_ids)
            level = TriggerLevel(price, TriggerPrice.MARK)
            order = ProtectiveOrder(SYMBOL, Side.LONG, waits, level, Decimal(SIZE), client_id)
            done = await self.trading.submit_protection(order)
            assert done.is_done, done
        return await self.knows(intent)

    async def reserved(self, stop: Decimal, targets: Sequence[Decimal], key: str = f"{SYMBOL}:5m:0:long") -> Intent:
        """An intent that was committed, planned at the last price."""
        contract = self.exchange.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        ids = self.environment.venue.capabilities.client_ids
        share = Decimal(1) / len(targets)

        def make(identity: StoreIdentity) -> Intent:
            client_id = mint(1, identity.counter, identity.account, key, 1, Purpose.ENTRY).text(ids)
            attempt = an_attempt(
                size=Decimal(SIZE),
                order_type=OrderType.MARKET,
                price=None,
                time_in_force=TimeInForce.IOC,
                client_order_id=client_id,
                created_ms=self.now_ms,
                not_after_ms=self.now_ms + 10_000,
            )
            wanted = Wanted(
                symbol=SYMBOL,
                side=Side.LONG,
                size=Decimal(SIZE),
                leverage=Decimal(5),
                margin_mode=MarginMode.ISOLATED,
                stop=TriggerLevel(stop, TriggerPrice.MARK),
                targets=tuple(WantedTarget(price, share) for price in targets),
            )
            planned = terms(
                contract_size=contract.contract_size,
                size_step=contract.size_step,
                min_size=contract.min_size,
                tick_size=contract.tick_size,
                planned_entry=self.price("1"),
            )
            return Intent(
                account=identity.account,
                decision_key=key,
                tag=1,
                counter=identity.counter,
                wanted=wanted,
                terms=planned,
                attempt=attempt,
            )

        await self.orders.bind(await self.trading.account_id())
        done = await self.orders.reserve(
            "scalper_micro", key, self.now_ms, lambda _: None, make, lambda made: [self.event(made, EventKind.PLANNED)]
        )
        assert isinstance(done, Intent), done
        return done

    async def knows(self, intent: Intent, **changes: object) -> Intent:
        """Evidence of the position reaches the store: its executions, its state, its events."""
        fills = await self.trading.fills(SYMBOL, intent.attempt.created_ms, self.now_ms)
        state = await self.trading.sync()
        (position,) = (one for one in state.positions if one.symbol == SYMBOL)
        held = evolve(
            intent,
            entry=EntryState.DONE,
            position=PositionState.PROTECTED,
            attempt=evolve(intent.attempt, order_id=fills[0].order_id, filled=position.size),
            progress=Progress(
                held=position.size,
                opened=position.size,
                average_entry=position.entry_price,
                first_fill_ms=fills[0].time_ms,
            ),
        )
        told = [
            self.event(held, EventKind.FILLED, size=f"{position.size:f}", price=f"{position.entry_price:f}"),
            self.event(held, EventKind.PROTECTED, stop=f"{intent.stop.price:f}"),
        ]
        return await self.orders.save(evolve(held, **changes), told, (), fills)

    async def left(self, intent: Intent, **changes: object) -> Trade:
        """Everything is closed at market a little later, and the store is told what came of it."""
        await self.exchange.step(20_000)
        await self.exchange.accepted("submit-order", {"symbol": SYMBOL, "side": 3, "type": "market", "size": SIZE})
        await self.exchange.step(1_000)
        fills = await self.trading.fills(SYMBOL, intent.attempt.created_ms, self.now_ms)
        flows = await self.trading.cash_flows(intent.attempt.created_ms, self.now_ms)
        trade = trade_of(evolve(intent, **changes), fills, flows, self.now_ms)
        over = evolve(intent, position=PositionState.CLOSED)
        await self.orders.save(over, [self.event(over, EventKind.CLOSED, **trade.details())], (), fills)
        return trade

    def event(self, intent: Intent, kind: EventKind, **details: str) -> LifecycleEvent:
        return LifecycleEvent(intent.decision_key, intent.symbol, 1, kind, self.now_ms, details)

    async def supervised(self, outcome: str | None = "done") -> None:
        """Somebody supervises, and answers what is asked; None: lives, and answers nothing."""
        fence = Acquired("supervise", "somebody", 1)

        async def live() -> None:
            while True:
                with suppress(StoreUnavailableError):  # as a supervisor does: the store is asked again
                    await self.orders.beat(Heartbeat("somebody", self.now_ms, self.now_ms), fence)
                    for request in await self.orders.requests() if outcome is not None else ():
                        await self.orders.answer(request.number, str(outcome))
                await asyncio.sleep(0.05)

        await self.orders.beat(Heartbeat("somebody", self.now_ms, self.now_ms), fence)
        self.watching.append(asyncio.create_task(live()))

    @asynccontextmanager
    async def served(self, token: str | None = TOKEN) -> AsyncIterator[Callable[..., Any]]:
        """The HTTP service on the same account and store; gives a client, called with method, path and more."""
        service = serving(evolve(self.settings, api_token=token))
        url = await asyncio.to_thread(service.__enter__)
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        try:
            async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as client:
                yield client.request
        finally:
            await asyncio.to_thread(service.__exit__, None, None, None)


@asynccontextmanager
async def staged(mtf: Mtf, folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """An account on an exchange of its own, and an empty store on disk; the command line's environment leads there."""
    async with exchange(UNHURRIED) as served:
        variables = {**environment_for(served.ready), "DATABASE_URL": f"sqlite:///{folder / 'mtf.db'}"}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        settings = read_settings(None, variables, Path("no.env"))
        async with opened(settings) as container:
            stage = Stage(served, container.environment(), settings, mtf)
            try:
                yield stage
            finally:
                for task in stage.watching:
                    task.cancel()
                await asyncio.gather(*stage.watching, return_exceptions=True)


def json_of(ended: Ended) -> Any:
    assert ended.code == 0, ended.err
    return json.loads(ended.out)
