"""What a process counts and measures, for Prometheus. No symbol is ever a label: there are hundreds of them."""

from __future__ import annotations

from collections import Counter as Counted

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from mtf_core.market import Timeframe
from mtf_core.records import ReportRecord, SymbolStatus

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4.partition("; charset")[0]
"""Of the format; the framework adds the character set."""
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """The instruments of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"mtf_{name}", text, labels, registry=self.registry)

        def gauge(name: str, text: str, *labels: str) -> Gauge:
            return Gauge(f"mtf_{name}", text, labels, registry=self.registry)

        def seconds(name: str, text: str, *labels: str) -> Histogram:
            return Histogram(f"mtf_{name}_seconds", text, labels, registry=self.registry, buckets=_SECONDS)

        self._runs = counter("runs", "Runs, by how they ended.", "profile", "status")
        self._run_seconds = seconds("run", "Time that a run took.", "profile")
        self._stage_seconds = seconds("run_stage", "Time that a stage of a run took.", "profile", "stage")
        self._lateness = seconds("run_lateness", "From the last close of a minute to the end of a run.", "profile")
        self._symbols = gauge("symbols", "Symbols of the last run, by what became of them.", "profile", "status")
        self._refusals = counter("refusals", "Symbols that got no order, by reason.", "profile", "reason")
        self._orders = counter("orders", "Orders, by what became of them in their run.", "profile", "status")
        self._calls = counter("exchange_calls", "Calls to the exchange, by endpoint.", "exchange", "endpoint")
        self._waits = counter("rate_limit_wait_seconds", "Time that calls waited for rate limits.", "exchange")
        self._last_run = gauge("last_run_timestamp_seconds", "When the last run ended, Unix time.", "profile")

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
        for result in results.values():
            if result.order is not None:
                self._orders.labels(profile, str(result.order.status)).inc()
            if result.reason is not None:
                self._refusals.labels(profile, str(result.reason)).inc()
        for endpoint, calls in performance.exchange_calls.items():
            self._calls.labels(report.exchange, endpoint).inc(calls)
        self._waits.labels(report.exchange).inc(performance.rate_limit_wait_seconds)
        self._last_run.labels(profile).set(report.finished_at_ms / 1000)

    def did_not_run(self, profile: str, why: str) -> None:
        """Takes in a run that was refused (`locked`) or broke off (`failed`)."""
        self._runs.labels(profile, why).inc()

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self.registry)
