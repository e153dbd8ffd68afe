"""OKX's own SDK trades over REST. Prints what it got as JSON; run by an interpreter that has the SDK.

The argument is the ready line of `mtf sandbox serve --face okx`.
"""

import json
import sys

from okx.Account import AccountAPI
from okx.MarketData import MarketAPI
from okx.PublicData import PublicAPI
from okx.Status import StatusAPI
from okx.Trade import TradeAPI

SYMBOL = "BTC-USDT-SWAP"


def data(answer):
    """The data of an answer; every answer here is a success."""
    assert answer["code"] == "0", answer
    return answer["data"]


def of(kind, ready):
    return kind(ready["key"], ready["secret"], ready["passphrase"], flag="1", domain=ready["rest"], debug=False)


def main(ready):
    public, market, account = of(PublicAPI, ready), of(MarketAPI, ready), of(AccountAPI, ready)
    got = {**read_market(public, market, of(StatusAPI, ready)), **read_account(account)}
    trade(of(TradeAPI, ready), account, got)
    print(json.dumps(got))


def read_market(public, market, status):
    return {
        "time": data(public.get_system_time())[0]["ts"],
        "instrument": data(public.get_instruments("SWAP", instId=SYMBOL))[0],
        "tiers": data(public.get_position_tiers("SWAP", "cross", instFamily="BTC-USDT")),
        "mark": data(public.get_mark_price("SWAP", instId=SYMBOL))[0],
        "limits": data(public.get_price_limit(SYMBOL))[0],
        "funding": data(public.get_funding_rate(SYMBOL))[0],
        "candles": data(market.get_candlesticks(SYMBOL, bar="5m", limit="10")),
        "old_candles": data(market.get_history_candlesticks(SYMBOL, bar="1Dutc", limit="3")),
        "ticker": data(market.get_ticker(SYMBOL))[0],
        "tickers": len(data(market.get_tickers("SWAP"))),
        "book": data(market.get_orderbook(SYMBOL, "5"))[0],
        "status": data(status.status()),
    }


def read_account(account):
    return {
        "config": data(account.get_account_config())[0],
        "balance": data(account.get_account_balance())[0],
        "set_leverage": data(account.set_leverage("5", "cross", instId=SYMBOL))[0],
        "leverage": data(account.get_leverage("cross", instId=SYMBOL)),
        "max_size": data(account.get_max_order_size(SYMBOL, "cross"))[0],
        "fees": data(account.get_fee_rates("SWAP"))[0],
        "instruments": len(data(account.get_instruments("SWAP"))),
    }


def trade(api, account, got):
    tick, last = float(got["instrument"]["tickSz"]), float(got["ticker"]["last"])

    def price(factor):
        return f"{round(last * factor / tick) * tick:.1f}"

    stop = {"attachAlgoClOrdId": "sdkstop1", "slTriggerPx": price(0.9), "slOrdPx": "-1", "slTriggerPxType": "mark"}
    limit = {"instId": SYMBOL, "tdMode": "cross", "side": "buy", "posSide": "long", "ordType": "limit"}
    got["limit"] = data(
        api.place_order(**limit, sz="3", px=price(0.97), clOrdId="sdk0001", attachAlgoOrds=[stop], tag="mtf")
    )[0]
    got["order"] = data(api.get_order(SYMBOL, clOrdId="sdk0001"))[0]
    got["pending"] = data(api.get_order_list("SWAP"))
    got["amended"] = data(api.amend_order(SYMBOL, clOrdId="sdk0001", newSz="4", newPx=price(0.98)))[0]
    got["order_after_amend"] = data(api.get_order(SYMBOL, ordId=got["limit"]["ordId"]))[0]
    got["cancelled"] = data(api.cancel_order(SYMBOL, clOrdId="sdk0001"))[0]
    got["unknown"] = api.get_order(SYMBOL, ordId="1")
    batch = [{**limit, "sz": size, "px": price(0.97), "clOrdId": f"batch{size}"} for size in ("1", "2")]
    got["batch"] = data(api.place_multiple_orders(batch))
    got["batch_cancelled"] = data(
        api.cancel_multiple_orders([{"instId": SYMBOL, "clOrdId": row["clOrdId"]} for row in batch])
    )
    hold(api, account, got, price, stop)
    got["history"] = data(api.get_orders_history("SWAP"))
    got["archive"] = data(api.get_orders_history_archive("SWAP"))
    got["fills"] = data(api.get_fills("SWAP"))
    got["old_fills"] = data(api.get_fills_history("SWAP"))
    got["bills"] = data(account.get_account_bills())
    got["mode"] = data(account.set_position_mode("net_mode"))[0]


def hold(api, account, got, price, stop):
    """A position with its stops."""
    entry = {"instId": SYMBOL, "tdMode": "cross", "side": "buy", "posSide": "long", "ordType": "market"}
    leave = {**entry, "side": "sell"}
    got["market"] = data(api.place_order(**entry, sz="6", clOrdId="sdk0002", attachAlgoOrds=[stop]))[0]
    got["positions"] = data(account.get_positions("SWAP"))
    got["attached"] = data(api.order_algos_list("conditional"))
    whole = {**leave, "ordType": "conditional", "closeFraction": "1", "reduceOnly": "true"}
    got["whole"] = data(api.place_algo_order(**whole, slTriggerPx=price(0.92), slOrdPx="-1", algoClOrdId="sdkwhole"))[0]
    got["second_whole"] = api.place_algo_order(**whole, tpTriggerPx=price(1.1), tpOrdPx="-1")
    got["whole_amended"] = data(api.amend_algo_order(SYMBOL, algoClOrdId="sdkwhole", newSlTriggerPx=price(0.93)))[0]
    got["whole_row"] = data(api.get_algo_order_details(algoClOrdId="sdkwhole"))[0]
    got["positions_with_stop"] = data(account.get_positions(instId=SYMBOL))
    got["attached_cancelled"] = data(
        api.cancel_algo_order([{"instId": SYMBOL, "algoId": got["attached"][0]["algoId"]}])
    )
    got["close"] = data(api.close_positions(SYMBOL, "cross", posSide="long"))[0]
    got["algos_after_close"] = data(api.order_algos_list("conditional,oco"))
    got["algo_history"] = data(api.order_algos_history("conditional", state="canceled"))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
