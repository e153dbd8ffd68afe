"""Programs that none of us wrote trade on the sandbox, changed in nothing but the address they are given.

Their scripts run in an environment of their own and print what they got; here it is held against the engine's truth.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

from mtf_adapters.sandbox.faces.bitmart.opening import ACCOUNT
from tests.integration.faces.exchange import SYMBOL, exchange
from tests.integration.faces.foreign_clients import carried_out


def ids(rows: Any) -> list[str]:
    return [row["order_id"] for row in rows]


async def test_the_official_sdk_reads_the_market_and_trades(foreign_python: Path) -> None:
    async with exchange(flows=True) as served:
        got = await carried_out(foreign_python, "sdk_rest.py", served.ready)
        engine, quirks = served.sandbox.world.engine, served.sandbox.face.quirks
        now_ms = served.sandbox.world.now_ms
        ended = {quirks.order_number(order.order_id): order for order in engine.history(ACCOUNT, None, now_ms)}
        fills = engine.fills(ACCOUNT, None, now_ms)

        contract = engine.contract(SYMBOL)
        assert contract is not None
        assert got["details"]["contract_size"] == f"{contract.contract_size:f}"
        assert len(got["brackets"]) == len(contract.brackets)
        assert got["kline"]
        assert got["mark_kline"][-1]["volume"] == "0"
        assert len(got["trades_of_market"]) == 5
        assert got["mode"] == {"position_mode": "hedge_mode"}
        assert (got["leverage"]["leverage"], got["leverage"]["open_type"]) == ("5", "isolated")

        limit = ended[got["limit"]["order_id"]]
        assert (limit.client_order_id, f"{limit.size:f}", limit.filled) == ("sdk0001", "4", 0)
        assert got["order"]["preset_stop_loss_price_type"] == 2
        assert Decimal(got["order_after_modify"]["price"]) == limit.price
        assert ids(got["open_orders"]) == [str(got["limit"]["order_id"])]
        assert got["open_orders_after_cancel"] == []

        market = ended[got["market"]["order_id"]]
        assert got["market"]["price"] == "market price"
        assert Decimal(got["fills"][0]["price"]) == market.average_price
        assert Decimal(got["fills"][0]["paid_fees"]) == fills[0].fee
        (long,) = [row for row in got["position_v2"] if row["position_side"] == "long"]
        assert (long["current_amount"], long["leverage"], long["open_type"]) == ("6", "5", "isolated")
        assert got["position"][0]["position_type"] == 1
        assert {row["type"] for row in got["plans"]} == {"plan", "take_profit", "stop_loss"}
        assert {row["type"]: row["plan_category"] for row in got["exits"]} == {"take_profit": 2, "stop_loss": 1}
        assert "client_order_id" in got["modify_plan_fails_in_the_sdk"]
        assert got["timer"]["cancel_time"] - got["timer"]["set_time"] == 60
        assert got["plans_after_close"] == []
        assert {str(number) for number in (got["market"]["order_id"], got["close"]["order_id"])} <= set(
            ids(got["history"])
        )
        assert engine.positions(ACCOUNT) == ()
        assert got["claim"]["amount"] == "10000"


async def test_the_official_sdk_hears_of_what_it_does_on_both_streams(foreign_python: Path) -> None:
    async with exchange(flows=True) as served:
        got = await carried_out(foreign_python, "sdk_streams.py", served.ready)
        (position,) = served.engine_positions()

        public = {message["group"] for message in got["public"] if "data" in message}
        assert {f"futures/ticker:{SYMBOL}", f"futures/klineBin1m:{SYMBOL}", f"futures/depth5:{SYMBOL}"} <= public
        refused = [message for message in got["public"] if message.get("success") is False]
        assert [message["group"] for message in refused] == ["futures/nothing:X"]
        assert {"action": "access", "success": True} in got["private"]
        orders = [
            each for m in got["private"] if m.get("group") == "futures/order" and "data" in m for each in m["data"]
        ]
        assert [(each["action"], each["order"]["state"]) for each in orders] == [(2, 1), (1, 4)]
        trade = orders[-1]["order"]["last_trade"]
        assert (trade["fillQty"], Decimal(trade["fillPrice"])) == ("2", position.entry_price)
        assert float(trade["fee"]) < 0
        positions = [m["data"][0] for m in got["private"] if m.get("group") == "futures/position" and "data" in m]
        assert len(positions) >= 2
        assert {(row["hold_volume"], row["open_type"]) for row in positions} == {("2", 1)}


async def test_ccxt_reads_the_market_and_trades(foreign_python: Path) -> None:
    async with exchange(flows=True) as served:
        got = await carried_out(foreign_python, "ccxt_rest.py", served.ready)
        engine, quirks = served.sandbox.world.engine, served.sandbox.face.quirks
        now_ms = served.sandbox.world.now_ms
        ended = {str(quirks.order_number(order.order_id)): order for order in engine.history(ACCOUNT, None, now_ms)}

        assert len(got["markets"]) == len(served.sandbox.world.market.contracts(now_ms))
        assert got["market"]["id"] == SYMBOL
        assert len(got["ohlcv"]) >= 19
        assert got["book"]["bids"][0][0] < got["book"]["asks"][0][0]
        assert got["balance"]["free"] == 10_000
        limit = ended[got["limit"]]
        assert (limit.client_order_id, f"{limit.size:f}") == ("ccxt0001", "4")
        assert float(limit.price or 0) == got["order_after_edit"]["price"]
        assert Decimal(got["order"]["info"]["preset_stop_loss_price"]) == limit.stop_price
        assert (got["order"]["status"], got["closed_orders"][0]["status"]) == ("open", "closed")
        assert [order["id"] for order in got["open_orders"]] == [got["limit"]]
        assert got["positions"][0]["contracts"] == 6
        assert got["my_trades"][0]["order"] == got["market_order"]
        assert got["my_trades"][0]["price"] == float(ended[got["market_order"]].average_price or 0)
        waiting = {order["id"] for order in got["open_triggers"]}
        assert waiting == {got["trigger"], got["stop"], got["target"]}
        assert engine.positions(ACCOUNT) == ()
        assert got["positions_after_close"] == []
        assert (got["no_balance"], got["unknown_order"], got["duplicate"]) == (
            "InsufficientFunds",
            "OrderNotFound",
            "InvalidOrder",
        )


async def test_ccxt_pro_hears_of_what_it_does_on_both_streams(foreign_python: Path) -> None:
    async with exchange(flows=True) as served:
        got = await carried_out(foreign_python, "ccxt_streams.py", served.ready)
        (position,) = served.engine_positions()

        assert got["ticker"]["last"] > 0
        assert got["ohlcv"][-1][0] % 60_000 == 0
        assert got["book"]["bids"][0][0] < got["book"]["asks"][0][0]
        assert got["trades"]
        assert got["funding"]["fundingRate"] is not None
        filled = got["orders"][-1]
        assert (filled["id"], filled["clientOrderId"], filled["status"]) == (got["placed"], "pro0001", "closed")
        assert filled["average"] == float(position.entry_price)
        assert (got["positions"][0]["side"], got["positions"][0]["contracts"]) == ("short", 2)
        assert got["balance"]["free"] < 10_000
