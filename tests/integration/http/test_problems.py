"""What is wrong with a request is told as problem+json, with the right status, and nothing is done."""

import json
import threading
from typing import Any

import httpx
import pytest

from mtf_entrypoints.container import opened
from mtf_entrypoints.http.app import build_app
from mtf_entrypoints.http.listening import Listening
from tests.integration.http.server import SMALL, serving

JSON = {"content-type": "application/json"}


def problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The problem document of a response."""
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/problem+json")
    document: dict[str, Any] = response.json()
    assert {"type", "title", "status", "detail"} <= set(document)
    assert document["status"] == status
    assert "Traceback" not in response.text
    return document


def runs_stored(client: httpx.Client) -> int:
    return len(client.get("/mtf/status", params={"limit": 100}).json()["runs"])


@pytest.mark.parametrize(
    "body", [b"{", b"no json", b"\xff\xfe", b'{"workers": NaN}', b'{"a": 1, "a": 2}', b"[" * 100_000]
)
def test_a_body_that_is_no_json_is_unreadable(client: httpx.Client, body: bytes) -> None:
    assert "the body is no JSON" in problem(client.post("/api/mtf/run", content=body, headers=JSON), 400)["detail"]


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"x"'])
def test_json_that_is_no_object_is_refused(client: httpx.Client, body: bytes) -> None:
    document = problem(client.post("/api/mtf/run", content=body, headers=JSON), 422)
    assert document["errors"][0]["field"] == "body"


def test_every_wrong_field_is_named(client: httpx.Client) -> None:
    before = runs_stored(client)
    body = {"symbls": [], "workers": "3", "dry_run": 1, "current_tf": "7m", "symbols": [], "at": 5}
    document = problem(client.post("/api/mtf/run", json=body), 422)
    assert {error["field"] for error in document["errors"]} == set(body)
    assert "did you mean 'symbols'" in next(
        error["message"] for error in document["errors"] if error["field"] == "symbls"
    )
    assert runs_stored(client) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"process_tp_sl": True}, "process_tp_sl"),
        ({"profile": "scalpr"}, "profile"),
        ({"exchange": "bitmart"}, "exchange"),
        ({"workers": 65}, "workers"),
        ({"workers": True}, "workers"),
        ({"symbols": ["BTC USDT"]}, "symbols"),
        ({"requested_by": "a\0b"}, "requested_by"),
        ({"requested_by": "half \ud800 a character"}, "requested_by"),
        ({"requested_by": " " * 101}, "requested_by"),
    ],
)
def test_a_field_outside_what_is_allowed_is_refused(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    document = problem(client.post("/api/mtf/run", content=json.dumps(body), headers=JSON), 422)
    assert [error["field"] for error in document["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/api/mtf/run?workers=x", "workers"),
        ("/api/mtf/run?symbols=", "symbols"),
        ("/api/mtf/run?force_run=maybe", "force_run"),
        ("/api/mtf/run?sybols=BTCUSDT", "sybols"),
        ("/api/mtf/run?workers=1&workers=2", "workers"),
        ("/mtf/status?limit=0", "limit"),
        ("/mtf/status?foo=1", "foo"),
        ("/api/indicators/BTCUSDT/7m", "tf"),
        ("/api/indicators/BTCUSDT/5m?timeframe=1m", "timeframe"),
        ("/api/indicators/BTCUSDT/5m?at=now", "at"),
        ("/api/indicators/BTCUSDT/5m?profile=x", "profile"),
        ("/api/conditions?x=1", "x"),
        ("/api/indicators/btcusdt/5m", "symbol"),
        ("/mtf/why/BTC%20USDT", "symbol"),
        ("/mtf/switches?symbol=btcusdt", "symbol"),
        ("/mtf/status?profile=%00", "profile"),
        ("/mtf/runs/%00", "run_id"),
        ("/mtf/verify/%20", "run_id"),
    ],
)
def test_a_query_string_is_checked_as_strictly(client: httpx.Client, path: str, field: str) -> None:
    document = problem(client.get(path), 422)
    assert field in [error["field"] for error in document["errors"]]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/conditions/explain", {}, "symbol"),
        ("/api/conditions/explain", {"symbol": "btcusdt"}, "symbol"),
        ("/api/conditions/explain", {"symbol": "BTCUSDT", "timeframe": " 5m"}, "timeframe"),
        ("/api/conditions/explain", {"symbol": "BTCUSDT", "tf": "5m"}, "tf"),
        ("/api/trade-entry/plan", {"symbol": "BTCUSDT", "timeframe": "1m"}, "side"),
        ("/api/trade-entry/plan", {"symbol": "BTCUSDT", "timeframe": "1m", "side": "LONG"}, "side"),
        ("/api/trade-entry/plan", {"symbol": 7, "timeframe": "1m", "side": "long"}, "symbol"),
    ],
)
def test_bodies_of_the_other_routes_are_checked(
    client: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    assert field in [error["field"] for error in problem(client.post(path, json=body), 422)["errors"]]


ENTRY = {"symbol": "BTCUSDT", "side": "long", "timeframe": "1m"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/mtf/run", {"symbols": ["NOPEUSDT"]}, "symbols"),
        ("/api/mtf/run", {"current_tf": "1d"}, "current_tf"),
        ("/api/mtf/run", {"at": "2999-01-01T00:00Z"}, "at"),
        ("/api/mtf/run", {"at": "1999-01-01T00:00Z"}, "at"),
        ("/api/mtf/run?symbols=NOPEUSDT", None, "symbols"),
        ("/api/indicators/NOPEUSDT/5m", None, "symbol"),
        ("/api/indicators/BTCUSDT/5m?names=emma", None, "names"),
        ("/api/indicators/BTCUSDT/5m?at=2999-01-01T00:00Z", None, "at"),
        ("/api/conditions/explain", {"symbol": "NOPEUSDT"}, "symbol"),
        ("/api/conditions/explain", {"symbol": "BTCUSDT", "timeframe": "4h"}, "timeframe"),
        ("/api/trade-entry/plan", {**ENTRY, "timeframe": "4h"}, "timeframe"),
        ("/api/trade-entry/plan", {**ENTRY, "symbol": "NOPEUSDT"}, "symbol"),
    ],
)
def test_what_is_well_formed_and_yet_not_here_is_not_found_and_named(
    client: httpx.Client, path: str, body: dict[str, Any] | None, field: str
) -> None:
    """So that 422 means one thing: the request is not as the OpenAPI document says."""
    before = runs_stored(client)
    answer = client.get(path) if body is None else client.post(path, json=body)
    assert [error["field"] for error in problem(answer, 404)["errors"]] == [field]
    assert runs_stored(client) == before


def test_a_page_says_that_its_body_is_json_and_a_program_need_not(client: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    page = {"origin": str(client.base_url).rstrip("/")}
    body = b'{"symbols": "BTCUSDT"}'
    assert client.post("/api/mtf/run", content=body, headers=form).status_code == 200
    assert client.post("/api/mtf/run", content=body, headers=JSON | page).status_code == 200
    problem(client.post("/api/mtf/run", content=body, headers=form | page), 415)
    problem(client.post("/api/mtf/run", data={"profile": "crash"}), 400)


def test_a_body_that_is_too_large_is_refused_with_or_without_its_length(client: httpx.Client) -> None:
    body = b" " * 1_048_577
    problem(client.post("/api/mtf/run", content=body, headers=JSON), 413)
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    problem(client.post("/api/mtf/run", content=pieces, headers=JSON), 413)


def test_what_does_not_exist_is_not_found(client: httpx.Client) -> None:
    problem(client.get("/nowhere"), 404)
    problem(client.get("/mtf/runs/none"), 404)


def test_a_method_that_a_path_does_not_have_is_refused(client: httpx.Client) -> None:
    problem(client.delete("/health"), 405)


def test_of_runs_at_once_one_is_told_that_the_other_holds_the_lock_and_one_key_runs_once() -> None:
    with serving() as url:
        answers: list[httpx.Response] = []

        def ask(headers: dict[str, str]) -> None:
            body = {"force_timeframe_check": True}
            answers.append(httpx.post(f"{url}/api/mtf/run", json=body, headers=headers, timeout=60))

        keys: list[dict[str, str]] = [{"Idempotency-Key": "once"}, {"Idempotency-Key": "once"}, {}, {}]
        threads = [threading.Thread(target=ask, args=(key,)) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {answer.status_code for answer in answers} == {200, 409}
        codes = {problem(answer, 409)["type"] for answer in answers if answer.status_code == 409}
        assert codes <= {"urn:mtf:problem:run_lock_held", "urn:mtf:problem:run_in_progress"}
        assert httpx.get(f"{url}/mtf/status").json()["locks"] == []


def test_a_repeated_key_is_answered_with_the_stored_report(client: httpx.Client) -> None:
    key = {"Idempotency-Key": "minute 1"}
    first, again = (client.post("/api/mtf/run", json={"symbols": "BTCUSDT"}, headers=key).json() for _ in range(2))
    assert (again["run_id"], again["results"]) == (first["run_id"], first["results"])
    other = problem(client.post("/api/mtf/run", json={"symbols": "ETHUSDT"}, headers=key), 409)
    assert (other["type"], other["run_id"]) == ("urn:mtf:problem:key_reused", first["run_id"])


async def test_a_request_over_the_time_limit_is_stopped_and_its_lock_given_back() -> None:
    async with opened(SMALL) as container:
        app = build_app(container, Listening(time_limit=0.01))
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # the same protocol, typed twice
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as asking:
            document = problem(await asking.post("/api/mtf/run", json={}), 504)
        assert document["type"] == "urn:mtf:problem:time_limit"
        assert await container.locks().held() == ()
