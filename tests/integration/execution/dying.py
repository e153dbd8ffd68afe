"""A program that submits one order and dies by SIGKILL at the numbered point that it was told; 0: it lives.

A point stands before and after every call of the store, the mark outside of it, the switches and the exchange. `write`
is a point of its own: half a second after the order's bytes began to leave.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any

from attrs import define, evolve

from mtf_core.execution import Desk, Guards, MarketQuality, Submitted, open_desk, submit
from mtf_core.execution.submit import Guard
from mtf_core.market import (
    Contract,
    MarginMode,
    OrderType,
    Quote,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders import Attempt, Draft, Wanted, WantedTarget
from mtf_core.planning import Skip
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings
from tests.unit.orders.intents import terms
from tests.unit.planning.examples import D

WRITE = "write"
_MIDDLE_S = 0.5


@define
class Points:
    """Counts the points that were reached."""

    die_at: int
    reached: int = 0

    def reach(self) -> None:
        self.reached += 1
        if self.reached == self.die_at:
            os.kill(os.getpid(), signal.SIGKILL)


class Numbered:
    """A port with a point before and after each of its calls."""

    def __init__(self, port: Any, points: Points) -> None:
        self._port, self._points = port, points

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._port, name)
        if not iscoroutinefunction(real):
            return real

        async def call(*args: Any, **named: Any) -> Any:
            self._points.reach()
            answer = await real(*args, **named)
            self._points.reach()
            return answer

        return call


class DyingInTheWrite:
    """An exchange to which the order leaves, and then the program dies."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)

    async def submit_entry(self, order: Any) -> Any:
        asyncio.get_running_loop().call_later(_MIDDLE_S, os.kill, os.getpid(), signal.SIGKILL)
        return await self._port.submit_entry(order)


def yes(_: object) -> None:
    """A guard that allows everything."""


def allows() -> Guard:
    return yes


def draft_of(contract: Contract, quote: Quote, key: str, now_ms: int, namespace: str) -> Draft:
    """A long limit worth some 60 USDT, two percent below the market."""

    def below(factor: str) -> Any:
        return on_grid_at_or_below(quote.mark.price * D(factor), contract.tick_size)

    worth_sixty = on_grid_at_or_above(60 / contract.notional(D(1), below("0.98")), contract.size_step)
    attempt = Attempt(
        number=1,
        size=max(contract.min_size, worth_sixty),
        order_type=OrderType.LIMIT,
        price=below("0.98"),
        time_in_force=TimeInForce.GTC,
        post_only=False,
        carries_stop=False,
        client_order_id="",
        created_ms=now_ms,
        not_after_ms=now_ms + 10_000,
    )
    wanted = Wanted(
        symbol=contract.symbol,
        side=Side.LONG,
        size=attempt.size,
        leverage=D(2),
        margin_mode=MarginMode.ISOLATED,
        stop=TriggerLevel(below("0.95"), TriggerPrice.MARK),
        targets=(WantedTarget(below("1.05"), D(1)),),
    )
    planned = terms(planned_entry=below("0.98"), contract_size=contract.contract_size)
    return Draft(
        decision_key=key,
        wanted=wanted,
        terms=planned,
        attempt=attempt,
        planned_ms=now_ms,
        expires_ms=now_ms + 15_000,
        namespace=namespace,
    )


async def submitted(symbol: str, key: str, change: Callable[[Desk], Desk] = lambda desk: desk) -> Skip | Submitted:
    """Submits one order as a process of its own would, with the settings of the environment."""
    async with opened(read_settings()) as container:
        environment = container.environment()
        desk = await open_desk(environment)
        market = environment.venue.market
        contract = next(one for one in await market.contracts() if one.symbol == symbol)
        quote = (await market.quotes([symbol]))[symbol]
        assert isinstance(quote, Quote)
        draft = draft_of(contract, quote, key, desk.now_ms, environment.stores.namespace)
        return await submit(change(desk), draft, Guards(allows, allows), MarketQuality.of(quote), switch_minutes=15)


def numbered(points: Points) -> Callable[[Desk], Desk]:
    def change(desk: Desk) -> Desk:
        stores = desk.environment.stores
        environment = evolve(desk.environment, stores=evolve(stores, switches=Numbered(stores.switches, points)))
        return evolve(
            desk,
            environment=environment,
            trading=Numbered(desk.trading, points),
            orders=Numbered(desk.orders, points),
            high_water=Numbered(desk.high_water, points),
        )

    return change


def dying_in_the_write(desk: Desk) -> Desk:
    return evolve(desk, trading=DyingInTheWrite(desk.trading))


def main(symbol: str, key: str, die_at: str) -> None:
    if die_at == WRITE:
        asyncio.run(submitted(symbol, key, dying_in_the_write))
        return
    points = Points(int(die_at))
    outcome = asyncio.run(submitted(symbol, key, numbered(points)))
    sent = isinstance(outcome, Submitted)
    sys.stdout.write(json.dumps({"points": points.reached, "sent": sent}))


if __name__ == "__main__":
    main(*sys.argv[1:])
