"""Programs that none of us wrote trade on the sandbox as on OKX, changed in nothing but the address they are given.

Their scripts run in an environment of their own and print what they got; here it is held against the engine's truth.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from mtf_adapters.sandbox.faces.okx.opening import ACCOUNT
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, order_number
from tests.integration.faces.foreign_clients import carried_out
from tests.integration.faces.okx.exchange import SYMBOL, exchange


async def test_the_official_sdk_reads_the_market_and_trades(foreign_python: Path) -> None:
    async with exchange(flows=True, leverage="") as served:
        got = await carried_out(foreign_python, "okx_sdk_rest.py", served.ready)
        engine, now_ms = served.sandbox.world.engine, served.sandbox.world.now_ms
        ended = {order_number(order.order_id): order for order in engine.history(ACCOUNT, None, now_ms)}
        contract = engine.contract(SYMBOL)
        assert contract is not None

        assert Decimal(got["instrument"]["ctVal"]) == contract.contract_size
        assert [Decimal(row["maxSz"]) for row in got["tiers"]] == [row.notional_cap for row in contract.brackets]
        assert [row[-1] for row in got["candles"][1:]] == ["1"] * 9
        assert Decimal(got["limits"]["sellLmt"]) < Decimal(got["ticker"]["last"]) < Decimal(got["limits"]["buyLmt"])
        assert (got["config"]["posMode"], got["leverage"][0]["lever"]) == ("long_short_mode", "5")
        assert got["tickers"] == got["instruments"]

        limit = ended[got["limit"]["ordId"]]
        assert (limit.client_order_id, limit.size, limit.filled) == ("sdk0001", Decimal(4), 0)
        assert got["order"]["attachAlgoOrds"][0]["slTriggerPxType"] == "mark"
        assert Decimal(got["order_after_amend"]["px"]) == limit.price
        assert [row["ordId"] for row in got["pending"]] == [got["limit"]["ordId"]]
        assert got["unknown"]["code"] == "51603"
        assert [row["clOrdId"] for row in got["batch"]] == ["batch1", "batch2"]
        assert [row["sCode"] for row in got["batch_cancelled"]] == ["0", "0"]

        market = ended[got["market"]["ordId"]]
        (position,) = got["positions"]
        assert Decimal(position["avgPx"]) == market.average_price
        assert (position["pos"], position["posSide"], position["mgnMode"]) == ("6", "long", "cross")
        assert [row["algoClOrdId"] for row in got["attached"]] == ["sdkstop1"]
        assert got["second_whole"]["data"][0]["sCode"] == "51088"
        assert Decimal(got["whole_row"]["slTriggerPx"]) > Decimal(got["attached"][0]["slTriggerPx"])
        assert got["positions_with_stop"][0]["closeOrderAlgo"][0]["algoId"] == got["whole"]["algoId"]
        assert got["algos_after_close"] == [], "the whole-position stop went with its position"
        assert {row["algoId"] for row in got["algo_history"]} == {got["whole"]["algoId"], got["attached"][0]["algoId"]}
        assert {row["ordId"] for row in got["archive"]} < {row["ordId"] for row in got["history"]}
        assert sum(Decimal(row["fee"]) for row in got["fills"]) == -sum(
            fill.fee for fill in engine.fills(ACCOUNT, None, now_ms)
        )
        assert got["old_fills"] == got["fills"]
        assert got["mode"] == {"posMode": "net_mode"}
        assert engine.positions(ACCOUNT) == ()


async def test_ccxt_reads_the_market_and_trades(foreign_python: Path) -> None:
    async with exchange(flows=True, leverage="") as served:
        got = await carried_out(foreign_python, "okx_ccxt_rest.py", served.ready)
        engine, now_ms = served.sandbox.world.engine, served.sandbox.world.now_ms
        ended = {order_number(order.order_id): order for order in engine.history(ACCOUNT, None, now_ms)}

        assert len(got["markets"]) == len(served.sandbox.world.market.contracts(now_ms))
        assert (got["market"]["id"], got["market"]["active"]) == (SYMBOL, True)
        assert (len(got["ohlcv"]), len(got["days"])) == (20, 5)
        assert all(row[0] % 86_400_000 == 0 for row in got["days"])
        assert got["book"]["bids"][0][0] < got["book"]["asks"][0][0]
        assert (got["mode"]["hedged"], got["leverage"]["longLeverage"], got["balance"]["free"]) == (True, 5, 10_000)
        assert got["fee"]["taker"] > got["fee"]["maker"] > 0

        limit = ended[got["limit"]]
        assert (limit.client_order_id, limit.size) == ("ccxt0001", Decimal(4))
        assert float(limit.price or 0) == got["order_after_edit"]["price"]
        assert got["order"]["info"]["attachAlgoOrds"][0]["slOrdPx"] == "-1"
        assert (got["order"]["status"], got["order"]["clientOrderId"]) == ("open", "ccxt0001")
        assert [order["id"] for order in got["open_orders"]] == [got["limit"]]
        assert [order["id"] for order in got["cancelled_orders"]] == [got["limit"]]

        market = ended[got["market_order"]]
        (trade,) = got["my_trades"]
        assert (trade["order"], trade["price"]) == (got["market_order"], float(market.average_price or 0))
        assert trade["fee"]["cost"] > 0
        (position,) = got["positions"]
        assert (position["side"], position["contracts"], position["hedged"]) == ("long", 6, True)
        assert [order["status"] for order in got["closed_orders"]] == ["closed"]
        assert {order["id"] for order in got["open_stops"]} == {got["stop"], got["target"]}
        assert [order["id"] for order in got["open_triggers"]] == [got["trigger"]]
        assert [order["id"] for order in got["open_trailing"]] == [got["trail"]]
        assert got["positions_after_close"] == []
        (pair,) = engine.orders_of(ACCOUNT, SYMBOL, now_ms)[:1]
        assert got["left_behind"] == [algo_number(pair.pair_id)], "an attached stop outlives its position"
        assert (got["no_balance"], got["unknown_order"], got["bad_price"]) == (
            "InsufficientFunds",
            "OrderNotFound",
            "InvalidOrder",
        )
