"""The OpenAPI document and the service say the same: asked at random within the document and beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from mtf_adapters.files.candles import write_candles_csv
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import DAY_MS, Timeframe, parse_instant, to_ms
from mtf_entrypoints.settings import SandboxOptions
from tests.integration.http.at_random import FEW, TOKEN
from tests.integration.http.server import SMALL, serving
from tests.market_strategies import without


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """A service with a token, so that nothing is refused only for want of one."""
    with serving(evolve(FEW, api_token=TOKEN)) as url:
        yield url


def _operations(url: str) -> list[Any]:
    document = schemathesis.openapi.from_url(f"{url}/schema/openapi.json")
    return [found.ok() for found in document.get_all_operations()]


def _ask_at_random(operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=2, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(timeout=60, headers={"Authorization": f"Bearer {TOKEN}"})

    ask()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_asked_at_random_the_service_answers_as_documented(served: str, mode: GenerationMode) -> None:
    """Within the document, and with values that it does not allow. `make openapi` asks as many as one likes."""
    for operation in _operations(served):
        if mode is GenerationMode.POSITIVE or operation.query or operation.body:
            _ask_at_random(operation, mode)


def undescribed(value: Any, schema: Any, schemas: Any, place: str) -> Iterator[str]:
    """Names in a document that its schema does not have."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    options = schema.get("anyOf", [])
    if options:
        yield from min((list(undescribed(value, option, schemas, place)) for option in options), key=len)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            yield from undescribed(item, schema["items"], schemas, f"{place}[]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name in properties or others is not None:
                yield from undescribed(item, properties.get(name, others), schemas, f"{place}.{name}")
            elif properties or "type" in schema:
                yield f"{place}.{name}"


def wrong(value: Any, schema: Any, schemas: Any) -> list[str]:
    """What the schema does not allow."""
    whole = {**schema, "components": {"schemas": schemas}}
    return [f"{error.instance_path}: {error.message[:200]}" for error in jsonschema_rs.iter_errors(whole, value)]


def test_the_schemas_say_everything_that_the_service_answers(client: httpx.Client) -> None:
    document = client.get("/schema/openapi.json").json()
    report = client.post("/api/mtf/run", json={"profile": "regular"}).json()
    assert any("plan" in result for result in report["results"].values())
    run_id = report["run_id"]
    symbol = {"symbol": "DOGEUSDT", "profile": "regular"}
    plan = {"side": "long", "timeframe": "15m"}
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("post", "/api/mtf/run", {"json": {"profile": "regular"}}),
        ("post", "/api/mtf/sync-contracts", {}),
        ("get", "/mtf/status", {}),
        ("get", "/mtf/lock/status", {}),
        ("get", "/mtf/audit", {}),
        ("post", "/mtf/kill", {}),
        ("post", "/mtf/switches/DOGEUSDT", {"json": {"on": False, "minutes": 1}}),
        ("post", "/mtf/switches/DOGEUSDT/queue", {}),
        ("get", "/mtf/switches", {}),
        ("get", "/mtf/risk", {}),
        ("post", "/api/maintenance/cleanup", {}),
        ("get", "/mtf/funnel", {}),
        ("get", f"/mtf/runs/{run_id}", {}),
        ("get", f"/mtf/verify/{run_id}", {}),
        ("get", "/mtf/why/DOGEUSDT", {}),
        ("get", "/api/indicators/DOGEUSDT/5m", {}),
        ("get", "/api/conditions", {}),
        ("post", "/api/conditions/explain", {"json": symbol}),
        ("post", "/api/conditions/explain", {"json": symbol | {"timeframe": "5m"}}),
        ("post", "/api/trade-entry/plan", {"json": symbol | plan}),
        ("get", "/provider/health", {}),
    ]
    assert _beyond_the_document(client, document, asked, run_id) == []


def test_the_schemas_say_what_timeframes_lack_of_their_candles(tmp_path: Path) -> None:
    at_ms = to_ms(parse_instant("2026-02-01T12:00Z"))
    minutes = GeneratedMarket(1, 12).candles("DOGEUSDT", Timeframe.M1, at_ms - 12 * DAY_MS, at_ms - 60_000, at_ms)
    write_candles_csv(tmp_path / "doge.csv", without(minutes, [len(minutes) - 2000]))
    files = evolve(SMALL, at_ms=None, sandbox=SandboxOptions(candle_files=(("DOGEUSDT", tmp_path / "doge.csv"),)))
    with serving(files) as url, httpx.Client(base_url=url, timeout=60) as client:
        document = client.get("/schema/openapi.json").json()
        report = client.post("/api/mtf/run", json={"profile": "regular"}).json()
        lacking = report["results"]["DOGEUSDT"]["context"]
        assert {name: one["shortage"]["hole"] is None for name, one in lacking.items()} == {"4h": False, "1h": False}
        told = client.get("/mtf/why/DOGEUSDT").json()
        assert told["result"] == report["results"]["DOGEUSDT"]
        assert told["remedies"]
        symbol = {"symbol": "DOGEUSDT", "profile": "regular"}
        asked: list[tuple[str, str, dict[str, Any]]] = [
            ("post", "/api/mtf/run", {"json": {"profile": "regular"}}),
            ("get", "/mtf/why/DOGEUSDT", {}),
            ("get", "/mtf/funnel", {}),
            ("post", "/api/conditions/explain", {"json": symbol}),
            ("post", "/api/conditions/explain", {"json": symbol | {"timeframe": "1h"}}),
            ("get", "/api/indicators/DOGEUSDT/1h", {}),
        ]
        assert _beyond_the_document(client, document, asked, report["run_id"]) == []


def _beyond_the_document(
    client: httpx.Client, document: Any, asked: list[tuple[str, str, dict[str, Any]]], run_id: str
) -> list[str]:
    """What the service answers beside what the document says, or against it."""
    missing = []
    for method, path, more in asked:
        answer = client.request(method, path, **more)
        assert answer.status_code == 200, answer.text
        route = path.replace(run_id, "{run_id}").replace("/DOGEUSDT", "/{symbol}")
        route = route.replace("/5m", "/{tf}").replace("/1h", "/{tf}")
        route = route if route in document["paths"] else route.replace("{symbol}", "{key}")
        operation = document["paths"][route][method]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        schemas = document["components"]["schemas"]
        missing += undescribed(answer.json(), schema, schemas, route)
        missing += wrong(answer.json(), schema, schemas)
    return sorted(set(missing))
