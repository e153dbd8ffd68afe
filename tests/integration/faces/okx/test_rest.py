"""OKX's REST in front of the engine, over real HTTP on loopback: what a client may rely on, and what traps it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from mtf_adapters.sandbox.faces.okx.candles import BARS
from mtf_adapters.sandbox.faces.okx.endpoints import ENDPOINTS
from mtf_adapters.sandbox.faces.okx.opening import ACCOUNT
from mtf_core.market import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.faces.okx.exchange import AT_MS, DEMO, PREFIX, SYMBOL, Exchange, exchange

ALGOS = {"ordType": "conditional,oco"}


@pytest.fixture
async def served() -> AsyncIterator[Exchange]:
    async with exchange() as made:
        yield made


def limit(served: Exchange, factor: str = "0.97", **more: Any) -> dict[str, Any]:
    """An order to open three contracts long, below the market and within the band."""
    return served.order(px=served.price(factor), **more)


def attached(served: Exchange, **more: Any) -> dict[str, Any]:
    row = {"attachAlgoClOrdId": "s1", "slTriggerPx": served.price("0.95"), "slOrdPx": "-1", **more}
    return {"attachAlgoOrds": [row]}


class TestEnvelope:
    async def test_a_success_has_code_0_as_text_and_a_list(self, served: Exchange) -> None:
        assert await served.public("public/time") == [{"ts": str(AT_MS)}]

    async def test_a_path_that_there_is_not_answers_404(self, served: Exchange) -> None:
        assert (await served.http.get(f"{PREFIX}trade/nothing")).status_code == 404

    async def test_a_trade_call_names_its_times_and_what_became_of_its_row(self, served: Exchange) -> None:
        answer = (await served.post("trade/order", limit(served, clOrdId="a1"))).json()
        assert (answer["code"], answer["msg"]) == ("0", "")
        assert int(answer["inTime"]) <= int(answer["outTime"])
        (row,) = answer["data"]
        assert {name: row[name] for name in ("clOrdId", "sCode", "sMsg", "subCode")} == {
            "clOrdId": "a1",
            "sCode": "0",
            "sMsg": "",
            "subCode": "",
        }
        assert len(row["ordId"]) == 19

    async def test_a_row_that_is_refused_makes_the_code_1(self, served: Exchange) -> None:
        answer = await served.post("trade/order", limit(served, sz="0.5"))
        document = answer.json()
        assert (answer.status_code, document["code"], document["data"][0]["sCode"]) == (200, "1", "51121")

    async def test_some_rows_that_are_refused_make_it_2_and_the_others_stand(self, served: Exchange) -> None:
        rows = [limit(served, clOrdId="a1"), limit(served, sz="0"), limit(served, clOrdId="a3")]
        answer = (await served.post("trade/batch-orders", rows)).json()
        assert (answer["code"], [row["sCode"] for row in answer["data"]]) == ("2", ["0", "51000", "0"])
        assert {row["clOrdId"] for row in await served.data("trade/orders-pending")} == {"a1", "a3"}

    async def test_rows_of_a_batch_may_come_in_another_order(self) -> None:
        async with exchange("quirks: {batch_rows_reversed: true}") as served:
            answer = (await served.post("trade/batch-orders", [limit(served, clOrdId=each) for each in "ab"])).json()
            assert [row["clOrdId"] for row in answer["data"]] == ["b", "a"]

    async def test_missing_money_has_a_sub_code(self, served: Exchange) -> None:
        (row,) = (await served.post("trade/order", limit(served, sz="20000"))).json()["data"]
        assert (row["sCode"], row["subCode"]) == ("51008", "51008_1000")

    async def test_refusals_of_a_whole_call_may_lack_data(self) -> None:
        async with exchange("quirks: {errors_have_data: false}") as served:
            assert "data" not in (await served.get("trade/order", instId=SYMBOL, ordId="1")).json()


class TestAuthentication:
    async def test_public_calls_need_nothing(self, served: Exchange) -> None:
        assert (await served.http.get(f"{PREFIX}public/time")).json()["code"] == "0"

    @pytest.mark.parametrize("call", [call for call, each in ENDPOINTS.items() if each.is_signed])
    async def test_every_other_call_needs_a_signature(self, served: Exchange, call: tuple[str, str]) -> None:
        method, path = call
        answer = await served.http.request(method, path, headers=DEMO)
        assert (answer.status_code, answer.json()["code"]) == (401, "50103")

    @pytest.mark.parametrize(
        ("header", "value", "code"),
        [
            ("OK-ACCESS-KEY", "unknown", "50119"),
            ("OK-ACCESS-PASSPHRASE", "wrong", "50105"),
            ("OK-ACCESS-PASSPHRASE", "", "50104"),
            ("OK-ACCESS-SIGN", "wrong", "50113"),
            ("OK-ACCESS-SIGN", "", "50106"),
            ("OK-ACCESS-TIMESTAMP", "", "50107"),
            ("OK-ACCESS-TIMESTAMP", "1770031200", "50112"),
            ("x-simulated-trading", "0", "50101"),
        ],
    )
    async def test_each_part_of_it_has_a_code(self, served: Exchange, header: str, value: str, code: str) -> None:
        answer = await served.post("trade/order", limit(served), **{header: value})
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert await served.data("trade/orders-pending") == []

    async def test_the_bytes_of_the_query_count_as_sent(self, served: Exchange) -> None:
        target = f"{PREFIX}account/positions?instType=SWAP&instId={SYMBOL}"
        signed = served.signed("GET", target)
        other = f"{PREFIX}account/positions?instId={SYMBOL}&instType=SWAP"
        assert (await served.http.get(target, headers=signed)).json()["code"] == "0"
        assert (await served.http.get(other, headers=signed)).json()["code"] == "50113"

    @pytest.mark.parametrize("off_ms", [-31_000, 31_000])
    async def test_a_clock_that_is_more_than_30_seconds_off_is_refused(self, served: Exchange, off_ms: int) -> None:
        target = f"{PREFIX}account/config"
        answer = await served.http.get(target, headers=served.signed("GET", target, now_ms=AT_MS + off_ms))
        assert (answer.status_code, answer.json()["code"]) == (401, "50102")

    async def test_a_live_exchange_wants_no_header_of_the_demo(self) -> None:
        async with exchange("quirks: {environment: live}", leverage="") as served:
            assert (await served.get("account/config")).json()["code"] == "50101"
            target = f"{PREFIX}account/config"
            signed = {**served.signed("GET", target), "x-simulated-trading": "0"}
            assert (await served.http.get(target, headers=signed)).json()["code"] == "0"

    async def test_key_errors_may_come_with_status_200(self) -> None:
        async with exchange("quirks: {key_errors_with_status_200: true}", leverage="") as served:
            answer = await served.http.get(f"{PREFIX}account/config", headers=DEMO)
            assert (answer.status_code, answer.json()["code"]) == (200, "50103")

    async def test_a_key_that_may_not_trade_may_read(self, served: Exchange) -> None:
        key = await served.control("POST", "keys", {"may_trade": False})
        credential = served.sandbox.face.credentials[key["key"]]
        assert (credential.may_trade, credential.passphrase) == (False, key["passphrase"])

    async def test_a_request_that_has_outlived_its_own_last_instant_is_dropped(self, served: Exchange) -> None:
        answer = await served.post("trade/order", limit(served), expTime=str(AT_MS - 1))
        assert answer.json()["code"] == "50036"
        assert await served.data("trade/orders-pending") == []
        taken = await served.post("trade/order", limit(served), expTime=str(AT_MS + 1000))
        assert taken.json()["code"] == "0"


class TestRateLimits:
    async def test_one_too_many_gets_429(self, served: Exchange) -> None:
        answers = [await served.get("account/config") for _ in range(6)]
        assert [each.status_code for each in answers] == [200] * 5 + [429]
        assert answers[-1].json()["code"] == "50011"

    async def test_it_may_come_with_status_200(self) -> None:
        async with exchange("quirks: {rate_limit_with_status_200: true}") as served:
            answers = [await served.get("account/config") for _ in range(6)]
            assert (answers[-1].status_code, answers[-1].json()["code"]) == (200, "50011")

    async def test_orders_are_counted_by_contract(self) -> None:
        async with exchange("quirks: {rate_clock: world}") as served:
            codes = [await served.code("trade/order", limit(served)) for _ in range(61)]
            assert codes == ["0"] * 60 + ["50011"]
            assert await served.code("trade/order", {**limit(served), "instId": "ETH-USDT-SWAP", "px": "1000"}) == "0"
            await served.step(2000)
            assert await served.code("trade/order", limit(served)) == "0"

    async def test_an_account_may_place_a_thousand_orders_in_two_seconds_rows_counted_one_by_one(self) -> None:
        async with exchange("quirks: {rate_clock: world}", leverage="") as served:
            symbols = ("BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP", "XRP-USDT-SWAP")
            answers = []
            for symbol in symbols:
                rows = [{**served.order(px="1"), "instId": symbol, "sz": "0"}] * 20
                answers += [(await served.post("trade/batch-orders", rows)).json()["code"] for _ in range(15)]
            assert answers == ["1"] * 50 + ["50061"] * 10
            assert await served.code("trade/cancel-order", {"instId": SYMBOL, "ordId": "1"}) == "51400"


class TestMarketData:
    async def test_contracts_bear_the_venues_names(self, served: Exchange) -> None:
        rows = await served.public("public/instruments", instType="SWAP")
        assert [row["instId"] for row in rows] == sorted(row["instId"] for row in rows)
        assert all(row["instId"].endswith("-SWAP") for row in rows)
        (row,) = await served.public("public/instruments", instType="SWAP", instId=SYMBOL)
        contract = served.sandbox.world.engine.contract(SYMBOL)
        assert contract is not None
        assert (row["instFamily"], row["settleCcy"], row["ctType"], row["state"]) == (
            "BTC-USDT",
            "USDT",
            "linear",
            "live",
        )
        assert (Decimal(row["ctVal"]), Decimal(row["tickSz"])) == (contract.contract_size, contract.tick_size)

    async def test_kinds_that_are_not_here_are_empty(self, served: Exchange) -> None:
        for kind in ("SPOT", "FUTURES", "OPTION"):
            assert await served.public("public/instruments", instType=kind, uly="BTC-USD") == []

    async def test_an_unknown_contract_gets_51001(self, served: Exchange) -> None:
        for path in ("market/ticker", "market/candles", "market/books", "public/price-limit", "public/funding-rate"):
            answer = await served.http.get(PREFIX + path, params={"instId": "NOPE-USDT-SWAP"})
            assert answer.json()["code"] == "51001"

    async def test_tiers_are_contracts_and_lean_on_each_other(self, served: Exchange) -> None:
        rows = await served.public("public/position-tiers", instType="SWAP", tdMode="cross", instFamily="BTC-USDT")
        assert [row["tier"] for row in rows] == [str(number) for number in range(1, len(rows) + 1)]
        for lower, upper in pairwise(rows):
            assert Decimal(upper["minSz"]) == Decimal(lower["maxSz"]) + 1
            assert Decimal(upper["maxLever"]) < Decimal(lower["maxLever"])

    async def test_tiers_need_a_family(self, served: Exchange) -> None:
        answer = await served.http.get(f"{PREFIX}public/position-tiers?instType=SWAP&tdMode=cross")
        assert answer.json()["code"] == "50014"

    async def test_funding_is_due_at_times_whose_distance_is_the_interval(self) -> None:
        async with exchange("quirks: {funding_interval_hours: 4}") as served:
            (row,) = await served.public("public/funding-rate", instId=SYMBOL)
            assert int(row["nextFundingTime"]) - int(row["fundingTime"]) == 4 * HOUR_MS
            assert row["nextFundingRate"] == ""
            history = await served.public("public/funding-rate-history", instId=SYMBOL, limit=3)
            times = [int(each["fundingTime"]) for each in history]
            assert times == sorted(times, reverse=True)

    async def test_the_band_lies_around_the_last_price(self, served: Exchange) -> None:
        (band,) = await served.public("public/price-limit", instId=SYMBOL)
        (ticker,) = await served.public("market/ticker", instId=SYMBOL)
        assert Decimal(band["sellLmt"]) < Decimal(ticker["last"]) < Decimal(band["buyLmt"])

    async def test_a_book_has_as_many_levels_as_asked_for(self, served: Exchange) -> None:
        (book,) = await served.public("market/books", instId=SYMBOL, sz=3)
        assert (len(book["asks"]), len(book["bids"])) == (3, 3)
        assert Decimal(book["bids"][0][0]) < Decimal(book["asks"][0][0])


class TestCandles:
    async def opens(self, served: Exchange, path: str = "market/candles", **query: Any) -> list[int]:
        rows = await served.public(path, instId=SYMBOL, **query)
        return [int(row[0]) for row in rows]

    @pytest.mark.parametrize("bar", BARS)
    async def test_every_bar_is_served_newest_first(self, served: Exchange, bar: str) -> None:
        opens = await self.opens(served, bar=bar, limit=5)
        assert len(opens) == 5
        assert {newer - older for newer, older in pairwise(opens)} == {BARS[bar].ms}

    @pytest.mark.parametrize(("bar", "hour"), [("1D", 16), ("1Dutc", 0), ("6H", 4), ("6Hutc", 0)])
    async def test_long_bars_open_by_the_clock_of_hong_kong_unless_named_utc(
        self, served: Exchange, bar: str, hour: int
    ) -> None:
        opens = await self.opens(served, "market/history-candles", bar=bar, limit=4)
        assert hour in {each % DAY_MS // HOUR_MS for each in opens}
        assert all((each - hour * HOUR_MS) % BARS[bar].ms == 0 for each in opens)

    async def test_the_running_bar_comes_first_and_says_so(self, served: Exchange) -> None:
        await served.step(20_000)
        rows = await served.public("market/candles", instId=SYMBOL, limit=3)
        assert [row[-1] for row in rows] == ["0", "1", "1"]
        assert int(rows[0][0]) == AT_MS

    async def test_history_has_closed_bars_alone(self, served: Exchange) -> None:
        await served.step(20_000)
        rows = await served.public("market/history-candles", instId=SYMBOL, limit=3)
        assert [row[-1] for row in rows] == ["1", "1", "1"]

    async def test_after_is_older_and_before_is_newer_and_both_leave_their_own_time_out(self, served: Exchange) -> None:
        base = AT_MS - HOUR_MS
        span = {"after": base + 3 * MINUTE_MS, "before": base}
        assert await self.opens(served, **span) == [base + 2 * MINUTE_MS, base + MINUTE_MS]

    async def test_they_may_include_it(self) -> None:
        base = AT_MS - HOUR_MS
        async with exchange("quirks: {candle_ends_included: true}") as served:
            opens = await self.opens(served, after=base + 2 * MINUTE_MS, before=base)
            assert opens == [base + 2 * MINUTE_MS, base + MINUTE_MS, base]

    async def test_before_alone_answers_the_newest_page(self, served: Exchange) -> None:
        opens = await self.opens(served, before=AT_MS - 10 * HOUR_MS, limit=2)
        assert opens[0] == AT_MS - MINUTE_MS

    async def test_candles_reach_back_1440_bars(self, served: Exchange) -> None:
        old = AT_MS - 1500 * MINUTE_MS
        assert await self.opens(served, after=old) == []
        assert len(await self.opens(served, "market/history-candles", after=old)) == 100

    async def test_a_bar_of_months_is_no_bar_here(self, served: Exchange) -> None:
        answer = await served.http.get(f"{PREFIX}market/candles", params={"instId": SYMBOL, "bar": "1M"})
        assert answer.json()["code"] == "51000"


class TestAccount:
    async def test_the_account_is_hedged_and_in_futures_mode(self, served: Exchange) -> None:
        (row,) = await served.data("account/config")
        assert (row["acctLv"], row["posMode"]) == ("2", "long_short_mode")

    async def test_how_many_orders_the_account_may_send_is_told(self, served: Exchange) -> None:
        (row,) = await served.data("trade/account-rate-limit")
        assert (row["accRateLimit"], row["fillRatio"]) == ("1000", "")

    async def test_money_is_told_by_coin_and_the_sums_are_untold(self, served: Exchange) -> None:
        (row,) = await served.data("account/balance")
        (coin,) = row["details"]
        assert (coin["ccy"], coin["eq"], coin["availEq"], row["adjEq"]) == ("USDT", "10000", "10000", "")

    async def test_fees_are_negative_and_found_by_the_contracts_group(self, served: Exchange) -> None:
        (row,) = await served.data("account/trade-fee", instType="SWAP")
        (contract,) = await served.public("public/instruments", instType="SWAP", instId=SYMBOL)
        (group,) = [each for each in row["feeGroup"] if each["groupId"] == contract["groupId"]]
        assert Decimal(group["taker"]) < Decimal(group["maker"]) < 0

    async def test_the_mode_changes_only_while_nothing_is_open(self, served: Exchange) -> None:
        await served.done("trade/order", limit(served))
        assert await served.code("account/set-position-mode", {"posMode": "net_mode"}) == "59000"

    @pytest.mark.parametrize(("sides", "rows"), [("each", ["long", "short"]), ("net", ["net"])])
    async def test_leverage_has_rows_by_side_or_one(self, sides: str, rows: list[str]) -> None:
        async with exchange(f"quirks: {{leverage_sides: {sides}}}") as served:
            found = await served.data("account/leverage-info", instId=SYMBOL, mgnMode="cross")
            assert [(row["posSide"], row["lever"]) for row in found] == [(side, "5") for side in rows]

    async def test_leverage_info_may_not_be_there(self) -> None:
        async with exchange("quirks: {leverage_info_served: false}") as served:
            answer = await served.get("account/leverage-info", instId=SYMBOL, mgnMode="cross")
            assert answer.status_code == 404

    async def test_leverage_waits_for_orders_and_for_stops(self, served: Exchange) -> None:
        wanted = {"instId": SYMBOL, "lever": "7", "mgnMode": "cross"}
        order = await served.done("trade/order", limit(served))
        assert await served.code("account/set-leverage", wanted) == "59107"
        await served.done("trade/cancel-order", {"instId": SYMBOL, "ordId": order["ordId"]})
        await served.opened()
        await served.done("trade/order-algo", served.stop())
        assert await served.code("account/set-leverage", wanted) == "59669"
        assert await served.code("account/set-leverage", {**wanted, "lever": "5"}) == "0"

    async def test_the_same_leverage_may_be_refused_as_well(self) -> None:
        async with exchange("quirks: {same_leverage_passes: false}") as served:
            await served.done("trade/order", limit(served))
            wanted = {"instId": SYMBOL, "lever": "5", "mgnMode": "cross"}
            assert await served.code("account/set-leverage", wanted) == "59107"

    @pytest.mark.parametrize(("lever", "code"), [("126", "59102"), ("0.5", "59105")])
    async def test_leverage_has_a_range(self, served: Exchange, lever: str, code: str) -> None:
        assert await served.code("account/set-leverage", {"instId": SYMBOL, "lever": lever, "mgnMode": "cross"}) == code

    async def test_isolated_margin_is_refused_or_taken(self, served: Exchange) -> None:
        wanted = {"instId": SYMBOL, "lever": "5", "mgnMode": "isolated"}
        assert await served.code("account/set-leverage", wanted) == "50072"
        async with exchange("quirks: {isolated_taken: true}") as other:
            assert await other.code("account/set-leverage", wanted) == "0"

    async def test_a_position_tells_what_it_holds_and_what_closes_all_of_it(self, served: Exchange) -> None:
        await served.opened()
        algo = await served.done("trade/order-algo", served.stop())
        (row,) = await served.data("account/positions", instType="SWAP")
        (held,) = served.engine_positions()
        assert (row["pos"], row["posSide"], row["mgnMode"], row["lever"]) == ("6", "long", "cross", "5")
        assert Decimal(row["avgPx"]) == held.entry_price
        assert [each["algoId"] for each in row["closeOrderAlgo"]] == [algo["algoId"]]
        assert row["availPos"] == ""

    async def test_a_closed_position_that_is_asked_for_comes_with_nothing(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order", served.order("6", side="sell", ordType="market"))
        assert await served.data("account/positions") == []
        (row,) = await served.data("account/positions", instId=SYMBOL)
        assert (row["pos"], row["avgPx"]) == ("0", "")

    async def test_or_it_does_not_come(self) -> None:
        async with exchange("quirks: {closed_position_shown: false}") as served:
            await served.opened()
            await served.done("trade/order", served.order("6", side="sell", ordType="market"))
            assert await served.data("account/positions", instId=SYMBOL) == []

    async def test_funding_is_a_bill(self, served: Exchange) -> None:
        await served.opened()
        await served.step(5 * HOUR_MS)
        rows = await served.data("account/bills", type="8")
        assert [row["subType"] for row in rows] == ["173"]
        assert Decimal(rows[0]["pnl"]) < 0
        (position,) = await served.data("account/positions")
        assert position["fundingFee"] == rows[0]["pnl"]
        assert Decimal(position["realizedPnl"]) == Decimal(position["fee"]) + Decimal(position["fundingFee"])

    async def test_in_net_mode_a_short_position_is_negative(self, served: Exchange) -> None:
        await served.done("account/set-position-mode", {"posMode": "net_mode"})
        order = {**served.order("6", side="sell", ordType="market"), "posSide": "net"}
        await served.done("trade/order", order)
        (row,) = await served.data("account/positions")
        assert (row["pos"], row["posSide"]) == ("-6", "net")


class TestOrders:
    async def test_an_order_is_found_by_either_id(self, served: Exchange) -> None:
        placed = await served.done("trade/order", limit(served, clOrdId="a1", tag="mtf"))
        for named in ({"ordId": placed["ordId"]}, {"clOrdId": "a1"}):
            (row,) = await served.data("trade/order", instId=SYMBOL, **named)
            assert (row["ordId"], row["clOrdId"], row["tag"]) == (placed["ordId"], "a1", "mtf")
            assert (row["state"], row["accFillSz"], row["avgPx"]) == ("live", "0", "")
            assert row["reduceOnly"] == "false"

    async def test_an_unknown_one_gets_51603_and_its_cancel_51400(self, served: Exchange) -> None:
        assert (await served.get("trade/order", instId=SYMBOL, ordId="1")).json()["code"] == "51603"
        assert await served.code("trade/cancel-order", {"instId": SYMBOL, "ordId": "1"}) == "51400"

    @pytest.mark.parametrize("client_id", ["a-b", "a_b", "x" * 33, "ö"])
    async def test_client_ids_are_letters_and_digits(self, served: Exchange, client_id: str) -> None:
        assert await served.code("trade/order", limit(served, clOrdId=client_id)) == "51000"

    async def test_a_client_id_is_taken_again_once_its_order_has_ended(self, served: Exchange) -> None:
        first = await served.done("trade/order", limit(served, clOrdId="a1"))
        assert await served.code("trade/order", limit(served, clOrdId="a1")) == "51016"
        await served.done("trade/cancel-order", {"instId": SYMBOL, "clOrdId": "a1"})
        second = await served.done("trade/order", limit(served, clOrdId="a1"))
        assert second["ordId"] != first["ordId"]
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="a1")
        assert row["ordId"] == second["ordId"], "the newest that bears it"

    @pytest.mark.parametrize(
        ("changed", "code"),
        [
            ({"sz": "0.5"}, "51121"),
            ({"sz": "-1"}, "51000"),
            ({"px": "0.1"}, "0"),
            ({"posSide": "net"}, "51000"),
            ({"posSide": ""}, "51000"),
            ({"tdMode": "isolated"}, "50072"),
            ({"tdMode": "cash"}, "51000"),
            ({"ordType": "stop"}, "51000"),
            ({"instId": "NOPE-USDT-SWAP"}, "51001"),
            ({"side": "long"}, "51000"),
        ],
    )
    async def test_what_is_wrong_with_an_order_has_a_code(
        self, served: Exchange, changed: dict[str, str], code: str
    ) -> None:
        assert await served.code("trade/order", {**limit(served), **changed}) == code

    async def test_a_price_off_the_grid_or_beyond_the_band_is_refused(self, served: Exchange) -> None:
        assert await served.code("trade/order", served.order(px="50000.05")) == "51000"
        beyond = served.order(px=served.price("1.06"))
        assert await served.code("trade/order", beyond) == "51006"
        moved = await served.done("trade/order", {**beyond, "ordType": "ioc", "pxAmendType": "1"})
        (row,) = await served.data("trade/order", instId=SYMBOL, ordId=moved["ordId"])
        (band,) = await served.public("public/price-limit", instId=SYMBOL)
        assert (row["px"], row["state"]) == (band["buyLmt"], "filled")

    async def test_a_market_order_fills_and_costs_a_negative_fee(self, served: Exchange) -> None:
        placed = await served.opened(clOrdId="m1")
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="m1")
        (fill,) = await served.data("trade/fills", ordId=placed["ordId"])
        assert (row["state"], row["ordType"], row["accFillSz"], row["px"]) == ("filled", "market", "6", "")
        assert Decimal(row["fee"]) == Decimal(fill["fee"]) < 0
        assert (fill["subType"], fill["execType"], fill["clOrdId"]) == ("3", "T", "m1")
        assert row["tradeId"] == fill["tradeId"]

    async def test_a_market_order_ends_at_the_edge_of_the_band(self, served: Exchange) -> None:
        price = Decimal(served.price("1"))
        served.shown(str(price), depth="4", beyond=str(price * 2 // 1))
        await served.opened(clOrdId="m1")
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="m1")
        assert (row["state"], row["accFillSz"], row["ordType"]) == ("canceled", "4", "market")

    @pytest.mark.parametrize(("kind", "source"), [("post_only", "31"), ("fok", "13"), ("ioc", "14")])
    async def test_what_cannot_stand_is_accepted_and_cancelled(self, served: Exchange, kind: str, source: str) -> None:
        """`sCode` 0 says no more than that the exchange heard of it."""
        crosses = kind == "post_only"
        order = served.order(px=served.price("1.01" if crosses else "0.97"), ordType=kind, clOrdId="a1")
        await served.done("trade/order", order)
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="a1")
        assert (row["state"], row["cancelSource"], row["ordType"]) == ("canceled", source, kind)

    async def test_an_order_cancelled_without_a_fill_is_gone_after_two_hours(self, served: Exchange) -> None:
        placed = await served.done("trade/order", limit(served, clOrdId="a1"))
        await served.done("trade/cancel-order", {"instId": SYMBOL, "clOrdId": "a1"})
        (row,) = await served.data("trade/orders-history", instType="SWAP")
        assert (row["ordId"], row["state"], row["cancelSource"]) == (placed["ordId"], "canceled", "1")
        assert await served.data("trade/orders-history-archive", instType="SWAP") == []
        await served.step(2 * HOUR_MS)
        assert await served.data("trade/orders-history", instType="SWAP") == []
        assert (await served.get("trade/order", instId=SYMBOL, clOrdId="a1")).json()["code"] == "51603"

    async def test_a_filled_one_leaves_the_history_after_seven_days_and_stays_in_the_archive(self) -> None:
        async with exchange("quirks: {order_query_days: 1}") as served:
            placed = await served.opened(size="1")
            await served.done("trade/order", served.order("1", side="sell", ordType="market"))
            await served.step(7 * DAY_MS)
            assert await served.data("trade/orders-history", instType="SWAP") == []
            archived = await served.data("trade/orders-history-archive", instType="SWAP")
            assert placed["ordId"] in {row["ordId"] for row in archived}
            assert await served.data("trade/fills") == []
            assert len(await served.data("trade/fills-history", instType="SWAP")) == 2
            answer = await served.get("trade/order", instId=SYMBOL, ordId=placed["ordId"])
            assert answer.json()["code"] == "51603"

    async def test_lists_are_paged_by_id(self, served: Exchange) -> None:
        ids = [(await served.done("trade/order", limit(served)))["ordId"] for _ in range(4)]
        newest = await served.data("trade/orders-pending", limit=2)
        assert [row["ordId"] for row in newest] == [ids[3], ids[2]]
        older = await served.data("trade/orders-pending", after=ids[2])
        assert [row["ordId"] for row in older] == [ids[1], ids[0]]
        newer = await served.data("trade/orders-pending", before=ids[1])
        assert [row["ordId"] for row in newer] == [ids[3], ids[2]]

    async def test_an_amendment_changes_price_and_total_size(self, served: Exchange) -> None:
        placed = await served.done("trade/order", limit(served))
        price = served.price("0.96")
        await served.done(
            "trade/amend-order", {"instId": SYMBOL, "ordId": placed["ordId"], "newPx": price, "newSz": "5"}
        )
        (row,) = await served.data("trade/orders-pending")
        assert (Decimal(row["px"]), row["sz"]) == (Decimal(price), "5")
        gone = {"instId": SYMBOL, "ordId": "1", "newSz": "5"}
        assert await served.code("trade/amend-order", gone) == "51503"

    async def test_a_closing_order_without_a_position_or_too_large_is_refused(self, served: Exchange) -> None:
        close = served.order("6", side="sell", ordType="market")
        assert await served.code("trade/order", close) == "51169"
        await served.opened(size="4")
        assert await served.code("trade/order", close) == "51112"

    async def test_a_closing_order_may_be_trimmed_instead(self) -> None:
        async with exchange("quirks: {oversized_exit: trimmed}") as served:
            await served.opened(size="4")
            await served.done("trade/order", served.order("6", side="sell", ordType="market"))
            assert await served.data("account/positions") == []

    async def test_close_position_waits_for_exits_that_stand(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order", served.order("2", side="sell", px=served.price("1.02")))
        whole = {"instId": SYMBOL, "mgnMode": "cross", "posSide": "long"}
        assert await served.code("trade/close-position", whole) == "51115"
        answer = (await served.post("trade/close-position", {**whole, "autoCxl": True, "clOrdId": "c1"})).json()
        assert answer["data"] == [{"instId": SYMBOL, "posSide": "long", "clOrdId": "c1", "tag": ""}]
        assert await served.data("account/positions") == []
        (order,) = await served.data("trade/order", instId=SYMBOL, clOrdId="c1")
        assert (order["state"], order["side"], order["posSide"]) == ("filled", "sell", "long")

    async def test_clients_send_flags_as_text_and_empty_fields(self, served: Exchange) -> None:
        order = limit(served, reduceOnly="false", clOrdId="", tag="", ccy="", attachAlgoOrds=None, stpMode="")
        assert await served.code("trade/order", order) == "0"


class TestTimer:
    async def test_it_cancels_every_order_and_leaves_stops(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order-algo", served.stop())
        await served.done("trade/order", limit(served, clOrdId="a1"))
        row = await served.done("trade/cancel-all-after", {"timeOut": 10})
        assert (int(row["triggerTime"]), int(row["ts"])) == (AT_MS // 1000 + 10, AT_MS // 1000)
        await served.step(10_000)
        (order,) = await served.data("trade/order", instId=SYMBOL, clOrdId="a1")
        assert (order["state"], order["cancelSource"]) == ("canceled", "20")
        assert len(await served.data("trade/orders-algo-pending", **ALGOS)) == 1

    async def test_it_may_take_stops_with_it_and_tell_milliseconds(self) -> None:
        async with exchange("quirks: {timer_takes_algos: true, timer_times_in_seconds: false}") as served:
            await served.opened()
            await served.done("trade/order-algo", served.stop())
            row = await served.done("trade/cancel-all-after", {"timeOut": "10"})
            assert int(row["triggerTime"]) == AT_MS + 10_000
            await served.step(10_000)
            assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    async def test_zero_disarms_it_and_its_span_has_bounds(self) -> None:
        async with exchange("quirks: {rate_limits: false}") as served:
            await served.done("trade/order", limit(served))
            assert await served.code("trade/cancel-all-after", {"timeOut": "9"}) == "51000"
            assert await served.code("trade/cancel-all-after", {"timeOut": "121"}) == "51000"
            await served.done("trade/cancel-all-after", {"timeOut": "10"})
            assert (await served.done("trade/cancel-all-after", {"timeOut": "0"}))["triggerTime"] == "0"
            await served.step(20_000)
            assert len(await served.data("trade/orders-pending")) == 1


class TestAttachedStops:
    async def test_nothing_waits_before_the_entry_fills(self, served: Exchange) -> None:
        await served.done("trade/order", limit(served, clOrdId="e1", **attached(served)))
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="e1")
        (inside,) = row["attachAlgoOrds"]
        assert (inside["attachAlgoClOrdId"], inside["slOrdPx"], inside["failCode"]) == ("s1", "-1", "")
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    async def test_a_filled_entry_leaves_one_algo_with_an_id_of_its_own(self, served: Exchange) -> None:
        await served.opened(clOrdId="e1", **attached(served))
        (entry,) = await served.data("trade/order", instId=SYMBOL, clOrdId="e1")
        (algo,) = await served.data("trade/orders-algo-pending", **ALGOS)
        assert (algo["algoClOrdId"], algo["ordType"], algo["sz"], algo["side"]) == ("s1", "conditional", "6", "sell")
        assert algo["algoId"] not in (entry["ordId"], entry["attachAlgoOrds"][0]["attachAlgoId"])

    async def test_stop_and_target_are_one_oco(self, served: Exchange) -> None:
        both = attached(served, tpTriggerPx=served.price("1.1"), tpOrdPx="-1", slTriggerPxType="mark")
        await served.opened(**both)
        (algo,) = await served.data("trade/orders-algo-pending", **ALGOS)
        assert (algo["ordType"], algo["slTriggerPxType"], algo["tpTriggerPxType"]) == ("oco", "mark", "last")
        await served.done("trade/cancel-algos", [{"instId": SYMBOL, "algoId": algo["algoId"]}])
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    async def part_filled(self, served: Exchange) -> dict[str, Any]:
        """An entry of six, four of which filled."""
        price = served.price("0.99")
        placed = await served.done("trade/order", served.order("6", px=price, clOrdId="e1", **attached(served)))
        served.shown(str(Decimal(price) - Decimal("0.1")), depth="4")
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="e1")
        assert (row["state"], row["accFillSz"]) == ("partially_filled", "4")
        return dict(placed)

    async def test_a_part_that_filled_is_naked_while_the_rest_stands(self, served: Exchange) -> None:
        await self.part_filled(served)
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    @pytest.mark.parametrize(("since_july", "sizes"), [("true", ["4"]), ("false", [])])
    async def test_when_the_rest_is_cancelled_it_depends_on_the_date(self, since_july: str, sizes: list[str]) -> None:
        async with exchange(f"quirks: {{attached_after_partial: {since_july}}}") as served:
            placed = await self.part_filled(served)
            await served.done("trade/cancel-order", {"instId": SYMBOL, "ordId": placed["ordId"]})
            waiting = await served.data("trade/orders-algo-pending", **ALGOS)
            assert [row["sz"] for row in waiting] == sizes

    async def test_one_that_cannot_be_placed_is_seen_in_the_entry_alone(self, served: Exchange) -> None:
        await served.control("POST", "commands", {"type": "PresetsFail", "symbol": SYMBOL})
        await served.opened(clOrdId="e1", **attached(served))
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="e1")
        assert (row["state"], row["attachAlgoOrds"][0]["failCode"]) == ("filled", "51149")
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    async def test_a_target_may_become_a_limit_order(self, served: Exchange) -> None:
        limit_price = served.price("1.03")
        both = attached(served, tpTriggerPx=served.price("1.04"), tpOrdPx=limit_price)
        await served.opened(clOrdId="e1", **both)
        (entry,) = await served.data("trade/order", instId=SYMBOL, clOrdId="e1")
        (algo,) = await served.data("trade/orders-algo-pending", **ALGOS)
        for row in (entry["attachAlgoOrds"][0], algo):
            assert (row["slOrdPx"], Decimal(row["tpOrdPx"])) == ("-1", Decimal(limit_price))

    async def test_it_outlives_a_position_that_something_else_closed(self, served: Exchange) -> None:
        await served.opened(**attached(served))
        await served.done("trade/order", served.order("6", side="sell", ordType="market"))
        assert len(await served.data("trade/orders-algo-pending", **ALGOS)) == 1

    @pytest.mark.parametrize(("level", "code"), [("1.01", "51047"), ("0.98", "51047")])
    async def test_one_on_the_wrong_side_refuses_the_entry(self, served: Exchange, level: str, code: str) -> None:
        row = attached(served, slTriggerPx=served.price(level))
        assert await served.code("trade/order", limit(served, "0.97", **row)) == code

    async def test_closing_orders_carry_none(self, served: Exchange) -> None:
        await served.opened()
        order = served.order("6", side="sell", ordType="market", **attached(served))
        assert await served.code("trade/order", order) == "51100"

    async def test_levels_change_before_the_fill(self, served: Exchange) -> None:
        placed = await served.done("trade/order", limit(served, **attached(served)))
        level = served.price("0.94")
        row = {"attachAlgoClOrdId": "s1", "newSlTriggerPx": level, "newSlOrdPx": "-1"}
        await served.done("trade/amend-order", {"instId": SYMBOL, "ordId": placed["ordId"], "attachAlgoOrds": [row]})
        (order,) = await served.data("trade/orders-pending")
        (inside,) = order["attachAlgoOrds"]
        assert (Decimal(inside["slTriggerPx"]), inside["attachAlgoClOrdId"]) == (Decimal(level), "s1")


class TestAlgos:
    async def test_one_stop_for_the_whole_position_and_no_second(self, served: Exchange) -> None:
        await served.opened()
        placed = await served.done("trade/order-algo", served.stop(algoClOrdId="w1"))
        target = {
            **served.stop(),
            "tpTriggerPx": served.price("1.1"),
            "tpOrdPx": "-1",
            "slTriggerPx": "",
            "slOrdPx": "",
        }
        assert await served.code("trade/order-algo", target) == "51088"
        (row,) = await served.data("trade/order-algo", algoClOrdId="w1")
        assert (row["algoId"], row["closeFraction"], row["sz"], row["state"]) == (placed["algoId"], "1", "", "live")

    async def test_it_follows_the_position_and_goes_with_it(self, served: Exchange) -> None:
        await served.opened(size="2")
        await served.done("trade/order-algo", served.stop(algoClOrdId="w1"))
        await served.opened(size="3")
        await served.done("trade/order", served.order("5", side="sell", ordType="market"))
        (row,) = await served.data("trade/orders-algo-history", state="canceled", **ALGOS)
        assert (row["algoClOrdId"], row["state"]) == ("w1", "canceled")

    async def test_it_needs_a_position(self, served: Exchange) -> None:
        assert await served.code("trade/order-algo", served.stop()) == "51058"

    async def test_it_moves_by_an_amendment_of_its_trigger_alone(self, served: Exchange) -> None:
        await served.opened()
        placed = await served.done("trade/order-algo", served.stop())
        named = {"instId": SYMBOL, "algoId": placed["algoId"]}
        level = served.price("0.97")
        await served.done("trade/amend-algos", {**named, "newSlTriggerPx": level, "newSlTriggerPxType": "mark"})
        (row,) = await served.data("trade/order-algo", algoId=placed["algoId"])
        assert (Decimal(row["slTriggerPx"]), row["slTriggerPxType"]) == (Decimal(level), "mark")
        assert await served.code("trade/amend-algos", {**named, "newSz": "2"}) == "51523"
        assert await served.code("trade/amend-algos", {**named, "newSlTriggerPx": served.price("1.02")}) == "51302"

    async def test_a_stop_that_fires_is_effective_and_names_its_order(self, served: Exchange) -> None:
        await served.opened()
        placed = await served.done("trade/order-algo", served.stop(algoClOrdId="w1"))
        served.shown(served.price("0.94"))
        (row,) = await served.data("trade/orders-algo-history", state="effective", **ALGOS)
        assert (row["algoId"], row["actualSide"], row["actualSz"]) == (placed["algoId"], "sl", "6")
        (order,) = await served.data("trade/order", instId=SYMBOL, ordId=row["ordId"])
        assert (order["clOrdId"], order["algoClOrdId"], order["algoId"]) == ("", "w1", placed["algoId"])
        assert (order["source"], order["category"], order["state"]) == ("7", "normal", "filled")
        named = [{"instId": SYMBOL, "algoId": placed["algoId"]}]
        assert await served.code("trade/cancel-algos", named) == "51416"

    async def test_an_oco_is_one_algo_of_which_one_side_acts(self, served: Exchange) -> None:
        await served.opened()
        both = {"tpTriggerPx": served.price("1.04"), "tpOrdPx": "-1", "ordType": "oco", "sz": "6"}
        await served.done("trade/order-algo", served.stop(**both))
        served.shown(served.price("1.05"))
        (row,) = await served.data("trade/orders-algo-history", state="effective", **ALGOS)
        assert (row["ordType"], row["actualSide"]) == ("oco", "tp")
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []

    async def test_a_sized_stop_may_end_with_its_position(self, served: Exchange) -> None:
        await served.opened()
        stays = await served.done("trade/order-algo", served.stop(sz="6"))
        await served.done("trade/order-algo", served.stop("0.94", sz="6", cxlOnClosePos=True))
        await served.done("trade/order", served.order("6", side="sell", ordType="market"))
        waiting = await served.data("trade/orders-algo-pending", **ALGOS)
        assert [row["algoId"] for row in waiting] == [stays["algoId"]]

    async def test_algo_ids_are_unique_among_what_waits(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order-algo", served.stop(sz="2", algoClOrdId="w1"))
        assert await served.code("trade/order-algo", served.stop(sz="2", algoClOrdId="w1")) == "51068"

    async def test_a_trigger_becomes_an_order_when_its_price_comes(self, served: Exchange) -> None:
        order = {**served.order("2"), "ordType": "trigger", "triggerPx": served.price("1.02"), "orderPx": "-1"}
        placed = await served.done("trade/order-algo", order)
        (row,) = await served.data("trade/orders-algo-pending", ordType="trigger")
        assert (row["algoId"], row["ordPx"], row["triggerPxType"]) == (placed["algoId"], "-1", "last")
        served.shown(served.price("1.03"))
        (position,) = await served.data("account/positions")
        assert position["pos"] == "2"

    async def test_a_trailing_stop_is_listed_under_its_kind_and_cancelled_like_others(self, served: Exchange) -> None:
        await served.opened()
        order = {**served.order("6", side="sell"), "ordType": "move_order_stop", "callbackRatio": "0.01"}
        placed = await served.done("trade/order-algo", order)
        (row,) = await served.data("trade/orders-algo-pending", ordType="move_order_stop")
        assert (row["algoId"], row["callbackRatio"]) == (placed["algoId"], "0.01")
        await served.done("trade/cancel-algos", [{"instId": SYMBOL, "algoId": placed["algoId"]}])

    async def test_lists_of_algos_need_a_kind(self, served: Exchange) -> None:
        assert (await served.get("trade/orders-algo-pending")).json()["code"] == "50014"

    async def test_plain_lists_do_not_show_algos(self, served: Exchange) -> None:
        await served.opened()
        await served.done("trade/order-algo", served.stop())
        assert await served.data("trade/orders-pending") == []

    async def test_a_stop_on_the_wrong_side_of_the_price_is_refused(self, served: Exchange) -> None:
        await served.opened()
        assert await served.code("trade/order-algo", served.stop("1.01")) == "51278"
        assert await served.code("trade/order-algo", served.stop("1.01", slTriggerPxType="mark")) == "51302"


async def test_the_control_route_tells_the_truth_behind_the_face(served: Exchange) -> None:
    await served.opened()
    (row,) = await served.control("GET", "positions")
    assert (row["symbol"], row["account"], row["size"]) == (SYMBOL, ACCOUNT, "6")
