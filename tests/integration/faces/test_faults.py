"""What goes wrong on the wire on purpose, as a client meets it, and what the exchange did all the same."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import httpx
import pytest

from mtf_adapters.sandbox.faults import ARRIVES_NOT, FaultKind
from tests.integration.faces.exchange import PRIVATE, SYMBOL, Exchange, exchange

SHORT = "delay_ms: 200"


def script(kind: str, on: str = "submit-order", more: str = SHORT) -> str:
    return f"faults: {{calls: [{{kind: {kind}, on: '{on}', calls: [1], {more}}}]}}"


def order(served: Exchange, client_order_id: str = "first") -> dict[str, Any]:
    """An order that rests; it exists, or it does not."""
    terms = {"side": 1, "type": "limit", "size": 3, "leverage": "5", "open_type": "isolated"}
    return {"symbol": SYMBOL, "price": served.price("0.9"), "client_order_id": client_order_id, **terms}


async def outcome(served: Exchange) -> httpx.Response | Exception:
    """What the first submit came to for its sender."""
    try:
        return await served.post("submit-order", order(served))
    except httpx.HTTPError as error:
        return error


async def exists(served: Exchange) -> bool:
    return bool(await served.data("get-open-orders"))


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.STALE])
async def test_the_exchange_acts_unless_the_call_never_arrives(kind: FaultKind) -> None:
    async with exchange(script(kind)) as served:
        answer = await outcome(served)
        plain = isinstance(answer, httpx.Response) and answer.status_code == 200 and is_success(answer)
        assert await exists(served) is (kind not in ARRIVES_NOT)
        assert plain is (
            kind
            in {
                FaultKind.LATE_REQUEST,
                FaultKind.LATE_ANSWER,
                FaultKind.NULL,
                FaultKind.NO_DATA,
                FaultKind.EMPTY,
                FaultKind.OTHER_ACCOUNT,
                FaultKind.UNPROTECTED,
            }
        )


def is_success(answer: httpx.Response) -> bool:
    try:
        return bool(answer.json()["code"] == 1000)
    except json.JSONDecodeError:
        return False


@pytest.mark.parametrize("kind", ["lost_request", "lost_answer", "reset", "reset_mid_body"])
async def test_a_connection_that_ends_gives_no_answer(kind: str) -> None:
    async with exchange(script(kind)) as served:
        assert isinstance(await outcome(served), httpx.TransportError)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [("rate_limited", 429, 30013), ("banned", 418, 30017), ("maintenance", 200, 30016), ("server_error", 503, 30014)],
)
async def test_refusals_of_the_gateway_have_their_codes(kind: str, status: int, code: int) -> None:
    async with exchange(script(kind)) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_any_refusal_can_be_said() -> None:
    more = "code: 40012, status: 500, text: Trouble"
    async with exchange(script("refused", more=more)) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (500, 40012, "Trouble")


@pytest.mark.parametrize("kind", ["cdn_page", "cdn_page_after"])
async def test_a_content_network_answers_with_html(kind: str) -> None:
    async with exchange(script(kind, more="status: 403")) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.headers["content-type"]) == (403, "text/html; charset=UTF-8")
        assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("kind", ["malformed", "truncated"])
async def test_a_body_can_be_no_json(kind: str) -> None:
    async with exchange(script(kind)) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        with pytest.raises(json.JSONDecodeError):
            answer.json()


async def test_an_answer_can_be_empty_null_or_without_data() -> None:
    for kind, expected in (("empty", {"data": []}), ("null_data", {"data": None}), ("no_data", {})):
        async with exchange(script(kind, on="position-v2")) as served:
            await served.opened()
            document = (await served.get("position-v2")).json()
            assert {name: value for name, value in document.items() if name == "data"} == expected
            assert len(await served.data("position-v2")) == 1


async def test_an_answer_can_be_of_another_account() -> None:
    async with exchange("faults: {calls: [{kind: other_account, on: '*'}]}") as served:
        await served.opened()
        assert await served.data("position-v2") == []
        assert (await served.data("assets-detail"))[0]["available_balance"] == "7"
        assert len(served.engine_positions()) == 1


async def test_a_stale_answer_is_that_of_the_call_before() -> None:
    async with exchange("faults: {calls: [{kind: stale, on: position-v2, calls: [2]}]}") as served:
        assert await served.data("position-v2") == []
        await served.opened()
        assert await served.data("position-v2") == []
        assert len(await served.data("position-v2")) == 1


async def test_a_request_that_comes_late_is_judged_when_it_comes() -> None:
    """Bytes that were under way for longer than the window are refused by the exchange itself."""
    late = "faults: {calls: [{kind: late_request, on: submit-order, calls: [1], delay_ms: 1500}]}\n"
    async with exchange(late + "quirks: {signature_window_sec: 1}", flows=True) as served:
        answer = await outcome(served)
        assert isinstance(answer, httpx.Response)
        assert (answer.status_code, answer.json()["code"]) == (401, 30007)
        assert not await exists(served)


async def test_a_late_request_acts_after_its_sender_has_gone() -> None:
    async with exchange(script("late_request", more="delay_ms: 600")) as served:
        with pytest.raises(httpx.ReadTimeout):
            await served.http.post(
                f"{PRIVATE}submit-order",
                content=(body := json.dumps(order(served)).encode()),
                headers=served.signed(body),
                timeout=0.2,
            )
        assert not await exists(served)
        deadline = time.monotonic() + 5
        while not await exists(served):
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


async def test_after_a_lost_answer_the_client_id_tells_that_the_order_is_there() -> None:
    async with exchange(script("lost_answer")) as served:
        await outcome(served)
        assert await served.code("submit-order", order(served)) == (40050, 403)
        (row,) = await served.data("get-open-orders")
        assert row["client_order_id"] == "first"


async def test_faults_can_be_set_and_cleared_while_it_runs() -> None:
    async with exchange() as served:
        await served.control("PUT", "script", {"faults": {"calls": [{"kind": "maintenance", "on": "*"}]}})
        assert (await served.get("/system/time")).json()["code"] == 30016
        await served.control("DELETE", "faults")
        assert (await served.get("/system/time")).json()["code"] == 1000


async def test_a_restart_forgets_what_the_script_says() -> None:
    async with exchange("quirks: {restart_forgets_history: true, restart_forgets_plans: true}") as served:
        await served.opened()
        stop = {"symbol": SYMBOL, "type": "stop_loss", "side": 3, "trigger_price": served.price("0.9"), "price_type": 2}
        await served.accepted("submit-tp-sl-order", stop)
        await served.control("POST", "restart")
        assert await served.data("order-history", symbol=SYMBOL) == []
        assert await served.data("current-plan-order") == []
        assert len(await served.data("position-v2")) == 1


async def test_a_contract_that_is_open_for_closing_only_refuses_to_open() -> None:
    async with exchange() as served:
        await served.opened()
        await served.control("POST", "commands", {"type": "StatusChange", "symbol": SYMBOL, "status": "close_only"})
        assert await served.code("submit-order", order(served)) == (40015, 400)
        (row,) = (await served.public("details", symbol=SYMBOL)).json()["data"]["symbols"]
        assert row["status"] == "Delisted"
        await served.accepted("submit-order", {"symbol": SYMBOL, "side": 3, "type": "market", "size": 6})


async def test_drawn_faults_are_the_same_for_the_same_seed() -> None:
    async def statuses(seed: int) -> list[int]:
        drawn = f"faults: {{seed: {seed}, drawn: 0.15}}\nquirks: {{rate_limits: false}}"
        async with exchange(drawn) as served:
            seen = []
            for _ in range(25):
                try:
                    answer = await served.http.get("/system/time", timeout=0.25)
                    seen.append(answer.status_code)
                except httpx.HTTPError:
                    seen.append(0)
            return seen

    first = await statuses(4)
    assert first == await statuses(4)
    assert len(set(first)) >= 3
