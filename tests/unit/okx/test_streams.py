"""Sockets over a real connection: what is said to OKX, what is heard, and what happens when nothing is."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from attrs import define, field
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from mtf_adapters.okx.hosts import Hosts
from mtf_adapters.okx.products import SWAP, XPERP, Product
from mtf_adapters.okx.signing import Credentials
from mtf_adapters.okx.streams import LARGEST_FRAME, OkxStreams, subscriptions
from mtf_adapters.online.clock import ExchangeClock
from mtf_adapters.online.sockets import Patience
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_core.market import OrderKind, OrderState, Side, Timeframe, TriggerPurpose
from mtf_core.ports import (
    BalancePushed,
    CandleUpdate,
    Connected,
    Disconnected,
    ExchangeError,
    NotStreamed,
    OrderPushed,
    PositionPushed,
    Silent,
)
from tests.unit.listening import CALM, QUICK, until

NOW_MS = 1_795_737_600_000
"""2026-11-27T00:00Z, the instant of the sheet's signatures."""
CREDENTIALS = Credentials("mtf-key-0001", "mtf-secret-0001", "mtf-pass-0001")
SECRETS = ("mtf-key-0001", "mtf-secret-0001", "mtf-pass-0001")
LOGIN = {
    "apiKey": "mtf-key-0001",
    "passphrase": "mtf-pass-0001",
    "timestamp": "1795737600",
    "sign": "zB2AeM9yrlnIIl3gOutvwPGBNeriME4lCKGPaOrnjKc=",
}
BTC, ETH = "BTC-USDT-SWAP", "ETH-USDT-SWAP"
PRIVATE, BUSINESS = "/ws/v5/private", "/ws/v5/business"
ACCOUNT_CHANNELS = {
    PRIVATE: [
        {"channel": "orders", "instType": "SWAP"},
        {"channel": "positions", "instType": "SWAP"},
        {"channel": "account"},
    ],
    BUSINESS: [{"channel": "orders-algo", "instType": "SWAP"}],
}

ORDER = {
    "instType": "SWAP",
    "instId": BTC,
    "ordId": "312269865356374016",
    "clOrdId": "a1B2c3",
    "tag": "",
    "px": "61100",
    "sz": "3",
    "ordType": "limit",
    "side": "buy",
    "posSide": "long",
    "tdMode": "cross",
    "lever": "5",
    "state": "partially_filled",
    "accFillSz": "1",
    "fillSz": "1",
    "fillPx": "61100",
    "tradeId": "242589207",
    "fillTime": "1795737600300",
    "avgPx": "61100",
    "fee": "-0.0366",
    "feeCcy": "USDT",
    "rebate": "0",
    "rebateCcy": "USDT",
    "pnl": "0",
    "category": "normal",
    "reduceOnly": "false",
    "source": "",
    "cancelSource": "",
    "cancelSourceReason": "",
    "attachAlgoOrds": [],
    "algoId": "",
    "algoClOrdId": "",
    "isTpLimit": "false",
    "linkedAlgoOrd": {"algoId": ""},
    "stpMode": "cancel_maker",
    "cTime": "1795737600000",
    "uTime": "1795737600300",
    "fillFee": "-0.0366",
    "fillFeeCcy": "USDT",
    "fillPnl": "0",
    "execType": "T",
    "amendResult": "",
    "amendSource": "",
    "reqId": "",
    "code": "0",
    "msg": "",
    "lastPx": "61100",
    "notionalUsd": "1833",
}
STOP = {
    "instType": "SWAP",
    "instId": BTC,
    "algoId": "681096944655273984",
    "algoClOrdId": "s1",
    "clOrdId": "",
    "ordId": "0",
    "ordIdList": [],
    "ordType": "conditional",
    "side": "sell",
    "posSide": "long",
    "tdMode": "cross",
    "lever": "5",
    "sz": "",
    "closeFraction": "1",
    "reduceOnly": "true",
    "slTriggerPx": "60200",
    "slTriggerPxType": "mark",
    "slOrdPx": "-1",
    "tpTriggerPx": "",
    "tpTriggerPxType": "",
    "tpOrdPx": "",
    "triggerPx": "",
    "triggerPxType": "",
    "ordPx": "",
    "activePx": "",
    "callbackRatio": "",
    "callbackSpread": "",
    "moveTriggerPx": "",
    "state": "live",
    "actualSide": "",
    "actualPx": "",
    "actualSz": "",
    "failCode": "",
    "last": "61100",
    "triggerTime": "",
    "tag": "",
    "attachAlgoOrds": [],
    "linkedOrd": {"ordId": ""},
    "cTime": "1795737600000",
    "uTime": "1795737600000",
}
POSITION = {
    "instType": "SWAP",
    "instId": BTC,
    "posSide": "long",
    "mgnMode": "cross",
    "pos": "3",
    "avgPx": "61100",
    "lever": "5",
    "posId": "307173036051017730",
    "tradeId": "242589207",
    "markPx": "61111",
    "upl": "0.33",
    "uTime": "1795737600300",
}
COIN = {"ccy": "USDT", "cashBal": "951.4", "ordFrozen": "0", "upl": "1"}
BALANCE = {"totalEq": "951", "uTime": "1", "details": [COIN]}


