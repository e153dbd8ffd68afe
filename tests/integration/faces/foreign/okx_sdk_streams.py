"""OKX's own client listens to all three streams over TLS while it trades. Prints the messages it got as JSON."""

import asyncio
import json
import os
import sys

from okx.Account import AccountAPI
from okx.Trade import TradeAPI
from okx.websocket.WsPrivateAsync import WsPrivateAsync
from okx.websocket.WsPublicAsync import WsPublicAsync

SYMBOL = "BTC-USDT-SWAP"
LISTEN_S = 20


async def main(ready):
    heard = {"public": [], "business": [], "private": []}
    secrets = (ready["key"], ready["passphrase"], ready["secret"])

    def keep(stream):
        return lambda message: heard[stream].append(json.loads(message))

    market = WsPublicAsync(url=ready["wss_public"])
    await market.start()
    of_symbol = [{"channel": name, "instId": SYMBOL} for name in ("tickers", "books5", "mark-price", "price-limit")]
    await market.subscribe([*of_symbol, {"channel": "instruments", "instType": "SWAP"}], keep("public"))
    business = WsPublicAsync(ready["wss_business"], *secrets)
    await business.start()
    candles = {"channel": "candle1m", "instId": SYMBOL}
    await business.subscribe([candles, {"channel": "candle1m", "instId": "NO-SUCH-SWAP"}], keep("business"))
    account = WsPrivateAsync(*secrets, url=ready["wss_private"])
    await account.start()
    # Each of them logs in again, and sleeps five seconds.
    await account.subscribe([{"channel": "orders", "instType": "ANY"}], keep("private"))
    await account.subscribe([{"channel": "positions", "instType": "ANY"}, {"channel": "account"}], keep("private"))
    await asyncio.sleep(0.5)
    key, passphrase, secret = secrets
    options = {"flag": "1", "domain": ready["rest"], "debug": False}
    await asyncio.to_thread(
        AccountAPI(key, secret, passphrase, None, **options).set_leverage, lever="5", mgnMode="cross", instId=SYMBOL
    )
    placed = await asyncio.to_thread(
        TradeAPI(key, secret, passphrase, None, **options).place_order,
        instId=SYMBOL,
        tdMode="cross",
        side="buy",
        posSide="long",
        ordType="market",
        sz="2",
        clOrdId="sdkws1",
    )
    end = asyncio.get_running_loop().time() + LISTEN_S
    while asyncio.get_running_loop().time() < end and not heard_enough(heard):
        await asyncio.sleep(0.2)
    print(json.dumps({**heard, "placed": placed}), flush=True)
    os._exit(0)  # its tasks have no end


def heard_enough(heard):
    told = [message for message in heard["private"] if "data" in message]
    states = {row["state"] for message in told if message["arg"]["channel"] == "orders" for row in message["data"]}
    held = [row for message in told if message["arg"]["channel"] == "positions" for row in message["data"]]
    return "filled" in states and len(held) > 2 and any(message["arg"]["channel"] == "account" for message in told)


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
