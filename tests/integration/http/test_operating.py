"""What operators do over HTTP: audited, and with a token where it lets something happen again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from attrs import evolve

from tests.integration.http.server import SMALL, serving
from tests.integration.http.test_problems import problem

TOKEN = {"authorization": "Bearer correct-horse"}


@pytest.fixture(scope="module")
def trusted() -> Iterator[httpx.Client]:
    """A service with a token, and a client that has it."""
    with (
        serving(evolve(SMALL, api_token="correct-horse")) as url,
        httpx.Client(base_url=url, timeout=60, headers=TOKEN) as client,
    ):
        client.post("/api/mtf/sync-contracts")
        yield client


def trail(client: httpx.Client) -> list[tuple[str, str, str]]:
    events = client.get("/mtf/audit").json()["events"]
    return [(event["actor"], event["action"], event["subject"]) for event in events]


def reasons(client: httpx.Client, *symbols: str) -> set[str | None]:
    report = client.post("/api/mtf/run", json={"profile": "regular", "symbols": list(symbols)}).json()
    return {result["reason"] for result in report["results"].values()}


def test_the_kill_switch_is_thrown_and_lifted(trusted: httpx.Client) -> None:
    killed = trusted.post("/mtf/kill", json={"reason": "news", "requested_by": "anna"}).json()
    assert (killed["key"], killed["off"], killed["until"], killed["reason"]) == ("global", True, None, "news")
    assert trusted.get("/mtf/switches").json()["kill_switch_on"]
    assert reasons(trusted, "DOGEUSDT") == {"kill_switch_on"}
    assert trusted.post("/mtf/unkill").json()["off"] is False
    assert not trusted.get("/mtf/switches").json()["kill_switch_on"]
    assert trail(trusted)[:2] == [("http", "switch_on", "global"), ("anna", "switch_off", "global")]


def test_limits_are_shown_and_where_nothing_is_locked_nothing_is_lifted(trusted: httpx.Client) -> None:
    shown = trusted.get("/mtf/risk", params={"profile": "crash"}).json()
    assert (shown["profile"], shown["refused_by"], shown["locks"]) == ("crash", [], [])
    assert (shown["day"]["baseline_usdt"], shown["day"]["result_usdt"], shown["day"]["limit_usdt"]) == (
        "10000",
        "0",
        "30",
    )
    body = {"profile": "crash", "reason": "to see", "confirm": True}
    assert trusted.post("/mtf/risk/reset", json=body).json() == {"profile": "crash", "lifted": []}


def test_a_symbol_is_switched_off_for_a_while_and_on_again(trusted: httpx.Client) -> None:
    off = trusted.post("/mtf/switches/BTCUSDT", json={"on": False, "minutes": 30}).json()
    assert (off["off"], off["until"]) == (True, "2026-02-01T13:30:00Z")
    assert reasons(trusted, "BTCUSDT") == {"symbol_switched_off"}
    assert [each["key"] for each in trusted.get("/mtf/switches", params={"off": "true"}).json()["switches"]] == [
        "BTCUSDT"
    ]
    assert trusted.post("/mtf/switches/BTCUSDT", json={"on": True}).json()["off"] is False
    assert "symbol_switched_off" not in reasons(trusted, "BTCUSDT")


def test_switches_are_paged_and_chosen(trusted: httpx.Client) -> None:
    for key in ("ETHUSDT", "ETHUSDT:5m", "SOLUSDT"):
        trusted.post(f"/mtf/switches/{key}", json={"on": False})
    first = trusted.get("/mtf/switches", params={"off": "true", "limit": 2}).json()
    rest = trusted.get("/mtf/switches", params={"off": "true", "limit": 2, "cursor": first["next"]}).json()
    assert [each["key"] for each in first["switches"] + rest["switches"]] == ["ETHUSDT", "ETHUSDT:5m", "SOLUSDT"]
    assert rest["next"] is None
    of_one = trusted.get("/mtf/switches", params={"symbol": "ETHUSDT"}).json()["switches"]
    assert [each["key"] for each in of_one] == ["ETHUSDT", "ETHUSDT:5m"]


def test_a_cleanup_counts_and_deletes_when_it_is_told_to(trusted: httpx.Client, client: httpx.Client) -> None:
    counted = client.post("/api/maintenance/cleanup").json()
    tables = {one["table"]: one for one in counted["tables"]}
    assert {name: one["goes"] for name, one in tables.items() if one["goes"]} == {}
    assert all("warm-up" in line or "verify" in line for line in counted["floors"])
    assert {name: count for name, count in counted.items() if name not in ("tables", "floors")} == {
        "candles": 0,
        "runs": 0,
        "audit_events": 0,
        "keys": 0,
        "documents": 0,
        "locks": 0,
        "processes": 0,
        "alerts": 0,
        "dry_run": True,
    }
    deleted = trusted.post("/api/maintenance/cleanup", json={"dry_run": False}).json()
    assert (deleted["dry_run"], deleted["runs"]) == (False, 0)


def test_a_cleanup_below_a_floor_is_refused_with_the_floor(client: httpx.Client) -> None:
    found = client.post("/api/maintenance/cleanup", json={"candles_per_series": 10})
    assert problem(found, 409)["type"] == "urn:mtf:problem:below_floor"
    assert "candles_per_series: found 10; at least" in found.json()["detail"]
    assert (
        client.post("/api/maintenance/cleanup", json={"candles_per_series": 90_000, "runs_days": 3}).status_code == 200
    )
    assert client.post("/api/maintenance/cleanup", json={"runs_most": 99}).status_code == 409
    assert client.post("/api/maintenance/cleanup", json={"audit_days": 0}).status_code == 422


def test_a_symbol_waits_for_the_next_run(trusted: httpx.Client) -> None:
    queued = trusted.post("/mtf/switches/ADAUSDT/queue", json={"requested_by": "anna"}).json()
    assert (queued["symbol"], queued["actor"]) == ("ADAUSDT", "anna")
    assert [each["symbol"] for each in trusted.get("/mtf/switches").json()["queued"]] == ["ADAUSDT"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/mtf/switches/btcusdt", {"on": False}, "key"),
        ("/mtf/switches/BTCUSDT:7m", {"on": False}, "key"),
        ("/mtf/switches/BTCUSDT", {}, "on"),
        ("/mtf/switches/BTCUSDT", {"on": "false"}, "on"),
        ("/mtf/switches/BTCUSDT", {"on": False, "minutes": 0}, "minutes"),
        ("/mtf/switches/BTCUSDT", {"on": True, "minutes": 5}, "minutes"),
        ("/mtf/switches/BTCUSDT", {"on": False, "reason": "busy"}, "reason"),
        ("/mtf/switches/btcusdt/queue", {}, "symbol"),
        ("/mtf/kill", {"why": "x"}, "why"),
        ("/mtf/risk/reset", {"reason": "x"}, "confirm"),
        ("/mtf/risk/reset", {"reason": "x", "confirm": False}, "confirm"),
        ("/mtf/risk/reset", {"confirm": True}, "reason"),
        ("/mtf/risk/reset", {"reason": "x", "confirm": True, "profile": "nobody"}, "profile"),
        ("/mtf/lock/force-release", {}, "name"),
    ],
)
def test_what_cannot_be_done_is_refused_by_its_field(
    trusted: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    assert [error["field"] for error in problem(trusted.post(path, json=body), 422)["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/mtf/switches/NOPEUSDT", {"on": False}, "key"),
        ("/mtf/switches/NOPEUSDT:5m", {"on": True}, "key"),
        ("/mtf/switches/NOPEUSDT/queue", {}, "symbol"),
        ("/mtf/lock/force-release", {"name": "run:nobody"}, "name"),
    ],
)
def test_what_no_contract_bears_and_nobody_holds_is_not_found(
    trusted: httpx.Client, path: str, body: dict[str, Any], field: str
) -> None:
    assert [error["field"] for error in problem(trusted.post(path, json=body), 404)["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/mtf/run", {"dry_run": False}),
        ("/mtf/switches/BTCUSDT", {"on": True}),
        ("/mtf/switches/global", {"on": True}),
        ("/mtf/unkill", {}),
        ("/mtf/risk/reset", {"reason": "x", "confirm": True}),
        ("/api/maintenance/cleanup", {"dry_run": False}),
        ("/mtf/lock/force-release", {"name": "run:x"}),
        ("/mtf/execute", {"decision_key": "BTCUSDT:5m:0:long", "confirm": True}),
    ],
)
def test_what_lets_something_happen_is_never_done_without_a_token(
    client: httpx.Client, path: str, body: dict[str, Any]
) -> None:
    """On loopback, where the service has none: the other direction is open."""
    assert problem(client.post(path, json=body), 403)["type"] == "urn:mtf:problem:token_not_configured"
    assert client.post("/mtf/switches/BTCUSDT", json={"on": False, "minutes": 1}).status_code == 200
