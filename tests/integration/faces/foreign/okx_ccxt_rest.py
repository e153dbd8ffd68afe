"""ccxt trades over REST as on OKX, without any change but where it is pointed. Prints what it got as JSON.

The argument is the ready line of `mtf sandbox serve --face okx`.
"""

import json
import sys

import ccxt

SYMBOL = "BTC/USDT:USDT"


def exchange_of(kind, ready):
    made = kind(
        {
            "apiKey": ready["key"],
            "secret": ready["secret"],
            "password": ready["passphrase"],
            "options": {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}},
        }
    )
    made.set_sandbox_mode(True)
    made.urls["api"]["rest"] = ready["rest"]
    return made


def read_market(exchange):
    markets = exchange.load_markets()
    return {
        "markets": sorted(markets),
        "market": {name: markets[SYMBOL][name] for name in ("id", "active", "contractSize", "precision", "limits")},
        "time": exchange.fetch_time(),
        "ticker": exchange.fetch_ticker(SYMBOL),
        "ohlcv": exchange.fetch_ohlcv(SYMBOL, "5m", limit=20),
        "days": exchange.fetch_ohlcv(SYMBOL, "1d", since=exchange.milliseconds() - 10 * 86_400_000, limit=5),
        "book": exchange.fetch_order_book(SYMBOL, 5),
        "funding": exchange.fetch_funding_rate(SYMBOL)["fundingRate"],
        "tiers": exchange.fetch_market_leverage_tiers(SYMBOL),
        "fee": exchange.fetch_trading_fee(SYMBOL),
        "status": exchange.fetch_status()["status"],
    }


def main(ready):
    exchange = exchange_of(ccxt.okx, ready)
    got = read_market(exchange)
    got["mode"] = exchange.fetch_position_mode()
    exchange.set_leverage(5, SYMBOL, {"mgnMode": "cross"})
    got["leverage"] = exchange.fetch_leverage(SYMBOL, {"mgnMode": "cross"})
    got["balance"] = exchange.fetch_balance()["USDT"]
    last = got["ticker"]["last"]

    def price(factor):
        return float(exchange.price_to_precision(SYMBOL, last * factor))

    cross = {"tdMode": "cross", "hedged": True}
    got["limit"] = exchange.create_order(
        SYMBOL,
        "limit",
        "buy",
        3,
        price(0.97),
        {**cross, "clientOrderId": "ccxt0001", "stopLoss": {"triggerPrice": price(0.9)}},
    )["id"]
    got["order"] = exchange.fetch_order(got["limit"], SYMBOL)
    got["open_orders"] = exchange.fetch_open_orders(SYMBOL)
    got["edited"] = exchange.edit_order(got["limit"], SYMBOL, "limit", "buy", 4, price(0.98))["id"]
    got["order_after_edit"] = exchange.fetch_order(got["limit"], SYMBOL)
    got["cancelled"] = exchange.cancel_order(got["limit"], SYMBOL)["id"]
    got["cancelled_orders"] = exchange.fetch_canceled_orders(SYMBOL)

    hold(exchange, got, price, cross)
    for name, call in {
        "no_balance": lambda: exchange.create_order(SYMBOL, "limit", "buy", 10_000, price(0.99), cross),
        "unknown_order": lambda: exchange.fetch_order("1", SYMBOL),
        "bad_price": lambda: exchange.create_order(SYMBOL, "limit", "buy", 1, price(1.2), cross),
    }.items():
        try:
            call()
        except ccxt.ExchangeError as error:
            got[name] = type(error).__name__
    print(json.dumps(got))


def hold(exchange, got, price, cross):
    """A position with everything that can wait beside it."""
    market = exchange.create_order(
        SYMBOL,
        "market",
        "buy",
        6,
        None,
        {
            **cross,
            "clientOrderId": "ccxt0002",
            "stopLoss": {"triggerPrice": price(0.9)},
            "takeProfit": {"triggerPrice": price(1.1)},
        },
    )
    got["market_order"] = market["id"]
    got["positions"] = exchange.fetch_positions([SYMBOL])
    got["closed_orders"] = exchange.fetch_closed_orders(SYMBOL)
    got["attached"] = exchange.fetch_open_orders(SYMBOL, None, None, {"ordType": "oco", "stop": True})
    got["stop"] = exchange.create_order(
        SYMBOL, "market", "sell", 6, None, {**cross, "stopLossPrice": price(0.92), "slTriggerPxType": "mark"}
    )["id"]
    got["target"] = exchange.create_order(SYMBOL, "market", "sell", 6, None, {**cross, "takeProfitPrice": price(1.08)})[
        "id"
    ]
    got["trigger"] = exchange.create_order(
        SYMBOL, "limit", "buy", 2, price(1.03), {**cross, "triggerPrice": price(1.02)}
    )["id"]
    got["trail"] = exchange.create_order(
        SYMBOL, "market", "sell", 6, None, {**cross, "reduceOnly": True, "trailingPercent": 1}
    )["id"]
    got["open_stops"] = exchange.fetch_open_orders(SYMBOL, None, None, {"stop": True, "ordType": "conditional"})
    got["open_triggers"] = exchange.fetch_open_orders(SYMBOL, None, None, {"trigger": True})
    got["open_trailing"] = exchange.fetch_open_orders(SYMBOL, None, None, {"trailing": True})
    got["stop_cancelled"] = exchange.cancel_order(got["stop"], SYMBOL, {"stop": True})["id"]
    for name in ("target", "trigger"):
        exchange.cancel_order(got[name], SYMBOL, {"stop": True})
    got["trail_cancelled"] = exchange.cancel_order(got["trail"], SYMBOL, {"trailing": True})["id"]
    got["my_trades"] = exchange.fetch_my_trades(SYMBOL)
    got["close"] = exchange.create_order(SYMBOL, "market", "sell", 6, None, {**cross, "reduceOnly": True})["id"]
    got["positions_after_close"] = exchange.fetch_positions()
    got["left_behind"] = [each["id"] for each in exchange.fetch_open_orders(SYMBOL, None, None, {"ordType": "oco"})]
    got["ledger"] = exchange.fetch_ledger("USDT")
    got["timer"] = exchange.cancel_all_orders_after(30_000)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
