"""What each route answers."""

import re

import httpx

from mtf_core._version import __version__
from mtf_core.rules.catalogue import CONDITIONS
from mtf_entrypoints.http.routes import ROUTES


def test_a_run_is_reported_and_stored_under_its_id(client: httpx.Client) -> None:
    report = client.post("/api/mtf/run", json={"profile": "regular"})
    assert report.status_code == 200
    document = report.json()
    assert document["summary"]["requested"] == 12
    assert document["results"]["DOGEUSDT"]["plan"]["side"] == "long"
    stored = client.get(f"/mtf/runs/{document['run_id']}").json()
    assert stored["status"] == "finished"
    assert stored["report"]["results"] == document["results"]
    assert stored["request"]["profile"] == "regular"


def test_a_run_without_a_body_takes_the_defaults(client: httpx.Client) -> None:
    document = client.post("/api/mtf/run").json()
    assert (document["profile"], document["dry_run"]) == ("scalper_micro", True)


def test_the_mission_s_own_line_works(client: httpx.Client) -> None:
    """As `curl -d` sends it, which calls everything a form."""
    body = '{"dry_run":true,"workers":8,"mtf_profile":"scalper_micro"}'
    form = {"content-type": "application/x-www-form-urlencoded"}
    document = client.post("/api/mtf/run", content=body, headers=form).json()
    assert (document["profile"], document["status"]) == ("scalper_micro", "completed")
    assert document["orders_placed"]["total"] == len(document["orders_placed"]["orders"])


def test_symbols_may_be_repeated_and_who_asked_is_kept(client: httpx.Client) -> None:
    query = "symbols=BTCUSDT&symbols=ETHUSDT,SOLUSDT&limit=2&requested_by=night+desk&validation_mode=strict"
    document = client.get(f"/api/mtf/run?{query}").json()
    assert list(document["results"]) == ["BTCUSDT", "ETHUSDT"]
    request = client.get(f"/mtf/runs/{document['run_id']}").json()["request"]
    assert (request["requested_by"], request["validation_mode"]) == ("night desk", "strict")
    assert client.get(f"/mtf/verify/{document['run_id']}").json()["ok"]


def test_a_get_run_is_dry_whatever_it_asks_for(client: httpx.Client) -> None:
    query = {"symbols": "BTCUSDT,ETHUSDT", "dry_run": "false", "workers": "2"}
    document = client.get("/api/mtf/run", params=query).json()
    assert document["dry_run"] is True
    assert set(document["results"]) == {"BTCUSDT", "ETHUSDT"}


def test_the_status_shows_the_last_runs(client: httpx.Client) -> None:
    runs = [
        client.post("/api/mtf/run", json={"symbols": ["BTCUSDT"], "profile": name}).json()
        for name in ("regular", "crash")
    ]
    status = client.get("/mtf/status", params={"limit": 2}).json()
    assert [run["run_id"] for run in status["runs"]] == [run["run_id"] for run in reversed(runs)]
    assert status["runs"][0]["summary"]["requested"] == 1
    only = client.get("/mtf/status", params={"profile": "regular"}).json()["runs"]
    assert [run["run_id"] for run in only] == [runs[0]["run_id"]]
    before = client.get("/mtf/status", params={"before": "2020-01-01T00:00Z"}).json()
    assert before["runs"] == []
    assert status["locks"] == []