@define(eq=False)
class Connection:
    """One connection as the server saw it."""

    path: str
    socket: ServerConnection
    heard: list[Any] = field(factory=list)

    async def push(self, channel: str, data: Any, event_type: str | None = None, **arg: str) -> None:
        message = {"arg": {"channel": channel, **arg}, "data": data}
        await self.socket.send(json.dumps(message if event_type is None else {**message, "eventType": event_type}))

    async def say(self, **message: str) -> None:
        await self.socket.send(json.dumps({**message, "connId": "a4d3ae55"}))

    @property
    def asked(self) -> list[dict[str, str]]:
        return [arg for frame in self.heard if frame != "ping" and frame["op"] == "subscribe" for arg in frame["args"]]


@define(eq=False)
class Pusher:
    """A socket server that answers as OKX does, and whose connections a test may speak on and close."""

    connections: list[Connection] = field(factory=list)
    refused: set[str] = field(factory=set)
    """Instruments and channels that are not there."""
    refusal: str = "Wrong URL or channel:{channel},instId:{instId} doesn't exist. Please use the correct URL."
    refusal_code: str = "60018"
    login: dict[str, Any] = field(factory=lambda: {"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"})
    pongs: bool = True
    url: str = ""

    async def serve(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        connection = Connection(socket.request.path, socket)
        self.connections.append(connection)
        try:
            async for raw in socket:
                frame = raw if raw == "ping" else json.loads(raw)
                connection.heard.append(frame)
                for answer in self.answers(frame):
                    await socket.send(answer)
        except ConnectionClosed:
            pass

    def answers(self, frame: Any) -> list[str]:
        if frame == "ping":
            return ["pong"] if self.pongs else []
        if frame["op"] == "login":
            return [json.dumps(self.login)]
        return [json.dumps(self.acknowledged(arg)) for arg in frame["args"]]

    def acknowledged(self, arg: dict[str, str]) -> dict[str, Any]:
        if arg.get("instId", arg["channel"]) not in self.refused:
            return {"event": "subscribe", "arg": arg, "connId": "a4d3ae55"}
        text = self.refusal.format(channel=arg["channel"], instId=arg.get("instId"))
        return {"event": "error", "code": self.refusal_code, "msg": text, "connId": "a4d3ae55"}

    def on(self, path: str) -> Connection:
        """The latest connection to a path."""
        return [connection for connection in self.connections if connection.path == path][-1]


@asynccontextmanager
async def pusher() -> AsyncIterator[Pusher]:
    exchange = Pusher()
    async with serve(exchange.serve, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        exchange.url = f"ws://127.0.0.1:{port}"
        yield exchange


def streams(exchange: Pusher, patience: Patience = CALM, product: Product = SWAP) -> OkxStreams:
    hosts = Hosts("http://127.0.0.1", *(f"{exchange.url}/ws/v5/{name}" for name in ("public", "business", "private")))
    return OkxStreams(hosts, CREDENTIALS, ExchangeClock(SandboxClock(NOW_MS)), product, "demo", patience=patience)


def candle(open_ms: int = NOW_MS, confirm: str = "0", close: str = "61250.5") -> list[str]:
    return [str(open_ms), "61248.1", "61255", "61240.2", close, "812.5", "8.125", "497661.2", confirm]


class TestCandles:
    @pytest.mark.parametrize(
        ("timeframe", "channel"),
        [
            (Timeframe.M1, "candle1m"),
            (Timeframe.M5, "candle5m"),
            (Timeframe.M15, "candle15m"),
            (Timeframe.H1, "candle1H"),
            (Timeframe.H4, "candle4H"),
            (Timeframe.D1, "candle1Dutc"),
        ],
    )
    async def test_each_timeframe_has_its_channel_on_the_business_socket(
        self, timeframe: Timeframe, channel: str
    ) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], timeframe)) as events:
            await until(events, Connected)
            (connection,) = exchange.connections
            assert connection.path == BUSINESS
            assert connection.heard == [{"op": "subscribe", "args": [{"channel": channel, "instId": BTC}]}]

    @pytest.mark.parametrize(("confirm", "is_closed"), [("0", False), ("1", True)])
    async def test_a_candle_says_whether_it_has_closed(self, confirm: str, is_closed: bool) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            await exchange.on(BUSINESS).push("candle1m", [candle(confirm=confirm)], instId=BTC)
            update = await until(events, CandleUpdate)
        assert update == CandleUpdate(BTC, Timeframe.M1, NOW_MS, 61248.1, 61255.0, 61240.2, 61250.5, 812.5, is_closed)

    @pytest.mark.parametrize(
        "row",
        [
            None,
            [],
            "x",
            candle()[:8],
            candle(confirm=""),
            candle(close=""),
            candle(close="NaN"),
            candle(close="1e999"),
            candle(NOW_MS + 1),
        ],
    )
    async def test_a_candle_that_is_none_is_left_out_and_the_next_one_is_told(self, row: Any) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            await exchange.on(BUSINESS).push("candle1m", [row, candle(close="7")], instId=BTC)
            assert (await until(events, CandleUpdate)).close == 7

    @pytest.mark.parametrize(
        "raw", ["", "null", "[]", "{", "pong", b"\x00\x01", '{"arg":7}', '{"arg":{"channel":"candle1m"},"data":null}']
    )
    async def test_a_frame_that_is_nothing_is_passed_over(self, raw: str | bytes) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            await exchange.on(BUSINESS).socket.send(raw)
            await exchange.on(BUSINESS).push("candle1H", [candle()], instId=BTC)
            await exchange.on(BUSINESS).push("candle1m", [candle(close="7")], instId=BTC)
            assert (await until(events, CandleUpdate)).close == 7

    async def test_many_symbols_are_shared_out_so_that_no_connection_asks_for_too_much_in_an_hour(self) -> None:
        symbols = [f"COIN{number:03d}-USDT-SWAP" for number in range(500)]
        async with pusher() as exchange, aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
            await until(events, Connected)
            asked = [[arg["instId"] for arg in connection.asked] for connection in exchange.connections]
        assert sorted(map(len, asked)) == [20, 240, 240]
        assert sorted(symbol for group in asked for symbol in group) == symbols

    def test_no_frame_is_larger_than_the_exchange_takes(self) -> None:
        topics = [{"channel": "candle1Dutc", "instId": "X" * 200} for _ in range(600)]
        frames = list(subscriptions(topics))
        assert max(map(len, frames)) <= LARGEST_FRAME < 64 * 1024
        assert [arg for frame in frames for arg in json.loads(frame)["args"]] == topics
        assert len(frames) == 3


