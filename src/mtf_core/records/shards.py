"""A run that many processes share: how it was opened, and what each shard of it found."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from typing import Any, Self

from attrs import frozen

from mtf_core.reasons import Reason
from mtf_core.records.codec import UnreadableRecordError, from_compressed, from_plain, to_bytes, to_plain
from mtf_core.records.packed import Unpacked, pack
from mtf_core.records.reports import LeftOut, Performance
from mtf_core.records.results import SymbolStatus
from mtf_core.records.runs import DecisionRecord

_SHORT = ("symbol", "status", "reason", "side", "execution_timeframe", "decision_key")


@frozen
class Opening:
    """What a shared run was opened with: which symbols each shard decides, and what became of the others."""

    run_id: str
    shards: tuple[tuple[str, ...], ...]
    """By their numbers: the first one is shard 0."""
    skipped: Mapping[str, Reason]
    """Symbols that were chosen and not let in."""
    left_out: Mapping[str, LeftOut]
    """Listed contracts that were not chosen."""
    performance: Performance
    """Of the opening alone."""
    ends_by_ms: int
    """Whoever looks later than this finds a run that was lost: nobody works on it any more."""

    @property
    def requested(self) -> int:
        """How many symbols were chosen."""
        return len(self.skipped) + sum(map(len, self.shards))

    def to_plain(self) -> Any:
        """As it is stored."""
        return to_plain(self)

    @classmethod
    def from_plain(cls, plain: object) -> Self:
        """Raises `UnreadableRecordError`."""
        return from_plain(plain, cls)


@frozen
class ShardDone:
    """What is told of a shard that is stored; `digest` is of its stored bytes."""

    number: int
    decided: int
    ready: int
    failed: int
    digest: str


@frozen(eq=False)
class ShardPart:
    """One shard's decisions, before any plan."""

    number: int
    decisions: tuple[DecisionRecord, ...]
    carried: Mapping[str, int]
    """Symbols of which candles were filled, with their number over all timeframes."""
    performance: Performance

    def done(self, digest: str) -> ShardDone:
        """What is told of it."""
        statuses = [one.status for one in self.decisions]
        ready, failed = statuses.count(SymbolStatus.READY), statuses.count(SymbolStatus.ERROR)
        return ShardDone(self.number, len(statuses), ready, failed, digest)

    def to_bytes(self) -> bytes:
        """As it is stored; raises ValueError for what cannot be written."""
        head = {
            "number": self.number,
            "carried": dict(self.carried),
            "performance": to_plain(self.performance),
            "decisions": [[getattr(one, name) for name in _SHORT] for one in self.decisions],
            "block": pack(self.decisions),
        }
        return zlib.compress(to_bytes(head), 1)

    @classmethod
    def from_bytes(cls, run_id: str, content: bytes) -> Self:
        """Raises `UnreadableRecordError`, also where a single decision cannot be read."""
        head = from_compressed(content)
        try:
            unpacked = Unpacked.of(head["block"])
            decisions = tuple(unpacked.completed(_short(run_id, row)) for row in head["decisions"])
            part = cls(
                number=head["number"],
                decisions=decisions,
                carried=from_plain(head["carried"], dict[str, int]),
                performance=from_plain(head["performance"], Performance),
            )
        except (KeyError, TypeError) as error:
            raise UnreadableRecordError(f"the part of a shard cannot be read: {error!r}") from error
        unreadable = next((one.unreadable for one in decisions if one.unreadable), None)
        if unreadable is not None:
            raise UnreadableRecordError(unreadable)
        return part


def _short(run_id: str, row: Any) -> DecisionRecord:
    return DecisionRecord(run_id=run_id, **dict(zip(_SHORT, row, strict=True)), result=None, inputs=None, trace=None)


def digest_of(content: bytes) -> str:
    """What tells one stored part from another."""
    return hashlib.sha256(content).hexdigest()
