"""Processes that stay, as they show themselves in the store. Times are the store's own clock, never a process's."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from attrs import frozen

LATE_MS = 15_000
"""A process beats every 5 s; one that was not heard of for longer than this is late."""
GONE_MS = 60_000


class ProcessKind(StrEnum):
    """What a process does; the command that starts it."""

    SERVE = "serve"
    SUPERVISE = "supervise"
    STREAM = "stream"
    WORKER = "worker"
    ALERTS = "alerts"


class ProcessState(StrEnum):
    """What a process says of itself, in one word."""

    STARTING = "starting"
    WORKING = "working"
    SUPERVISING = "supervising"
    STANDING_BY = "standing_by"
    """It supervises as soon as the one that does so now has gone."""
    STREAMING = "streaming"
    BY_CALLS = "by_calls"
    """The exchange has a stream, and it is not heard: every candle is asked for."""
    SILENT = "silent"
    """No candle has come for some minutes, neither by stream nor by call."""


class Vitality(StrEnum):
    """Whether a process was heard of lately."""

    ALIVE = "alive"
    LATE = "late"
    GONE = "gone"


@frozen
class RunningProcess:
    """Who a process is. `owner` is its own name, which no other process ever has."""

    kind: ProcessKind
    owner: str
    host: str
    pid: int
    version: str
    account: str = ""
    """The account that it works for; empty where it works for none, or does not know it yet."""


@frozen
class ProcessRecord:
    """A process as the store knows it, at the instant at which the store was asked."""

    process: RunningProcess
    state: ProcessState
    started_ms: int
    since_ms: int
    """When it came into its state."""
    beat_ms: int
    """Its last sign of life."""
    read_ms: int
    """When the store was asked."""

    @property
    def age_ms(self) -> int:
        """How long ago it was last heard of."""
        return max(0, self.read_ms - self.beat_ms)

    @property
    def vitality(self) -> Vitality:
        if self.age_ms <= LATE_MS:
            return Vitality.ALIVE
        return Vitality.LATE if self.age_ms <= GONE_MS else Vitality.GONE

    def was_replaced_by(self, other: ProcessRecord) -> bool:
        """Whether the other one does the same work, and began after this one was last heard of."""
        ours, theirs = self.process, other.process
        same_account = ours.account == theirs.account or "" in {ours.account, theirs.account}
        return ours.kind is theirs.kind and same_account and other.started_ms > self.beat_ms


def present(records: Iterable[ProcessRecord]) -> tuple[ProcessRecord, ...]:
    """Those that matter: alive, or missed. One that died and has a successor is neither."""
    known = tuple(records)
    return tuple(
        one for one in known if one.vitality is Vitality.ALIVE or not any(one.was_replaced_by(other) for other in known)
    )