class TestRefusedInstruments:
    @pytest.mark.parametrize("code", ["60018", "51001"])
    async def test_an_instrument_that_is_not_pushed_is_told_and_the_others_are_heard(self, code: str) -> None:
        async with pusher() as exchange:
            exchange.refused, exchange.refusal_code = {"FOO-USDT-SWAP"}, code
            symbols = [ETH, "FOO-USDT-SWAP", BTC]
            async with aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
                told = await until(events, NotStreamed)
                await until(events, Connected)
                await exchange.on(BUSINESS).push("candle1m", [candle()], instId=BTC)
                assert (await until(events, CandleUpdate)).symbol == BTC
        assert (told.symbol, told.time_ms) == ("FOO-USDT-SWAP", NOW_MS)
        assert told.why.endswith(f"({code})")

    async def test_a_refusal_without_a_name_is_about_what_nothing_else_was_said_of(self) -> None:
        async with pusher() as exchange:
            exchange.refused, exchange.refusal = {"FOO-USDT-SWAP"}, "Instrument ID does not exist"
            symbols = [ETH, "FOO-USDT-SWAP", BTC]
            async with aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
                assert (await until(events, NotStreamed)).symbol == "FOO-USDT-SWAP"
                await until(events, Connected)

    async def test_an_instrument_whose_name_begins_like_another_s_is_not_taken_for_it(self) -> None:
        symbols = ["BTC-USD_UM_XPERP-310404", "BTC-USD_UM_XPERP-3104"]
        async with pusher() as exchange:
            exchange.refused = {symbols[0]}
            async with aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
                assert (await until(events, NotStreamed)).symbol == symbols[0]
                await until(events, Connected)

    async def test_an_error_that_is_about_no_instrument_is_no_connection(self) -> None:
        async with pusher() as exchange:
            exchange.refused, exchange.refusal_code, exchange.refusal = {BTC}, "60014", "Requests too frequent"
            async with aclosing(streams(exchange).candles([BTC, ETH], Timeframe.M1)) as events:
                broken = await until(events, Disconnected)
        assert broken.why == "OKX reports an error: Requests too frequent (60014)"


