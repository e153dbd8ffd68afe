"""OKX's three streams over real WebSockets on loopback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from typing import Any

import pytest
from websockets.asyncio.client import connect

from mtf_adapters.sandbox.faces.okx.signing import login_signature
from mtf_core.market import DAY_MS, Timeframe
from tests.integration.faces.listener import PATIENCE_S, Heard
from tests.integration.faces.okx.exchange import AT_MS, SYMBOL, Exchange, exchange

CANDLES, TICKERS, BOOKS = ({"channel": name, "instId": SYMBOL} for name in ("candle1m", "tickers", "books"))
ORDERS, POSITIONS, ALGOS = ({"channel": name, "instType": "SWAP"} for name in ("orders", "positions", "orders-algo"))
ACCOUNT, BOTH = {"channel": "account"}, {"channel": "balance_and_position"}


class Listener(Heard):
    """One connection that speaks OKX's words."""

    async def say(self, operation: str, *arguments: Any, **more: Any) -> None:
        await self.connection.send(json.dumps({"op": operation, "args": list(arguments), **more}))

    async def message(self, channel: str) -> dict[str, Any]:
        """The next message of the channel."""
        while True:
            message = await self.next()
            if "data" in message and message["arg"]["channel"] == channel:
                return message

    async def data(self, channel: str) -> Any:
        return (await self.message(channel))["data"]

    async def event(self, *kinds: str) -> dict[str, Any]:
        while True:
            message = await self.next()
            if message.get("event") in kinds:
                return message

    async def subscribed(self, *arguments: dict[str, str], **more: Any) -> list[dict[str, Any]]:
        """Subscribes; gives the answers in their order."""
        await self.say("subscribe", *arguments, **more)
        return [await self.event("subscribe", "error") for _ in arguments]

    async def refused(self, *arguments: dict[str, str]) -> list[str]:
        """Subscribes; gives the codes of the answers."""
        return [answer.get("code", "") for answer in await self.subscribed(*arguments)]


@asynccontextmanager
async def listening(served: Exchange, stream: str = "public", query: str = "") -> AsyncIterator[Listener]:
    async with connect(served.ready[f"ws_{stream}"] + query, ping_interval=None) as connection:
        yield Listener(connection)


@asynccontextmanager
async def logged_in(served: Exchange, *arguments: dict[str, str], stream: str = "private") -> AsyncIterator[Listener]:
    async with listening(served, stream) as listener:
        await listener.say("login", login(served))
        assert (await listener.event("login"))["code"] == "0"
        if arguments:
            assert set(await listener.refused(*arguments)) == {""}
        yield listener


