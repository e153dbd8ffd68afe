"""BitMart's own SDK trades over REST. Prints what it got as JSON; run by an interpreter that has the SDK.

The argument is the ready line of `mtf sandbox serve`.
"""

import json
import sys

from bitmart.api_contract import APIContract
from bitmart.api_system import APISystem

SYMBOL = "BTCUSDT"


def data(answer):
    """The data of an answer; every answer here is a success."""
    document, _ = answer
    assert document["code"] == 1000, document
    return document.get("data")


def main(ready):
    api = APIContract(ready["key"], ready["secret"], ready["memo"], url=ready["rest"])
    got = read_market(api, APISystem(url=ready["rest"]))
    trade(api, got)
    print(json.dumps(got))


def read_market(api, system):
    now = data(system.get_system_time())["server_time"]
    now_s = now // 1000
    return {
        "time": now,
        "service": data(system.get_system_service())["service"],
        "details": data(api.get_details(SYMBOL))["symbols"][0],
        "depth": data(api.get_depth(SYMBOL)),
        "kline": data(api.get_kline(SYMBOL, 5, now_s - 3600, now_s)),
        "mark_kline": data(api.get_mark_price_kline(SYMBOL, 1, now_s - 600, now_s)),
        "funding": data(api.get_funding_rate(SYMBOL)),
        "funding_history": data(api.get_fund_rate_history(SYMBOL, 5))["list"],
        "brackets": data(api.get_leverage_bracket(SYMBOL))["rules"][0]["brackets"],
        "trades_of_market": data(api.get_market_trade(SYMBOL, 5)),
        "open_interest": data(api.get_open_interest(SYMBOL)),
        "fees": data(api.get_trade_fee_rate(SYMBOL)),
        "mode": data(api.get_position_mode()),
        "leverage": data(api.post_submit_leverage(SYMBOL, "isolated", "5")),
    }


def trade(api, got):
    details, now_s = got["details"], got["time"] // 1000
    tick = float(details["price_precision"])

    def price(factor):
        return f"{round(float(details['last_price']) * factor / tick) * tick:.1f}"

    limit = data(
        api.post_submit_order(
            SYMBOL,
            client_order_id="sdk0001",
            type="limit",
            side=1,
            leverage="5",
            open_type="isolated",
            mode=1,
            price=price(0.9),
            size=3,
            preset_stop_loss_price=price(0.85),
            preset_stop_loss_price_type=2,
            preset_take_profit_price=price(1.2),
            preset_take_profit_price_type=1,
        )
    )
    got["limit"] = limit
    got["order"] = data(api.get_order(SYMBOL, str(limit["order_id"])))
    got["open_orders"] = data(api.get_open_order(SYMBOL))
    got["modified"] = data(api.post_modify_limit_order(SYMBOL, order_id=limit["order_id"], price=price(0.91), size="4"))
    got["order_after_modify"] = data(api.get_order(SYMBOL, str(limit["order_id"])))
    got["presets_modified"] = data(
        api.post_modify_preset_plan_order(SYMBOL, str(limit["order_id"]), preset_stop_loss_price=price(0.86))
    )
    got["cancelled"] = data(api.post_cancel_order(SYMBOL, order_id=str(limit["order_id"])))
    got["open_orders_after_cancel"] = data(api.get_open_order(SYMBOL))

    hold(api, got, price)
    got["assets"] = data(api.get_assets_detail())
    got["fills"] = data(api.get_trades(SYMBOL))
    got["close"] = data(api.post_submit_order(SYMBOL, "sdk0004", type="market", side=3, size=6))
    got["plans_after_close"] = data(api.get_current_plan_order(SYMBOL))
    got["history"] = data(api.get_order_history(SYMBOL, now_s - 3600, now_s + 60))
    got["flows"] = data(api.get_transaction_history(SYMBOL))
    got["claim"] = data(api.post_claim())


def hold(api, got, price):
    """A position with everything that can wait beside it."""
    market = data(
        api.post_submit_order(SYMBOL, "sdk0002", type="market", side=1, leverage="5", open_type="isolated", size=6)
    )
    got["market"] = market
    got["position_v2"] = data(api.get_position_v2(SYMBOL))
    got["position"] = data(api.get_position(SYMBOL))
    got["position_risk"] = data(api.get_position_risk(SYMBOL))
    got["stop"] = data(
        api.post_submit_tp_sl_order(
            SYMBOL,
            type="stop_loss",
            side=3,
            trigger_price=price(0.9),
            executive_price="0",
            price_type=2,
            size=6,
            plan_category=1,
            client_order_id="sdk0003",
            category="market",
        )
    )
    got["target"] = data(
        api.post_submit_tp_sl_order(SYMBOL, "take_profit", 3, price(1.1), "0", 1, plan_category=2, category="market")
    )
    got["stop_modified"] = data(
        api.post_modify_tp_sl_order(SYMBOL, price(0.92), 2, order_id=got["stop"]["order_id"], plan_category=1)
    )
    got["plan"] = data(
        api.post_submit_plan_order(
            SYMBOL,
            type="limit",
            side=1,
            leverage="5",
            open_type="isolated",
            mode=1,
            size=2,
            trigger_price=price(1.05),
            executive_price=price(1.06),
            price_way=1,
            price_type=1,
        )
    )
    got["trail"] = data(api.post_submit_trail_order(SYMBOL, 3, "5", "isolated", 6, price(1.08), "1", 1))
    got["plans"] = data(api.get_current_plan_order(SYMBOL))
    got["exits"] = data(api.get_current_plan_order(SYMBOL, plan_type="profit_loss"))
    try:
        api.post_modify_plan_order(SYMBOL, price(1.04), 1, "limit", order_id=str(got["plan"]["order_id"]))
    except NameError as error:
        got["modify_plan_fails_in_the_sdk"] = str(error)
    got["plan_cancelled"] = data(api.post_cancel_plan_order(SYMBOL, order_id=str(got["plan"]["order_id"])))
    got["trail_cancelled"] = data(api.post_cancel_trail_order(SYMBOL, order_id=str(got["trail"]["order_id"])))
    got["timer"] = data(api.post_cancel_all_after(SYMBOL, 60))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
