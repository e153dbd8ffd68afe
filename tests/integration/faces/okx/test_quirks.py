"""Every switch changes what a client meets."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.faces.okx.exchange import AT_MS, PREFIX, SYMBOL, exchange

ALGOS = {"ordType": "conditional,oco"}


async def test_algos_may_end_with_their_position() -> None:
    async with exchange("quirks: {algos_end_with_position: true}") as served:
        await served.opened()
        await served.done("trade/order-algo", served.stop(sz="6"))
        await served.done("trade/order", served.order("6", side="sell", ordType="market"))
        (row,) = await served.data("trade/orders-algo-history", state="canceled", **ALGOS)
        assert row["sz"] == "6"


async def test_a_whole_position_stop_may_outlive_its_position() -> None:
    async with exchange("quirks: {whole_algo_ends_with_position: false}") as served:
        await served.opened()
        await served.done("trade/order-algo", served.stop())
        await served.done("trade/order", served.order("6", side="sell", ordType="market"))
        (row,) = await served.data("trade/orders-algo-pending", **ALGOS)
        assert row["closeFraction"] == "1"
        await served.opened(size="2")
        assert await served.code("trade/order-algo", served.stop()) == "51088"


async def test_a_stop_may_wait_before_there_is_a_position() -> None:
    async with exchange("quirks: {algo_needs_position: false}") as served:
        await served.done("trade/order-algo", served.stop(algoClOrdId="w1"))
        await served.opened()
        served.shown(served.price("0.94"))
        (row,) = await served.data("trade/order-algo", algoClOrdId="w1")
        assert (row["state"], row["actualSz"]) == ("effective", "6")


async def test_an_entry_with_a_bad_stop_may_be_taken_without_it() -> None:
    async with exchange("quirks: {bad_stop_refuses_entry: false}") as served:
        stop = {"attachAlgoClOrdId": "s1", "slTriggerPx": served.price("1.02"), "slOrdPx": "-1"}
        placed = await served.opened(attachAlgoOrds=[stop])
        (row,) = await served.data("trade/order", instId=SYMBOL, ordId=placed["ordId"])
        (inside,) = row["attachAlgoOrds"]
        assert (row["state"], inside["attachAlgoClOrdId"]) == ("filled", "s1")
        assert Decimal(inside["slTriggerPx"]) == Decimal(stop["slTriggerPx"])
        assert inside["failCode"] != ""
        assert await served.data("trade/orders-algo-pending", **ALGOS) == []


async def test_an_order_may_be_live_later() -> None:
    async with exchange("quirks: {live_after_ms: 100}") as served:
        await served.opened()
        assert await served.data("account/positions") == []
        await served.step(100)
        assert len(await served.data("account/positions")) == 1


async def test_an_order_may_be_invisible_at_first_and_can_be_cancelled_all_the_same() -> None:
    async with exchange("quirks: {visible_after_ms: 250}") as served:
        await served.done("trade/order", served.order(px=served.price("0.97"), clOrdId="a1"))
        assert (await served.get("trade/order", instId=SYMBOL, clOrdId="a1")).json()["code"] == "51603"
        await served.done("trade/cancel-order", {"instId": SYMBOL, "clOrdId": "a1"})


async def test_history_candles_may_have_a_smaller_page() -> None:
    for most in (100, 300):
        async with exchange(f"quirks: {{history_candles_most: {most}}}") as served:
            assert len(await served.public("market/history-candles", instId=SYMBOL, limit=300)) == most


async def test_trailing_orders_may_not_be_cancelled_with_other_algos() -> None:
    async with exchange("quirks: {cancel_algos_takes_trailing: false}") as served:
        await served.opened()
        order = {**served.order("6", side="sell"), "ordType": "move_order_stop", "callbackRatio": "0.01"}
        placed = await served.done("trade/order-algo", order)
        assert await served.code("trade/cancel-algos", [{"instId": SYMBOL, "algoId": placed["algoId"]}]) == "51400"


async def test_contracts_may_have_no_number() -> None:
    async with exchange("quirks: {contract_codes_missing: true}") as served:
        (row,) = await served.public("public/instruments", instType="SWAP", instId=SYMBOL)
        assert row["instIdCode"] is None


@pytest.mark.parametrize(("level", "code"), [(1, "51010"), (2, "0")])
async def test_swaps_need_an_account_mode(level: int, code: str) -> None:
    async with exchange(f"quirks: {{account_level: {level}}}") as served:
        (row,) = await served.data("account/config")
        assert row["acctLv"] == str(level)
        assert await served.code("trade/order", served.order(px=served.price("0.97"))) == code


async def test_leverage_is_not_set_in_portfolio_margin() -> None:
    async with exchange("quirks: {account_level: 4}", leverage="") as served:
        wanted = {"instId": SYMBOL, "lever": "5", "mgnMode": "cross"}
        assert await served.code("account/set-leverage", wanted) == "51010"


async def test_orders_and_algos_that_stand_are_counted() -> None:
    async with exchange("quirks: {most_open_orders: 1, most_algos: 1}") as served:
        await served.opened()
        order = served.order(px=served.price("0.97"))
        assert [await served.code("trade/order", order) for _ in range(2)] == ["0", "51174"]
        codes = [await served.code("trade/order-algo", served.stop(sz="2")) for _ in range(2)]
        assert codes == ["0", "51174"]


async def test_the_band_may_be_wider() -> None:
    async with exchange("quirks: {price_band: 0.2}") as served:
        assert await served.code("trade/order", served.order(px=served.price("1.1"), ordType="ioc")) == "0"


async def test_the_clock_may_be_ahead_and_the_window_narrow() -> None:
    async with exchange("quirks: {clock_skew_ms: 20000}") as served:
        assert await served.public("public/time") == [{"ts": str(AT_MS + 20_000)}]
    async with exchange("quirks: {clock_skew_ms: 20000, signature_window_sec: 10}", leverage="") as served:
        assert (await served.get("account/config")).json()["code"] == "50102"


async def test_nothing_is_counted_where_nothing_is_limited() -> None:
    async with exchange("quirks: {rate_limits: false}") as served:
        assert {(await served.get("account/config")).status_code for _ in range(8)} == {200}


async def test_an_exchange_of_the_eea_sells_perpetuals_that_end() -> None:
    async with exchange("quirks: {sells: xperp}", leverage="") as served:
        assert await served.public("public/instruments", instType="SWAP") == []
        rows = await served.public("public/instruments", instType="FUTURES")
        (row,) = [each for each in rows if each["instFamily"] == "BTC-USD_UM_XPERP"]
        assert (row["instId"], row["ruleType"], row["settleCcy"]) == ("BTC-USD_UM_XPERP-310404", "xperp", "USD")
        assert int(row["expTime"]) > AT_MS
        symbol = row["instId"]
        await served.done("account/set-leverage", {"instId": symbol, "lever": "5", "mgnMode": "cross"})
        await served.done("trade/order", {**served.order("6", ordType="market"), "instId": symbol})
        (position,) = await served.data("account/positions", instType="FUTURES")
        assert (position["instId"], position["ccy"]) == (symbol, "USD")
        (account,) = await served.data("account/balance")
        assert [coin["ccy"] for coin in account["details"]] == ["USD"]
        (funding,) = await served.public("public/funding-rate", instId=symbol)
        assert funding["instType"] == "FUTURES"
        answer = await served.http.get(f"{PREFIX}market/ticker", params={"instId": SYMBOL})
        assert answer.json()["code"] == "51001"
