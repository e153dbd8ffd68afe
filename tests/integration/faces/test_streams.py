"""BitMart's two streams over real WebSockets on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.client import connect

from mtf_adapters.sandbox.faces.bitmart.signing import LOGIN_PAYLOAD, signature
from mtf_core.market import Timeframe
from tests.integration.faces.exchange import AT_MS, SYMBOL, Exchange, exchange
from tests.integration.faces.listener import Heard

KLINE, TICKER, BOOK = f"futures/klineBin1m:{SYMBOL}", f"futures/ticker:{SYMBOL}", f"futures/depthIncrease5:{SYMBOL}"
ORDERS, POSITIONS, ASSETS = "futures/order", "futures/position", "futures/asset:USDT"


class Listener(Heard):
    """One connection that speaks BitMart's words."""

    async def say(self, action: str, *arguments: str) -> None:
        await self.connection.send(json.dumps({"action": action, "args": list(arguments)}))

    async def data(self, group: str) -> Any:
        """The data of the next message of the topic."""
        while True:
            message = await self.next()
            if message.get("group") == group and "data" in message:
                return message["data"]

    async def subscribed(self, *topics: str) -> list[dict[str, Any]]:
        """Subscribes; gives the acknowledgements in their order."""
        await self.say("subscribe", *topics)
        acknowledged: list[dict[str, Any]] = []
        while len(acknowledged) < len(topics):
            message = await self.next()
            if message.get("action") == "subscribe":
                acknowledged.append(message)
        return acknowledged


@asynccontextmanager
async def listening(served: Exchange, private: bool = False) -> AsyncIterator[Listener]:
    url = served.ready["ws_private" if private else "ws_public"]
    async with connect(url, ping_interval=None) as connection:
        yield Listener(connection)


@asynccontextmanager
async def logged_in(served: Exchange, *topics: str) -> AsyncIterator[Listener]:
    async with listening(served, private=True) as listener:
        await listener.say("access", *login(served))
        assert await listener.next() == {"action": "access", "success": True}
        if topics:
            await listener.subscribed(*topics)
        yield listener


def login(served: Exchange, now_ms: int | None = None, secret: str | None = None) -> tuple[str, str, str, str]:
    credential = served.sandbox.credential
    stamp = str(served.sandbox.world.now_ms if now_ms is None else now_ms)
    sign = signature(secret or credential.secret, stamp, credential.memo, LOGIN_PAYLOAD.encode())
    return credential.key, stamp, sign, "web"


@pytest.fixture
async def served() -> AsyncIterator[Exchange]:
    async with exchange() as made:
        yield made


