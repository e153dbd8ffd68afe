"""Sockets over a real connection: what is said, what is heard, and what happens when nothing is."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from attrs import define, evolve, field
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from mtf_adapters.bitmart.hosts import Hosts
from mtf_adapters.bitmart.streams import LARGEST_FRAME, BitmartStreams, subscriptions
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.sockets import Patience
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.market import OrderKind, OrderState, Side, Timeframe, TriggerPurpose
from mtf_core.ports import (
    BalancePushed,
    CandleUpdate,
    Connected,
    Disconnected,
    NotStreamed,
    OrderPushed,
    PositionPushed,
    Silent,
)
from tests.unit.bitmart.desk import CREDENTIALS, NOW_MS, SECRETS
from tests.unit.listening import CALM, QUICK, until

ORDER = {
    "order_id": "3000248810274561",
    "client_order_id": "a1B2c3",
    "price": "61100",
    "size": "3",
    "symbol": "BTCUSDT",
    "state": 2,
    "side": 1,
    "type": "limit",
    "leverage": "5",
    "open_type": "isolated",
    "deal_avg_price": "61100",
    "deal_size": "1",
    "create_time": 1767225600300,
    "update_time": 1767225601100,
    "plan_order_id": "",
    "last_trade": None,
    "trigger_price": "-",
    "trigger_price_type": "-",
    "execution_price": "-",
    "activation_price": "-",
    "activation_price_type": "-",
    "callback_rate": "-",
    "position_mode": "hedge_mode",
}
POSITION = {"symbol": "BTCUSDT", "position_type": 1, "hold_volume": "3", "update_time": 1767225601100}


@define(eq=False)
class Pusher:
    """A socket server that confirms what is subscribed, and whose connections a test may speak on and close."""

    heard: list[list[dict[str, Any]]] = field(factory=list)
    """The frames of each connection."""
    sockets: list[ServerConnection] = field(factory=list)
    refused: set[str] = field(factory=set)
    access: dict[str, Any] = field(factory=lambda: {"action": "access", "success": True})
    pongs: bool = True
    vague: bool = False
    """Whether confirmations leave out what they should say."""
    url: str = ""

    async def serve(self, socket: ServerConnection) -> None:
        frames: list[dict[str, Any]] = []
        self.heard.append(frames)
        self.sockets.append(socket)
        try:
            async for raw in socket:
                frame = json.loads(raw)
                frames.append(frame)
                for answer in self.answers(frame):
                    await socket.send(json.dumps(answer))
        except ConnectionClosed:
            pass

    def answers(self, frame: dict[str, Any]) -> list[dict[str, Any]]:
        if frame["action"] == "ping":
            return [{"group": "System", "data": "pong+1"}] if self.pongs else []
        if frame["action"] == "access":
            return [self.access]
        return [self.acknowledged(topic) for topic in frame["args"]]

    def acknowledged(self, topic: str) -> dict[str, Any]:
        if self.vague:
            return {"action": "subscribe", "group": topic}
        is_refused = topic in self.refused
        answer = {"action": "subscribe", "group": topic, "success": not is_refused}
        return {**answer, "error": f"Invalid channel: not found {topic}"} if is_refused else answer

    async def push(self, group: str, data: Any, at: int = -1) -> None:
        await self.sockets[at].send(json.dumps({"group": group, "data": data}))


@asynccontextmanager
async def pusher() -> AsyncIterator[Pusher]:
    exchange = Pusher()
    async with serve(exchange.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        exchange.url = f"ws://127.0.0.1:{port}"
        yield exchange


def streams(exchange: Pusher, patience: Patience = CALM) -> BitmartStreams:
    hosts = Hosts("http://127.0.0.1", "http://127.0.0.1", f"{exchange.url}/api", f"{exchange.url}/user")
    return BitmartStreams(hosts, CREDENTIALS, ExchangeClock(SandboxClock(NOW_MS)), patience=patience)


def candle(ts: int = 1767225600, **changes: str) -> dict[str, Any]:
    return {"o": "61248.1", "h": "61255", "l": "61240.2", "c": "61250.5", "v": "812", "ts": ts, **changes}


@pytest.mark.parametrize(
    ("timeframe", "channel"),
    [
        (Timeframe.M1, "1m"),
        (Timeframe.M5, "5m"),
        (Timeframe.M15, "15m"),
        (Timeframe.H1, "1H"),
        (Timeframe.H4, "4H"),
        (Timeframe.D1, "1D"),
    ],
)
async def test_each_timeframe_has_its_channel(timeframe: Timeframe, channel: str) -> None:
    async with pusher() as exchange, aclosing(streams(exchange).candles(["BTCUSDT"], timeframe)) as events:
        await until(events, Connected)
        assert exchange.heard == [[{"action": "subscribe", "args": [f"futures/klineBin{channel}:BTCUSDT"]}]]


@pytest.mark.parametrize(
    "data",
    [
        {"symbol": "BTCUSDT", "items": [candle()]},
        {"symbol": "BTCUSDT", **candle()},
        {"symbol": "BTCUSDT", "items": [candle(1767225601)]},
    ],
    ids=["as it is", "as it is documented", "stamped a second late"],
)
@pytest.mark.parametrize("suffix", ["", "@100ms"])
async def test_a_candle_is_told_with_its_open_time_and_without_a_claim_that_it_closed(
    data: dict[str, Any], suffix: str
) -> None:
    async with pusher() as exchange, aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
        await until(events, Connected)
        await exchange.push("futures/klineBin1m:BTCUSDT" + suffix, data)
        update = await until(events, CandleUpdate)
    assert update == CandleUpdate(
        "BTCUSDT", Timeframe.M1, 1767225600000, 61248.1, 61255.0, 61240.2, 61250.5, 812.0, None
    )


async def test_a_frame_that_is_deflated_is_read_like_any_other() -> None:
    frame = json.dumps({"group": "futures/klineBin1m:BTCUSDT", "data": {"items": [candle()]}}).encode()
    packer = zlib.compressobj(wbits=-15)
    async with pusher() as exchange, aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
        await until(events, Connected)
        await exchange.sockets[0].send(packer.compress(frame) + packer.flush())
        assert (await until(events, CandleUpdate)).close == 61250.5


@pytest.mark.parametrize(
    "raw",
    ["", "null", "[]", "{", "pong", b"\x00\x01", '{"group":7}', '{"group":"futures/klineBin1m:BTCUSDT","data":null}'],
)
async def test_a_frame_that_is_nothing_is_passed_over(raw: str | bytes) -> None:
    async with pusher() as exchange, aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
        await until(events, Connected)
        await exchange.sockets[0].send(raw)
        await exchange.push("futures/klineBin1m:BTCUSDT", {"items": [candle(o="x")]})
        await exchange.push("futures/klineBin1m:BTCUSDT", {"items": [candle(c="7")]})
        assert (await until(events, CandleUpdate)).close == 7


async def test_many_symbols_are_shared_out_so_that_no_frame_and_no_connection_is_too_large() -> None:
    symbols = [f"SYMBOL{number:03d}USDT" for number in range(230)]
    async with pusher() as exchange, aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
        await until(events, Connected)
        asked = [[topic for frame in frames for topic in frame["args"]] for frames in exchange.heard]
        frames = [frame for frames in exchange.heard for frame in frames]
    assert sorted(map(len, asked)) == [30, 100, 100]
    assert sorted(topic for topics in asked for topic in topics) == [f"futures/klineBin1m:{one}" for one in symbols]
    assert max(len(json.dumps(frame, separators=(",", ":"))) for frame in frames) <= LARGEST_FRAME < 2000


def test_a_topic_that_alone_is_too_large_is_asked_for_all_the_same() -> None:
    topics = ["x" * 2500, "y"]
    assert [json.loads(frame)["args"] for frame in subscriptions(topics)] == [[topics[0]], ["y"]]


async def test_a_symbol_that_is_not_pushed_is_told_and_the_others_are_heard() -> None:
    async with pusher() as exchange:
        exchange.refused = {"futures/klineBin1m:FOOUSDT"}
        async with aclosing(streams(exchange).candles(["FOOUSDT", "BTCUSDT"], Timeframe.M1)) as events:
            told = await until(events, NotStreamed)
            await until(events, Connected)
            await exchange.push("futures/klineBin1m:BTCUSDT", {"items": [candle()]})
            assert (await until(events, CandleUpdate)).symbol == "BTCUSDT"
    assert (told.symbol, told.time_ms) == ("FOOUSDT", NOW_MS)
    assert "not found" in told.why


async def test_a_connection_that_breaks_is_told_and_everything_is_asked_for_again() -> None:
    async with pusher() as exchange, aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
        await until(events, Connected)
        await exchange.sockets[0].close(1009)
        broken = await until(events, Disconnected)
        await until(events, Connected)
        assert len(exchange.heard) == 2
        assert exchange.heard[0] == exchange.heard[1]
    assert broken.why == "closed by the exchange (1009)"


async def test_several_connections_are_connected_when_all_of_them_are() -> None:
    symbols = [f"SYMBOL{number}USDT" for number in range(150)]
    async with pusher() as exchange, aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
        await until(events, Connected)
        await exchange.sockets[0].close()
        assert isinstance(await anext(events), Disconnected)
        assert isinstance(await anext(events), Connected)


async def test_a_stream_that_carries_nothing_but_pongs_is_silent_and_says_so_once() -> None:
    async with pusher() as exchange, aclosing(streams(exchange, QUICK).candles(["BTCUSDT"], Timeframe.M1)) as events:
        await until(events, Connected)
        silence = await until(events, Silent)
        await asyncio.sleep(0.3)
        await exchange.push("futures/klineBin1m:BTCUSDT", {"items": [candle()]})
        assert isinstance(await anext(events), CandleUpdate), "one silence is told once"
        await until(events, Silent)
    assert silence.silent_ms >= 200
    assert {"action": "ping"} in exchange.heard[0]


async def test_an_account_to_which_nothing_happens_is_not_silent() -> None:
    async with pusher() as exchange, aclosing(streams(exchange, QUICK).account()) as events:
        await until(events, Connected)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.7):
                raise AssertionError(await anext(events))


async def test_a_socket_on_which_not_even_pongs_come_is_given_up() -> None:
    async with pusher() as exchange:
        exchange.pongs = False
        async with aclosing(streams(exchange, QUICK).account()) as events:
            await until(events, Connected)
            await until(events, Silent)
            given_up = await until(events, Disconnected)
            await until(events, Connected)
    assert given_up.why.startswith("nothing came for")


async def test_a_stream_on_which_only_pongs_come_for_too_long_is_given_up() -> None:
    """To connect again is all that may help."""
    patience = evolve(QUICK, dead_s=60.0, stale_s=0.5)
    async with (
        pusher() as exchange,
        aclosing(streams(exchange, patience).candles(["BTCUSDT"], Timeframe.M1)) as events,
    ):
        await until(events, Connected)
        assert (await until(events, Disconnected)).why.startswith("nothing came for")
        await until(events, Connected)


async def test_a_confirmation_that_does_not_say_success_is_none() -> None:
    async with pusher() as exchange:
        exchange.vague = True
        async with aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
            assert (await until(events, NotStreamed)).symbol == "BTCUSDT"


async def test_a_process_that_was_held_up_does_not_blame_the_exchange() -> None:
    """What was pushed meanwhile waits in the socket: nothing is given up before it was read."""
    async with pusher() as exchange, aclosing(streams(exchange, QUICK).account()) as events:
        await until(events, Connected)
        time.sleep(2.0)  # longer than anything that the patience has; nothing else runs meanwhile
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                raise AssertionError(await anext(events))


async def test_an_exchange_that_cannot_be_reached_is_told_again_and_again() -> None:
    async with pusher() as exchange:
        pass
    async with aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
        for _ in range(3):
            assert (await until(events, Disconnected)).why.startswith("cannot be reached")


async def test_an_account_is_logged_in_before_it_is_listened_to_and_again_after_each_break() -> None:
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        await exchange.sockets[0].close()
        await until(events, Connected)
        for login, *rest in exchange.heard:
            stamp = str(NOW_MS)
            signature = CREDENTIALS.sign(stamp, "bitmart.WebSocket")
            assert login == {"action": "access", "args": [CREDENTIALS.key, stamp, signature, "web"]}
            assert [frame["args"] for frame in rest] == [["futures/order", "futures/position", "futures/asset:USDT"]]


async def test_a_refused_login_is_told_without_the_key(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with pusher() as exchange:
        exchange.access = {"action": "access", "success": False, "error": f"sign check error of {SECRETS[0]}"}
        async with aclosing(streams(exchange).account()) as events:
            refusal = await until(events, Disconnected)
            await until(events, Disconnected)
    assert refusal.why == "the login was refused: sign check error of …"
    logged = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert not [text for text in logged for secret in SECRETS if secret in text]


async def test_a_topic_of_the_account_that_is_refused_is_no_connection() -> None:
    async with pusher() as exchange:
        exchange.refused = {"futures/position"}
        async with aclosing(streams(exchange).account()) as events:
            assert (await until(events, Disconnected)).why.startswith("futures/position was refused")


async def test_an_order_is_told_as_it_was_pushed() -> None:
    stop = {**ORDER, "type": "stop_loss", "side": 3, "trigger_price": "60200", "trigger_price_type": "fair_price"}
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        await exchange.push("futures/order", [{"action": 1, "order": ORDER}, {"action": 2, "order": stop}])
        pushed, waiting = (await until(events, OrderPushed)).order, (await until(events, OrderPushed)).order
    assert (pushed.order_id, pushed.kind, pushed.side, pushed.state) == (
        "3000248810274561",
        OrderKind.LIMIT,
        Side.LONG,
        OrderState.LIVE,
    )
    assert (pushed.filled, pushed.trigger) == (1, None)
    assert (waiting.kind, waiting.purpose, waiting.reduce_only) == (OrderKind.TRIGGER, TriggerPurpose.STOP, True)


async def test_an_order_that_cannot_be_read_is_a_reason_to_look_all_the_same() -> None:
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        readable = {"action": 1, "order": {**ORDER, "symbol": "ETHUSDT"}}
        await exchange.push("futures/order", [{"action": 1, "order": {**ORDER, "state": 3}}, readable, "nonsense"])
        unread, read, nothing = [await anext(events) for _ in range(3)]
    assert unread == PositionPushed("BTCUSDT", NOW_MS), "which wakes whoever supervises it"
    assert (read.order.symbol, nothing) == ("ETHUSDT", BalancePushed(NOW_MS))


async def test_a_position_that_is_only_repeated_wakes_nobody() -> None:
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        later = {**POSITION, "update_time": 1767225611100}
        other = {**POSITION, "symbol": "ETHUSDT"}
        for rows in ([POSITION], [later], [later, other], [{**later, "hold_volume": "0"}]):
            await exchange.push("futures/position", rows)
        await exchange.push("futures/asset:USDT", {"currency": "USDT", "available_balance": "951.4"})
        told = [await anext(events) for _ in range(4)]
    assert told == [
        PositionPushed("BTCUSDT", NOW_MS),
        PositionPushed("ETHUSDT", NOW_MS),
        PositionPushed("BTCUSDT", NOW_MS),
        BalancePushed(NOW_MS),
    ]


@pytest.mark.parametrize("side", [None, [1], {"a": 1}])
async def test_a_position_whose_side_is_nothing_that_can_be_read_wakes_all_the_same(side: object) -> None:
    """It ended the stream of the account, and with it the process."""
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        for _ in range(2):
            await exchange.push("futures/position", [{**POSITION, "position_type": side}])
        await exchange.push("futures/asset:USDT", {"currency": "USDT", "available_balance": "951.4"})
        told = [await anext(events) for _ in range(2)]
    assert told == [PositionPushed("BTCUSDT", NOW_MS), BalancePushed(NOW_MS)]


async def test_what_stops_listening_closes_its_connections() -> None:
    async with pusher() as exchange:
        async with aclosing(streams(exchange).candles(["BTCUSDT"], Timeframe.M1)) as events:
            await until(events, Connected)
        async with asyncio.timeout(2):
            await exchange.sockets[0].wait_closed()


async def test_after_a_break_positions_wake_again_whatever_was_told_before() -> None:
    async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
        await until(events, Connected)
        await exchange.push("futures/position", [POSITION])
        await until(events, PositionPushed)
        await exchange.sockets[0].close()
        await until(events, Connected)
        await exchange.push("futures/position", [POSITION])
        await until(events, PositionPushed)


@pytest.mark.parametrize(("lasts_s", "waits"), [(30.0, [0.5, 1.0, 2.0, 2.0, 2.0]), (-1.0, [0.25] * 5)])
async def test_tries_to_connect_lie_farther_apart_each_time_unless_the_last_connection_held(
    lasts_s: float, waits: list[float]
) -> None:
    """A connection that lasted longer than it may stay without a frame counts as having held."""
    waited: list[float] = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)
        await asyncio.sleep(0)

    async with pusher() as exchange:
        pass
    hosts = Hosts("http://127.0.0.1", "http://127.0.0.1", f"{exchange.url}/api", f"{exchange.url}/user")
    patience = Patience(again_s=1.0, longest_again_s=4.0, dead_s=lasts_s)
    gone = BitmartStreams(
        hosts, None, ExchangeClock(SandboxClock(NOW_MS)), patience=patience, random=lambda: 0.0, sleep=sleep
    )
    async with aclosing(gone.candles(["BTCUSDT"], Timeframe.M1)) as events:
        while len(waited) < 5:
            await until(events, Disconnected)
    assert waited[:5] == waits
