"""What the store recorded of a stretch: its runs, and what each of them decided by and of whom."""

from __future__ import annotations

from collections.abc import AsyncIterator

from attrs import define, field, frozen

from mtf_core.market import MINUTE_MS
from mtf_core.ports import Stores
from mtf_core.records import DecisionRecord, JsonObject, RunRecord, RunStatus, Selection, UnreadableRecordError
from mtf_core.records.older import current_content
from mtf_core.run_request import RunRequest
from mtf_core.runs.request import recorded_request
from mtf_core.settings.nodes import ConfigError
from mtf_core.settings.profile import Profile, profile_from_content


@frozen(eq=False)
class RecordedRun:
    """One finished run with its decisions."""

    record: RunRecord
    request: RunRequest
    decisions: tuple[DecisionRecord, ...]
    exchange: str

    @property
    def run_id(self) -> str:
        return self.record.run_id

    @property
    def at_ms(self) -> int:
        """The instant at which it looked at the market."""
        return self.record.instant_ms

    @property
    def minute_ms(self) -> int:
        """The close of the last whole minute at that instant: when the replay decides."""
        return self.at_ms // MINUTE_MS * MINUTE_MS


@define
class Reading:
    """Reads runs, and keeps what could not be."""

    stores: Stores
    unreadable: dict[str, str] = field(factory=dict)
    """By run id: why a run cannot be decided again."""

    async def ids(self, selection: Selection) -> tuple[str, ...]:
        """The finished runs of the selection, the oldest first."""
        found = [(one.instant_ms, one.started_ms, one.run_id) async for one in self.stores.tallies.runs(selection)]
        return tuple(run_id for *_, run_id in sorted(found))

    async def runs(self, ids: tuple[str, ...]) -> AsyncIterator[RecordedRun]:
        for run_id in ids:
            found = await self.run(run_id)
            if found is not None:
                yield found

    async def run(self, run_id: str) -> RecordedRun | None:
        """None where it is not stored, did not finish, or cannot be read; what cannot be is noted."""
        record = await self.stores.runs.run(run_id, results=False)
        if record is None or record.status is not RunStatus.FINISHED:
            return None
        if record.report is None:
            self.unreadable[run_id] = record.unreadable or "its report is missing"
            return None
        try:
            request = recorded_request(record.request)
        except UnreadableRecordError as error:
            self.unreadable[run_id] = str(error)
            return None
        return RecordedRun(record, request, await self.stores.runs.decisions(run_id), record.report.exchange)


@define
class Configurations:
    """The configurations that runs name, by their digests; each is read once."""

    stores: Stores
    _known: dict[str, Profile | None] = field(factory=dict)

    async def of(self, digest: str) -> Profile | None:
        """None where it is not stored any more, or this version refuses it."""
        if digest not in self._known:
            self._known[digest] = _profile(await self.stores.runs.document(digest))
        return self._known[digest]


def _profile(content: JsonObject | None) -> Profile | None:
    if content is None:
        return None
    try:
        return profile_from_content(current_content(content))
    except ConfigError:
        return None
