"""What a worker counts, for Prometheus."""

from __future__ import annotations

from mtf_adapters.telemetry import catalogue
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.records import ReportRecord


class WorkerMetrics:
    """Of the scheduled jobs that this worker carried out; beside the metrics of the runs themselves."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._jobs = metrics.counter(catalogue.JOBS)
        self._lateness = metrics.histogram(catalogue.JOB_LATENESS)

    def closed(self, report: ReportRecord) -> None:
        """This worker closed a run that several shared, and counts it for all of them."""
        self._metrics.ran(report)

    def ran(self, profile: str, is_good: bool, lateness_s: float) -> None:
        """A run ended; `lateness_s` after its minute it had started."""
        self._jobs.labels(profile, "ran" if is_good else "run_failed").inc()
        self._lateness.labels(profile).observe(max(0.0, lateness_s))

    def ended(self, job: str, outcome: str) -> None:
        """Another outcome, or another job than a run."""
        self._jobs.labels(job, outcome).inc()
