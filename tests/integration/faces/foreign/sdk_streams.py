"""BitMart's own SDK listens to both streams while it trades. Prints the messages it got as JSON, then ends hard.

Its ping timer never ends by itself, so the process has to.
"""

import json
import os
import sys
import time

from bitmart.api_contract import APIContract
from bitmart.websocket.futures_socket_client import FuturesSocketClient

SYMBOL = "BTCUSDT"
LISTEN_S = 20


def main(ready):
    public, private = [], []
    market = FuturesSocketClient(stream_url=ready["ws_public"], on_message=public.append)
    market.subscribe(
        [f"futures/ticker:{SYMBOL}", f"futures/klineBin1m:{SYMBOL}", f"futures/depth5:{SYMBOL}", "futures/nothing:X"]
    )
    account = FuturesSocketClient(
        stream_url=ready["ws_private"],
        on_message=private.append,
        api_key=ready["key"],
        api_secret_key=ready["secret"],
        api_memo=ready["memo"],
    )
    account.login()  # sleeps five seconds, as it always does
    account.subscribe(["futures/asset:USDT", "futures/position", "futures/order"])
    time.sleep(0.5)
    api = APIContract(ready["key"], ready["secret"], ready["memo"], url=ready["rest"])
    api.post_submit_leverage(SYMBOL, "isolated", "5")
    api.post_submit_order(SYMBOL, "sdkws1", type="market", side=1, leverage="5", open_type="isolated", size=2)
    end = time.monotonic() + LISTEN_S
    while time.monotonic() < end and not _heard_enough(public, private):
        time.sleep(0.2)
    print(json.dumps({"public": public, "private": private}), flush=True)
    os._exit(0)


def _heard_enough(public, private):
    groups = {message.get("group") for message in private if "data" in message}
    positions = sum(message.get("group") == "futures/position" for message in private if "data" in message)
    return {"futures/order", "futures/asset:USDT"} <= groups and positions >= 2 and len(public) > 12


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
