"""History of an exchange into the archive: what is missing is asked for, month by month, the newest first.

Each month is on the disk before the next is asked for, and what the exchange answered is noted, also where it has no
candles: whoever is stopped, at any instant, goes on where it was. A month without any candle before all that are there
ends the search: the symbol was not listed yet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from attrs import define, evolve, field, frozen

from mtf_adapters.archive.adding import Added, Addition, Differs
from mtf_adapters.archive.archive import Archive
from mtf_adapters.archive.errors import ArchiveError
from mtf_adapters.archive.layout import TIMEFRAME, venue_of_namespace, year_of
from mtf_adapters.archive.manifest import Manifest, Source
from mtf_adapters.archive.spans import Span, by_month, joined, missing
from mtf_adapters.archive.year_content import imported_parquet
from mtf_core.market import DAY_MS, HOUR_MS, Candles, Contract
from mtf_core.ports import ExchangeError, Progress, Venue, no_progress

_SYMBOLS_AT_ONCE = 4
"""So that the exchange's rate limit is used up, and not the time that its answers take."""
_LONG_ENOUGH_MS = 7 * DAY_MS
"""A shorter span without candles may be a symbol that hardly trades, or a halt."""
_STILL_COMING_MS = HOUR_MS
"""Candles of the last hour that are missing may come yet."""


_APART = 500
"""Two holes that one call answers are asked for together, with what lies between."""


@frozen
class FetchRequest:
    """Which candles are wanted: open times of the first and the last one, in ms."""

    symbols: tuple[str, ...]
    span: Span
    venue: str | None = None
    """The archive's name for the exchange; None: that of its world."""
    again: bool = False
    """Asks once more for what the exchange had no candles of."""


@frozen
class Fetched:
    """What a fetch brought of one symbol. `error`: why it ended before its end; what it brought until then is there."""

    symbol: str
    done: Added
    asked: int
    """Minutes that the exchange was asked for."""
    first_open_ms: int | None
    """Of what the archive has of the symbol now; None: nothing."""
    last_open_ms: int | None
    error: str | None = None


async def fetch(
    archive: Archive, venue: Venue, request: FetchRequest, progress: Progress = no_progress
) -> tuple[Fetched, ...]:
    """Fetches several symbols at once; what fails of one stops no other. Raises `ExchangeError` where all fail."""
    imported_parquet()
    contracts = {contract.symbol: contract for contract in await venue.market.contracts()}
    newest = TIMEFRAME.last_closed_open(venue.clock.now_ms())
    request = evolve(request, span=Span(request.span.first_open_ms, min(request.span.last_open_ms, newest)))
    if request.span.minutes < 1:
        raise ArchiveError("there is nothing to fetch: the first minute asked for has not closed yet")
    told = _Told(progress, len(request.symbols) * len(by_month(request.span)))
    seats = asyncio.Semaphore(_SYMBOLS_AT_ONCE)

    async def one(symbol: str) -> Fetched:
        async with seats:
            return await _Fetch(archive, venue, request, symbol, contracts, told).run()

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(symbol)) for symbol in request.symbols]
    return tuple(task.result() for task in tasks)


@define
class _Told:
    """Months done, of all symbols."""

    progress: Progress
    total: int
    done: int = 0

    def more(self, months: int) -> None:
        self.done += months
        self.progress("months", self.done, self.total)


