"""What a worker counts, for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram

_LATENESS_S = (0.5, 1, 2, 3, 5, 10, 20, 45, 90)


class WorkerMetrics:
    """Of the scheduled jobs that this worker carried out; beside the metrics of the runs themselves."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._jobs = Counter(
            "mtf_scheduled_jobs", "Scheduled jobs, by what came of them.", ("job", "outcome"), registry=registry
        )
        self._lateness = Histogram(
            "mtf_scheduled_lateness_seconds",
            "From the minute that was meant to the start of its run.",
            ("profile",),
            buckets=_LATENESS_S,
            registry=registry,
        )

    def ran(self, profile: str, is_good: bool, lateness_s: float) -> None:
        """A run ended; `lateness_s` after its minute it had started."""
        self._jobs.labels(profile, "ran" if is_good else "run_failed").inc()
        self._lateness.labels(profile).observe(max(0.0, lateness_s))

    def ended(self, job: str, outcome: str) -> None:
        """Another outcome, or another job than a run."""
        self._jobs.labels(job, outcome).inc()
