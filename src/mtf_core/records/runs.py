"""A run and its decisions, as they are stored."""

from __future__ import annotations

from enum import StrEnum

from attrs import frozen

from mtf_core.records.json import JsonObject


class RunStatus(StrEnum):
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@frozen
class RunRecord:
    """One run: what was asked, of which instant, with which configuration and code, and the report."""

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
    report: JsonObject | None


@frozen
class DecisionRecord:
    """What became of one symbol in one run, and everything needed to see why and to decide again.

    `result` is the symbol's part of the report; `inputs` the candle ranges with digests and the market facts;
    `trace` the whole tree. `reason` is None exactly when the symbol is READY with a plan.
    """

    run_id: str
    symbol: str
    status: str
    reason: str | None
    side: str | None
    execution_timeframe: str | None
    decision_key: str | None
    result: JsonObject
    inputs: JsonObject
    trace: JsonObject


@frozen
class DecisionSummary:
    """What became of one symbol in one run, without the reasons' evidence: see `DecisionRecord`."""

    run_id: str
    symbol: str
    status: str
    reason: str | None
    side: str | None
    execution_timeframe: str | None
