"""What a funnel needs of a run, counted when the run is stored: adding up a day must not read a day's traces."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Self

from attrs import frozen

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.records.blocking import Blocking, ConditionKey, blocking_conditions
from mtf_core.records.codec import from_compressed, from_plain, to_bytes
from mtf_core.records.runs import DecisionRecord
from mtf_core.validation.compiled_profile import CompiledProfile

VERSION = 1
PASSED = ""
"""Stands for the final reason of a symbol that has none: its order was simulated."""


@frozen
class RunCounts:
    """Symbols by their final reason (None: none stopped them), and how much each condition stands in the way.

    `conditions` None: they could not be counted.
    """

    reasons: Mapping[Reason | None, int]
    conditions: tuple[Blocking, ...] | None

    @classmethod
    def of(
        cls,
        records: Iterable[DecisionRecord],
        compiled: CompiledProfile,
        current_tf: Timeframe | None = None,
        left_out: Iterable[Reason] = (),
    ) -> Self:
        """The counts of a run; `current_tf` is the only timeframe that it let take an entry, if it named one.

        `left_out` are the reasons of the listed contracts that its universe did not choose.
        """
        records = list(records)
        traces = [record.trace for record in records if record.trace is not None]
        return cls(reasons_of(records, left_out), blocking_conditions(compiled, traces, current_tf))

    def to_bytes(self) -> bytes:
        rows = [
            (str(one.key.timeframe), one.key.tree, one.key.name, one.blocks, one.decides, one.admits)
            for one in self.conditions or ()
        ]
        reasons = {str(reason) if reason else PASSED: count for reason, count in self.reasons.items()}
        return zlib.compress(to_bytes(_Stored(VERSION, reasons, tuple(rows)).plain()))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Raises `UnreadableRecordError`."""
        stored = from_plain(from_compressed(content), _Stored)
        return cls(
            {Reason(text) if text else None: count for text, count in stored.reasons.items()},
            tuple(
                Blocking(ConditionKey(Timeframe(timeframe), tree, name), *counts)
                for timeframe, tree, name, *counts in stored.conditions
            ),
        )


@frozen
class RunTally:
    """A finished run and what was counted of it; None: nothing was, as in version 1, or it cannot be read."""

    run_id: str
    profile: str
    instant_ms: int
    started_ms: int
    counts: RunCounts | None


@frozen
class _Stored:
    version: int
    reasons: Mapping[str, int]
    conditions: tuple[tuple[str, str, str, int, int, int], ...]

    def plain(self) -> object:
        return {"version": self.version, "reasons": dict(self.reasons), "conditions": self.conditions}


def reasons_of(records: Iterable[DecisionRecord], left_out: Iterable[Reason] = ()) -> dict[Reason | None, int]:
    """How many symbols each final reason stopped, those that the universe left out included."""
    counts = Counter(Reason(record.reason) if record.reason else None for record in records)
    counts.update(left_out)
    return dict(counts)