@define
class _Fetch:
    """One symbol's fetch."""

    archive: Archive
    venue: Venue
    request: FetchRequest
    symbol: str
    contracts: Mapping[str, Contract]
    told: _Told
    done: Added = field(factory=lambda: Added(0, 0, 0), init=False)
    asked: int = field(default=0, init=False)
    first_open_ms: int | None = field(default=None, init=False)
    last_open_ms: int | None = field(default=None, init=False)

    async def run(self) -> Fetched:
        try:
            error = await self._all()
        except (ExchangeError, ArchiveError, OSError) as broken:
            error = str(broken)
        return Fetched(self.symbol, self.done, self.asked, self.first_open_ms, self.last_open_ms, error)

    async def _all(self) -> str | None:
        name = self.request.venue or venue_of_namespace(self.venue.namespace)
        months = by_month(self.request.span)[::-1]
        with self.archive.folder(name, self.symbol).alone() as manifest:
            addition = Addition(self.archive.folder(name, self.symbol), manifest)
            if (stranger := _stranger(manifest, self.venue.namespace)) is not None:
                return f"{name} holds candles of {stranger}, not of {self.venue.namespace}; give another --venue"
            try:
                for number, month in enumerate(months):
                    if await self._month(addition, month):
                        self.told.more(len(months) - number)
                        break
                    self.told.more(1)
            finally:
                self._look(addition.manifest)
        return None

    async def _month(self, addition: Addition, month: Span) -> bool:
        """Fetches what is missing of a month; whether the search is at its end."""
        known = () if self.request.again else addition.manifest.answered
        present = await asyncio.to_thread(addition.year, year_of(month.first_open_ms))
        apart = min(_APART, self.venue.capabilities.candles.most_per_call)
        wanted = joined(missing(month, present.open_ms, known), apart)
        before, answers = addition.manifest, []
        for span in wanted:
            self.asked += span.minutes
            answers.append(
                await self.venue.market.candles(self.symbol, TIMEFRAME, span.first_open_ms, span.last_open_ms)
            )
        if not wanted:
            return False
        got = [answer for answer in answers if len(answer)]
        month_done = Added(0, 0, 0)
        for answer in got:
            done = addition.take(answer)
            if isinstance(done, Differs):
                raise ArchiveError(
                    f"{done}; the exchange shows other candles than the archive has. Nothing of this month was stored; "
                    "fetch into another folder with --venue"
                )
            month_done += done
        at_end = not got and self._ends_search(before, month)
        noted = self._noted(before, wanted, answers, month_done)
        if at_end:
            noted = noted.with_answer(Span(self.request.span.first_open_ms, month.last_open_ms))
        await _to_its_end(addition.keep, noted)
        self.done += month_done
        return at_end

    def _ends_search(self, manifest: Manifest, month: Span) -> bool:
        """Nothing in a long enough span before everything that is there."""
        earliest = manifest.years[0].first_open_ms if manifest.years else None
        is_long = month.last_open_ms - month.first_open_ms >= _LONG_ENOUGH_MS
        return is_long and (earliest is None or month.last_open_ms < earliest)

    def _noted(self, manifest: Manifest, wanted: Sequence[Span], answers: Sequence[Candles], done: Added) -> Manifest:
        """The manifest with what was answered, and from where."""
        now_ms = self.venue.clock.now_ms()
        for span, answer in zip(wanted, answers, strict=True):
            if (answered := _certain(span, answer, now_ms)) is not None:
                manifest = manifest.with_answer(answered)
        got = [answer for answer in answers if len(answer)]
        if got:
            manifest = manifest.with_source(
                Source(
                    origin=self.venue.namespace,
                    label=self.venue.label,
                    files=(),
                    at_ms=now_ms,
                    first_open_ms=min(int(answer.open_ms[0]) for answer in got),
                    last_open_ms=max(int(answer.open_ms[-1]) for answer in got),
                    added=done.added,
                    changed=0,
                )
            )
        if (contract := self.contracts.get(self.symbol)) is not None:
            manifest = evolve(manifest, contract=contract, contract_at_ms=now_ms)
        return manifest

    def _look(self, manifest: Manifest) -> None:
        if manifest.years:
            self.first_open_ms = manifest.years[0].first_open_ms
            self.last_open_ms = manifest.years[-1].last_open_ms


async def _to_its_end(write: Callable[[Manifest], None], manifest: Manifest) -> None:
    """Writes in a thread, which nobody can stop: who is cancelled meanwhile goes when it is done."""
    writing = asyncio.ensure_future(asyncio.to_thread(write, manifest))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise


def _stranger(manifest: Manifest, namespace: str) -> str | None:
    """Another exchange's world whose candles these are; files may be anyone's, and are compared where they overlap."""
    origins = {source.origin for source in manifest.sources if not source.files}
    return next((origin for origin in sorted(origins) if origin != namespace), None)


def _certain(span: Span, answer: Candles, now_ms: int) -> Span | None:
    """What of a span is settled by its answer: near the present, what is missing after the last candle may come."""
    last = min(span.last_open_ms, now_ms - _STILL_COMING_MS)
    if len(answer):
        last = max(last, int(answer.open_ms[-1]))
    last = TIMEFRAME.open_at_or_before(min(last, span.last_open_ms))
    return Span(span.first_open_ms, last) if last >= span.first_open_ms else None
