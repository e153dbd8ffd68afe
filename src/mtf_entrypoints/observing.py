"""An orchestrator whose runs leave lines in the log and are counted, wherever they are asked for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from attrs import define, field

from mtf_adapters.telemetry.logs import Area, about
from mtf_adapters.telemetry.metrics import Metrics
from mtf_core.config_nodes import ConfigError
from mtf_core.market import format_instant
from mtf_core.ports import Acquired, Environment, Progress, no_progress
from mtf_core.problems import InvalidRequestError
from mtf_core.records import ReportRecord
from mtf_core.run_request import RunRequest
from mtf_core.runs import Orchestrator, RunLockedError, RunReport
from mtf_core.runs.observing import UNOBSERVED

if TYPE_CHECKING:
    from mtf_adapters.telemetry.traces import Traces

_LOG = Area.RUN.logger


def _untold(_: ReportRecord) -> None:
    return None


_UNTRACED = nullcontext(_untold)


@define(eq=False)
class ObservedOrchestrator(Orchestrator):
    """Runs as any other."""

    metrics: Metrics = field(kw_only=True)

    traces: Traces | None = field(kw_only=True)

    def __init__(self, environment: Environment, metrics: Metrics, traces: Traces | None = None) -> None:
        super().__init__(environment, UNOBSERVED if traces is None else traces)
        self.metrics, self.traces = metrics, traces

    async def run(
        self,
        request: RunRequest,
        progress: Progress = no_progress,
        run_id: str | None = None,
        key_lock: Acquired | None = None,
    ) -> RunReport:
        run_id = run_id or self.environment.new_run_id()
        with about(run_id=run_id), self._traced(run_id, request) as traced:
            try:
                report = await super().run(request, progress, run_id, key_lock)
            except InvalidRequestError:
                raise  # the mistake of who asked, who is told: nothing ran and nothing is wrong here
            except RunLockedError as refused:
                self.metrics.did_not_run(self._named(request), "locked")
                _LOG.warning("no run: %s", refused)
                raise
            except Exception as error:
                profile = self._named(request)
                self.metrics.did_not_run(profile, "failed")
                _LOG.error("the run of %s broke off: %s", profile, error)
                raise
            record = report.record
            self.metrics.ran(record)
            traced(record)
            _tell(record)
            return report

    def _traced(self, run_id: str, request: RunRequest) -> AbstractContextManager[Callable[[ReportRecord], None]]:
        """A trace around the run, which is told its report; where nobody asked for traces, nothing."""
        return _UNTRACED if self.traces is None else self.traces.run(run_id, self._named(request))

    def _named(self, request: RunRequest) -> str:
        """The name under which a finished run of the request is counted."""
        try:
            return self.environment.profiles(request.profile).name
        except ConfigError:
            return request.profile or "default"


def _tell(report: ReportRecord) -> None:
    """One line of each symbol that was READY, one of the run."""
    for symbol, result in (report.results or {}).items():
        if result.decision_key is not None and result.order is not None:
            with about(decision_key=result.decision_key):
                reason = f", {result.order.reason}" if result.order.reason else ""
                _LOG.info("%s: order %s%s", symbol, result.order.status, reason)
    summary = report.summary
    _LOG.info(
        "%s at %s: %d symbols, %d ready, %d errors, %.2f s",
        report.profile,
        format_instant(report.instant_ms),
        summary.processed,
        summary.ready,
        summary.errors,
        summary.seconds,
    )
