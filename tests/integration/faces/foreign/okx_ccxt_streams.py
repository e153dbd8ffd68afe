"""ccxt pro listens to OKX's streams while it trades, without any change but where it is pointed. Prints JSON."""

import asyncio
import json
import sys

import ccxt.pro

SYMBOL = "BTC/USDT:USDT"
PATIENCE_S = 20


def exchange_of(ready):
    made = ccxt.pro.okx(
        {
            "apiKey": ready["key"],
            "secret": ready["secret"],
            "password": ready["passphrase"],
            "options": {"defaultType": "swap", "fetchMarkets": {"types": ["swap"]}},
        }
    )
    made.set_sandbox_mode(True)  # replaces the addresses, so it comes first; it sends the header and `?brokerId=9999`
    made.urls["api"]["rest"] = ready["rest"]
    made.urls["api"]["ws"] = ready["ws_public"].removesuffix("/public")
    return made


async def heard(watch, until):
    """What was heard, up to the first that is what one waits for."""
    seen = []
    while not any(until(each) for each in seen):
        seen += await asyncio.wait_for(watch(), PATIENCE_S)
    return seen


async def main(ready):
    exchange = exchange_of(ready)
    got = {}
    try:
        await exchange.load_markets()
        got["ticker"] = await exchange.watch_ticker(SYMBOL)
        got["ohlcv"] = await exchange.watch_ohlcv(SYMBOL, "1m")
        got["day"] = await exchange.watch_ohlcv(SYMBOL, "1d")
        got["book"] = await exchange.watch_order_book(SYMBOL)
        got["book_later"] = await exchange.watch_order_book(SYMBOL)
        got["best"] = await exchange.watch_bids_asks([SYMBOL])
        got["mark"] = await exchange.watch_mark_price(SYMBOL)
        got["funding"] = await exchange.watch_funding_rate(SYMBOL)
        got["before"] = (await exchange.fetch_balance())["USDT"]
        await exchange.set_leverage(5, SYMBOL, {"mgnMode": "cross"})
        closed = asyncio.ensure_future(heard(lambda: exchange.watch_orders(SYMBOL), lambda o: o["status"] == "closed"))
        held = asyncio.ensure_future(heard(lambda: exchange.watch_positions([SYMBOL]), lambda p: p["contracts"] == 2))
        algos = asyncio.ensure_future(
            heard(lambda: exchange.watch_orders(SYMBOL, params={"stop": True}), lambda o: o["status"] == "open")
        )
        trades = asyncio.ensure_future(exchange.watch_my_trades(SYMBOL))
        balance = asyncio.ensure_future(exchange.watch_balance())
        got["balance_first"] = (await asyncio.wait_for(balance, PATIENCE_S))["USDT"]
        await asyncio.sleep(2)
        short = {"tdMode": "cross", "posSide": "short"}
        placed = await exchange.create_order(SYMBOL, "market", "sell", 2, None, {**short, "clientOrderId": "pro0001"})
        got["placed"] = placed["id"]
        got["orders"], got["positions"] = await closed, await held
        got["trades"] = await asyncio.wait_for(trades, PATIENCE_S)
        got["balance"] = got["balance_first"]
        while got["balance"]["free"] == got["before"]["free"]:
            got["balance"] = (await asyncio.wait_for(exchange.watch_balance(), PATIENCE_S))["USDT"]
        above = exchange.price_to_precision(SYMBOL, got["ticker"]["last"] * 1.05)
        stop = await exchange.create_order(SYMBOL, "market", "buy", 2, None, {**short, "stopLossPrice": float(above)})
        got["stop"] = stop["id"]
        got["algos"] = await algos
    finally:
        await exchange.close()
    print(json.dumps(got))


if __name__ == "__main__":
    asyncio.run(asyncio.wait_for(main(json.loads(sys.argv[1])), 100))
