"""Whatever is said on OKX's streams, it is answered in OKX's words; nothing that a client says breaks a stream."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.faces.okx.opening import ACCOUNT, OkxSandbox
from mtf_adapters.sandbox.faces.okx.quirks import drawn_quirks
from mtf_adapters.sandbox.faces.okx.script import Script
from mtf_adapters.sandbox.faces.okx.streams import OkxSession
from mtf_adapters.sandbox.faces.okx.topics import PATHS, Channel
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_adapters.sandbox.world_clock import SteppedClock
from tests.integration.faces.okx.exchange import AT_MS, SYMBOL

MARKET = GeneratedMarket(1, 5)
NONSENSE = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
CHANNELS = st.sampled_from([*Channel, "candle1m", "candle1Dutc", "mark-price-candle5m", "candle"])
SENSIBLE = {
    "channel": CHANNELS,
    "instId": st.sampled_from([SYMBOL, "NO-SUCH-SWAP", ""]),
    "instType": st.sampled_from(["SWAP", "FUTURES", "ANY", "SPOT"]),
    "instFamily": st.sampled_from(["BTC-USDT", "ETH-USDT"]),
    "ccy": st.sampled_from(["USDT", "BTC"]),
    "extraParams": st.sampled_from(['{"updateInterval": "0"}', '{"updateInterval": 2000}', "[]", "{", "7"]),
    "apiKey": st.text(max_size=5),
    "timestamp": st.integers() | st.just(str(AT_MS // 1000)),
    "sign": st.text(max_size=5),
    "passphrase": st.text(max_size=5),
}
ARGUMENTS = st.fixed_dictionaries({}, optional={name: good | NONSENSE for name, good in SENSIBLE.items()})
REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "id": NONSENSE,
        "op": st.sampled_from(["subscribe", "unsubscribe", "login"]) | NONSENSE,
        "args": st.lists(ARGUMENTS | NONSENSE, max_size=4) | NONSENSE,
    },
)
SAID = st.lists(REQUESTS.map(json.dumps) | st.text(max_size=40) | st.just("ping") | st.just('"\\ud800"'), max_size=8)
EVENTS = {"login", "subscribe", "unsubscribe", "error", "channel-conn-count", "channel-conn-count-error", "notice"}


@given(
    st.sampled_from(list(PATHS)),
    SAID,
    st.sampled_from([None, ACCOUNT]),
    st.integers(min_value=0, max_value=50),
)
def test_every_message_is_an_event_or_data_of_what_was_asked_for(
    path: str, said: list[str], account: str | None, seed: int
) -> None:
    sandbox = OkxSandbox.of(MARKET, SteppedClock(AT_MS), script=Script(quirks=drawn_quirks(seed)))
    streams = sandbox.face.streams
    session = streams.begun(path, 0.0)
    assert session is not None
    session.account = account
    streams.sessions[session] = None
    for raw in said:
        streams.said(session, raw)
        sandbox.world.advance(1000)
        streams.push()
    for message in told(session):
        assert message == "pong" or message.get("event") in EVENTS or {"arg", "data"} <= set(message)


def told(session: OkxSession) -> list[Any]:
    """Everything that would be sent, closing codes apart."""
    found = []
    while not session.outbox.empty():
        message = session.outbox.get_nowait()
        if isinstance(message, str):
            found.append(message if message == "pong" else json.loads(message))
    return found
