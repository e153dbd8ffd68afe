"""The control route: truth, time, and the owner's hands."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.faces.bitmart.signing import signature
from mtf_core.market import Candles, Timeframe
from tests.integration.faces.exchange import AT_MS, SYMBOL, Exchange, exchange


@pytest.fixture
async def served() -> AsyncIterator[Exchange]:
    async with exchange() as made:
        yield made


async def test_the_state_tells_time_accounts_and_what_is_in_use(served: Exchange) -> None:
    await served.opened()
    state = await served.control("GET", "state")
    assert (state["now_ms"], state["now"], state["stepped"]) == (AT_MS, "2026-02-02T11:20:00Z", True)
    assert (state["accounts"], state["symbols_in_use"]) == (["trader"], [SYMBOL])


async def test_stepping_moves_time_and_fills_what_the_market_touches(served: Exchange) -> None:
    bid = served.sandbox.world.quote(SYMBOL).bids[0].price
    order = {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 3, "price": f"{bid}"}
    await served.accepted("submit-order", {**order, "leverage": "5", "open_type": "isolated"})
    await served.step(600_000)
    assert (await served.control("GET", "state"))["now_ms"] == AT_MS + 600_000
    (fill,) = await served.control("GET", "fills")
    assert (fill["is_maker"], fill["price"]) == (True, f"{bid}")


async def test_time_that_flows_by_itself_cannot_be_stepped() -> None:
    async with exchange(flows=True) as served:
        answer = await served.http.post("/control/step", json={"ms": 1000})
        assert (answer.status_code, "flows by itself" in answer.json()["error"]) == (409, True)


async def test_the_truth_is_the_engines(served: Exchange) -> None:
    placed = await served.opened()
    (position,) = await served.control("GET", "positions")
    (fill,) = await served.control("GET", "fills")
    (order,) = await served.control("GET", "history")
    assert (position["side"], position["size"], position["margin_mode"]) == ("long", "6", "isolated")
    assert fill["order_id"] == order["order_id"] == served.sandbox.face.quirks.engine_id(placed["order_id"])
    assert {flow["kind"] for flow in await served.control("GET", "flows")} == {"fee", "transfer"}
    balance = await served.control("GET", "balance")
    assert balance["wallet"] != "10000"


async def test_the_owner_can_act_by_hand(served: Exchange) -> None:
    await served.opened()
    done = await served.control("POST", "commands", {"type": "CloseAll", "account": "trader", "symbol": SYMBOL})
    assert done["answer"]["type"] == "Accepted"
    assert "Filled" in [event["type"] for event in done["events"]]
    assert await served.data("position-v2") == []


async def test_the_exchange_can_take_a_part_of_a_winner(served: Exchange) -> None:
    await served.opened()
    adl = {"type": "Deleverage", "account": "trader", "symbol": SYMBOL, "side": "long", "size": "2"}
    await served.control("POST", "commands", adl)
    (row,) = await served.data("position-v2")
    assert row["current_amount"] == "4"
    rows = await served.data("order-history", symbol=SYMBOL)
    assert "adl" in {each["type"] for each in rows}


async def test_a_wick_of_the_price_can_be_shown(served: Exchange) -> None:
    """What the market did not do: a stop fires at a price that no candle of it reaches."""
    await served.opened()
    level = served.price("0.9")
    stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": level, "price_type": 1}
    await served.accepted("submit-tp-sl-order", stop)
    sides = {"bids": [{"price": level, "size": "100"}], "asks": [{"price": served.price("0.901"), "size": "100"}]}
    await served.control("POST", "commands", {"type": "Tick", "symbol": SYMBOL, **sides, "last": level, "mark": level})
    assert served.engine_positions() == ()


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        ({}, "type: found None"),
        ({"type": "Nonsense"}, "type: found 'Nonsense'; known: "),
        ({"type": "CloseAll"}, "CloseAll.account"),
        ({"type": "CloseAll", "account": "trader", "force": True}, "force"),
        ({"type": "Transfer", "account": "trader", "amount": "much"}, "found 'much'"),
        ({"type": "Transfer", "account": "trader", "amount": 1.5}, "found 1.5"),
        ({"type": "Deleverage", "account": "trader", "symbol": "X", "side": "up", "size": "1"}, "Deleverage.side"),
    ],
)
async def test_a_command_that_cannot_be_meant_is_refused_with_its_place(
    served: Exchange, command: dict[str, object], complaint: str
) -> None:
    answer = await served.http.post("/control/commands", json=command)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


async def test_the_engines_refusal_is_an_answer(served: Exchange) -> None:
    done = await served.control("POST", "commands", {"type": "Transfer", "account": "nobody", "amount": "5"})
    assert done["answer"] == {"type": "Refused", "refusal": "unknown_account", "detail": "nobody"}


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/control/nothing"), ("POST", "/control/state"), ("GET", "/control")]
)
async def test_what_is_no_control_names_those_that_there_are(served: Exchange, method: str, path: str) -> None:
    answer = await served.http.request(method, path)
    assert answer.status_code == 404
    assert "GET /control/state" in answer.json()["error"]


@pytest.mark.parametrize("ms", [-1, 1.5, "60000", True, None, 10**12])
async def test_a_step_has_bounds(served: Exchange, ms: object) -> None:
    assert (await served.http.post("/control/step", json={"ms": ms})).status_code == 400


async def test_a_script_with_errors_changes_nothing(served: Exchange) -> None:
    before = await served.control("GET", "script")
    answer = await served.http.put(
        "/control/script", content="quirks: {idle_sec: soon}\nfaults: {calls: [{kind: rset}]}"
    )
    assert answer.status_code == 400
    assert "quirks.idle_sec" in answer.json()["error"]
    assert "faults.calls[0].kind" in answer.json()["error"]
    assert await served.control("GET", "script") == before


async def test_quirks_of_the_engine_are_fixed_when_it_is_made(served: Exchange) -> None:
    answer = await served.http.put("/control/script", content="quirks: {presets_arm_at: first_fill}")
    assert (answer.status_code, "cannot change while it runs" in answer.json()["error"]) == (400, True)


async def test_quirks_of_the_wire_change_while_it_runs(served: Exchange) -> None:
    await served.control("PUT", "script", {"quirks": {"empty_list_is_null": True}})
    assert await served.data("get-open-orders") is None


async def test_candle_files_are_a_market_whose_limits_are_touched_where_their_candles_reach() -> None:
    """The path within a minute visits its low, so an order that rests just above it is filled."""
    opens = [AT_MS + 60_000 * number for number in range(-600, 10)]
    count = len(opens)
    candles = Candles.checked(
        Timeframe.M1,
        open_ms=opens,
        open=[50_000.0] * count,
        high=[50_050.0] * count,
        low=[49_950.0] * count,
        close=[50_000.0] * count,
        volume=[600.0] * count,
    )
    async with exchange(market=CandleFileMarket({SYMBOL: candles})) as served:
        order = {"symbol": SYMBOL, "side": 1, "type": "limit", "size": 3, "price": "49951", "leverage": "5"}
        placed = await served.accepted("submit-order", {**order, "open_type": "isolated"})
        await served.step(60_000)
        assert (await served.data("order", symbol=SYMBOL, order_id=placed["order_id"]))["deal_size"] == "3"
        query = {"symbol": SYMBOL, "step": 1, "start_time": AT_MS // 1000, "end_time": AT_MS // 1000}
        (row,) = (await served.public("kline", **query)).json()["data"]
        assert (row["low_price"], row["high_price"]) == ("49950", "50050")


@pytest.mark.parametrize(
    ("rights", "code", "status"),
    [
        ({"may_trade": False}, 30012, 403),
        ({"frozen": True}, 30003, 401),
        ({"expired": True}, 30011, 403),
        ({}, 1000, 200),
    ],
)
async def test_a_further_key_may_lack_rights(served: Exchange, rights: dict[str, bool], code: int, status: int) -> None:
    made = await served.control("POST", "keys", {"account": "trader", **rights})
    stamp = str(AT_MS)
    sign = signature(made["secret"], stamp, made["memo"], b"{}")
    headers = {"X-BM-KEY": made["key"], "X-BM-TIMESTAMP": stamp, "X-BM-SIGN": sign}
    answer = await served.http.post("/contract/private/claim", content=b"{}", headers=headers)
    assert (answer.json()["code"], answer.status_code) == (code, status)


async def test_limits_of_an_account_are_shared_by_its_keys(served: Exchange) -> None:
    made = await served.control("POST", "keys", {"account": "trader"})
    body = b'{"symbol":"BTCUSDT","timeout":0}'
    sign = signature(made["secret"], str(AT_MS), made["memo"], body)
    other = {"X-BM-KEY": made["key"], "X-BM-TIMESTAMP": str(AT_MS), "X-BM-SIGN": sign}
    statuses = []
    for headers in (served.signed(body), other) * 3:
        answer = await served.http.post("/contract/private/cancel-all-after", content=body, headers=headers)
        statuses.append(answer.status_code)
    assert statuses == [200, 200, 200, 200, 429, 429]


async def test_a_key_needs_an_account_and_known_rights(served: Exchange) -> None:
    unknown = await served.http.post("/control/keys", json={"account": "nobody"})
    misspelt = await served.http.post("/control/keys", json={"account": "trader", "may_trad": True})
    assert (unknown.status_code, misspelt.status_code) == (404, 400)