def login(served: Exchange, now_ms: int | None = None, **changes: Any) -> dict[str, Any]:
    credential = served.sandbox.credential
    stamp = str((served.sandbox.world.now_ms if now_ms is None else now_ms) // 1000)
    sign = login_signature(credential.secret, stamp)
    return {
        "apiKey": credential.key,
        "passphrase": credential.passphrase,
        "timestamp": stamp,
        "sign": sign,
        **changes,
    }


@pytest.fixture
async def served() -> AsyncIterator[Exchange]:
    async with exchange() as made:
        yield made


class TestFrames:
    async def test_each_argument_is_answered_and_a_wrong_one_leaves_the_rest(self, served: Exchange) -> None:
        unknown = {"channel": "tickers", "instId": "FOO-USDT-SWAP"}
        async with listening(served) as listener:
            first, second, third = await listener.subscribed(TICKERS, unknown, BOOKS, id="x1")
            assert (first["event"], first["arg"], first["id"]) == ("subscribe", TICKERS, "x1")
            assert second == {
                "event": "error",
                "id": "x1",
                "code": "60018",
                "msg": "Wrong URL or channel:tickers,instId:FOO-USDT-SWAP doesn't exist. Please use the correct URL, "
                "channel and parameters referring to API document.",
                "connId": first["connId"],
            }
            assert third["arg"] == BOOKS

    @pytest.mark.parametrize(
        ("raw", "code"),
        [
            ("x", "60012"),
            ("[]", "60012"),
            ('{"args":[]}', "60012"),
            ('{"op":"dance","args":[{}]}', "60019"),
            ('{"op":"subscribe","args":[]}', "60013"),
            ('{"op":"subscribe","args":["tickers"]}', "60013"),
            ('{"op":"subscribe","args":[{"channel":"tickers"}]}', "60018"),
            ('{"op":"subscribe","args":[{"channel":"candle1M2","instId":"BTC-USDT-SWAP"}]}', "60018"),
        ],
    )
    async def test_what_is_no_request_is_refused_and_leaves_the_connection_open(
        self, served: Exchange, raw: str, code: str
    ) -> None:
        async with listening(served) as listener:
            await listener.connection.send(raw)
            assert (await listener.event("error"))["code"] == code
            assert await listener.refused(TICKERS) == [""]

    async def test_a_ping_is_the_bare_word_and_so_is_its_answer(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.connection.send("ping")
            assert await asyncio.wait_for(listener.connection.recv(), PATIENCE_S) == "pong"

    async def test_the_old_form_of_the_demo_s_address_is_taken(self, served: Exchange) -> None:
        async with listening(served, query="?brokerId=9999") as listener:
            assert await listener.refused(TICKERS) == [""]

    async def test_unsubscribing_ends_a_topic(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.subscribed(TICKERS)
            await listener.data("tickers")
            await listener.say("unsubscribe", TICKERS)
            assert (await listener.event("unsubscribe"))["arg"] == TICKERS
            await served.step(5000)
            assert await listener.hears_nothing()

    async def test_a_frame_of_more_than_64_kilobytes_closes_with_1009(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", *[TICKERS] * 1800)
            assert await listener.closed() == 1009

    async def test_more_operations_than_an_hour_allows_are_refused(self, served: Exchange) -> None:
        async with listening(served) as listener:
            for _ in range(480):
                await listener.say("unsubscribe", TICKERS)
            for _ in range(480):
                await listener.event("unsubscribe")
            assert await listener.refused(TICKERS) == ["60014"]


class TestPlaces:
    @pytest.mark.parametrize(("says_so", "code"), [("true", "64001"), ("false", "60018")])
    async def test_candles_are_not_on_the_public_stream(self, says_so: str, code: str) -> None:
        async with exchange(f"quirks: {{moved_channels_say_so: {says_so}}}") as served, listening(served) as listener:
            assert await listener.refused(CANDLES, ORDERS) == [code, "60018"]

    async def test_the_business_stream_has_candles_without_a_login_and_algos_with_one(self, served: Exchange) -> None:
        async with listening(served, "business") as listener:
            assert await listener.refused(CANDLES, ALGOS, TICKERS, ORDERS) == ["", "60011", "64002", "64002"]
            await listener.say("login", login(served))
            await listener.event("login")
            assert await listener.refused(ALGOS) == [""]

    async def test_executions_alone_are_for_large_traders_only(self, served: Exchange) -> None:
        async with logged_in(served) as listener:
            assert await listener.refused({"channel": "fills"}) == ["64003"]

    async def test_channels_of_an_account_tell_how_many_listen_and_end_for_one_too_many(self, served: Exchange) -> None:
        async with logged_in(served) as first, logged_in(served) as second:
            for listener, count in ((first, "1"), (second, "2")):
                await listener.subscribed(ORDERS)
                told = await listener.event("channel-conn-count")
                assert (told["channel"], told["connCount"]) == ("orders", count)

    async def test_thirty_connections_of_an_account_may_listen_to_a_channel(self, served: Exchange) -> None:
        async with AsyncExitStack() as stack:
            for _ in range(30):
                await stack.enter_async_context(logged_in(served, ORDERS))
            async with logged_in(served, ORDERS) as listener:
                told = await listener.event("channel-conn-count", "channel-conn-count-error")
                assert (told["event"], told["connCount"]) == ("channel-conn-count-error", "30")
                await served.opened()
                assert await listener.hears_nothing()


class TestCuts:
    async def test_a_connection_on_which_nothing_comes_is_cut(self) -> None:
        async with exchange("quirks: {idle_sec: 1}") as served, logged_in(served, ORDERS) as listener:
            assert await listener.closed() == 4004

    async def test_protocol_pings_do_not_keep_it_open_and_the_bare_word_does(self) -> None:
        async with exchange("quirks: {idle_sec: 2}") as served, logged_in(served, ORDERS) as listener:
            for _ in range(7):
                await asyncio.sleep(0.4)
                await listener.connection.send("ping")
            assert listener.connection.close_code is None

            async def pinged() -> None:
                while True:
                    await asyncio.sleep(0.3)
                    await listener.connection.ping()

            pinging = asyncio.create_task(pinged())
            assert await listener.closed() == 4004
            pinging.cancel()

    async def test_protocol_pings_may_keep_it_open_as_well(self) -> None:
        script = "quirks: {idle_sec: 2, protocol_pings_count: true}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            for _ in range(7):
                await asyncio.sleep(0.4)
                await (await listener.connection.ping())
            assert listener.connection.close_code is None

    @pytest.mark.parametrize(("keeps", "stays"), [("true", True), ("false", False)])
    async def test_what_is_pushed_may_keep_it_open(self, keeps: str, stays: bool) -> None:
        script = f"quirks: {{idle_sec: 2, pushes_keep_open: {keeps}}}"
        async with exchange(script) as served, listening(served) as listener:
            await listener.subscribed(TICKERS)
            for _ in range(9):
                await asyncio.sleep(0.3)
                await served.step(1000)
            assert (listener.connection.close_code is None) is stays

    async def test_before_an_upgrade_there_is_a_notice_and_then_the_cut(self) -> None:
        script = "quirks: {upgrade_after_sec: 0, upgrade_notice_sec: 1}"
        async with exchange(script, flows=True) as served, listening(served) as listener:
            notice = await listener.event("notice")
            assert notice["code"] == "64008"
            assert await listener.closed() == 1000

    async def test_a_restart_ends_every_connection(self, served: Exchange) -> None:
        async with listening(served) as public, logged_in(served, ORDERS) as private:
            await public.subscribed(TICKERS)
            await served.control("POST", "restart")
            assert await public.closed() == await private.closed() == 1001


class TestLogin:
    async def test_a_private_channel_needs_a_login(self, served: Exchange) -> None:
        async with listening(served, "private") as listener:
            assert await listener.refused(ORDERS) == ["60011"]

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"apiKey": ""}, "60005"),
            ({"apiKey": "nobody"}, "60032"),
            ({"passphrase": "wrong"}, "60024"),
            ({"sign": "wrong"}, "60007"),
            ({"timestamp": str(AT_MS)}, "60004"),
            ({"timestamp": str(AT_MS // 1000 - 90)}, "60006"),
        ],
    )
    async def test_what_is_wrong_with_a_login_is_said(
        self, served: Exchange, changes: dict[str, str], code: str
    ) -> None:
        async with listening(served, "private") as listener:
            await listener.say("login", login(served, **changes))
            assert (await listener.event("error", "login"))["code"] == code
            await listener.say("login", login(served))
            assert (await listener.event("error", "login"))["code"] == "0"

    async def test_it_may_be_refused_vaguely_and_end_the_connection(self) -> None:
        script = "quirks: {logins_refused_vaguely: true, refused_login_closes: true}"
        async with exchange(script) as served, listening(served, "private") as listener:
            await listener.say("login", login(served, passphrase="wrong"))
            assert (await listener.event("error"))["code"] == "60009"
            assert await listener.closed() == 4001

    async def test_a_time_stamp_may_be_a_number(self, served: Exchange) -> None:
        async with listening(served, "private") as listener:
            await listener.say("login", login(served, timestamp=served.sandbox.world.now_ms // 1000))
            assert (await listener.event("error", "login"))["code"] == "0"

    async def test_a_second_login_is_refused_and_changes_nothing(self, served: Exchange) -> None:
        async with logged_in(served) as listener:
            await listener.say("login", login(served))
            assert (await listener.event("error", "login"))["code"] == "60031"
            assert await listener.refused(ORDERS) == [""]

    async def test_nobody_logs_in_on_the_public_stream(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("login", login(served))
            assert (await listener.event("error"))["code"] == "60009"


class TestCandles:
    async def test_the_last_message_of_a_candle_says_that_it_has_closed(self, served: Exchange) -> None:
        async with listening(served, "business") as listener:
            await served.step(30_000)
            await listener.subscribed(CANDLES)
            await served.step(40_000)
            rows: list[list[str]] = []
            while not rows or rows[-1][0] == str(AT_MS):
                rows += await listener.data("candle1m")
            of_first = [row for row in rows if row[0] == str(AT_MS)]
            assert [row[8] for row in of_first] == ["0"] * (len(of_first) - 1) + ["1"]
            candle = served.sandbox.world.market.candles(SYMBOL, Timeframe.M1, AT_MS, AT_MS, AT_MS + 60_000)
            columns = (candle.open, candle.high, candle.low, candle.close, candle.volume)
            assert [float(text) for text in of_first[-1][1:6]] == [float(column[0]) for column in columns]
            page = {"bar": "1m", "before": AT_MS - 1, "after": AT_MS + 1}
            (by_call,) = await served.public("market/candles", instId=SYMBOL, **page)
            assert by_call == of_first[-1]

    async def test_days_open_in_utc_only_where_their_name_says_so(self, served: Exchange) -> None:
        async with listening(served, "business") as listener:
            await served.step(1000)
            opened = []
            for channel in ("candle1D", "candle1Dutc"):
                await listener.say("subscribe", {"channel": channel, "instId": SYMBOL})
                opened.append(int((await listener.data(channel))[0][0]) % DAY_MS)
            assert opened == [16 * 3_600_000, 0]

    async def test_marks_have_rows_of_six(self, served: Exchange) -> None:
        async with listening(served, "business") as listener:
            await served.step(1000)
            await listener.say("subscribe", {"channel": "mark-price-candle1m", "instId": SYMBOL})
            (row,) = await listener.data("mark-price-candle1m")
            assert (len(row), row[5]) == (6, "0")


class TestMarket:
    @pytest.mark.parametrize(
        ("channel", "call"),
        [("tickers", "market/ticker"), ("price-limit", "public/price-limit"), ("funding-rate", "public/funding-rate")],
    )
    async def test_a_channel_says_what_its_call_answers(self, served: Exchange, channel: str, call: str) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", {"channel": channel, "instId": SYMBOL})
            assert await listener.data(channel) == await served.public(call, instId=SYMBOL)

    async def test_mark_prices_are_those_of_the_call(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", {"channel": "mark-price", "instId": SYMBOL})
            by_call = await served.public("public/mark-price", instType="SWAP", instId=SYMBOL)
            assert await listener.data("mark-price") == by_call

    async def test_what_has_not_changed_is_not_said_again(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", {"channel": "funding-rate", "instId": SYMBOL}, {"channel": "status"})
            assert await listener.data("funding-rate")
            assert (await listener.data("status"))[0]["system"] == "unified"
            await served.step(61_000)
            assert await listener.hears_nothing()

    @pytest.mark.parametrize(("channel", "levels"), [("bbo-tbt", 1), ("books5", 5)])
    async def test_small_books_come_whole(self, served: Exchange, channel: str, levels: int) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", {"channel": channel, "instId": SYMBOL})
            first = (await listener.data(channel))[0]
            assert (len(first["asks"]), len(first["bids"])) == (levels, levels)
            await served.step(1000)
            assert (await listener.data(channel))[0]["seqId"] > first["seqId"]

    async def test_updates_of_the_book_name_the_one_before_and_lead_to_the_book(self, served: Exchange) -> None:
        async with listening(served) as listener:
            await listener.say("subscribe", BOOKS)
            await served.step(3_000)
            book: dict[str, dict[str, str]] = {"asks": {}, "bids": {}}
            before = -1
            for number in range(4):
                message = await listener.message("books")
                (row,) = message["data"]
                assert message["action"] == ("update" if number else "snapshot")
                assert (row["prevSeqId"], row["checksum"]) == (before, 0)
                before = row["seqId"]
                for side, levels in book.items():
                    levels.update({price: size for price, size, _, _ in row[side]})
                    book[side] = {price: size for price, size in levels.items() if size != "0"}
            tick = served.sandbox.world.quote(SYMBOL)
            assert {Decimal(price) for price in book["bids"]} == {level.price for level in tick.bids}

    async def test_a_book_may_begin_without_a_snapshot(self) -> None:
        async with exchange("quirks: {books_begin_whole: false}") as served, listening(served) as listener:
            await listener.subscribed(BOOKS)
            assert await listener.hears_nothing()
            await served.step(1_000)
            message = await listener.message("books")
            assert (message["action"], message["data"][0]["prevSeqId"]) == ("update", AT_MS)

    @pytest.mark.parametrize("first", [True, False])
    async def test_instruments_may_begin_with_the_whole_list(self, first: bool) -> None:
        script = f"quirks: {{instruments_told_first: {str(first).lower()}}}"
        async with exchange(script) as served, listening(served) as listener:
            await listener.subscribed({"channel": "instruments", "instType": "SWAP"})
            if first:
                rows = await listener.data("instruments")
                assert rows == await served.public("public/instruments", instType="SWAP")
            else:
                assert await listener.hears_nothing()


class TestAccount:
    async def test_orders_begin_with_what_happens_next(self, served: Exchange) -> None:
        await served.done("trade/order", served.order(px=served.price("0.98")))
        async with logged_in(served, ORDERS) as listener:
            await listener.event("channel-conn-count")
            assert await listener.hears_nothing()

    async def test_an_order_is_told_when_it_stands_and_when_it_is_filled(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS, POSITIONS, ACCOUNT) as listener:
            placed = await served.opened("6", clOrdId="told1")
            live, filled = [(await listener.data("orders"))[0] for _ in range(2)]
            assert (live["state"], live["accFillSz"], live["avgPx"], live["fillSz"], live["tradeId"]) == (
                "live",
                "0",
                "0",
                "0",
                "",
            )
            assert (filled["state"], filled["accFillSz"], filled["clOrdId"]) == ("filled", "6", "told1")
            assert filled["ordId"] == placed["ordId"]
            (trade,) = await served.data("trade/fills", instId=SYMBOL)
            assert (filled["tradeId"], filled["fillPx"], filled["fillSz"], filled["execType"]) == (
                trade["tradeId"],
                trade["fillPx"],
                trade["fillSz"],
                "T",
            )
            assert Decimal(filled["fillFee"]) == Decimal(trade["fee"]) < 0

    async def test_messages_of_an_account_name_their_owner(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS) as listener:
            await served.opened()
            arg = (await listener.message("orders"))["arg"]
            (config,) = await served.data("account/config")
            assert arg == {**ORDERS, "uid": config["uid"]}

    async def test_each_execution_has_its_message(self, served: Exchange) -> None:
        served.shown("60000", depth="4")
        async with logged_in(served, ORDERS) as listener:
            await served.done("trade/order", served.order("6", px="60000.1"))
            rows = [(await listener.data("orders"))[0] for _ in range(2)]
            assert [(row["state"], row["accFillSz"], row["fillSz"]) for row in rows] == [
                ("live", "0", "0"),
                ("partially_filled", "4", "4"),
            ]

    async def test_a_cancel_says_by_whom(self, served: Exchange) -> None:
        async with logged_in(served, ORDERS) as listener:
            placed = await served.done("trade/order", served.order(px=served.price("0.98")))
            await served.done("trade/cancel-order", {"instId": SYMBOL, "ordId": placed["ordId"]})
            rows = [(await listener.data("orders"))[0] for _ in range(2)]
            assert [(row["state"], row["cancelSource"]) for row in rows] == [("live", ""), ("canceled", "1")]

    async def test_messages_of_orders_may_come_twice(self) -> None:
        async with exchange("quirks: {orders_told_twice: true}") as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            rows = [(await listener.data("orders"))[0] for _ in range(4)]
            assert [row["state"] for row in rows] == ["live", "live", "filled", "filled"]

    async def test_they_may_come_late(self) -> None:
        async with exchange("quirks: {stream_delay_ms: 500}") as served, logged_in(served, ORDERS) as listener:
            await listener.event("channel-conn-count")
            await served.opened()
            assert await listener.hears_nothing(0.2)
            assert (await listener.data("orders"))[0]["state"] == "live"

    async def test_only_what_was_asked_for_is_told(self, served: Exchange) -> None:
        elsewhere = {"channel": "orders", "instType": "ANY", "instId": "ETH-USDT-SWAP"}
        async with logged_in(served, elsewhere, {**ORDERS, "instFamily": "BTC-USDT"}) as listener:
            await served.opened()
            assert (await listener.message("orders"))["arg"]["instFamily"] == "BTC-USDT"

    async def test_a_stop_is_told_on_the_business_stream_when_it_is_placed_moved_and_gone(
        self, served: Exchange
    ) -> None:
        await served.opened()
        async with logged_in(served, ALGOS, stream="business") as listener:
            placed = await served.done("trade/order-algo", served.stop(algoClOrdId="stop1"))
            moved = {"instId": SYMBOL, "algoId": placed["algoId"], "newSlTriggerPx": served.price("0.96")}
            await served.done("trade/amend-algos", moved)
            await served.done("trade/cancel-algos", [{"instId": SYMBOL, "algoId": placed["algoId"]}])
            rows = [(await listener.data("orders-algo"))[0] for _ in range(3)]
            assert {(row["algoId"], row["algoClOrdId"], row["closeFraction"]) for row in rows} == {
                (placed["algoId"], "stop1", "1")
            }
            assert [row["state"] for row in rows] == ["live", "live", "canceled"]
            assert rows[1]["slTriggerPx"] == served.price("0.96") != rows[0]["slTriggerPx"]

    async def test_a_stop_and_a_target_that_are_a_pair_are_told_as_one(self, served: Exchange) -> None:
        await served.opened()
        async with logged_in(served, ALGOS, stream="business") as listener:
            pair = {"ordType": "oco", "tpTriggerPx": served.price("1.04"), "tpOrdPx": "-1"}
            placed = await served.done("trade/order-algo", served.stop(**pair))
            row = (await listener.data("orders-algo"))[0]
            assert (row["algoId"], row["state"]) == (placed["algoId"], "live")
            levels = [Decimal(row[name]) for name in ("slTriggerPx", "tpTriggerPx")]
            assert levels == [Decimal(served.price(factor)) for factor in ("0.95", "1.04")]
            assert await listener.hears_nothing()

    async def test_a_stop_that_fires_is_effective_and_its_order_is_told_apart(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order-algo", served.stop(algoClOrdId="stop1"))
        async with logged_in(served, ALGOS, stream="business") as algos, logged_in(served, ORDERS, POSITIONS) as orders:
            served.shown(served.price("0.94"))
            fired = (await algos.data("orders-algo"))[0]
            row = (await orders.data("orders"))[0]
            while row["state"] != "filled":
                row = (await orders.data("orders"))[0]
            assert (fired["state"], fired["actualSide"], fired["ordId"]) == ("effective", "sl", row["ordId"])
            assert (row["algoClOrdId"], row["algoId"]) == ("stop1", fired["algoId"])
            told = [each["data"][0] for each in orders.heard if each.get("eventType") == "event_update"]
            assert [(gone["pos"], gone["posSide"]) for gone in told] == [("0", "long")]

    async def test_positions_begin_with_all_and_are_told_again_every_five_seconds(self, served: Exchange) -> None:
        await served.opened()
        async with logged_in(served, POSITIONS) as listener:
            first = await listener.message("positions")
            assert (first["eventType"], first["curPage"], first["lastPage"]) == ("snapshot", 1, True)
            assert (first["data"][0]["pos"], first["data"][0]["posSide"]) == ("6", "long")
            await served.step(11_000)
            for _ in range(2):
                assert (await listener.message("positions"))["eventType"] == "snapshot"
            await served.opened("2")
            assert (await listener.message("positions"))["eventType"] == "event_update"

    async def test_positions_may_be_asked_for_changes_only(self, served: Exchange) -> None:
        changes_only = {**POSITIONS, "extraParams": '{"updateInterval": "0"}'}
        async with logged_in(served, changes_only) as listener:
            assert (await listener.message("positions"))["data"] == []
            await served.step(11_000)
            assert await listener.hears_nothing()

    async def test_a_balance_begins_with_all_and_follows_what_happens(self, served: Exchange) -> None:
        async with logged_in(served, ACCOUNT) as listener:
            first = await listener.message("account")
            assert first["eventType"] == "snapshot"
            await served.opened()
            changed = await listener.message("account")
            assert changed["eventType"] == "event_update"
            before, after = (Decimal(each["data"][0]["details"][0]["cashBal"]) for each in (first, changed))
            assert after < before, "the fee was paid"

    async def test_balance_and_positions_together_say_why_they_changed(self, served: Exchange) -> None:
        async with logged_in(served, BOTH) as listener:
            assert (await listener.data("balance_and_position"))[0]["eventType"] == "snapshot"
            await served.opened()
            (told,) = await listener.data("balance_and_position")
            (trade,) = await served.data("trade/fills", instId=SYMBOL)
            assert (told["eventType"], told["trades"]) == (
                "filled",
                [{"instId": SYMBOL, "tradeId": trade["tradeId"]}],
            )
            assert [row["pos"] for row in told["posData"]] == ["6"]
            assert Decimal(told["balData"][0]["cashBal"]) == 10_000 + Decimal(trade["fee"])
            await served.done("trade/order", served.order(px=served.price("0.98")))
            assert await listener.hears_nothing(), "what an order reserves moves no money"

    async def test_a_pair_that_fires_is_told_once(self, served: Exchange) -> None:
        await served.opened()
        pair = {"ordType": "oco", "tpTriggerPx": served.price("1.04"), "tpOrdPx": "-1"}
        await served.done("trade/order-algo", served.stop(**pair))
        async with logged_in(served, ALGOS, stream="business") as listener:
            served.shown(served.price("1.05"))
            (row,) = await listener.data("orders-algo")
            assert (row["state"], row["actualSide"]) == ("effective", "tp")
            assert await listener.hears_nothing()


class TestFaults:
    async def test_a_fault_of_orders_of_a_kind_leaves_what_waits_alone(self) -> None:
        script = "faults: {streams: [{kind: dropped, on: 'orders:SWAP'}]}"
        async with exchange(script) as served, logged_in(served, ALGOS, stream="business") as listener:
            await served.opened()
            await served.done("trade/order-algo", served.stop())
            assert (await listener.data("orders-algo"))[0]["state"] == "live"

    @pytest.mark.parametrize(("kind", "states"), [("dropped", ["filled"]), ("duplicated", ["live", "live", "filled"])])
    async def test_a_message_can_be_dropped_or_come_twice(self, kind: str, states: list[str]) -> None:
        script = f"faults: {{streams: [{{kind: {kind}, on: orders, messages: [1]}}]}}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            assert [(await listener.data("orders"))[0]["state"] for _ in states] == states

    async def test_the_candles_of_one_contract_can_fall_silent(self) -> None:
        script = f"faults: {{streams: [{{kind: silence, on: 'candle1m:{SYMBOL}'}}]}}"
        async with exchange(script) as served, listening(served, "business") as listener:
            await listener.subscribed(CANDLES)
            await served.step(3000)
            assert await listener.hears_nothing()

    async def test_a_stream_can_be_cut(self) -> None:
        script = "faults: {streams: [{kind: disconnect, on: orders}]}"
        async with exchange(script) as served, logged_in(served, ORDERS) as listener:
            await served.opened()
            assert await listener.closed() == 1001
