"""`GET /mtf/stats/…`: the command line's document, of the service's own world."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from mtf_entrypoints.cli.main import run
from tests.integration.http.server import serving
from tests.integration.http.test_openapi import undescribed, wrong

MINUTES = [f"2026-02-01T13:{minute:02d}:00Z" for minute in range(4)]


@pytest.fixture(scope="module")
def followed(client: httpx.Client) -> httpx.Client:
    """The service after a run of `regular` at each of some minutes."""
    for at in MINUTES:
        assert client.get("/api/mtf/run", params={"profile": "regular", "at": at}).status_code == 200
    return client


def test_a_service_without_runs_has_no_events() -> None:
    with serving() as url:
        found = httpx.get(f"{url}/mtf/stats/zones", timeout=60)
    assert (found.status_code, found.json()["events"]) == (200, 0)
    assert found.json()["first_at"] is None


def test_zone_events_are_counted_as_the_query_chooses(followed: httpx.Client) -> None:
    def events(**query: str) -> int:
        found: int = followed.get("/mtf/stats/zones", params=query).json()["events"]
        return found

    assert events() == events(profile="regular") == 5
    assert events(**{"from": MINUTES[2]}) + events(to=MINUTES[2]) == 5
    assert events(**{"from": "1m"}) == events(**{"from": MINUTES[2]})
    assert events(symbols="DOGEUSDT,BTCUSDT") == 4
    assert events(symbols="DOGEUSDT", timeframes="15m", **{"from": MINUTES[3]}) == 1
    assert events(profile="nothing") == 0
    whole = followed.get("/api/mtf/stats/zones").json()
    assert whole == followed.get("/mtf/stats/zones").json()
    assert sum(sum(group["entries"].values()) for group in whole["by_timeframe"]) > 0


@pytest.mark.parametrize(
    "query", [{"symbols": "btcusdt"}, {"symbols": "A,,B"}, {"timeframes": "5m,7m"}, {"from": "now"}, {"to": "0h"}]
)
def test_what_cannot_be_asked_is_named(client: httpx.Client, query: dict[str, str]) -> None:
    found = client.get("/mtf/stats/zones", params=query)
    assert found.status_code == 422
    assert [error["field"] for error in found.json()["errors"]] == list(query)


def test_statistics_are_the_same_both_ways(
    followed: httpx.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'mtf.db'}"]
    for at in MINUTES:
        assert run(["run", "--profile", "regular", "--universe-size", "12", "--at", at, *database]) == 0
    for question in ("blockers", "success", "zones", "atr", "features", "trades"):
        capsys.readouterr()
        assert run(["stats", question, "--json", "--from", "2m", "--profile", "regular", *database]) == 0
        served = followed.get(f"/mtf/stats/{question}", params={"from": "2m", "profile": "regular"})
        assert _without_ids(json.loads(capsys.readouterr().out)) == _without_ids(served.json())


def test_why_over_time_is_the_same_both_ways(
    followed: httpx.Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = ["--database", f"sqlite:///{tmp_path / 'mtf.db'}"]
    for at in MINUTES:
        assert run(["run", "--profile", "regular", "--universe-size", "12", "--at", at, *database]) == 0
    capsys.readouterr()
    assert run(["why", "DOGEUSDT", "BTCUSDT", "--since", "2m", "--profile", "regular", "--json", *database]) == 0
    printed = json.loads(capsys.readouterr().out)
    query = {"symbols": "DOGEUSDT,BTCUSDT", "since": "2m", "profile": "regular"}
    served = followed.get("/mtf/why", params=query).json()
    for one in (*printed["answers"], *served["answers"]):
        one["run_id"] = one["run_before"] = None
        if one["last_ready"] is not None:
            one["last_ready"]["run_id"] = None
    assert printed == served


def test_the_schemas_say_everything_that_questions_over_time_answer(followed: httpx.Client) -> None:
    document = followed.get("/schema/openapi.json").json()
    schemas = document["components"]["schemas"]
    asked = {f"/mtf/stats/{name}": {} for name in ("blockers", "success", "zones", "atr", "features", "trades")}
    for path, query in {**asked, "/mtf/why": {"symbols": "DOGEUSDT,NOUSDT"}}.items():
        answer = followed.get(path, params=query).json()
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        assert list(undescribed(answer, schema, schemas, path)) == []
        assert wrong(answer, schema, schemas) == []


def test_why_over_time_needs_symbols(client: httpx.Client) -> None:
    found = client.get("/mtf/why", params={"since": "soon"})
    assert (found.status_code, [one["field"] for one in found.json()["errors"]]) == (422, ["since", "symbols"])


def _without_ids(document: dict[str, Any]) -> dict[str, Any]:
    """Two stores name their runs differently."""
    return document | {"rows": [row | {"run_id": None} for row in document.get("rows", [])]}
