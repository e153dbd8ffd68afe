"""Whatever is said to the face, it answers in its own words; no call ends in an error that nobody wrote."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.faces.bitmart.codes import CODES
from mtf_adapters.sandbox.faces.bitmart.endpoints import ENDPOINTS, Endpoint
from mtf_adapters.sandbox.faces.bitmart.opening import BitmartSandbox
from mtf_adapters.sandbox.faces.bitmart.quirks import drawn_quirks
from mtf_adapters.sandbox.faces.bitmart.script import Script
from mtf_adapters.sandbox.faces.bitmart.signing import signature
from mtf_adapters.sandbox.faces.http import Request
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import SteppedClock
from tests.integration.faces.exchange import AT_MS, SYMBOL

MARKET = GeneratedMarket(1, 5)
LAST = MARKET.prices(SYMBOL, AT_MS).last

NAMES = (
    *("symbol", "side", "type", "mode", "size", "price", "leverage", "open_type", "client_order_id", "order_id"),
    *("trigger_price", "executive_price", "price_way", "price_type", "plan_category", "category", "timeout", "limit"),
    *("preset_stop_loss_price", "preset_take_profit_price", "preset_stop_loss_price_type", "activation_price"),
    *("callback_rate", "activation_price_type", "position_mode", "start_time", "end_time", "step", "flow_type"),
    *("page_size", "account", "contractType", "position_side", "currency", "amount", "stp_mode", "plan_type"),
)
SENSIBLE = st.sampled_from(
    [
        *(SYMBOL, "NOPE", 1, 2, 3, 4, 5, "1", "5", "limit", "market", "stop_loss", "take_profit", "isolated", "cross"),
        *("hedge_mode", "one_way_mode", "long", "USDT", 10, 60, "0.5", "spot_to_contract", "contract_to_spot"),
        *(f"{LAST * factor // 1}" for factor in (Decimal("0.9"), Decimal(1), Decimal("1.1"))),
        *(AT_MS, AT_MS // 1000, AT_MS // 1000 - 600, 3_000_248_810_274_001, "abc1"),
    ]
)
NONSENSE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
PARAMETERS = st.dictionaries(st.sampled_from(NAMES), SENSIBLE | NONSENSE, max_size=12)
CALLS = st.lists(st.tuples(st.sampled_from(list(ENDPOINTS.values())), PARAMETERS), min_size=1, max_size=12)


def request(sandbox: BitmartSandbox, endpoint: Endpoint, said: dict[str, Any]) -> Request:
    """The call with the account's key and a right signature."""
    credential, stamp = sandbox.credential, str(sandbox.face.signing_ms)
    body = json.dumps(said).encode() if endpoint.writes else b""
    query = {} if endpoint.writes else {name: str(value) for name, value in said.items()}
    sign = signature(credential.secret, stamp, credential.memo, body)
    headers = {"x-bm-key": credential.key, "x-bm-timestamp": stamp, "x-bm-sign": sign}
    return Request(endpoint.method, endpoint.path, endpoint.path, query, headers, body, "127.0.0.1")


@given(CALLS, st.integers(min_value=0, max_value=50))
def test_every_answer_is_an_envelope_with_a_code_of_the_table(calls: list[tuple[Endpoint, Any]], seed: int) -> None:
    """Under any drawn quirks, after any calls before: 1000, or a code with its words; and money stays whole."""
    sandbox = BitmartSandbox.of(MARKET, SteppedClock(AT_MS), script=Script(quirks=drawn_quirks(seed)))
    for endpoint, said in calls:
        answer = sandbox.face.respond(endpoint, request(sandbox, endpoint, said))
        document = msgspec.json.decode(answer.body)
        assert document["code"] in {1000, *CODES}
        assert document["trace"]
        if document["code"] != 1000:
            assert document.get("message") or document.get("msg")
        sandbox.world.advance(500)
        sandbox.face.push()
    engine = sandbox.world.engine
    balance = engine.balance("trader")
    assert balance.wallet == sum((flow.amount for flow in engine.flows("trader", sandbox.world.now_ms)), Decimal(0))
    assert balance.equity == balance.wallet + balance.unrealised_profit
