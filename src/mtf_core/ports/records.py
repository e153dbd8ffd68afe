"""What the stores keep, as values. JSON documents (`JsonObject`) hold only JSON types: money as strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Generic, TypeAlias, TypeVar

from attrs import frozen

from mtf_core.market import Timeframe

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = Mapping[str, Json]

Item = TypeVar("Item")


@frozen
class Page(Generic[Item]):
    """Some entries of a list, the newest first. Following `next` to its end repeats and loses none of them.

    `next` is the cursor of the page that follows, to be given back as it is; None: this page is the last.
    """

    items: tuple[Item, ...]
    next: str | None


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


@frozen
class Switch:
    """On/off for everything (`global`), one symbol (`BTCUSDT`) or one symbol and timeframe (`BTCUSDT:5m`)."""

    key: str
    on: bool
    until_ms: int | None
    """When an off switch comes back on by itself; None: never."""
    reason: str
    changed_ms: int

    def is_off(self, now_ms: int) -> bool:
        return not self.on and (self.until_ms is None or now_ms < self.until_ms)


GLOBAL_SWITCH = "global"


def switch_key(symbol: str, timeframe: Timeframe | None = None) -> str:
    """The key of a symbol's switch, or of a symbol's on one timeframe."""
    return f"{symbol}:{timeframe}" if timeframe else symbol


@frozen
class AuditEvent:
    """Something that changed state, or that an operator did: when, who, what, on what, with which details."""

    time_ms: int
    actor: str
    action: str
    subject: str
    details: JsonObject
