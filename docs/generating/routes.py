"""The page on the HTTP routes, from the application's OpenAPI document."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from typing import Any

from docs.generating.markdown import code, codes, page, table

from mtf_entrypoints.container import opened
from mtf_entrypoints.http.app import build_app
from mtf_entrypoints.http.gate import DOCS_PATH, MAX_BODY_BYTES, OPEN_PATHS, SCHEMA_PATH
from mtf_entrypoints.http.listening import Listening
from mtf_entrypoints.settings import Settings

_INTRODUCTION = f"""
`mtf serve` answers with JSON; errors are `application/problem+json`. Where a bearer token (`MTF_API_TOKEN`) is set, all
but {codes(sorted(OPEN_PATHS))} need it, and one must be set to listen beyond loopback. What the routes below
call "always with a token" is refused where none is set. The `Host` header must name the service, and pages of other
sites are refused. Bodies hold at most {MAX_BODY_BYTES:,} bytes; they are read as JSON whatever the content type says,
unless a page sends them. Unknown fields are refused: 422 means that a request is not as the OpenAPI document says. A
symbol, timeframe, feature, lock or instant that is well formed and not here is 404; both name the fields. HEAD asks for
what GET would answer. Every route under `/mtf` also answers under `/api/mtf`. Interactive docs are at `{DOCS_PATH}`,
this document as OpenAPI at `{SCHEMA_PATH}`.
"""


_NAMED = {"ProfileName": "name of a profile", "ExchangeName": "name of an exchange"}


def routes_page() -> str:
    document = asyncio.run(_document())
    sections = [_section(*route) for route in _routes(document)]
    return page("HTTP routes", _INTRODUCTION, *sections)


async def _document() -> Mapping[str, Any]:
    """The document as the application serves it."""
    async with opened(Settings(database_url="memory")) as container:
        app = build_app(container, Listening())
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope: Any = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": SCHEMA_PATH,
            "raw_path": SCHEMA_PATH.encode(),
            "query_string": b"",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
        }
        await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    document: Mapping[str, Any] = json.loads(b"".join(message.get("body", b"") for message in sent[1:]))
    return document


def _routes(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _section(method: str, path: str, operation: Mapping[str, Any]) -> str:
    fields = [_row(one["name"], one["schema"], one["in"], one.get("required", False)) for one in _parameters(operation)]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    required = body.get("required", [])
    fields += [_row(name, schema, "body", name in required) for name, schema in body.get("properties", {}).items()]
    text = f"{operation['summary']}. {operation.get('description', '')}".strip()
    head = ("field", "in", "type", "default", "meaning")
    parts = [f"## {method} {path}", text, table(head, fields)]
    return "\n\n".join(part for part in parts if part)


def _parameters(operation: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = operation.get("parameters", [])
    return sorted(found, key=lambda one: one["in"] != "path")


def _row(name: str, schema: Mapping[str, Any], where: str, required: bool) -> tuple[str, ...]:
    default = "required" if required else ""
    if schema.get("default") is not None:
        default = code(json.dumps(schema["default"]).strip('"'))
    return code(name), where, _kind(schema), default, schema.get("description", "")


def _kind(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"] if each.get("type") != "null")
    if "$ref" in schema:
        return _NAMED[schema["$ref"].rpartition("/")[2]]
    if "enum" in schema:
        return codes(json.dumps(value).strip('"') for value in schema["enum"] if value is not None)
    kind = schema.get("type", "")
    kind = kind if isinstance(kind, str) else next(each for each in kind if each != "null")
    if kind == "array":
        return f"list of {_kind(schema['items'])}"
    within = f"{schema['minimum']}..{schema['maximum']}" if "maximum" in schema else ""
    return " ".join(part for part in (kind, schema.get("format", ""), within) if part)
