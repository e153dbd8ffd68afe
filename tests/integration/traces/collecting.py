"""A collector on this machine: takes traces by OTLP over HTTP, and decodes their protobuf."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field, frozen
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@frozen
class Got:
    """A span."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    start_ns: int
    end_ns: int
    failed: bool
    said: str
    attributes: dict[str, Any]
    events: tuple[tuple[str, dict[str, Any]], ...]


@define(eq=False)
class Collector:
    """What came, in its order. `status` is what is answered; nothing is, until `answers` is set."""

    url: str
    status: int = 200
    answers: threading.Event = field(factory=threading.Event)
    spans: list[Got] = field(factory=list)
    resources: list[dict[str, Any]] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)

    def named(self, name: str) -> list[Got]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> Got:
        (span,) = self.named(name)
        return span

    def below(self, parent: Got) -> list[Got]:
        return [span for span in self.spans if span.parent_id == parent.span_id]

    def take(self, request: ExportTraceServiceRequest) -> None:
        for of_resource in request.resource_spans:
            self.resources.append(_values(of_resource.resource.attributes))
            for of_scope in of_resource.scope_spans:
                self.spans += [_got(span) for span in of_scope.spans]


def _got(span: Any) -> Got:
    return Got(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        span.start_time_unix_nano,
        span.end_time_unix_nano,
        span.status.code == 2,
        span.status.message,
        _values(span.attributes),
        tuple((event.name, _values(event.attributes)) for event in span.events),
    )


def _values(pairs: Any) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            collector.answers.wait(60)
            if self.path == "/v1/traces" and collector.status == 200:
                collector.headers.append({name.lower(): value for name, value in self.headers.items()})
                collector.take(ExportTraceServiceRequest.FromString(body))
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(collector.status)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector = Collector(f"http://127.0.0.1:{server.server_address[1]}")
    collector.answers.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield collector
    finally:
        collector.answers.set()
        server.shutdown()
        thread.join()
        server.server_close()
