"""Programs that none of us wrote listen to OKX's streams, changed in nothing but the address that they are given."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

from mtf_adapters.sandbox.faces.serving import served as serving
from mtf_core.market import DAY_MS, HOUR_MS
from tests.integration.faces.foreign_clients import carried_out
from tests.integration.faces.okx.exchange import SYMBOL, exchange
from tests.tls import vouched


async def test_ccxt_pro_hears_of_what_it_does_on_all_streams(foreign_python: Path) -> None:
    async with exchange(flows=True) as served:
        got = await carried_out(foreign_python, "okx_ccxt_streams.py", served.ready)
        (position,) = served.engine_positions()

        assert got["ticker"]["last"] > 0
        assert got["ohlcv"][-1][0] % 60_000 == 0
        assert got["day"][-1][0] % DAY_MS == 16 * HOUR_MS, "it listens to candle1D, whose days open in UTC+8"
        assert got["book"]["bids"][0][0] < got["book"]["asks"][0][0]
        assert got["book_later"]["nonce"] >= got["book"]["nonce"]
        assert got["mark"]["markPrice"] > 0
        assert got["funding"]["fundingRate"] is not None
        filled = next(order for order in got["orders"] if order["status"] == "closed")
        assert (filled["id"], filled["clientOrderId"]) == (got["placed"], "pro0001")
        assert filled["average"] == float(position.entry_price)
        held = next(each for each in got["positions"] if each["contracts"] == 2)
        assert (held["side"], held["entryPrice"]) == ("short", float(position.entry_price))
        assert [trade["order"] for trade in got["trades"]] == [got["placed"]]
        assert got["balance"]["free"] < got["before"]["free"] == 10_000
        assert got["stop"] in [order["id"] for order in got["algos"]]


async def test_the_official_client_hears_of_what_it_does_over_tls(foreign_python: Path, tmp_path: Path) -> None:
    shown = vouched(tmp_path)
    async with exchange(flows=True) as served, serving(served.sandbox, certificate=shown.certificate) as secure:
        port = secure.rpartition(":")[2]
        streams = {f"wss_{name}": f"wss://localhost:{port}/ws/v5/{name}" for name in ("public", "business", "private")}
        trusting = {**os.environ, "SSL_CERT_FILE": str(shown.authority)}
        got = await carried_out(foreign_python, "okx_sdk_streams.py", {**served.ready, **streams}, trusting)
        (position,) = served.engine_positions()

    assert data_of(got["public"]).keys() == {"tickers", "books5", "mark-price", "price-limit", "instruments"}
    assert {row[8] for row in data_of(got["business"])["candle1m"]} <= {"0", "1"}
    refused = [message for message in got["business"] if message.get("event") == "error"]
    assert [message["code"] for message in refused] == ["60018"]
    events = [(message.get("event"), message.get("code")) for message in got["private"] if "event" in message]
    assert ("login", "0") in events
    assert ("error", "60031") in events, "it logs in before every subscription"
    private = data_of(got["private"])
    assert [(row["state"], row["clOrdId"]) for row in private["orders"]] == [("live", "sdkws1"), ("filled", "sdkws1")]
    assert Decimal(private["orders"][1]["fillPx"]) == position.entry_price
    assert {(row["instId"], row["pos"], row["posSide"]) for row in private["positions"]} == {(SYMBOL, "2", "long")}
    assert private["account"][0]["details"][0]["ccy"] == "USDT"
    assert json.dumps(got["placed"]).count('"sCode": "0"') == 1


def data_of(messages: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """The rows of each channel."""
    found: dict[str, list[Any]] = {}
    for message in messages:
        if "data" in message:
            found.setdefault(message["arg"]["channel"], []).extend(message["data"])
    return found