class TestFrames:
    async def test_each_topic_is_acknowledged_and_a_wrong_one_leaves_the_rest(self, served: Exchange) -> None:
        async with listening(served) as listener:
            answers = await listener.subscribed(KLINE, "futures/foo:BTCUSDT", TICKER)
            assert [(each["group"], each["success"]) for each in answers] == [
                (KLINE, True),
                ("futures/foo:BTCUSDT", False),
                (TICKER, True),
            ]
            assert answers[1]["error"] == "Invalid channel: not found futures/foo:BTCUSDT"
            assert answers[0]["request"]["action"] == "subscribe"

    async def test_a_topic_twice_is_acknowledged_twice(self, served: Exchange) -> None:
        async with listening(served) as listener:
            assert len(await listener.subscribed(KLINE, KLINE)) == 2

    @pytest.mark.parametrize("suffix", ["1h", "3m", "6H"])
    async def test_suffixes_are_case_sensitive_and_fewer_than_steps(self, served: Exchange, suffix: str) -> None:
        async with listening(served) as listener:
            (answer,) = await listener.subscribed(f"futures/klineBin{suffix}:{SYMBOL}")
            assert not answer["success"]

    async def test_a_ping_gets_a_pong_with_an_id(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.connection.send('{"action":"ping"}')
            answer = await listener.next()
            assert answer["group"] == "System"
            assert answer["data"].startswith("pong+")

    async def test_a_bare_ping_is_refused(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.connection.send("ping")
            error = "Invalid message: message must be JSON: ping"
            assert await listener.next() == {"success": False, "error": error}

    async def test_a_frame_of_more_than_two_kilobytes_closes_with_1009(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", *[f"futures/ticker:{SYMBOL}"] * 100)
            assert await listener.closed() == 1009

    async def test_unsubscribing_ends_a_topic(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.subscribed(TICKER)
            await listener.data(TICKER)
            await listener.say("unsubscribe", TICKER)
            assert (await listener.next())["action"] == "unsubscribe"
            await served.step(5000)
            assert await listener.hears_nothing()


class TestIdleness:
    async def test_who_says_nothing_at_all_is_closed(self) -> None:
        async with exchange("quirks: {first_topic_sec: 1}") as served, listening(served) as listener:
            assert await listener.closed() == 1000

    async def test_without_any_traffic_a_connection_is_closed(self) -> None:
        async with exchange("quirks: {idle_sec: 1}") as served, logged_in(served, ORDERS) as listener:
            assert await listener.closed() == 1000

    async def test_protocol_pings_alone_keep_it_open(self) -> None:
        async with exchange("quirks: {idle_sec: 1}") as served, logged_in(served, ORDERS) as listener:
            for _ in range(6):
                await asyncio.sleep(0.4)
                await (await listener.connection.ping())
            await listener.connection.send('{"action":"ping"}')
            assert (await listener.next())["group"] == "System"


class TestLogin:
    async def test_a_private_topic_needs_a_login(self, served: Exchange) -> None:
        async with listening(served, private=True) as listener:
            (answer,) = await listener.subscribed(ORDERS)
            assert not answer["success"]
            assert "need authenication" in answer["error"]

    async def test_a_wrong_secret_is_refused_and_disconnected(self, served: Exchange) -> None:
        async with listening(served, private=True) as listener:
            await listener.say("access", *login(served, secret="wrong"))
            answer = await listener.next()
            assert answer["success"] is False
            assert answer["error"].startswith("access failed: openapi auth:")
            assert await listener.closed() == 1000

    async def test_a_clock_that_is_off_is_refused(self, served: Exchange) -> None:
        async with listening(served, private=True) as listener:
            await listener.say("access", *login(served, now_ms=AT_MS - 90_000))
            assert (await listener.next())["success"] is False

    async def test_the_public_stream_takes_no_private_topic(self, served: Exchange) -> None:
        async with listening(served) as listener:
            (answer,) = await listener.subscribed(ORDERS)
            assert not answer["success"]


class TestKlines:
    async def test_a_later_open_time_closes_the_bar_before(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await served.step(30_000)
            await listener.subscribed(KLINE)
            await served.step(40_000)
            bars: list[dict[str, Any]] = []
            while not bars or bars[-1]["ts"] == AT_MS // 1000:
                bars += (await listener.data(KLINE))["items"]
            last = [bar for bar in bars if bar["ts"] == AT_MS // 1000][-1]
            candle = served.sandbox.world.market.candles(SYMBOL, Timeframe.M1, AT_MS, AT_MS, AT_MS + 60_000)
            shown = [float(last[name]) for name in "ohlcv"]
            columns = (candle.open, candle.high, candle.low, candle.close, candle.volume)
            assert shown == [float(column[0]) for column in columns]

    async def test_the_last_word_of_a_bar_may_be_missing(self) -> None:
        async with exchange("quirks: {kline_stream_completes: false}") as served, listening(served) as listener:
            await served.step(59_000)
            await listener.subscribed(KLINE)
            await served.step(2_000)
            seen = [(await listener.data(KLINE))["items"][0]["ts"] for _ in range(2)]
            assert seen == [AT_MS // 1000, AT_MS // 1000 + 60]

    async def test_highs_never_fall_and_lows_never_rise_while_a_bar_forms(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await served.step(1000)
            await listener.subscribed(KLINE)
            await served.step(50_000)
            bars = [(await listener.data(KLINE))["items"][0] for _ in range(50)]
            highs, lows = [float(bar["h"]) for bar in bars], [float(bar["l"]) for bar in bars]
            assert highs == sorted(highs)
            assert lows == sorted(lows, reverse=True)
            assert all(low <= float(bar["c"]) <= high for bar, low, high in zip(bars, lows, highs, strict=True))


class TestBooks:
    async def test_updates_follow_a_snapshot_and_lead_to_the_book(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.subscribed(BOOK)
            await served.step(3_000)
            book: dict[str, dict[str, str]] = {"asks": {}, "bids": {}}
            versions = []
            for number in range(4):
                data = await listener.data(BOOK)
                versions.append(data["version"])
                assert data["type"] == ("update" if number else "snapshot")
                for side, levels in book.items():
                    levels.update({row["price"]: row["vol"] for row in data[side]})
                    book[side] = {price: size for price, size in levels.items() if size != "0"}
            assert versions == list(range(versions[0], versions[0] + 4))
            tick = served.sandbox.world.quote(SYMBOL)
            assert {Decimal(price) for price in book["bids"]} == {level.price for level in tick.bids[:5]}

    async def test_a_request_gets_a_snapshot_again(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.subscribed(BOOK)
            await listener.data(BOOK)
            await listener.say("request", BOOK)
            assert (await listener.data(BOOK))["type"] == "snapshot"

    async def test_a_dropped_update_leaves_a_gap_in_the_versions(self) -> None:
        script = f"faults: {{streams: [{{kind: dropped, on: '{BOOK}', messages: [2]}}]}}"
        async with exchange(script) as served, listening(served) as listener:
            await listener.subscribed(BOOK)
            await served.step(3_000)
            first, second = [(await listener.data(BOOK))["version"] for _ in range(2)]
            assert second == first + 2

    async def test_depth_comes_one_side_a_frame(self, served: Exchange) -> None:
        topic = f"futures/depth50:{SYMBOL}"
        async with listening(served) as listener:
            await listener.say("subscribe", topic)
            sides = [await listener.data(topic) for _ in range(2)]
            assert [side["way"] for side in sides] == [1, 2]
            assert Decimal(sides[0]["depths"][0]["price"]) < Decimal(sides[1]["depths"][0]["price"])

    @pytest.mark.parametrize(
        "topic",
        ["futures/ticker", f"futures/bookticker:{SYMBOL}", f"futures/fundingRate:{SYMBOL}", f"futures/trade:{SYMBOL}"],
    )
    async def test_other_topics_speak_at_once(self, served: Exchange, topic: str) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", topic)
            assert await listener.data(topic)


class TestAccount:
    async def test_an_order_is_told_when_it_is_submitted_and_when_it_is_filled(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS, POSITIONS, ASSETS) as listener:
            placed = await served.opened(6, client_order_id="told")
            submitted, filled = [(await listener.data(ORDERS))[0] for _ in range(2)]
            assert (submitted["action"], submitted["order"]["state"], submitted["order"]["last_trade"]) == (2, 1, None)
            assert (filled["action"], filled["order"]["state"], filled["order"]["deal_size"]) == (1, 4, "6")
            assert filled["order"]["order_id"] == str(placed["order_id"])
            assert Decimal(filled["order"]["price"]) > Decimal(filled["order"]["deal_avg_price"])
            (trade,) = await served.data("trades", symbol=SYMBOL)
            told = filled["order"]["last_trade"]
            assert Decimal(told["fee"]) == -Decimal(trade["paid_fees"])
            assert (str(told["lastTradeID"]), told["fillPrice"]) == (trade["trade_id"], trade["price"])
            (position,) = await listener.data(POSITIONS)
            assert (position["hold_volume"], position["position_type"], position["open_type"]) == ("6", 1, 1)
            assert (await listener.data(ASSETS))["currency"] == "USDT"

    async def test_a_cancel_is_action_3(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS) as listener:
            order = {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 3, "price": served.price("0.9")}
            placed = await served.accepted("submit-order", {**order, "leverage": "5", "open_type": "isolated"})
            await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})
            seen = [(await listener.data(ORDERS))[0] for _ in range(2)]
            assert [(each["action"], each["order"]["state"]) for each in seen] == [(2, 1), (3, 4)]

    async def test_a_waiting_stop_says_what_it_waits_for(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS) as listener:
            await served.opened()
            stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": served.price("0.9")}
            await served.accepted("submit-tp-sl-order", {**stop, "price_type": 2})
            seen = [(await listener.data(ORDERS))[0]["order"] for _ in range(3)][-1]
            assert (seen["type"], seen["trigger_price_type"], seen["activation_price"]) == (
                "stop_loss",
                "fair_price",
                "-",
            )
            assert Decimal(seen["trigger_price"]) == Decimal(served.price("0.9"))

    async def test_positions_are_repeated_every_ten_seconds(self, served: Exchange) -> None:
        await served.opened()
        async with logged_in(served, POSITIONS) as listener:
            assert await listener.hears_nothing()
            await served.step(25_000)
            for _ in range(2):
                (row,) = await listener.data(POSITIONS)
                assert row["hold_volume"] == "6"
            assert await listener.hears_nothing()

    async def test_a_closed_position_is_told_with_size_zero(self, served: Exchange) -> None:
        await served.opened()
        async with logged_in(served, POSITIONS) as listener:
            await served.accepted("submit-order", {"symbol": SYMBOL, "side": 3, "type": "market", "size": 6})
            assert (await listener.data(POSITIONS))[0]["hold_volume"] == "0"

    async def test_a_subscription_may_begin_with_a_snapshot(self) -> None:
        async with exchange("quirks: {private_snapshot: true}") as served:
            await served.opened()
            async with logged_in(served) as listener:
                await listener.say("subscribe", POSITIONS, ASSETS)
                assert (await listener.data(POSITIONS))[0]["hold_volume"] == "6"
                assert await listener.data(ASSETS)

    async def test_a_liquidation_is_told_as_such(self, served: Exchange) -> None:
        await served.opened()
        async with logged_in(served, ORDERS, POSITIONS) as listener:
            served.shown(served.price("0.7"))
            rows = await listener.data(ORDERS)
            assert rows[0]["order"]["type"] == "liquidate"
            assert served.engine_positions() == ()


class TestFaults:
    @pytest.mark.parametrize(
        ("kind", "times"),
        [("dropped", 1), ("duplicated", 3)],
    )
    async def test_a_message_can_be_dropped_or_come_twice(self, kind: str, times: int) -> None:
        script = f"faults: {{streams: [{{kind: {kind}, on: futures/order, messages: [1]}}]}}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            seen = [(await listener.data(ORDERS))[0]["action"] for _ in range(times)]
            assert seen == {1: [1], 3: [2, 2, 1]}[times]

    async def test_messages_can_come_in_another_order(self) -> None:
        script = "faults: {streams: [{kind: reordered, on: futures/order, messages: [1]}]}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            assert [(await listener.data(ORDERS))[0]["action"] for _ in range(2)] == [1, 2]

    async def test_a_silent_stream_stands_and_carries_nothing(self) -> None:
        script = "faults: {streams: [{kind: silence, on: futures/order}]}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            await listener.connection.send('{"action":"ping"}')
            assert await listener.hears_nothing()
            await (await listener.connection.ping())

    async def test_a_stream_can_be_cut(self) -> None:
        script = "faults: {streams: [{kind: disconnect, on: futures/order}]}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            assert await listener.closed() == 1001

    async def test_a_restart_ends_every_connection(self, served: Exchange) -> None:
        async with listening(served) as public, logged_in(served, ORDERS) as private:
            await public.subscribed(TICKER)
            await served.control("POST", "restart")
            assert await public.closed() == await private.closed() == 1001


class TestFormsThatSourcesDifferOn:
    async def test_bars_may_stand_in_the_data_itself(self) -> None:
        async with exchange("quirks: {kline_stream_flat: true}") as served, listening(served) as listener:
            await served.step(1000)
            await listener.say("subscribe", KLINE)
            data = await listener.data(KLINE)
            assert (data["ts"], "items" in data) == (AT_MS // 1000, False)

    async def test_books_may_bear_a_pace_that_nobody_asked_for(self) -> None:
        async with exchange("quirks: {stray_pace_in_groups: true}") as served, listening(served) as listener:
            await listener.say("subscribe", BOOK, TICKER)
            assert await listener.data(f"{BOOK}@100ms")
            assert await listener.data(TICKER)

    async def test_a_pong_may_have_no_id(self) -> None:
        async with exchange("quirks: {plain_pong: true}") as served, listening(served) as listener:
            await listener.connection.send('{"action":"ping"}')
            assert (await listener.next())["data"] == "pong"

    async def test_the_private_stream_may_tell_late(self) -> None:
        async with exchange("quirks: {stream_delay_ms: 500}") as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            assert await listener.hears_nothing(0.2)
            assert (await listener.data(ORDERS))[0]["action"] == 2

    async def test_a_connection_may_take_so_many_topics_and_no_more(self) -> None:
        async with exchange("quirks: {most_topics: 2}") as served, listening(served) as listener:
            answers = await listener.subscribed(KLINE, TICKER, BOOK, KLINE)
            assert [each["success"] for each in answers] == [True, True, False, True]
