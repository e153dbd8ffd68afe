"""From asking for a scheduled run to what came of it, whatever is lost on the way: never a second run of one minute."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import define, frozen

from mtf_core.ports import Progress
from mtf_core.records import ReportRecord
from mtf_core.records.json import JsonObject
from mtf_entrypoints.temporal.answers import (
    Absent,
    Answer,
    Asking,
    BrokenOff,
    Finished,
    Held,
    InProgress,
    Refused,
    Unavailable,
    Unknown,
)

_MOST_TRIES = 3
_FIRST_PAUSE_S = 2.0
_LOOK_S = 2.0


@frozen
class Job:
    """One minute's run of a schedule."""

    document: JsonObject
    """The request as it is asked for."""
    key: str
    """Of the schedule and its minute."""
    due_ms: int
    max_age_s: float
    """Later than this after it was due, the minute is not run any more."""


@frozen
class Ran:
    report: ReportRecord


@frozen
class Skipped:
    """Nothing was run, and nothing is wrong."""

    code: str
    """`run_lock_held` or `stale_minute`."""
    words: str


class JobFailedError(Exception):
    """The minute's run failed; `code` is `refused`, `unavailable`, `unknown_outcome` or `run_broken_off`."""

    def __init__(self, code: str, words: str) -> None:
        self.code = code
        super().__init__(words)


@define(eq=False)
class Settling:
    """Asks until there is an outcome; who wants it to end earlier cancels it."""

    asking: Asking
    job: Job
    now_ms: Callable[[], int]
    sleep: Callable[[float], Awaitable[object]]
    progress: Progress
    _unavailable: int = 0
    _lost: int = 0

    async def outcome(self, *, is_first: bool) -> Ran | Skipped:
        """`is_first`: nobody has asked for this minute before; else what they asked is looked up. Raises
        `JobFailedError`."""
        answer: Answer = Absent() if is_first else await self.asking.of_key(self.job.key)
        while True:
            match answer:
                case Finished(report):
                    return Ran(report)
                case Held(words):
                    return Skipped("run_lock_held", words)
                case Refused(words):
                    raise JobFailedError("refused", words)
                case BrokenOff(run_id, words):
                    raise JobFailedError("run_broken_off", f"{words} (run {run_id})")
                case InProgress():
                    await self.sleep(_LOOK_S)
                    answer = await self.asking.of_key(self.job.key)
                case Absent():
                    late_s = (self.now_ms() - self.job.due_ms) / 1000
                    if late_s > self.job.max_age_s:
                        words = f"it was due {late_s:.0f} s ago, allowed are {self.job.max_age_s:g} s"
                        return Skipped("stale_minute", words)
                    answer = await self._asked()
                case Unavailable(words) | Unknown(words):
                    answer = await self._looked_up(words)

    async def _asked(self) -> Answer:
        answer = await self.asking.run(self.job.document, self.job.key, self.progress)
        if isinstance(answer, Unavailable):
            return await self._after(answer.words)
        if not isinstance(answer, Unknown):
            return answer
        self._lost += 1
        found = await self._looked_up(answer.words)
        if isinstance(found, Absent) and self._lost > 1:
            raise JobFailedError("unknown_outcome", f"asked twice, and whether it ran is not known: {answer.words}")
        return found

    async def _looked_up(self, words: str) -> Answer:
        """What became of what was asked; until that can be told, nothing is asked again."""
        for number in range(_MOST_TRIES):
            answer = await self.asking.of_key(self.job.key)
            if not isinstance(answer, Unavailable | Unknown):
                return answer
            await self.sleep(_FIRST_PAUSE_S * 2**number)
        raise JobFailedError("unknown_outcome", words)

    async def _after(self, words: str) -> Answer:
        """Nothing was done: asked again after a pause, while the minute is young enough."""
        self._unavailable += 1
        if self._unavailable >= _MOST_TRIES:
            raise JobFailedError("unavailable", words)
        await self.sleep(_FIRST_PAUSE_S * 2 ** (self._unavailable - 1))
        return Absent()
