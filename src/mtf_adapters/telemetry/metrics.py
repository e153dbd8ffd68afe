"""What a process counts and measures of itself, for Prometheus; names and meanings are in the catalogue."""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from mtf_adapters.telemetry import catalogue
from mtf_adapters.telemetry.catalogue import Kind, Metric
from mtf_core._version import __version__
from mtf_core.market import Timeframe
from mtf_core.records import ReportRecord, SymbolStatus

if TYPE_CHECKING:
    from mtf_adapters.limits import Limiter

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.partition("; charset")[0]
"""Of the format; the framework adds the character set."""

# A second series beside every counter, which says when the process began.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The instruments of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[Metric, Counter | Gauge | Histogram] = {}
        ProcessCollector(registry=self.registry)
        self._runs = self.counter(catalogue.RUNS)
        self._run_seconds = self.histogram(catalogue.RUN_SECONDS)
        self._stage_seconds = self.histogram(catalogue.STAGE_SECONDS)
        self._lateness = self.histogram(catalogue.RUN_LATENESS)
        self._last_run = self.gauge(catalogue.LAST_RUN)
        self._symbols = self.gauge(catalogue.SYMBOLS)
        self._decisions = self.counter(catalogue.DECISIONS)
        self._refusals = self.counter(catalogue.REFUSALS)
        self._orders = self.counter(catalogue.ORDERS)
        self._calls = self.counter(catalogue.CALLS)
        self._transaction_seconds = self.histogram(catalogue.TRANSACTION_SECONDS)
        self._transaction_failures = self.counter(catalogue.TRANSACTION_FAILURES)
        self.gauge(catalogue.BUILD).labels(__version__).set(1)

    def counter(self, metric: Metric) -> Counter:
        """The instrument of a metric: one in a process, whoever asks for it."""
        made = self._made.get(metric) or Counter(metric.name, metric.meaning, metric.labels, registry=self.registry)
        return cast(Counter, self._made.setdefault(metric, made))

    def gauge(self, metric: Metric) -> Gauge:
        made = self._made.get(metric) or Gauge(metric.name, metric.meaning, metric.labels, registry=self.registry)
        return cast(Gauge, self._made.setdefault(metric, made))

    def histogram(self, metric: Metric) -> Histogram:
        made = self._made.get(metric) or Histogram(
            metric.name, metric.meaning, metric.labels, registry=self.registry, buckets=metric.buckets
        )
        return cast(Histogram, self._made.setdefault(metric, made))

    def ran(self, report: ReportRecord) -> None:
        """Takes in the report of a run that came to its end."""
        profile, performance, results = report.profile, report.performance, report.results or {}
        self._runs.labels(profile, str(report.status)).inc()
        self._run_seconds.labels(profile).observe((report.finished_at_ms - report.started_at_ms) / 1000)
        for stage, took in performance.stages.items():
            self._stage_seconds.labels(profile, stage).observe(took)
        closed_ms = Timeframe.M1.open_at_or_before(report.started_at_ms)
        self._lateness.labels(profile).observe((report.finished_at_ms - closed_ms) / 1000)
        statuses = Counted(result.status for result in results.values())
        for status in SymbolStatus:
            self._symbols.labels(profile, str(status)).set(statuses[status])
            self._decisions.labels(profile, str(status)).inc(statuses[status])
        for result in results.values():
            if result.order is not None:
                self._orders.labels(profile, str(result.order.status)).inc()
            if result.reason is not None:
                self._refusals.labels(profile, str(result.reason)).inc()
        for endpoint, calls in performance.exchange_calls.items():
            self._calls.labels(report.exchange, endpoint).inc(calls)
        self._last_run.labels(profile).set(report.finished_at_ms / 1000)

    def did_not_run(self, profile: str, why: str) -> None:
        """Takes in a run that was refused (`locked`) or broke off (`failed`)."""
        self._runs.labels(profile, why).inc()

    def transaction(self, kind: str, outcome: str, seconds: float) -> None:
        """Takes in what became of a transaction (`TransactionsHeard` of the database)."""
        if outcome == "done":
            self._transaction_seconds.labels(kind).observe(seconds)
        else:
            self._transaction_failures.labels(kind, outcome).inc()

    def watch_limits(self, exchange: str, limiter: Limiter) -> None:
        """Tells from now on how an exchange's rate limits are used by this process."""
        self.registry.register(_Limits(exchange, limiter))

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self.registry)


class _Limits(Collector):
    """The buckets of one limiter, as they are when Prometheus asks."""

    def __init__(self, exchange: str, limiter: Limiter) -> None:
        self._exchange, self._limiter = exchange, limiter

    def describe(self) -> Iterable[Family]:
        return [family_of(metric) for metric in _OF_LIMITS]

    def collect(self) -> Iterator[Family]:
        families = {metric: family_of(metric) for metric in _OF_LIMITS}
        waited = self._limiter.waited
        for name, use in self._limiter.uses.items():
            values = (use.calls, waited.get(name, 0.0), use.limit, use.used, use.window_ms / 1000)
            for metric, value in zip(_OF_LIMITS, values, strict=True):
                families[metric].add_metric((self._exchange, name), value)
        yield from families.values()


_OF_LIMITS = (
    catalogue.LIMIT_CALLS,
    catalogue.LIMIT_WAITS,
    catalogue.LIMIT_SLOTS,
    catalogue.LIMIT_USED,
    catalogue.LIMIT_WINDOW,
)


def family_of(metric: Metric) -> CounterMetricFamily | GaugeMetricFamily:
    """A metric whose values are put in when Prometheus asks."""
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    return kind(metric.name, metric.meaning, labels=metric.labels)
