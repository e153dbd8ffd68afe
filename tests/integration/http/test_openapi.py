"""The OpenAPI document and the service say the same: asked at random within the document and beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode

from tests.integration.http.at_random import FEW
from tests.integration.http.server import serving


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with serving(FEW) as url:
        yield url


def _operations(url: str) -> list[Any]:
    document = schemathesis.openapi.from_url(f"{url}/schema/openapi.json")
    return [found.ok() for found in document.get_all_operations()]


def _ask_at_random(operation: Any, mode: GenerationMode) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=2, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        case.call_and_validate(timeout=60)

    ask()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_asked_at_random_the_service_answers_as_documented(served: str, mode: GenerationMode) -> None:
    """Within the document, and with values that it does not allow. `make openapi` asks as many as one likes."""
    for operation in _operations(served):
        if mode is GenerationMode.POSITIVE or operation.query or operation.body:
            _ask_at_random(operation, mode)


def _undescribed(value: Any, schema: Any, schemas: Any, place: str) -> Iterator[str]:
    """Names in a document that its schema does not have."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    options = schema.get("anyOf", [])
    if options:
        yield from min((list(_undescribed(value, option, schemas, place)) for option in options), key=len)
    elif isinstance(value, list) and "items" in schema:
        for item in value:
            yield from _undescribed(item, schema["items"], schemas, f"{place}[]")
    elif isinstance(value, dict):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties")
        for name, item in value.items():
            if name in properties or others is not None:
                yield from _undescribed(item, properties.get(name, others), schemas, f"{place}.{name}")
            elif properties or "type" in schema:
                yield f"{place}.{name}"


def _wrong(value: Any, schema: Any, schemas: Any) -> list[str]:
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
    missing = []
    for method, path, more in asked:
        answer = client.request(method, path, **more)
        assert answer.status_code == 200, answer.text
        route = path.replace(run_id, "{run_id}").replace("/DOGEUSDT", "/{symbol}").replace("/5m", "/{tf}")
        route = route if route in document["paths"] else route.replace("{symbol}", "{key}")
        operation = document["paths"][route][method]
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        schemas = document["components"]["schemas"]
        missing += _undescribed(answer.json(), schema, schemas, route)
        missing += _wrong(answer.json(), schema, schemas)
    assert sorted(set(missing)) == []
