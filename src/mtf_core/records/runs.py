"""A run and its decisions, as they are stored."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from mtf_core.records.inputs import DecisionInputs
from mtf_core.records.json import JsonObject
from mtf_core.records.reports import ReportRecord
from mtf_core.records.results import ResultRecord
from mtf_core.records.traces import TraceRecord


class RunStatus(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@frozen
class RunRecord:
    """One run: what was asked, of which instant, with which configuration and code, and the report.

    Where the report, or a result in it, cannot be read, it is not there, and `unreadable` says why.
    """

    run_id: str
    profile: str
    dry_run: bool
    instant_ms: int
    started_ms: int
    finished_ms: int | None
    status: RunStatus
    request: JsonObject
    config_digest: str
    code_version: str
    report: ReportRecord | None
    unreadable: str | None = None


@frozen
class DecisionRecord:
    """What became of one symbol in one run, and everything needed to see why and to decide again.

    `reason` is None exactly when the symbol is READY with a plan. `status` to `decision_key` are texts, as the columns
    hold them, so that they can be told even where no code knows them. A symbol that was never evaluated has neither
    `inputs` nor `trace`. What cannot be read, the result included, is None, and `unreadable` says why.
    """

    run_id: str
    symbol: str
    status: str
    reason: str | None
    side: str | None
    execution_timeframe: str | None
    decision_key: str | None
    result: ResultRecord | None
    inputs: DecisionInputs | None
    trace: TraceRecord | None
    unreadable: str | None = None
