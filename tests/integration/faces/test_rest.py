"""BitMart's REST in front of the engine, over real HTTP on loopback: what a client may rely on, and what traps it."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from mtf_adapters.sandbox.faces.bitmart.endpoints import ENDPOINTS, Auth
from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT
from mtf_core.market import Timeframe
from tests.integration.faces.exchange import AT_MS, PRIVATE, PUBLIC, SYMBOL, Exchange, exchange

AT_S = AT_MS // 1000
ISOLATED = {"leverage": "5", "open_type": "isolated"}


@pytest.fixture
async def served() -> AsyncIterator[Exchange]:
    async with exchange() as made:
        yield made


def limit(served: Exchange, factor: str = "0.9", **more: Any) -> dict[str, Any]:
    """A limit order to open three contracts long, far from the market."""
    return {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 3, "price": served.price(factor), **ISOLATED, **more}


class TestEnvelope:
    async def test_a_success_has_code_1000_and_a_trace(self, served: Exchange) -> None:
        document = (await served.get("/system/time")).json()
        assert (document["code"], document["data"]) == (1000, {"server_time": AT_MS})
        assert len(document["trace"].split(".")) == 3

    async def test_a_path_that_there_is_not_is_a_gateway_error_with_msg(self, served: Exchange) -> None:
        for path in ("order-detail", "fee-rate", "cancel-all-orders", "plan-order-history", "/"):
            answer = await served.get(path)
            assert answer.status_code == 404
            assert {name: answer.json()[name] for name in ("msg", "code")} == {"msg": "Not found", "code": 30000}
            assert "data" not in answer.json()

    async def test_a_body_that_is_no_json_gets_30018(self, served: Exchange) -> None:
        assert await served.code("submit-order", b"{") == (30018, 503)

    async def test_an_empty_list_may_be_null(self) -> None:
        async with exchange("quirks: {empty_list_is_null: true}") as served:
            assert await served.data("get-open-orders") is None

    async def test_an_empty_history_alone_may_be_null(self) -> None:
        async with exchange("quirks: {empty_history_is_null: true}") as served:
            assert await served.data("order-history", symbol=SYMBOL) is None
            assert await served.data("get-open-orders") == []

    async def test_a_form_content_type_and_a_broker_are_tolerated(self, served: Exchange) -> None:
        headers = {"X-BM-KEY": served.sandbox.credential.key, "X-BM-BROKER-ID": "x"}
        form = {"content-type": "application/x-www-form-urlencoded", **headers}
        answer = await served.http.get(f"{PRIVATE}assets-detail", headers=form)
        assert answer.json()["code"] == 1000


class TestAuthentication:
    async def test_public_calls_need_nothing(self, served: Exchange) -> None:
        assert (await served.public("details", symbol=SYMBOL)).status_code == 200

    @pytest.mark.parametrize(
        "path", [path for (method, path), each in ENDPOINTS.items() if each.auth is Auth.KEYED and method == "GET"]
    )
    async def test_reads_need_the_key_alone(self, served: Exchange, path: str) -> None:
        without = await served.http.get(path)
        unknown = await served.http.get(path, headers={"X-BM-KEY": "x"})
        assert [(each.status_code, each.json()["code"]) for each in (without, unknown)] == [(401, 30001), (401, 30002)]

    async def test_a_signature_on_a_read_is_not_looked_at(self, served: Exchange) -> None:
        headers = {"X-BM-KEY": served.sandbox.credential.key, "X-BM-SIGN": "wrong", "X-BM-TIMESTAMP": "1"}
        assert (await served.http.get(f"{PRIVATE}assets-detail", headers=headers)).json()["code"] == 1000

    @pytest.mark.parametrize("path", [path for (_, path), each in ENDPOINTS.items() if each.auth is Auth.SIGNED])
    async def test_writes_need_a_signature(self, served: Exchange, path: str) -> None:
        key = {"X-BM-KEY": served.sandbox.credential.key}
        answer = await served.http.post(path, content=b"{}", headers=key)
        assert (answer.status_code, answer.json()["code"]) == (401, 30004)

    async def test_the_bytes_that_were_signed_are_the_bytes_that_count(self, served: Exchange) -> None:
        headers = served.signed(b'{"symbol":"BTCUSDT"}')
        answer = await served.http.post(f"{PRIVATE}cancel-orders", content=b'{"symbol": "BTCUSDT"}', headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, 30005)

    async def test_spacing_and_order_of_a_body_are_free(self, served: Exchange) -> None:
        assert (await served.post("cancel-orders", b'{ "symbol" :  "BTCUSDT"\n}')).json()["code"] == 1000

    @pytest.mark.parametrize("off_ms", [-90_000, 90_000])
    async def test_a_clock_that_is_90_seconds_off_is_refused(self, served: Exchange, off_ms: int) -> None:
        headers = served.signed(b"{}", AT_MS + off_ms)
        answer = await served.http.post(f"{PRIVATE}claim", content=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, 30007)

    async def test_the_exchanges_clock_may_be_ahead_of_everyone(self) -> None:
        async with exchange("quirks: {clock_skew_ms: 90000}") as served:
            assert (await served.get("/system/time")).json()["data"]["server_time"] == AT_MS + 90_000
            assert await served.code("claim") == (30007, 401)

    async def test_without_a_window_any_clock_will_do(self) -> None:
        async with exchange("quirks: {signature_window_sec: null}") as served:
            headers = served.signed(b"{}", AT_MS - 10**9)
            answer = await served.http.post(f"{PRIVATE}claim", content=b"{}", headers=headers)
            assert answer.json()["code"] == 1000


class TestRateLimits:
    async def test_the_headers_count_up(self, served: Exchange) -> None:
        answers = [await served.public("depth", symbol=SYMBOL) for _ in range(3)]
        assert [answer.headers["X-BM-RateLimit-Remaining"] for answer in answers] == ["1", "2", "3"]
        assert answers[0].headers["X-BM-RateLimit-Limit"] == "12"
        assert (answers[0].headers["X-BM-RateLimit-Reset"], answers[0].headers["X-BM-RateLimit-Mode"]) == ("2", "IP")

    async def test_one_too_many_gets_429_and_waiting_helps(self, served: Exchange) -> None:
        for _ in range(2):
            await served.public("open-interest", symbol=SYMBOL)
        refused = await served.public("open-interest", symbol=SYMBOL)
        assert (refused.status_code, refused.json()["code"]) == (429, 30013)
        assert "retry-after" not in refused.headers
        await asyncio.sleep(2.01)
        assert (await served.public("open-interest", symbol=SYMBOL)).status_code == 200

    async def test_a_refused_call_has_no_effect(self, served: Exchange) -> None:
        answers = [await served.post("submit-order", limit(served)) for _ in range(30)]
        assert [answer.status_code for answer in answers] == [200] * 24 + [429] * 6
        assert len(await served.data("get-open-orders")) == 24

    async def test_who_ignores_it_is_banned(self) -> None:
        async with exchange("quirks: {ban_after: 3, ban_sec: 1}") as served:
            statuses = [(await served.public("open-interest", symbol=SYMBOL)).status_code for _ in range(6)]
            assert statuses == [200, 200, 429, 429, 429, 418]
            assert (await served.public("depth", symbol=SYMBOL)).json()["code"] == 30017

    async def test_a_ban_is_of_whom_was_counted(self) -> None:
        """An address that is banned from market data is not banned from its account, whatever headers it sends."""
        async with exchange("quirks: {ban_after: 3, ban_sec: 30}") as served:
            for _ in range(6):
                last = await served.get(f"{PUBLIC}open-interest", symbol=SYMBOL)
            assert last.status_code == 418
            assert (await served.get("assets-detail")).status_code == 200
            assert await served.accepted("submit-order", limit(served))

    async def test_by_the_worlds_time_steps_make_room(self) -> None:
        async with exchange("quirks: {rate_clock: world}") as served:
            statuses = [(await served.public("open-interest", symbol=SYMBOL)).status_code for _ in range(3)]
            await served.step(2000)
            assert statuses == [200, 200, 429]
            assert (await served.public("open-interest", symbol=SYMBOL)).status_code == 200


class TestMarketData:
    async def test_details_are_the_contracts_of_the_market(self, served: Exchange) -> None:
        rows = (await served.public("details")).json()["data"]["symbols"]
        contracts = served.sandbox.world.market.contracts(AT_MS)
        assert [row["symbol"] for row in rows] == [contract.symbol for contract in contracts]
        (row,) = (await served.public("details", symbol=SYMBOL)).json()["data"]["symbols"]
        contract = served.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        assert Decimal(row["price_precision"]) == contract.tick_size
        assert (row["vol_precision"], row["max_leverage"]) == (f"{contract.size_step}", f"{contract.max_leverage}")
        assert (row["status"], row["funding_interval_hours"]) == ("Trading", 8)

    @pytest.mark.parametrize("name", ["details", "depth", "kline", "funding-rate", "market-trade", "open-interest"])
    async def test_an_unknown_symbol_gets_40034(self, served: Exchange, name: str) -> None:
        answer = await served.public(name, symbol="NOPE", start_time=AT_S - 60, end_time=AT_S)
        assert (answer.status_code, answer.json()["code"]) == (400, 40034)
        assert answer.json()["message"] == "Symbol Not Exist"

    async def test_depth_levels_carry_the_sum_up_to_them(self, served: Exchange) -> None:
        data = (await served.public("depth", symbol=SYMBOL)).json()["data"]
        for side in (data["asks"], data["bids"]):
            total = Decimal(0)
            for _, size, cumulative in side:
                total += Decimal(size)
                assert Decimal(cumulative) == total
        assert Decimal(data["bids"][0][0]) < Decimal(data["asks"][0][0])

    async def test_trades_of_the_market_are_in_base_coin_and_in_seconds(self, served: Exchange) -> None:
        (row,) = (await served.public("market-trade", symbol=SYMBOL, limit=1)).json()["data"]
        assert row["time"] == AT_S
        assert Decimal(row["qty"]) * Decimal(row["price"]) == Decimal(row["quote_qty"])

    async def test_brackets_are_those_of_the_engine(self, served: Exchange) -> None:
        (rule,) = (await served.public("leverage-bracket", symbol=SYMBOL)).json()["data"]["rules"]
        contract = served.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        assert [Decimal(row["notional_cap"]) for row in rule["brackets"]] == [b.notional_cap for b in contract.brackets]

    async def test_funding_history_has_times_in_text(self, served: Exchange) -> None:
        rows = (await served.public("funding-rate-history", symbol=SYMBOL, limit=2)).json()["data"]["list"]
        assert [int(row["funding_time"]) % (8 * 3_600_000) for row in rows] == [0, 0]
        assert int(rows[0]["funding_time"]) > int(rows[1]["funding_time"])


class TestKlines:
    async def rows(self, served: Exchange, step: int, first: int, last: int) -> list[int]:
        answer = await served.public("kline", symbol=SYMBOL, step=step, start_time=first, end_time=last)
        assert answer.json()["code"] == 1000, answer.text
        return [row["timestamp"] for row in answer.json()["data"]]

    @pytest.mark.parametrize("step", [1, 3, 5, 15, 30, 60, 120, 240, 360, 720, 1440, 4320, 10080])
    async def test_every_step_is_served_oldest_first(self, served: Exchange, step: int) -> None:
        opens = await self.rows(served, step, AT_S - 5 * step * 60, AT_S)
        assert opens == sorted(opens)
        assert {later - earlier for earlier, later in pairwise(opens)} == {step * 60}

    async def test_a_week_begins_on_monday(self, served: Exchange) -> None:
        (first, *_) = await self.rows(served, 10080, AT_S - 30 * 86_400, AT_S)
        assert time.gmtime(first).tm_wday == 0

    async def test_another_step_is_refused_in_the_venues_words(self, served: Exchange) -> None:
        answer = await served.public("kline", symbol=SYMBOL, step=45, start_time=AT_S - 60, end_time=AT_S)
        assert (answer.json()["code"], answer.json()["message"]) == (40038, "Invalid K-Line Step")

    @pytest.mark.parametrize(
        ("edges", "expected"),
        [("both", [0, 60, 120]), ("start", [0, 60]), ("end", [60, 120]), ("neither", [60])],
    )
    async def test_the_edges_are_a_switch(self, edges: str, expected: list[int]) -> None:
        base = AT_S - 3600
        async with exchange(f"quirks: {{kline_edges: {edges}}}") as served:
            assert await self.rows(served, 1, base, base + 120) == [base + each for each in expected]

    @pytest.mark.parametrize(("over", "first"), [("last", 101), ("first", 0)])
    async def test_more_than_500_are_cut_at_one_end(self, over: str, first: int) -> None:
        base = AT_S - 72_000
        async with exchange(f"quirks: {{kline_over_500: {over}}}") as served:
            opens = await self.rows(served, 1, base, base + 600 * 60)
            assert (len(opens), opens[0]) == (500, base + first * 60)

    async def test_more_than_500_may_be_an_error(self) -> None:
        async with exchange("quirks: {kline_over_500: error}") as served:
            query = {"symbol": SYMBOL, "step": 1, "start_time": AT_S - 36_000, "end_time": AT_S}
            assert (await served.public("kline", **query)).json()["code"] == 40011

    async def test_the_last_bar_may_be_forming_and_bear_its_open_time(self, served: Exchange) -> None:
        await served.step(20_000)
        assert (await self.rows(served, 1, AT_S - 60, AT_S + 20))[-1] == AT_S

    async def test_without_the_forming_bar_only_closed_ones_are_answered(self) -> None:
        async with exchange("quirks: {kline_forming: false}") as served:
            await served.step(20_000)
            assert (await self.rows(served, 1, AT_S - 60, AT_S + 20))[-1] == AT_S - 60

    async def test_open_times_may_be_a_second_late(self) -> None:
        async with exchange("quirks: {kline_late_second: true}") as served:
            assert (await self.rows(served, 1, AT_S - 120, AT_S - 61)) == [AT_S - 119]

    async def test_closed_bars_are_the_markets_candles(self, served: Exchange) -> None:
        query = {"symbol": SYMBOL, "step": 5, "start_time": AT_S - 600, "end_time": AT_S - 301}
        (row,) = (await served.public("kline", **query)).json()["data"]
        first = (AT_S - 600) * 1000
        candle = served.sandbox.world.market.candles(SYMBOL, Timeframe.M5, first, first, AT_MS)
        shown = [float(row[f"{name}_price"]) for name in ("open", "high", "low", "close")]
        assert shown == [candle.open[0], candle.high[0], candle.low[0], candle.close[0]]
        assert float(row["volume"]) == candle.volume[0]

    async def test_milliseconds_get_nothing_or_an_error(self) -> None:
        query = {"symbol": SYMBOL, "step": 1, "start_time": AT_MS - 60_000, "end_time": AT_MS}
        async with exchange() as served:
            assert (await served.public("kline", **query)).json()["data"] == []
        async with exchange("quirks: {wrong_time_unit: error}") as served:
            assert (await served.public("kline", **query)).json()["code"] == 40039


class TestOrders:
    async def test_a_submit_answers_with_a_number_and_its_price_and_queries_with_text(self, served: Exchange) -> None:
        order = limit(served, client_order_id="a1B2c3")
        answer = await served.accepted("submit-order", order)
        assert isinstance(answer["order_id"], int)
        assert answer["price"] == order["price"].removesuffix(".0")
        row = await served.data("order", symbol=SYMBOL, order_id=answer["order_id"])
        assert (row["order_id"], row["client_order_id"]) == (str(answer["order_id"]), "a1B2c3")
        assert (row["state"], row["side"], row["type"], row["deal_size"]) == (2, 1, "limit", "0")
        assert "mode" not in row

    async def test_a_market_orders_price_is_words_then_zero(self, served: Exchange) -> None:
        answer = await served.opened()
        row = await served.data("order", symbol=SYMBOL, order_id=answer["order_id"])
        assert (answer["price"], row["price"], row["state"], row["deal_size"]) == ("market price", "0", 4, "6")

    async def test_state_4_is_filled_or_cancelled(self, served: Exchange) -> None:
        filled = await served.opened()
        cancelled = await served.accepted("submit-order", limit(served))
        await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": str(cancelled["order_id"])})
        rows = {row["order_id"]: row for row in await served.data("order-history", symbol=SYMBOL)}
        assert [rows[str(each["order_id"])]["state"] for each in (filled, cancelled)] == [4, 4]
        assert [rows[str(each["order_id"])]["deal_size"] for each in (filled, cancelled)] == ["6", "0"]

    async def test_history_may_show_cancelled_orders_as_state_2(self) -> None:
        async with exchange("quirks: {history_cancelled_state: 2}") as served:
            placed = await served.accepted("submit-order", limit(served))
            await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})
            (row,) = await served.data("order-history", symbol=SYMBOL)
            assert row["state"] == 2

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"side": "1"}, (40041, 400)),
            ({"side": 5}, (40041, 400)),
            ({"type": "trailing"}, (40042, 400)),
            ({"open_type": "both"}, (40045, 400)),
            ({"size": 2.5}, (40044, 400)),
            ({"size": None}, (40044, 400)),
            ({"price": "61250.55"}, (40043, 400)),
            ({"price": None}, (40043, 400)),
            ({"size": 10**9}, (40044, 400)),
            ({"leverage": "126"}, (40029, 400)),
            ({"symbol": "NOPE"}, (40034, 400)),
            ({"symbol": None}, (40034, 400)),
            ({"client_order_id": "a-b"}, (40048, 403)),
            ({"client_order_id": "a" * 33}, (40049, 403)),
            ({"mode": 7}, (40011, 400)),
            ({"type": "market", "mode": 4}, (40011, 400)),
            ({"size": 100_000}, (40027, 400)),
            ({"preset_stop_loss_price": "90000"}, (40011, 400)),
            ({"side": 3}, (40021, 400)),
        ],
    )
    async def test_what_is_wrong_with_an_order_has_its_code(
        self, served: Exchange, change: dict[str, Any], code: tuple[int, int]
    ) -> None:
        assert await served.code("submit-order", limit(served, **change)) == code
        assert await served.data("get-open-orders") == []

    async def test_a_client_id_is_taken_once(self, served: Exchange) -> None:
        await served.accepted("submit-order", limit(served, client_order_id="once"))
        assert await served.code("submit-order", limit(served, client_order_id="once")) == (40050, 403)
        assert (await served.accepted("submit-order", limit(served, client_order_id="Once")))["order_id"]

    async def test_it_may_be_taken_again_once_its_order_has_ended(self) -> None:
        async with exchange("quirks: {client_ids_unique_for: while_open}") as served:
            placed = await served.accepted("submit-order", limit(served, client_order_id="once"))
            await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})
            await served.accepted("submit-order", limit(served, client_order_id="once"))

    @pytest.mark.parametrize(("code", "status"), [(40027, 400), (42000, 200), (40012, 400)])
    async def test_missing_balance_has_one_of_three_codes(self, code: int, status: int) -> None:
        async with exchange(f"quirks: {{balance_code: {code}}}") as served:
            assert await served.code("submit-order", limit(served, size=100_000)) == (code, status)

    async def test_an_order_of_another_leverage_than_the_position_is_refused(self, served: Exchange) -> None:
        await served.opened()
        assert await served.code("submit-order", limit(served, leverage="10")) == (40040, 400)

    async def test_a_maker_only_order_that_would_take_is_accepted_and_cancelled(self, served: Exchange) -> None:
        placed = await served.accepted("submit-order", limit(served, "1.01", mode=4))
        row = await served.data("order", symbol=SYMBOL, order_id=placed["order_id"])
        assert (row["state"], row["deal_size"]) == (4, "0")

    async def test_or_it_is_refused_at_once(self) -> None:
        async with exchange("quirks: {maker_only_refused_late: false}") as served:
            assert await served.code("submit-order", limit(served, "1.01", mode=4)) == (40011, 400)

    async def test_ioc_takes_what_is_there_and_drops_the_rest(self, served: Exchange) -> None:
        await served.accepted("submit-leverage", {"symbol": SYMBOL, **ISOLATED})
        tick = served.shown(served.price("1"), depth="2")
        placed = await served.accepted("submit-order", limit(served, mode=3, price=f"{tick.asks[0].price}"))
        row = await served.data("order", symbol=SYMBOL, order_id=placed["order_id"])
        assert (row["state"], row["deal_size"], row["size"]) == (4, "2", "3")

    async def test_an_exit_larger_than_its_position_is_refused_or_trimmed(self) -> None:
        for oversized, code in (("rejected", 40020), ("trimmed", 1000)):
            async with exchange(f"quirks: {{oversized_exit: {oversized}}}") as served:
                await served.opened(6)
                exit_order = {"symbol": SYMBOL, "side": 3, "type": "market", "size": 9}
                assert (await served.code("submit-order", exit_order))[0] == code

    async def test_an_accepted_order_may_be_invisible_for_a_while(self) -> None:
        async with exchange("quirks: {visible_after_ms: 3000}") as served:
            placed = await served.accepted("submit-order", limit(served, client_order_id="dark"))
            query = {"symbol": SYMBOL, "order_id": placed["order_id"]}
            assert (await served.get("order", **query)).json()["code"] == 40035
            assert await served.data("get-open-orders") == []
            assert await served.code("submit-order", limit(served, client_order_id="dark")) == (40050, 403)
            await served.step(3000)
            assert (await served.data("order", **query))["state"] == 2

    async def test_amending_changes_price_and_size_by_either_id(self, served: Exchange) -> None:
        placed = await served.accepted("submit-order", limit(served, client_order_id="amend"))
        for change in (
            {"order_id": placed["order_id"], "price": served.price("0.91"), "size": "4"},
            {"client_order_id": "amend", "size": 5},
        ):
            answer = await served.accepted("modify-limit-order", {"symbol": SYMBOL, **change})
            assert answer == {"order_id": placed["order_id"], "client_order_id": "amend"}
        row = await served.data("order", symbol=SYMBOL, order_id=placed["order_id"])
        assert (row["size"], row["price"]) == ("5", served.price("0.91").removesuffix(".0"))

    async def test_an_amendment_names_an_order_and_a_change(self, served: Exchange) -> None:
        assert await served.code("modify-limit-order", {"symbol": SYMBOL, "price": "60000"}) == (40011, 400)
        placed = await served.accepted("submit-order", limit(served))
        assert await served.code("modify-limit-order", {"symbol": SYMBOL, "order_id": placed["order_id"]}) == (
            40011,
            400,
        )


class TestCancels:
    async def test_a_cancel_without_an_id_cancels_every_order_of_the_symbol(self, served: Exchange) -> None:
        for _ in range(3):
            await served.accepted("submit-order", limit(served))
        for empty in ({"symbol": SYMBOL}, {"symbol": SYMBOL, "order_id": "", "client_order_id": ""}):
            assert await served.accepted("cancel-order", empty) == {}
        assert await served.data("get-open-orders") == []

    async def test_an_unknown_order_and_one_that_has_ended_have_codes_of_their_own(self, served: Exchange) -> None:
        placed = await served.accepted("submit-order", limit(served, client_order_id="gone"))
        by_id = {"symbol": SYMBOL, "order_id": str(placed["order_id"])}
        await served.accepted("cancel-order", by_id)
        assert await served.code("cancel-order", by_id) == (40036, 400)
        assert await served.code("cancel-order", {"symbol": SYMBOL, "client_order_id": "gone"}) == (40036, 400)
        assert await served.code("cancel-order", {"symbol": SYMBOL, "order_id": "123"}) == (40037, 400)
        assert await served.code("cancel-order", {"symbol": SYMBOL, "client_order_id": "never"}) == (40037, 400)

    async def test_cancel_orders_leaves_plans_and_stops_alive(self, served: Exchange) -> None:
        await served.opened()
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": served.price("0.9"), "price_type": 2}
        await served.accepted("submit-tp-sl-order", {**stop, "executive_price": "0"})
        await served.accepted("submit-order", limit(served))
        await served.accepted("cancel-orders", {"symbol": SYMBOL})
        assert await served.data("get-open-orders") == []
        assert len(await served.data("current-plan-order", symbol=SYMBOL)) == 1

    async def test_the_timer_cancels_unless_it_is_asked_again(self, served: Exchange) -> None:
        await served.accepted("submit-order", limit(served))
        armed = await served.accepted("cancel-all-after", {"symbol": SYMBOL, "timeout": 15})
        assert armed == {"result": True, "set_time": AT_S, "cancel_time": AT_S + 15}
        await served.step(10_000)
        await served.accepted("cancel-all-after", {"symbol": SYMBOL, "timeout": 15})
        await served.step(10_000)
        assert len(await served.data("get-open-orders")) == 1
        await served.step(5_000)
        assert await served.data("get-open-orders") == []

    async def test_a_timer_below_five_seconds_is_refused(self, served: Exchange) -> None:
        assert await served.code("cancel-all-after", {"symbol": SYMBOL, "timeout": 4}) == (40011, 400)

    async def test_a_plan_cannot_be_cancelled_as_an_order(self, served: Exchange) -> None:
        await served.opened()
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": served.price("0.9"), "price_type": 2}
        placed = await served.accepted("submit-tp-sl-order", stop)
        assert await served.code("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]}) == (40037, 400)
        await served.accepted("cancel-plan-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})

    @pytest.mark.parametrize(("quirk", "code"), [("all", 1000), ("refused", 40011)])
    async def test_cancelling_plans_without_an_id_is_a_switch(self, quirk: str, code: int) -> None:
        script = f"quirks: {{plan_cancel_without_id: {quirk}, trail_cancel_without_id: {quirk}}}"
        async with exchange(script) as served:
            assert (await served.code("cancel-plan-order", {"symbol": SYMBOL}))[0] == code
            assert (await served.code("cancel-trail-order", {"symbol": SYMBOL}))[0] == code


class TestPlans:
    async def test_presets_wait_for_the_full_fill_or_for_the_first(self) -> None:
        for arms, waiting in (("full_fill", []), ("first_fill", ["stop_loss"])):
            async with exchange(f"quirks: {{presets_arm_at: {arms}}}") as served:
                tick = served.shown(served.price("1"), depth="2")
                order = limit(served, price=f"{tick.asks[0].price}", preset_stop_loss_price=served.price("0.95"))
                placed = await served.accepted("submit-order", order)
                assert (await served.data("order", symbol=SYMBOL, order_id=placed["order_id"]))["deal_size"] == "2"
                rows = await served.data("current-plan-order", symbol=SYMBOL)
                assert [row["type"] for row in rows] == waiting

    async def test_after_the_fill_presets_are_plan_orders(self, served: Exchange) -> None:
        order = {"symbol": SYMBOL, "side": 1, "type": "market", "size": 6, **ISOLATED}
        presets = {"preset_stop_loss_price": served.price("0.98"), "preset_take_profit_price": served.price("1.03")}
        await served.accepted("submit-order", {**order, **presets, "preset_stop_loss_price_type": 2})
        rows = {row["type"]: row for row in await served.data("current-plan-order", symbol=SYMBOL)}
        assert {name: (row["price_way"], row["price_type"], row["size"]) for name, row in rows.items()} == {
            "stop_loss": (2, 2, "6"),
            "take_profit": (1, 1, "6"),
        }

    async def test_a_stop_fires_when_the_mark_reaches_it(self, served: Exchange) -> None:
        await served.opened()
        level = served.price("0.95")
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": level, "price_type": 2, "size": 6}
        placed = await served.accepted("submit-tp-sl-order", {**stop, "executive_price": "0", "plan_category": 1})
        served.shown(served.price("0.949"))
        assert served.engine_positions() == ()
        history = {row["order_id"]: row for row in await served.data("order-history", symbol=SYMBOL)}
        plan = history[placed["order_id"]]
        assert (plan["type"], plan["execution_price"]) == ("planorder", "Market")
        assert Decimal(plan["trigger_price"]) == Decimal(level)
        child = history[plan["executive_order_id"]]
        assert (child["type"], child["client_order_id"]) == ("market", f"PLAN_{placed['order_id']}")

    async def test_a_plan_order_becomes_a_limit_order_that_may_open(self, served: Exchange) -> None:
        plan = {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 2, "trigger_price": "80000", **ISOLATED}
        way = {"executive_price": "80010", "price_way": 1, "price_type": 1, "mode": 1}
        await served.accepted("submit-plan-order", {**plan, **way})
        served.shown("80000.5")
        (position,) = served.engine_positions()
        assert (position.size, position.entry_price) == (2, Decimal("80000.6"))

    async def test_a_whole_position_stop_follows_the_position(self, served: Exchange) -> None:
        await served.opened(6)
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": served.price("0.9"), "price_type": 1}
        await served.accepted("submit-tp-sl-order", stop)  # neither size nor executive price: whole position, market
        await served.opened(4)
        (row,) = await served.data("current-plan-order", symbol=SYMBOL, plan_type="profit_loss")
        assert (row["plan_category"], row["size"], row["executive_price"]) == (2, "10", "0")

    async def test_a_stop_can_be_moved(self, served: Exchange) -> None:
        await served.opened()
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "price_type": 2, "client_order_id": "sl1"}
        await served.accepted("submit-tp-sl-order", {**stop, "trigger_price": served.price("0.9")})
        moved = served.price("0.95")
        change = {"symbol": SYMBOL, "client_order_id": "sl1", "trigger_price": moved, "price_type": 1}
        await served.accepted("modify-tp-sl-order", change)
        (row,) = await served.data("current-plan-order", symbol=SYMBOL)
        assert (row["trigger_price"], row["price_type"]) == (moved.removesuffix(".0"), 1)

    async def test_a_trailing_order_is_an_open_order_of_its_type(self, served: Exchange) -> None:
        await served.opened()
        trail = {"symbol": SYMBOL, "side": 3, "size": 6, **ISOLATED, "callback_rate": "1", "activation_price_type": 1}
        activation = served.price("1.05")
        await served.accepted("submit-trail-order", {**trail, "activation_price": activation})
        (row,) = await served.data("get-open-orders", type="trailing")
        shown = (row["activation_price"], row["callback_rate"], row["activation_price_type"])
        assert shown == (activation.removesuffix(".0"), "1", 1)
        assert await served.data("get-open-orders", type="limit") == []

    @pytest.mark.parametrize("rate", ["0.05", "5.1", "one"])
    async def test_a_callback_rate_has_bounds(self, served: Exchange, rate: str) -> None:
        trail = {"symbol": SYMBOL, "side": 3, "size": 6, **ISOLATED, "callback_rate": rate, "activation_price_type": 1}
        assert (await served.post("submit-trail-order", {**trail, "activation_price": "80000"})).status_code == 400


class TestAccount:
    async def test_the_mode_can_only_change_when_flat_and_without_orders(self, served: Exchange) -> None:
        one_way = {"position_mode": "one_way_mode"}
        placed = await served.accepted("submit-order", limit(served))
        assert await served.code("set-position-mode", one_way) == (40059, 400)
        await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})
        await asyncio.sleep(2.01)  # two requests in two seconds
        assert await served.accepted("set-position-mode", one_way) == one_way
        assert await served.data("get-position-mode") == one_way

    async def test_a_one_way_account_shows_one_signed_row(self, served: Exchange) -> None:
        await served.accepted("set-position-mode", {"position_mode": "one_way_mode"})
        order = {"symbol": SYMBOL, "side": 4, "type": "market", "size": 6, **ISOLATED}
        await served.accepted("submit-order", order)
        (row,) = await served.data("position-v2", symbol=SYMBOL)
        assert (row["position_side"], row["current_amount"], row["position_amount"]) == ("both", "6", "-6")
        await served.accepted("submit-order", {"symbol": SYMBOL, "side": 2, "type": "market", "size": 6})
        assert await served.data("position-v2") == []

    async def test_an_empty_symbol_has_rows_of_zero_size_when_it_is_named(self, served: Exchange) -> None:
        rows = await served.data("position-v2", symbol=SYMBOL)
        assert [(row["position_side"], row["current_amount"]) for row in rows] == [("long", "0"), ("short", "0")]
        assert await served.data("position-v2") == []

    async def test_three_forms_of_a_position_call_its_margin_three_names(self, served: Exchange) -> None:
        await served.opened()
        names = {"position-v2": "open_type", "position": "margin_type", "position-risk": "margin_type"}
        shown = {name: (await served.data(name))[0][field] for name, field in names.items()}
        assert shown == {"position-v2": "isolated", "position": "Isolated", "position-risk": "Isolated"}

    async def test_the_numbers_of_a_position_are_the_engines(self, served: Exchange) -> None:
        await served.opened()
        (row,) = await served.data("position-v2")
        (position,) = served.engine_positions()
        assert Decimal(row["entry_price"]) == position.entry_price
        assert Decimal(row["position_cross"]) == position.margin
        assert Decimal(row["liquidation_price"]) == position.liquidation_price
        assert Decimal(row["current_fee"]) == position.fees

    async def test_assets_add_up(self, served: Exchange) -> None:
        await served.opened()
        (row,) = await served.data("assets-detail")
        balance = served.sandbox.world.engine.balance(ACCOUNT)
        assert Decimal(row["equity"]) == balance.equity
        assert Decimal(row["available_balance"]) == balance.available
        assert Decimal(row["position_deposit"]) == balance.position_margin

    async def test_fees_are_costs_above_zero_in_trades_and_below_in_bookings(self, served: Exchange) -> None:
        placed = await served.opened(client_order_id="paid")
        for query in ({"order_id": placed["order_id"]}, {"client_order_id": "paid"}):
            (trade,) = await served.data("trades", symbol=SYMBOL, **query)
            assert Decimal(trade["paid_fees"]) > 0
        (booking,) = await served.data("transaction-history", flow_type=4)
        assert Decimal(booking["amount"]) == -Decimal(trade["paid_fees"])
        assert (booking["type"], booking["time"]) == ("Commission Fee", str(AT_MS))

    async def test_a_claim_refills_the_account(self, served: Exchange) -> None:
        assert await served.accepted("claim") == {"currency": "USDT", "amount": "10000"}
        assert (await served.data("assets-detail"))[0]["available_balance"] == "20000"

    async def test_closing_all_ends_every_position(self, served: Exchange) -> None:
        await served.opened()
        await served.accepted("close-all-position", {"contractType": 1})
        assert served.engine_positions() == ()

    async def test_money_can_leave_and_come_back(self, served: Exchange) -> None:
        out = {"currency": "USDT", "amount": "100", "type": "contract_to_spot"}
        assert (await served.post("/account/v1/transfer-contract", out)).json()["code"] == 1000
        assert (await served.data("assets-detail"))[0]["available_balance"] == "9900"
        back = {"currency": "USDT", "amount": "100", "type": "fund_to_contract"}
        assert (await served.post("account/v1/transfer", back)).json()["code"] == 1000
        assert (await served.data("assets-detail"))[0]["available_balance"] == "10000"


class TestHistory:
    async def test_at_most_200_rows_come_back_the_newest_first(self) -> None:
        async with exchange("quirks: {rate_limits: false}") as served:
            for _ in range(210):
                await served.accepted("submit-order", limit(served))
                await served.accepted("cancel-orders", {"symbol": SYMBOL})
            rows = await served.data("order-history", symbol=SYMBOL)
            ids = [int(row["order_id"]) for row in rows]
            assert len(ids) == 200
            assert ids == sorted(ids, reverse=True)

    async def test_seconds_choose_a_window(self, served: Exchange) -> None:
        await served.opened()
        await served.step(10_000)
        inside = await served.data("trades", start_time=AT_S - 1, end_time=AT_S)
        after = await served.data("trades", start_time=AT_S + 1, end_time=AT_S + 10)
        assert (len(inside), len(after)) == (1, 0)

    @pytest.mark.parametrize("query", [{"start_time": 20, "end_time": 10}, {"start_time": AT_S - 91 * 86_400}])
    async def test_an_impossible_window_is_refused(self, served: Exchange, query: dict[str, int]) -> None:
        answer = await served.get("order-history", symbol=SYMBOL, **query)
        assert (answer.json()["code"], answer.json()["message"]) == (40039, "The timestamp is invalid")

    async def test_what_is_not_kept_is_forgotten(self) -> None:
        async with exchange("quirks: {cancelled_kept_days: 0}") as served:
            placed = await served.accepted("submit-order", limit(served))
            await served.accepted("cancel-order", {"symbol": SYMBOL, "order_id": placed["order_id"]})
            await served.step(1000)
            assert await served.data("order-history", symbol=SYMBOL) == []
            answer = await served.get("order", symbol=SYMBOL, order_id=placed["order_id"])
            assert answer.json()["code"] == 40035

    async def test_ids_beyond_a_float_come_back_whole(self) -> None:
        async with exchange("quirks: {long_order_ids: true}") as served:
            placed = await served.accepted("submit-order", limit(served))
            assert len(str(placed["order_id"])) == 17
            (row,) = await served.data("get-open-orders")
            assert row["order_id"] == str(placed["order_id"])


class TestFormsThatSourcesDifferOn:
    async def test_a_cancel_may_have_no_data_at_all(self) -> None:
        async with exchange("quirks: {cancel_answers_have_data: false}") as served:
            await served.accepted("submit-order", limit(served))
            assert "data" not in (await served.post("cancel-orders", {"symbol": SYMBOL})).json()

    async def test_client_ids_may_hold_signs(self) -> None:
        async with exchange("quirks: {client_ids_take_signs: true}") as served:
            await served.accepted("submit-order", limit(served, client_order_id="a_b-c"))

    async def test_booking_times_may_be_numbers(self) -> None:
        async with exchange("quirks: {booking_times_are_numbers: true}") as served:
            await served.opened()
            (row, *_) = await served.data("transaction-history")
            assert row["time"] == AT_MS

    async def test_position_v2_may_lack_the_margin(self) -> None:
        async with exchange("quirks: {position_v2_has_margin: false}") as served:
            await served.opened()
            assert "position_cross" not in (await served.data("position-v2"))[0]

    async def test_refusals_may_come_with_status_200(self) -> None:
        async with exchange("quirks: {errors_with_status_200: true}") as served:
            assert await served.code("submit-order", limit(served, size=100_000)) == (40027, 200)
            assert (await served.get("/nope")).status_code == 404

    async def test_position_risk_may_be_in_seconds(self) -> None:
        async with exchange("quirks: {position_risk_in_seconds: true}") as served:
            assert (await served.data("position-risk", symbol=SYMBOL))[0]["update_time"] == AT_S

    async def test_the_most_of_a_leverage_may_be_a_notional(self) -> None:
        async with exchange("quirks: {leverage_answer_max: notional}") as served:
            answer = await served.accepted("submit-leverage", {"symbol": SYMBOL, "leverage": "5", "open_type": "cross"})
            assert int(answer["max_value"]) > 125


async def test_every_endpoint_answers_an_empty_question_with_an_envelope(served: Exchange) -> None:
    """No call ends in a bare 500, whatever it leaves out."""
    for (method, path), _ in ENDPOINTS.items():
        answer = await (served.get(path) if method == "GET" else served.post(path, {}))
        assert answer.status_code < 500, path
        assert "code" in json.loads(answer.text), path


async def test_the_spot_side_is_empty(served: Exchange) -> None:
    assert (await served.get("/account/v1/currencies")).json()["data"] == {"currencies": []}
    assert (await served.get("/spot/v1/symbols/details")).json()["data"] == {"symbols": []}
    assert PUBLIC.startswith("/contract")
