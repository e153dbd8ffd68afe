"""What goes wrong on the wire on purpose, as a client of OKX meets it, and what the exchange did all the same."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mtf_adapters.sandbox.faults import ARRIVES_NOT, FaultKind
from tests.integration.faces.okx.exchange import SYMBOL, Exchange, exchange


def script(kind: str, on: str = "order", more: str = "delay_ms: 200") -> str:
    return f"faults: {{calls: [{{kind: {kind}, on: '{on}', calls: [1], {more}}}]}}"


async def outcome(served: Exchange) -> httpx.Response | Exception:
    """What the first order came to for its sender."""
    try:
        return await served.post("trade/order", served.order(px=served.price("0.97"), clOrdId="a1"))
    except httpx.HTTPError as error:
        return error


async def exists(served: Exchange) -> bool:
    return bool(await served.data("trade/orders-pending"))


def has_its_row(answer: httpx.Response | Exception) -> bool:
    if not isinstance(answer, httpx.Response) or answer.status_code != 200:
        return False
    try:
        document = answer.json()
    except ValueError:
        return False
    return document["code"] == "0" and bool(document.get("data"))


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.STALE])
async def test_the_exchange_acts_unless_the_call_never_arrives(kind: FaultKind) -> None:
    async with exchange(script(kind)) as served:
        answer = await outcome(served)
        assert await exists(served) is (kind not in ARRIVES_NOT)
        untouched = {FaultKind.LATE_REQUEST, FaultKind.LATE_ANSWER, FaultKind.OTHER_ACCOUNT, FaultKind.UNPROTECTED}
        assert has_its_row(answer) is (kind in untouched)


@pytest.mark.parametrize(
    ("kind", "more", "status", "code"),
    [
        ("rate_limited", "times: 1", 429, "50011"),
        ("banned", "times: 1", 429, "50013"),
        ("maintenance", "times: 1", 503, "50001"),
        ("server_error", "status: 502", 502, "50001"),
        ("refused", "code: 50061, status: 429, text: Order rate limit", 429, "50061"),
        ("refused", "code: 50102, status: 401, text: Timestamp request expired.", 401, "50102"),
        ("refused_after", "code: 50004, status: 400, text: API endpoint request timeout", 400, "50004"),
        ("refused", "status: 500", 500, "50026"),
    ],
)
async def test_refusals_speak_the_venues_words(kind: str, more: str, status: int, code: str) -> None:
    async with exchange(script(kind, more=more)) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_an_answer_of_timeout_may_hide_an_order_that_was_taken() -> None:
    async with exchange(script("refused_after", more="code: 50004, status: 400")) as served:
        await outcome(served)
        (row,) = await served.data("trade/order", instId=SYMBOL, clOrdId="a1")
        assert row["state"] == "live"


async def test_a_row_may_be_refused_in_an_answer_that_arrives_well() -> None:
    async with exchange(script("refused_in_row", more="code: 51149, text: Order timed out")) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        document = answer.json()
        assert (answer.status_code, document["code"], document["data"][0]["sCode"]) == (200, "1", "51149")


async def test_an_entry_may_be_left_without_the_stop_that_it_carried() -> None:
    async with exchange(script("unprotected")) as served:
        stop = {"attachAlgoClOrdId": "s1", "slTriggerPx": served.price("0.95"), "slOrdPx": "-1"}
        placed = await served.opened(attachAlgoOrds=[stop])
        (row,) = await served.data("trade/order", instId=SYMBOL, ordId=placed["ordId"])
        assert row["attachAlgoOrds"][0]["failCode"] != ""
        assert await served.data("trade/orders-algo-pending", ordType="conditional") == []


async def test_reads_may_answer_of_another_account() -> None:
    async with exchange(script("other_account", on="positions")) as served:
        await served.opened()
        assert await served.data("account/positions") == []
        assert len(await served.data("account/positions")) == 1


async def test_another_accounts_answer_needs_a_right_signature_as_well() -> None:
    async with exchange(script("other_account", on="config"), leverage="") as served:
        target = "/api/v5/account/config"
        headers = {**served.signed("GET", target), "OK-ACCESS-SIGN": "wrong"}
        assert (await served.http.get(target, headers=headers)).json()["code"] == "50113"


async def test_a_read_of_an_order_is_named_apart_from_the_call_that_places_it() -> None:
    async with exchange(script("rate_limited", on="GET order")) as served:
        await served.opened(clOrdId="a1")
        first: Any = await served.get("trade/order", instId=SYMBOL, clOrdId="a1")
        assert first.status_code == 429
        assert (await served.get("trade/order", instId=SYMBOL, clOrdId="a1")).status_code == 200


async def test_faults_and_quirks_change_by_the_control_route_but_not_those_of_the_engine() -> None:
    async with exchange() as served:
        await served.control("PUT", "script", {"quirks": {"same_leverage_passes": False}})
        assert served.sandbox.face.quirks.same_leverage_passes is False
        answer = await served.http.put("/control/script", json={"quirks": {"timer_takes_algos": True}})
        assert answer.status_code == 400
        answer = await served.http.put("/control/script", json={"quirks": {"sells": "xperp"}})
        assert answer.status_code == 400
