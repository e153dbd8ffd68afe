"""The adapter's streams on the sandbox's OKX face, whatever of OKX's wire turns out to be so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
from attrs import evolve

from mtf_adapters.okx.hosts import Hosts
from mtf_adapters.okx.products import SWAP
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.streams import OkxStreams
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.sockets import Patience
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.market import OrderState, Timeframe, TriggerPurpose
from mtf_core.ports import (
    BalancePushed,
    CandleUpdate,
    Connected,
    Disconnected,
    NotStreamed,
    OrderPushed,
    PositionPushed,
)
from tests.integration.faces.okx.exchange import AT_MS, SYMBOL, Exchange, exchange
from tests.unit.listening import CALM, until

SEEDS = range(8)


def streams(served: Exchange, patience: Patience = CALM, **changes: str) -> OkxStreams:
    ready = {**served.ready, **changes}
    hosts = Hosts(*(ready[name] for name in ("rest", "ws_public", "ws_business", "ws_private")))
    credentials = Credentials(ready["key"], ready["secret"], ready["passphrase"])
    clock = ExchangeClock(SandboxClock(served.sandbox.world.now_ms))
    return OkxStreams(hosts, credentials, clock, SWAP, "demo", patience=patience)


def order_is(state: OrderState, client_order_id: str) -> Callable[[Any], bool]:
    return lambda event: event.order.state is state and event.order.client_order_id == client_order_id


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_candle_is_heard_to_its_last_word_and_what_is_not_there_is_told(seed: int) -> None:
    async with (
        exchange(f"quirks_seed: {seed}") as served,
        aclosing(streams(served).candles(["NO-SUCH-SWAP", SYMBOL], Timeframe.M1)) as events,
    ):
        assert (await until(events, NotStreamed)).symbol == "NO-SUCH-SWAP"
        await until(events, Connected)
        await served.step(61_000)
        last = await until(events, CandleUpdate, lambda event: event.is_closed)
        (true,) = served.sandbox.world.market.candles(SYMBOL, Timeframe.M1, AT_MS, AT_MS, AT_MS + 61_000).close
    assert (last.symbol, last.open_ms, last.close) == (SYMBOL, AT_MS, true)


@pytest.mark.parametrize("seed", SEEDS)
async def test_what_happens_to_an_account_is_heard(seed: int) -> None:
    async with exchange(f"quirks_seed: {seed}") as served, aclosing(streams(served).account()) as events:
        await until(events, Connected)
        await served.opened("6", clOrdId="heard1")
        await served.step(1_000)
        filled = await until(events, OrderPushed, order_is(OrderState.FILLED, "heard1"))
        assert (filled.order.symbol, filled.order.filled) == (SYMBOL, 6)
        assert (await until(events, PositionPushed)).symbol == SYMBOL
        await until(events, BalancePushed)
        await served.done("trade/order-algo", served.stop(algoClOrdId="stop1"))
        waiting = await until(events, OrderPushed, order_is(OrderState.LIVE, "stop1"))
        assert (waiting.order.purpose, waiting.order.size) == (TriggerPurpose.STOP, None)
        served.shown(served.price("0.94"))
        await until(events, OrderPushed, order_is(OrderState.TRIGGERED, "stop1"))


async def test_positions_that_stand_still_wake_once() -> None:
    """They are told again every five seconds, with other prices."""
    async with exchange() as served:
        await served.opened()
        async with aclosing(streams(served).account()) as events:
            await until(events, PositionPushed)
            await served.step(20_000)
            await served.opened("2", clOrdId="second")
            heard: list[Any] = []
            async with asyncio.timeout(5):
                async for event in events:
                    heard.append(event)
                    if isinstance(event, OrderPushed) and event.order.state is OrderState.FILLED:
                        break
    assert not [event for event in heard[:-1] if isinstance(event, PositionPushed)]


async def test_before_an_upgrade_one_is_connected_again_before_the_cut() -> None:
    script = "quirks: {upgrade_after_sec: 1, upgrade_notice_sec: 60}"
    async with (
        exchange(script, flows=True) as served,
        aclosing(streams(served).candles([SYMBOL], Timeframe.M1)) as events,
    ):
        await until(events, Connected)
        assert (await until(events, Disconnected)).why == "OKX is about to close the connection for an upgrade"
        await until(events, Connected)
        await until(events, CandleUpdate)


@pytest.mark.parametrize("pushes_count", ["true", "false"])
async def test_an_account_to_which_nothing_happens_is_kept_open_by_its_pings(pushes_count: str) -> None:
    script = f"quirks: {{idle_sec: 2, pushes_keep_open: {pushes_count}}}"
    patience = evolve(CALM, ping_s=0.4)
    async with exchange(script) as served, aclosing(streams(served, patience).account()) as events:
        await until(events, Connected)
        await asyncio.sleep(3.5)
        await served.opened("6", clOrdId="later1")
        heard: list[Any] = []
        async with asyncio.timeout(5):
            async for event in events:
                heard.append(event)
                if isinstance(event, OrderPushed) and event.order.state is OrderState.FILLED:
                    break
    assert not [event for event in heard if isinstance(event, Disconnected)]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"passphrase": "wrong-passphrase"}, "the passphrase is wrong"),
        ({"secret": "wrong-secret"}, "the signature is wrong: the secret does not belong to the key"),
        ({"key": "another-key"}, "OKX does not know the key here: it belongs to another region or another environment"),
    ],
)
async def test_a_login_that_is_refused_says_what_is_wrong(changes: dict[str, str], why: str) -> None:
    async with exchange() as served, aclosing(streams(served, **changes).account()) as events:
        told = (await until(events, Disconnected)).why
    assert told.startswith(f"the login to OKX (demo) was refused: {why}")
    assert not [value for value in changes.values() if value in told]


async def test_after_a_restart_both_sockets_are_listened_to_again() -> None:
    async with exchange() as served, aclosing(streams(served).account()) as events:
        await until(events, Connected)
        await served.control("POST", "restart")
        await until(events, Disconnected)
        await until(events, Connected)
        await served.opened("6", clOrdId="after1")
        await until(events, OrderPushed, order_is(OrderState.FILLED, "after1"))
        await served.done("trade/order-algo", served.stop(algoClOrdId="stop1"))
        await until(events, OrderPushed, order_is(OrderState.LIVE, "stop1"))
