"""ccxt pro listens while it trades, without any change but where it is pointed. Prints what it got as JSON."""

import asyncio
import json
import sys

import ccxt.pro

SYMBOL = "BTC/USDT:USDT"
PATIENCE_S = 20


def exchange_of(ready):
    made = ccxt.pro.bitmart(
        {"apiKey": ready["key"], "secret": ready["secret"], "uid": ready["memo"], "options": {"defaultType": "swap"}}
    )
    made.urls["api"]["spot"] = ready["rest"]
    made.urls["api"]["swap"] = ready["rest"]
    made.urls["api"]["ws"]["swap"] = {"public": ready["ws_public"], "private": ready["ws_private"]}
    return made


async def main(ready):
    exchange = exchange_of(ready)
    got = {}
    try:
        await exchange.load_markets()
        got["ticker"] = await exchange.watch_ticker(SYMBOL)
        got["ohlcv"] = await exchange.watch_ohlcv(SYMBOL, "1m")
        got["book"] = await exchange.watch_order_book(SYMBOL)
        got["trades"] = await exchange.watch_trades(SYMBOL)
        got["funding"] = await exchange.watch_funding_rate(SYMBOL)
        got["before"] = (await exchange.fetch_balance({"type": "swap"}))["USDT"]
        orders = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        positions = asyncio.ensure_future(exchange.watch_positions([SYMBOL]))
        balance = asyncio.ensure_future(exchange.watch_balance({"type": "swap"}))
        await asyncio.sleep(2)
        await exchange.set_leverage(5, SYMBOL, {"marginMode": "isolated"})
        placed = await exchange.create_order(
            SYMBOL, "market", "sell", 2, None, {"marginMode": "isolated", "leverage": 5, "clientOrderId": "pro0001"}
        )
        got["placed"] = placed["id"]
        seen = []
        while not any(order["status"] == "closed" for order in seen):
            seen += await asyncio.wait_for(orders, PATIENCE_S)
            orders = asyncio.ensure_future(exchange.watch_orders(SYMBOL))
        orders.cancel()
        got["orders"] = seen
        got["positions"] = await asyncio.wait_for(positions, PATIENCE_S)
        # The first answer may be the snapshot that ccxt itself fetched before the order.
        got["balance"] = (await asyncio.wait_for(balance, PATIENCE_S))["USDT"]
        while got["balance"]["free"] == got["before"]["free"]:
            again = exchange.watch_balance({"type": "swap"})
            got["balance"] = (await asyncio.wait_for(again, PATIENCE_S))["USDT"]
    finally:
        await exchange.close()
    print(json.dumps(got))


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 90))