class TestStayingConnected:
    async def test_silence_is_broken_by_the_bare_word_and_told_once(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange, QUICK).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            silence = await until(events, Silent)
            assert "ping" in exchange.on(BUSINESS).heard
        assert silence.silent_ms >= 200

    async def test_an_account_to_which_nothing_happens_is_not_silent(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange, QUICK).account()) as events:
            await until(events, Connected)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.7):
                    raise AssertionError(await anext(events))

    async def test_a_socket_on_which_not_even_pongs_come_is_given_up(self) -> None:
        async with pusher() as exchange:
            exchange.pongs = False
            async with aclosing(streams(exchange, QUICK).account()) as events:
                await until(events, Connected)
                assert (await until(events, Disconnected)).why.startswith("nothing came for")

    def test_pings_come_well_before_the_cut_of_thirty_seconds(self) -> None:
        assert Patience().ping_s <= 25

    async def test_a_connection_that_is_cut_is_told_and_everything_is_asked_for_again(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            await exchange.on(BUSINESS).socket.close(4004)
            assert (await until(events, Disconnected)).why == "closed by the exchange (4004)"
            await until(events, Connected)
            first, second = exchange.connections
            assert first.asked == second.asked

    async def test_before_an_upgrade_one_connects_again_without_waiting_for_the_cut(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            before = exchange.on(BUSINESS)
            await before.say(event="notice", code="64008", msg="The connection will soon be closed.")
            assert (await until(events, Disconnected)).why == "OKX is about to close the connection for an upgrade"
            await until(events, Connected)
            async with asyncio.timeout(2):
                await before.socket.wait_closed()
            assert before.socket.close_code == 1000, "it was closed from here"

    async def test_another_notice_changes_nothing(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).candles([BTC], Timeframe.M1)) as events:
            await until(events, Connected)
            await exchange.on(BUSINESS).say(event="notice", code="1", msg="hello")
            await exchange.on(BUSINESS).push("candle1m", [candle()], instId=BTC)
            assert isinstance(await anext(events), CandleUpdate)

    async def test_connections_begin_one_after_the_other(self) -> None:
        """Three in a second are allowed from one address."""
        symbols = [f"COIN{number:03d}-USDT-SWAP" for number in range(300)]
        async with pusher() as exchange:
            begun = asyncio.get_running_loop().time()
            async with aclosing(streams(exchange).candles(symbols, Timeframe.M1)) as events:
                await until(events, Connected)
            assert asyncio.get_running_loop().time() - begun >= 0.35

    async def test_what_stops_listening_closes_its_connections(self) -> None:
        async with pusher() as exchange:
            async with aclosing(streams(exchange).account()) as events:
                await until(events, Connected)
            async with asyncio.timeout(2):
                for connection in exchange.connections:
                    await connection.socket.wait_closed()


class TestLogin:
    def test_without_a_key_no_account_is_listened_to(self) -> None:
        hosts = Hosts("http://127.0.0.1", *["ws://127.0.0.1:9"] * 3)
        with pytest.raises(ExchangeError, match="there is no key"):
            OkxStreams(hosts, None, ExchangeClock(SandboxClock(NOW_MS)), SWAP, "demo").account()

    async def test_both_sockets_are_logged_in_before_they_are_listened_to_and_again_after_each_break(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            await exchange.on(PRIVATE).socket.close()
            await until(events, Connected)
            assert sorted(connection.path for connection in exchange.connections) == [BUSINESS, PRIVATE, PRIVATE]
            for connection in exchange.connections:
                login, *rest = connection.heard
                assert login == {"op": "login", "args": [LOGIN]}
                assert rest == [{"op": "subscribe", "args": ACCOUNT_CHANNELS[connection.path]}]

    async def test_perpetuals_of_the_eea_are_futures_there(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange, product=XPERP).account()) as events:
            await until(events, Connected)
            asked = [arg for path in (PRIVATE, BUSINESS) for arg in exchange.on(path).asked]
        assert {arg["channel"]: arg.get("instType") for arg in asked} == {
            "orders": "FUTURES",
            "positions": "FUTURES",
            "account": None,
            "orders-algo": "FUTURES",
        }

    async def test_connected_is_told_when_both_sockets_are(self) -> None:
        async with pusher() as exchange:
            exchange.refused = {"orders-algo"}
            async with aclosing(streams(exchange).account()) as events:
                assert (await until(events, Disconnected)).why.startswith("orders-algo was refused")
                exchange.refused = set()
                await until(events, Connected)

    @pytest.mark.parametrize(
        ("code", "text", "why"),
        [
            ("60009", "Login failure", "Login failure (60009)"),
            ("60024", "Wrong passphrase", "the passphrase is wrong: Wrong passphrase (60024)"),
            (
                "60032",
                "API key doesn't exist.",
                "OKX does not know the key here: it belongs to another region or another environment: "
                "API key doesn't exist. (60032)",
            ),
            (
                "60006",
                "Timestamp request expired",
                "the clock of this machine is wrong by more than 30 s: Timestamp request expired (60006)",
            ),
        ],
    )
    async def test_a_refused_login_is_told_in_plain_words(self, code: str, text: str, why: str) -> None:
        async with pusher() as exchange:
            exchange.login = {"event": "error", "code": code, "msg": text, "connId": "a4d3ae55"}
            async with aclosing(streams(exchange).account()) as events:
                refusal = await until(events, Disconnected)
        assert refusal.why == f"the login to OKX (demo) was refused: {why}"

    async def test_a_refused_login_repeats_no_secret(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        async with pusher() as exchange:
            exchange.login = {"event": "error", "code": "60005", "msg": f"Invalid apiKey {' '.join(SECRETS)}"}
            async with aclosing(streams(exchange).account()) as events:
                refusal = await until(events, Disconnected)
                await until(events, Disconnected)
        assert refusal.why.endswith("OKX does not know the key: Invalid apiKey … … … (60005)")
        logged = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
        assert not [text for text in logged for secret in SECRETS if secret in text]

    async def test_a_login_that_is_not_confirmed_with_code_0_is_refused(self) -> None:
        async with pusher() as exchange:
            exchange.login = {"event": "login", "code": "60007", "msg": "Invalid sign"}
            async with aclosing(streams(exchange).account()) as events:
                assert "the secret does not belong to the key" in (await until(events, Disconnected)).why

    async def test_a_connection_too_many_is_ended_by_the_exchange_and_told(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            await exchange.on(PRIVATE).say(event="channel-conn-count", channel="orders", connCount="2")
            await exchange.on(PRIVATE).say(event="channel-conn-count-error", channel="orders", connCount="30")
            broken = await until(events, Disconnected)
        assert broken.why == "too many connections listen to orders: OKX has ended this one"


class TestAccount:
    async def test_an_order_and_a_stop_are_told_as_they_were_pushed(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            await exchange.on(PRIVATE).push("orders", [ORDER], instType="SWAP", uid="7")
            pushed = (await until(events, OrderPushed)).order
            await exchange.on(BUSINESS).push("orders-algo", [STOP], instType="SWAP", uid="7")
            waiting = (await until(events, OrderPushed)).order
        assert (pushed.order_id, pushed.client_order_id, pushed.kind, pushed.side, pushed.state) == (
            "312269865356374016",
            "a1B2c3",
            OrderKind.LIMIT,
            Side.LONG,
            OrderState.LIVE,
        )
        assert (pushed.symbol, pushed.filled, pushed.trigger) == (BTC, 1, None)
        assert (waiting.order_id, waiting.kind, waiting.purpose, waiting.reduce_only) == (
            "681096944655273984",
            OrderKind.TRIGGER,
            TriggerPurpose.STOP,
            True,
        )

    async def test_an_order_that_is_told_again_does_no_harm(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            for _ in range(2):
                await exchange.on(PRIVATE).push("orders", [ORDER], instType="SWAP")
            first, second = await anext(events), await anext(events)
        assert first == second

    async def test_an_order_that_cannot_be_read_is_a_reason_to_look_all_the_same(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            await exchange.on(PRIVATE).push("orders", [{**ORDER, "state": "odd"}, {**ORDER, "instId": None}])
            assert [await anext(events) for _ in range(2)] == [PositionPushed(BTC, NOW_MS), BalancePushed(NOW_MS)]

    async def test_a_position_that_is_only_repeated_wakes_nobody(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            later = {**POSITION, "uTime": "1795737605300", "markPx": "61222", "upl": "3.66"}
            other = {**POSITION, "instId": ETH}
            for kind, rows in (
                ("snapshot", [POSITION]),
                ("snapshot", [later]),
                ("snapshot", [later, other]),
                ("event_update", [{**later, "pos": "0"}]),
            ):
                await exchange.on(PRIVATE).push("positions", rows, kind, instType="SWAP")
            await exchange.on(PRIVATE).push("account", [BALANCE])
            told = [await anext(events) for _ in range(4)]
        assert told == [
            PositionPushed(BTC, NOW_MS),
            PositionPushed(ETH, NOW_MS),
            PositionPushed(BTC, NOW_MS),
            BalancePushed(NOW_MS),
        ]

    async def test_the_two_sides_of_a_hedged_position_are_two(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            for _ in range(2):
                await exchange.on(PRIVATE).push("positions", [POSITION, {**POSITION, "posSide": "short", "pos": "1"}])
            await exchange.on(PRIVATE).push("account", [BALANCE])
            assert [await anext(events) for _ in range(2)] == [PositionPushed(BTC, NOW_MS), BalancePushed(NOW_MS)]

    async def test_a_balance_that_moves_with_the_price_alone_wakes_nobody(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            moved = {**BALANCE, "totalEq": "952", "details": [{**COIN, "upl": "2"}]}
            paid = {**BALANCE, "details": [{**COIN, "cashBal": "950"}]}
            for row in (BALANCE, moved, paid, {"details": 7}, {"details": [None]}):
                await exchange.on(PRIVATE).push("account", [row])
            await exchange.on(PRIVATE).push("positions", [POSITION])
            told = [await anext(events) for _ in range(3)]
        assert told == [BalancePushed(NOW_MS), BalancePushed(NOW_MS), PositionPushed(BTC, NOW_MS)]

    async def test_after_a_break_positions_wake_again_whatever_was_told_before(self) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            for _ in range(2):
                await exchange.on(PRIVATE).push("positions", [POSITION])
                await until(events, PositionPushed)
                await exchange.on(PRIVATE).socket.close()
                await until(events, Connected)

    @pytest.mark.parametrize("data", [None, 7, [None], [{}], [{"instId": 7}], [{"instId": BTC, "posSide": [1]}]])
    @pytest.mark.parametrize("channel", ["orders", "positions", "account", "other"])
    async def test_nonsense_ends_nothing(self, channel: str, data: Any) -> None:
        async with pusher() as exchange, aclosing(streams(exchange).account()) as events:
            await until(events, Connected)
            await exchange.on(PRIVATE).push(channel, data)
            await exchange.on(PRIVATE).push("account", [BALANCE])
            await until(events, BalancePushed)
