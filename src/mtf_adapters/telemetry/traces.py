"""One OpenTelemetry trace for each run: the run, its stages, what they asked of exchange and store, and its orders.

A run of 300 symbols makes hundreds of calls, so those of one kind within one stage are one span, with their number. The
trace's id is the run's own. Spans leave in a thread of the SDK; a collector that is slow or gone costs spans, not time.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from attrs import define, field
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, set_span_in_context
from opentelemetry.util.types import Attributes

from mtf_adapters.telemetry.logs import Area
from mtf_adapters.telemetry.masking import Masking
from mtf_core._version import __version__
from mtf_core.market import format_instant
from mtf_core.records import ReportRecord

_LOG = Area.RUN.logger
CLOSING_S = 2.0
"""How long the end of a process waits for the last spans to leave."""
_NS = 1_000_000_000


@define(eq=False)
class _Sum:
    """Calls of one kind."""

    kind: SpanKind
    attributes: dict[str, str]
    first_ns: int
    last_ns: int = 0
    calls: int = 0
    failed: int = 0
    seconds: float = 0.0


@define(eq=False)
class _Part:
    """A run, a stage or an order that goes on, and what was called within it."""

    span: Span
    sums: dict[str, _Sum] = field(factory=dict)

    def called(self, name: str, attributes: dict[str, str], started_ns: int, is_good: bool) -> None:
        now_ns = time.time_ns()
        found = self.sums.setdefault(name, _Sum(SpanKind.CLIENT, attributes, started_ns))
        found.first_ns, found.last_ns = min(found.first_ns, started_ns), max(found.last_ns, now_ns)
        found.calls += 1
        found.failed += not is_good
        found.seconds += (now_ns - started_ns) / _NS


_part: ContextVar[_Part | None] = ContextVar("mtf_part_of_a_run", default=None)
"""What goes on in this task, and in those that it started."""
_next_trace: ContextVar[int | None] = ContextVar("mtf_next_trace", default=None)


class _IdsOfRuns(RandomIdGenerator):
    """Gives a trace the id of its run, so that whoever knows the one finds the other."""

    def generate_trace_id(self) -> int:
        return _next_trace.get() or super().generate_trace_id()


class Traces:
    """The traces of one process: a `RunObserver`, and what begins and ends a run's trace. Build with `open_traces`."""

    def __init__(self, provider: TracerProvider, masking: Masking) -> None:
        self._provider, self._masking = provider, masking
        self._tracer = provider.get_tracer("mtf", __version__)

    @contextmanager
    def run(self, run_id: str, profile: str) -> Iterator[Callable[[ReportRecord], None]]:
        """The trace of a run; gives what takes in its report."""
        span = self._root("run", run_id, profile)
        with self._within(span):
            yield lambda report: _describe(span, report)

    @contextmanager
    def part(self, name: str, run_id: str, profile: str) -> Iterator[None]:
        """Of a run that several processes share; each tells its parts, in the run's one trace."""
        with self._within(self._root(f"run {name}", run_id, profile)):
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Of the run that goes on in this task; nothing where none does."""
        parent = _part.get()
        if parent is None:
            yield
            return
        with self._within(self._child(parent, f"stage {name}", {"mtf.stage": name})):
            yield

    @contextmanager
    def order(self, decision_key: str) -> Iterator[None]:
        parent = _part.get()
        if parent is None:
            yield
            return
        with self._within(self._child(parent, "order", {"mtf.decision_key": decision_key})):
            yield

    @contextmanager
    def call(self, endpoint: str) -> Iterator[None]:
        part, started_ns, is_good = _part.get(), time.time_ns(), False
        try:
            yield
            is_good = True
        finally:
            if part is not None:
                part.called(f"exchange {endpoint}", {"mtf.endpoint": endpoint}, started_ns, is_good)

    def transaction(self, kind: str, outcome: str, seconds: float) -> None:
        """Takes in what became of a transaction of the store."""
        part = _part.get()
        if part is not None:
            started_ns = time.time_ns() - round(seconds * _NS)
            part.called(f"store {kind}", {"mtf.store": kind}, started_ns, outcome == "done")

    def close(self) -> None:
        """Sends what is left, for `CLOSING_S` at most; what a collector does not take by then is lost."""
        ending = threading.Thread(target=self._provider.shutdown, name="end of traces", daemon=True)
        ending.start()
        ending.join(CLOSING_S)

    def _root(self, name: str, run_id: str, profile: str) -> Span:
        """The first span of a process in the trace of a run."""
        token = _next_trace.set(_trace_id_of(run_id))
        try:
            attributes = {"mtf.run.id": run_id, "mtf.profile": profile}
            return self._tracer.start_span(name, context=Context(), attributes=attributes)
        finally:
            _next_trace.reset(token)

    def _child(self, parent: _Part, name: str, attributes: Attributes) -> Span:
        return self._tracer.start_span(name, context=set_span_in_context(parent.span), attributes=attributes)

    @contextmanager
    def _within(self, span: Span) -> Iterator[None]:
        part = _Part(span)
        token = _part.set(part)
        try:
            yield
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(Status(StatusCode.ERROR, self._masking.masked(str(error))))
            raise
        finally:
            _part.reset(token)
            self._tell(part)
            span.end()

    def _tell(self, part: _Part) -> None:
        """One span for the calls of each kind, from the first to the last."""
        for name, told in part.sums.items():
            span = self._tracer.start_span(
                name,
                context=set_span_in_context(part.span),
                kind=told.kind,
                start_time=told.first_ns,
                attributes={
                    **told.attributes,
                    "mtf.calls": told.calls,
                    "mtf.calls.failed": told.failed,
                    "mtf.calls.seconds": round(told.seconds, 6),
                },
            )
            span.end(told.last_ns)


def _trace_id_of(run_id: str) -> int:
    """The same for whoever works on the run: its id, which is as long as one of a trace, or what follows from it."""
    try:
        own = int(run_id, 16) if len(run_id) == 32 else 0
    except ValueError:
        own = 0
    return own or int.from_bytes(hashlib.sha256(run_id.encode()).digest()[:16])


def _describe(span: Span, report: ReportRecord) -> None:
    summary, placed = report.summary, report.orders_placed
    span.set_attributes(
        {
            "mtf.profile": report.profile,
            "mtf.exchange": report.exchange,
            "mtf.dry_run": report.dry_run,
            "mtf.instant": format_instant(report.instant_ms),
            "mtf.run.status": str(report.status),
            "mtf.symbols": summary.processed,
            "mtf.symbols.ready": summary.ready,
            "mtf.symbols.errors": summary.errors,
            "mtf.orders.submitted": 0 if placed is None else placed.submitted,
            "mtf.rate_limit_wait_seconds": report.performance.rate_limit_wait_seconds,
        }
    )
    for symbol, result in (report.results or {}).items():
        if result.order is not None and result.decision_key is not None:
            facts = {"mtf.symbol": symbol, "mtf.decision_key": result.decision_key}
            told = {"mtf.order.status": str(result.order.status), "mtf.order.reason": str(result.order.reason or "")}
            span.add_event("order", facts | told)


class _Sending(SpanExporter):
    """Sends by OTLP; says once that it cannot, and once that it can again."""

    def __init__(self, exporter: SpanExporter, where: str) -> None:
        self._exporter, self._where = exporter, where
        self._is_broken = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export(spans)
        except Exception:  # whatever breaks in it, the SDK would tell again and again
            result = SpanExportResult.FAILURE
        is_broken = result is not SpanExportResult.SUCCESS
        if is_broken and not self._is_broken:
            _LOG.warning("traces cannot be sent to %s: they are lost until it answers; runs go on", self._where)
        elif self._is_broken and not is_broken:
            _LOG.warning("traces are sent to %s again", self._where)
        self._is_broken = is_broken
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


def open_traces(masking: Masking, where: str) -> Traces:
    """Traces as OpenTelemetry's own variables of the environment say; `where` is the collector, for people."""
    ours = Resource({"service.name": "mtf", "service.version": __version__})
    # Whatever the environment says of this process wins over what we call it.
    provider = TracerProvider(
        resource=Resource.create().merge(ours).merge(OTELResourceDetector().detect()),
        id_generator=_IdsOfRuns(),
        shutdown_on_exit=False,  # its end is waited for in `close`, and not for as long as a collector may take
    )
    provider.add_span_processor(BatchSpanProcessor(_Sending(OTLPSpanExporter(), where)))
    # What it says of each failure holds addresses, and comes again and again: `_Sending` says it once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)
    return Traces(provider, masking)
