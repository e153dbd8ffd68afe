"""ccxt trades over REST, without any change but where it is pointed. Prints what it got as JSON.

The argument is the ready line of `mtf sandbox serve`.
"""

import json
import sys

import ccxt

SYMBOL = "BTC/USDT:USDT"


def exchange_of(kind, ready):
    made = kind(
        {"apiKey": ready["key"], "secret": ready["secret"], "uid": ready["memo"], "options": {"defaultType": "swap"}}
    )
    made.urls["api"]["spot"] = ready["rest"]
    made.urls["api"]["swap"] = ready["rest"]
    return made


def main(ready):
    exchange = exchange_of(ccxt.bitmart, ready)
    got = {}
    markets = exchange.load_markets()
    got["markets"] = sorted(markets)
    got["market"] = {name: markets[SYMBOL][name] for name in ("id", "active", "contractSize", "precision", "limits")}
    got["ticker"] = exchange.fetch_ticker(SYMBOL)
    got["ohlcv"] = exchange.fetch_ohlcv(SYMBOL, "5m", limit=20)
    got["book"] = exchange.fetch_order_book(SYMBOL)
    got["funding"] = exchange.fetch_funding_rate(SYMBOL)["fundingRate"]
    got["leverage"] = exchange.set_leverage(5, SYMBOL, {"marginMode": "isolated"})
    got["balance"] = exchange.fetch_balance({"type": "swap"})["USDT"]
    last = got["ticker"]["last"]

    def price(factor):
        return float(exchange.price_to_precision(SYMBOL, last * factor))

    isolated = {"marginMode": "isolated", "leverage": 5}
    limit = exchange.create_order(
        SYMBOL,
        "limit",
        "buy",
        3,
        price(0.9),
        {
            **isolated,
            "clientOrderId": "ccxt0001",
            "preset_stop_loss_price": str(price(0.85)),
            "preset_stop_loss_price_type": 2,
            "preset_take_profit_price": str(price(1.2)),
        },
    )
    got["limit"] = limit["id"]
    got["order"] = exchange.fetch_order(limit["id"], SYMBOL)
    got["open_orders"] = exchange.fetch_open_orders(SYMBOL)
    got["edited"] = exchange.edit_order(limit["id"], SYMBOL, "limit", "buy", 4, price(0.91))["id"]
    got["order_after_edit"] = exchange.fetch_order(limit["id"], SYMBOL)
    got["cancelled"] = exchange.cancel_order(limit["id"], SYMBOL)["id"]
    got["closed_orders"] = exchange.fetch_closed_orders(SYMBOL)

    market = exchange.create_order(SYMBOL, "market", "buy", 6, None, {**isolated, "clientOrderId": "ccxt0002"})
    got["market_order"] = market["id"]
    got["positions"] = exchange.fetch_positions([SYMBOL])
    got["trigger"] = exchange.create_order(
        SYMBOL, "limit", "buy", 2, price(1.06), {**isolated, "triggerPrice": price(1.05), "price_type": 1}
    )["id"]
    got["stop"] = exchange.create_order(
        SYMBOL, "market", "sell", 6, None, {"stopLossPrice": price(0.9), "price_type": 2, "plan_category": 1}
    )["id"]
    got["target"] = exchange.create_order(
        SYMBOL, "market", "sell", 6, None, {"takeProfitPrice": price(1.1), "plan_category": 1}
    )["id"]
    got["trail"] = exchange.create_order(
        SYMBOL,
        "market",
        "sell",
        6,
        None,
        {**isolated, "reduceOnly": True, "trailingPercent": 1, "trailingTriggerPrice": price(1.08)},
    )["id"]
    got["open_triggers"] = exchange.fetch_open_orders(SYMBOL, None, None, {"trigger": True})
    got["trigger_cancelled"] = exchange.cancel_order(got["trigger"], SYMBOL, {"trigger": True})["id"]
    got["trail_cancelled"] = exchange.cancel_order(got["trail"], SYMBOL, {"trailing": True})["id"]
    got["my_trades"] = exchange.fetch_my_trades(SYMBOL)
    got["close"] = exchange.create_order(SYMBOL, "market", "sell", 6, None, {"reduceOnly": True})["id"]
    got["positions_after_close"] = exchange.fetch_positions()
    got["ledger"] = exchange.fetch_ledger("USDT", None, None, {"type": "swap"}) if exchange.has["fetchLedger"] else []
    got["position_mode"] = exchange.fetch_position_mode()
    for name, call in {
        "no_balance": lambda: exchange.create_order(SYMBOL, "limit", "buy", 10_000, price(0.99), isolated),
        "unknown_order": lambda: exchange.fetch_order("1", SYMBOL),
        "duplicate": lambda: exchange.create_order(
            SYMBOL, "limit", "buy", 3, price(0.9), {**isolated, "clientOrderId": "ccxt0002"}
        ),
    }.items():
        try:
            call()
        except ccxt.ExchangeError as error:
            got[name] = type(error).__name__
    print(json.dumps(got))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