def test_pages_of_runs_and_of_the_audit_trail_follow_each_other(client: httpx.Client) -> None:
    for _ in range(3):
        client.post("/api/mtf/run", json={"symbols": ["BTCUSDT"]})
        client.post("/api/mtf/sync-contracts")
    for path, name, key in (("/mtf/status", "runs", "run_id"), ("/mtf/audit", "events", "time")):
        whole = client.get(path, params={"limit": 100}).json()[name]
        seen: list[str] = []
        cursor: str | None = None
        while len(seen) < len(whole):
            page = client.get(path, params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
            assert 1 <= len(page[name]) <= 2
            seen += [entry[key] for entry in page[name]]
            cursor = page["next"]
        assert cursor is None
        assert seen == [entry[key] for entry in whole]
        assert len(whole) > 2


def test_the_contracts_are_synchronised_and_the_trail_says_so(client: httpx.Client) -> None:
    for done in (client.post("/api/mtf/sync-contracts"), client.get("/api/mtf/sync-contracts")):
        assert (done.status_code, done.json()["count"]) == (200, 12)
    events = client.get("/mtf/audit", params={"action": "contracts_synced"}).json()["events"]
    assert {event["action"] for event in events} == {"contracts_synced"}
    assert client.get("/mtf/audit", params={"action": "no such action"}).json() == {"events": [], "next": None}


def test_locks_are_listed(client: httpx.Client) -> None:
    assert client.get("/mtf/lock/status").json()["locks"] == []


def test_every_route_under_mtf_also_answers_under_api(client: httpx.Client) -> None:
    run_id = client.post("/api/mtf/run", json={"symbols": ["BTCUSDT"]}).json()["run_id"]
    paths = client.get("/schema/openapi.json").json()["paths"]
    for path in (path for path in paths if path.startswith("/mtf/") and "get" in paths[path]):
        asked = path.replace("{run_id}", run_id).replace("{symbol}", "BTCUSDT")
        asked += {"/mtf/runs/of-key": "?key=nobody", "/mtf/why": "?symbols=BTCUSDT"}.get(path, "")
        expected = 404 if "key" in path else 200  # there is no intent here that could tell its story, and no such run
        assert client.get(f"/api{asked}").status_code == client.get(asked).status_code == expected


def test_indicators_are_read(client: httpx.Client) -> None:
    document = client.get("/api/indicators/BTCUSDT/5m", params={"names": "rsi,ema_20"}).json()
    assert document["candle_close"] == "2026-02-01T13:00:00Z"
    assert list(document["values"]) == ["rsi", "ema_20"]


def test_the_catalogue_is_served(client: httpx.Client) -> None:
    assert [one["name"] for one in client.get("/api/conditions").json()["conditions"]] == list(CONDITIONS)


def test_a_symbol_is_explained_as_a_whole_and_by_timeframe(client: httpx.Client) -> None:
    whole = client.post("/api/conditions/explain", json={"symbol": "BTCUSDT"}).json()
    part = client.post("/api/conditions/explain", json={"symbol": "BTCUSDT", "timeframe": "5m"}).json()
    assert part["short"] == whole["timeframes"]["5m"]["short"]


def test_an_earlier_instant_can_be_asked_for(client: httpx.Client) -> None:
    body = {"symbol": "BTCUSDT", "at": "2026-01-31T14:00Z"}
    assert client.post("/api/conditions/explain", json=body).json()["at"] == "2026-01-31T14:00:00Z"


def test_a_plan_is_made_or_the_reason_is_told(client: httpx.Client) -> None:
    body = {"symbol": "DOGEUSDT", "side": "long", "timeframe": "15m", "profile": "regular"}
    planned = client.post("/api/trade-entry/plan", json=body).json()
    assert planned["status"] == "planned"
    assert planned["plan"]["take_profits"]
    skipped = client.post("/api/trade-entry/plan", json={**body, "at": "2026-01-31T17:00Z"}).json()
    assert skipped["status"] in ("planned", "skipped")


def test_health_of_the_process_and_of_its_dependencies(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"ok": True, "processes": []}
    document = client.get("/provider/health").json()
    assert document["ok"]
    assert {check["name"] for check in document["checks"]} >= {"database", "exchange", "account", "configuration"}


def test_the_openapi_document_describes_every_route(client: httpx.Client) -> None:
    document = client.get("/schema/openapi.json").json()
    assert document["info"]["version"] == __version__
    paths = {path for handler in ROUTES if handler.include_in_schema is not False for path in handler.paths}
    assert set(document["paths"]) == {re.sub(r"\{(\w+):\w+\}", r"{\1}", path) for path in paths}
    assert {"/api/mtf/run", "/mtf/lock/status", "/mtf/switches/{key}", "/api/maintenance/cleanup"} <= set(
        document["paths"]
    )
    body = document["paths"]["/api/mtf/run"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["dry_run"]["default"] is True
    assert "dry_run" not in {item["name"] for item in document["paths"]["/api/mtf/run"]["get"]["parameters"]}


def test_the_interactive_docs_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.findall(r"https?://", page.text) == []


def test_metrics_are_told_in_the_format_of_prometheus(client: httpx.Client) -> None:
    client.post("/api/mtf/run", json={"symbols": ["BTCUSDT"]})
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'mtf_runs_total{profile="' in answer.text


def test_the_mistake_of_a_client_is_no_failed_run(client: httpx.Client) -> None:
    assert client.post("/api/mtf/run", json={"symbols": ["NOSUCHUSDT"]}).status_code == 404
    assert 'status="failed"' not in client.get("/metrics").text
