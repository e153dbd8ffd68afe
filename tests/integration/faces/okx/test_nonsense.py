"""Whatever is said to OKX's face, it answers in its own words; no call ends in an error that nobody wrote."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.faces.http import Request
from mtf_adapters.sandbox.faces.okx.codes import CODES
from mtf_adapters.sandbox.faces.okx.endpoints import ENDPOINTS, Endpoint, TradeEndpoint
from mtf_adapters.sandbox.faces.okx.opening import ACCOUNT, OkxSandbox
from mtf_adapters.sandbox.faces.okx.quirks import algo_number, drawn_quirks, order_number
from mtf_adapters.sandbox.faces.okx.script import Script
from mtf_adapters.sandbox.faces.okx.signing import signature, timestamp_of
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import SteppedClock
from tests.integration.faces.okx.exchange import AT_MS, SYMBOL

MARKET = GeneratedMarket(1, 5)
LAST = MARKET.prices("BTCUSDT", AT_MS).last

NAMES = (
    *("instId", "instType", "tdMode", "side", "posSide", "ordType", "sz", "px", "clOrdId", "ordId", "tag"),
    *("reduceOnly", "attachAlgoOrds", "newSz", "newPx", "slTriggerPx", "slOrdPx", "tpTriggerPx", "tpOrdPx"),
    *("slTriggerPxType", "triggerPx", "orderPx", "callbackRatio", "activePx", "closeFraction", "algoId", "algoClOrdId"),
    *("newSlTriggerPx", "newTpTriggerPx", "newTriggerPx", "cxlOnClosePos", "posMode", "lever", "mgnMode", "timeOut"),
    *("after", "before", "begin", "end", "limit", "bar", "state", "ccy", "instFamily", "uly", "leverage", "autoCxl"),
)
SENSIBLE = st.sampled_from(
    [
        *(SYMBOL, "NOPE-USDT-SWAP", "SWAP", "FUTURES", "cross", "isolated", "buy", "sell", "long", "short", "net"),
        *("limit", "market", "post_only", "ioc", "conditional", "oco", "trigger", "move_order_stop", "-1", "1", "5"),
        *("mark", "last", "true", True, "long_short_mode", "net_mode", "10", "30", "0", "0.01", "1m", "1D", "abc1"),
        *("live", "canceled", "effective", "filled", "USDT", "BTC-USDT", order_number(1), algo_number(2), str(AT_MS)),
        *(f"{LAST * factor // 1}" for factor in (Decimal("0.9"), Decimal("0.97"), Decimal(1), Decimal("1.1"))),
    ]
)
NONSENSE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.lists(st.integers(), max_size=2)
    | st.lists(
        st.dictionaries(st.sampled_from(["slTriggerPx", "slOrdPx", "attachAlgoClOrdId"]), SENSIBLE, max_size=3),
        max_size=2,
    )
)
ENTRY = {"instId": SYMBOL, "tdMode": "cross", "side": "buy", "posSide": "long", "ordType": "market", "sz": "3"}
PARAMETERS = st.dictionaries(st.sampled_from(NAMES), SENSIBLE | NONSENSE, max_size=12) | st.dictionaries(
    st.sampled_from(NAMES), SENSIBLE, max_size=6
).map(lambda changed: {**ENTRY, **changed})
CALLS = st.lists(st.tuples(st.sampled_from(list(ENDPOINTS.values())), PARAMETERS), min_size=1, max_size=12)


def request(sandbox: OkxSandbox, endpoint: Endpoint | TradeEndpoint, said: dict[str, Any]) -> Request:
    """The call with the account's key and a right signature."""
    credential, stamp = sandbox.credential, timestamp_of(sandbox.face.signing_ms)
    is_batch = isinstance(endpoint, TradeEndpoint) and endpoint.most_rows is not None
    body = json.dumps([said, said] if is_batch else said).encode() if endpoint.writes else b""
    query = {} if endpoint.writes else {name: str(value) for name, value in said.items()}
    headers = {
        "ok-access-key": credential.key,
        "ok-access-passphrase": credential.passphrase,
        "ok-access-timestamp": stamp,
        "ok-access-sign": signature(credential.secret, stamp, endpoint.method, endpoint.path, body),
        "x-simulated-trading": "1",
    }
    return Request(endpoint.method, endpoint.path, endpoint.path, query, headers, body, "127.0.0.1")


@given(CALLS, st.integers(min_value=0, max_value=50))
def test_every_answer_is_an_envelope_with_a_code_of_the_table(calls: list[tuple[Any, Any]], seed: int) -> None:
    """Under any drawn quirks, after any calls before: success, or a code with its words; and money stays whole."""
    quirks = evolve(drawn_quirks(seed), errors_have_data=True)
    sandbox = OkxSandbox.of(MARKET, SteppedClock(AT_MS), script=Script(quirks=quirks))
    known = {"0", "1", "2", *(str(code) for code in CODES)}
    for endpoint, said in calls:
        document = msgspec.json.decode(sandbox.face.respond(endpoint, request(sandbox, endpoint, said)).body)
        assert document["code"] in known
        assert isinstance(document["data"], list)
        assert document["code"] == "0" or document["msg"]
        for row in document["data"]:
            if isinstance(row, dict) and "sCode" in row:
                assert row["sCode"] in known
                assert row["sCode"] == "0" or row["sMsg"]
        sandbox.world.advance(500)
        sandbox.face.push()
    engine = sandbox.world.engine
    balance = engine.balance(ACCOUNT)
    assert balance.wallet == sum((flow.amount for flow in engine.flows(ACCOUNT, sandbox.world.now_ms)), Decimal(0))
    assert balance.equity == balance.wallet + balance.unrealised_profit
