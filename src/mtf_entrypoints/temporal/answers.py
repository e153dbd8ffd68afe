"""What came of asking for a run under a key, here or over HTTP."""

from __future__ import annotations

from typing import Protocol, TypeAlias

from attrs import frozen

from mtf_core.ports import Progress
from mtf_core.records import ReportRecord
from mtf_core.records.json import JsonObject


@frozen
class Finished:
    """The run has a report: just made, or stored under the key before."""

    report: ReportRecord


@frozen
class Held:
    """Another run of the profile holds its lock; nothing was run."""

    words: str


@frozen
class InProgress:
    """The key's run goes on somewhere."""

    run_id: str


@frozen
class Absent:
    """No run has begun under the key."""


@frozen
class BrokenOff:
    """The key's run began and ended without a report."""

    run_id: str
    words: str


@frozen
class Refused:
    """What was asked is wrong: asked again it would be refused again."""

    words: str


@frozen
class Unavailable:
    """Nothing was done: it may be asked again."""

    words: str


@frozen
class Unknown:
    """It was asked, and whether it was done nobody said."""

    words: str


Answer: TypeAlias = Finished | Held | InProgress | Absent | BrokenOff | Refused | Unavailable | Unknown


class Asking(Protocol):
    """Where runs are carried out. Raises nothing: whatever happens is an answer."""

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        """One run, unless one has begun under the key before."""
        ...

    async def of_key(self, key: str) -> Answer:
        """What became of the key's run; nothing is run."""
        ...
