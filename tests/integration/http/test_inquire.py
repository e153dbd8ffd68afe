"""Why, funnel and verify over HTTP: the documents of the command line, and problems where there is nothing."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from mtf_core.reasons import Stage
from mtf_core.validation.decide import Decider


@pytest.fixture(scope="module")
def report(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/api/mtf/run", json={"profile": "regular"}).json()
    return found


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found: dict[str, Any] = answer.json()
    assert found["status"] == status
    return found


def test_why_a_symbol_was_traded_or_not(client: httpx.Client, report: dict[str, Any]) -> None:
    for symbol, result in report["results"].items():
        found = client.get(f"/mtf/why/{symbol}", params={"run": report["run_id"]}).json()
        assert found["run_id"] == report["run_id"]
        assert found["result"] == result
        assert found["reason"] == result["reason"]
        assert found["trace"]["status"] == result["status"]


def test_the_newest_run_answers_when_none_is_named(client: httpx.Client, report: dict[str, Any]) -> None:
    newest = client.post("/api/mtf/run", json={"profile": "crash", "symbols": ["BTCUSDT"]}).json()
    assert client.get("/mtf/why/BTCUSDT").json()["run_id"] == newest["run_id"]
    assert client.get("/mtf/why/DOGEUSDT").json()["run_id"] == report["run_id"]


def test_the_funnel_of_a_run_and_of_many(client: httpx.Client, report: dict[str, Any]) -> None:
    one = client.get("/mtf/funnel", params={"run": report["run_id"]}).json()
    assert [stage["stage"] for stage in one["stages"]] == list(Stage)
    assert one["stages"][0]["reached"] == 12
    client.post("/api/mtf/run", json={"profile": "regular"})
    many = client.get("/mtf/funnel", params={"since": "2020-01-01T00:00Z", "profile": "regular"}).json()
    assert many["runs"] == 2
    assert many["stages"][0]["reached"] == 24


def test_a_run_is_verified(client: httpx.Client, report: dict[str, Any]) -> None:
    found = client.get(f"/mtf/verify/{report['run_id']}").json()
    assert (found["ok"], found["decisions"], found["plans"], found["differences"]) == (True, 12, 2, [])


def test_long_computing_leaves_the_service_free_for_others(
    client: httpx.Client, report: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A verification decides in another thread than the one in which every request is answered."""
    threads: list[str] = []
    decide = Decider.decide

    def noting(self: Decider, *args: Any, **more: Any) -> Any:
        threads.append(threading.current_thread().name)
        return decide(self, *args, **more)

    monkeypatch.setattr(Decider, "decide", noting)
    assert client.get(f"/mtf/verify/{report['run_id']}").json()["ok"]
    verifying, threads[:] = set(threads), []
    client.post("/api/mtf/run", json={"profile": "regular", "symbols": ["BTCUSDT"]})
    assert verifying
    assert not verifying & set(threads)


def test_a_funnel_of_a_run_says_nothing_when_the_run_is_not_all_that_is_asked_for(
    client: httpx.Client, report: dict[str, Any]
) -> None:
    one = {"run": report["run_id"], "profile": "regular", "since": report["started_at"]}
    assert client.get("/mtf/funnel", params=one).json()["runs"] == 1
    for other in ({"since": "2999-01-01T00:00Z"}, {"profile": "crash"}):
        problem(client.get("/mtf/funnel", params=one | other), 404)


@pytest.mark.parametrize(
    "path",
    ["/mtf/why/ZZZUSDT", "/mtf/why/DOGEUSDT?run=nothing", "/mtf/funnel?run=nothing", "/mtf/verify/nothing"],
)
def test_what_is_not_stored_is_not_found(client: httpx.Client, report: dict[str, Any], path: str) -> None:
    assert problem(client.get(path), 404)["type"] == "urn:mtf:problem:not_found"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/mtf/why/DOGEUSDT?runs=1", "runs"),
        ("/mtf/funnel?since=yesterday", "since"),
        ("/mtf/funnel?limit=3", "limit"),
        ("/mtf/verify/nothing?all=1", "all"),
    ],
)
def test_fields_that_cannot_be_accepted_are_named(client: httpx.Client, path: str, field: str) -> None:
    assert [error["field"] for error in problem(client.get(path), 422)["errors"]] == [field]
