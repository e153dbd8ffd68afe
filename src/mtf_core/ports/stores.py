"""What the core asks of a store. Every method raises `StoreError` or one of its kinds, nothing else.

A store belongs to one namespace (a venue's): what others hold in the same database does not exist for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from mtf_core.market import Candles, Contract, Gap, Timeframe
    from mtf_core.ports.locks import Acquired
    from mtf_core.records import (
        AlertRecord,
        AuditEvent,
        CandleFloor,
        DecisionRecord,
        EndingTally,
        JsonObject,
        KeptRuns,
        KeyedRun,
        Leftovers,
        Opening,
        Page,
        ProcessRecord,
        ProcessState,
        Receipt,
        RunCounts,
        RunningProcess,
        RunRecord,
        RunTally,
        SealCheck,
        Selection,
        ShardDone,
        ShardPart,
        SymbolDecision,
        ZoneRecord,
        ZoneTally,
    )
    from mtf_core.risk import EquityMark, QueuedSymbol, RiskDay, RiskLock, Switch, SwitchChange


LEAST_KEPT = 100
"""Of runs and events, so many of the newest are taken by no purge."""
NO_FLOORS: Mapping[Timeframe, CandleFloor] = {}


class ContractStore(Protocol):
    """Contracts as last synchronised."""

    async def replace_all(self, contracts: Sequence[Contract], synced_ms: int) -> None:
        """Stores the contracts as the whole list of the exchange; those that are no longer listed go."""
        ...

    async def all(self) -> tuple[Contract, ...]:
        """Every stored contract, sorted by symbol."""
        ...

    async def synced_ms(self) -> int | None:
        """When the list was last replaced; None: never."""
        ...


class CandleStore(Protocol):
    """Closed candles by symbol and timeframe."""

    async def write(self, series: Mapping[tuple[str, Timeframe], Candles]) -> int:
        """Inserts or replaces candles of many series in one transaction; returns the number of candles."""
        ...

    async def read(
        self, symbols: Sequence[str], timeframe: Timeframe, first_open_ms: int, last_open_ms: int
    ) -> dict[str, Candles]:
        """Candles that open within [first, last]; a symbol without any maps to empty candles."""
        ...

    async def delete(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> int:
        """Deletes the candles that open within [first, last]; returns how many there were."""
        ...

    async def gaps(self, symbol: str, timeframe: Timeframe) -> tuple[Gap, ...]:
        """Holes between the first and the last stored candle."""
        ...

    async def spans(self) -> tuple[tuple[str, Timeframe, int, int, int], ...]:
        """What is stored: (symbol, timeframe, first open, last open, number of candles) for every series."""
        ...


class RunStore(Protocol):
    """Runs, their decisions, and documents that many of them share: configurations, the shapes of traces."""

    async def start(
        self,
        run: RunRecord,
        documents: Mapping[str, JsonObject],
        fences: Sequence[Acquired] = (),
        opening: Opening | None = None,
    ) -> None:
        """Records a run as running, and each document once per digest; the run's own configuration is among them.

        `opening` comes with a run that many processes share. From here on the store refuses what runs with lower
        tokens of the locks `fences` want to write. Raises `LockLostError` when one with a higher token has started.
        """
        ...

    async def finish(
        self,
        run: RunRecord,
        decisions: Sequence[DecisionRecord],
        fence: Acquired | None = None,
        counts: RunCounts | None = None,
        zones: Sequence[ZoneRecord] = (),
    ) -> None:
        """Stores the end of a run, all its decisions, their zone events and their seal in one transaction.

        Raises `LockLostError`, and stores nothing, when the lock `fence` is no longer its owner's.
        """
        ...

    async def seal(self, run_id: str) -> SealCheck | None:
        """The run's seal beside what its rows give now; None for a run that has none."""
        ...

    async def run(self, run_id: str, *, results: bool = True) -> RunRecord | None:
        """The run with its whole report, or, which reads much less, without the symbols' results."""
        ...

    async def history(
        self, limit: int, cursor: str | None = None, *, profile: str | None = None, before_ms: int | None = None
    ) -> Page[RunRecord]:
        """A page of at least one run, the newest first, optionally of one profile; raises `InvalidCursorError`.

        The newest is the one that the store saw start last, whatever the clock said. Without a cursor the first page:
        of all runs, or of those that started before an instant. Reports come without the symbols' results.
        """
        ...

    def tallies_since(self, since_ms: int, profile: str | None = None) -> AsyncIterator[RunTally]:
        """What was counted of each finished run that started at or after an instant, the newest run first.

        Read in steps and without traces, so a day of runs is little. The store may be used between two items.
        """
        ...

    async def decisions(self, run_id: str) -> tuple[DecisionRecord, ...]:
        """All decisions of a run, sorted by symbol."""
        ...

    async def decision(self, run_id: str, symbol: str) -> DecisionRecord | None: ...

    async def last_decision(self, symbol: str) -> DecisionRecord | None:
        """The symbol's decision in the newest run that had it."""
        ...

    async def document(self, digest: str) -> JsonObject | None:
        """The document stored under a digest."""
        ...


class ShardStore(Protocol):
    """Runs that many processes share: how each was opened, and the parts of its shards until it is closed."""

    async def opening(self, run_id: str) -> Opening | None:
        """How the run was opened; None for one that no processes share, or that is over."""
        ...

    async def done(self, run_id: str, number: int) -> ShardDone | None:
        """What is told of a shard that is stored; None: it is not."""
        ...

    async def put(self, run_id: str, part: ShardPart) -> ShardDone:
        """Stores a part, unless that shard is stored already; tells of the one that is there.

        Raises `StoreError` where the run does not go on.
        """
        ...

    async def parts(self, run_id: str, digests: Mapping[int, str]) -> Mapping[int, ShardPart]:
        """The parts with these digests, by number; one that is absent, another one or unreadable is not there."""
        ...

    async def take_over(self, run_id: str, fence: Acquired) -> None:
        """From here on, whoever holds a lower token of the lock `fence` cannot end the run.

        Raises `LockLostError` where a higher one is known, and `StoreError` where the run does not go on.
        """
        ...

    async def overdue(self, now_ms: int) -> tuple[str, ...]:
        """Runs that have not ended, and on which nobody works any more, the oldest first."""
        ...

    async def forget(self, run_id: str) -> None:
        """Deletes what only a run that goes on needs."""
        ...


class ZoneStore(Protocol):
    """Zone events, which runs store with their end, and what became of them. They go with their runs."""

    async def of_run(self, run_id: str) -> tuple[ZoneRecord, ...]:
        """The zone events of a run, sorted by symbol; raises `UnreadableRowError`."""
        ...

    async def open_before(self, at_ms: int, most: int) -> tuple[ZoneRecord, ...]:
        """Open events of plans made before an instant, the oldest first, at most so many; those that can be read."""
        ...

    async def settle(self, settled: Sequence[ZoneRecord]) -> None:
        """Stores the outcomes of these events, all or none; an outcome that is there already stays."""
        ...

    def tallies(self, selection: Selection) -> AsyncIterator[ZoneTally]:
        """What statistics need of the selected events, in no order that says anything; raises `UnreadableRowError`.

        Read in steps, so that many events are no burden. The store may be used between two items.
        """
        ...


class TallyStore(Protocol):
    """What finished runs add up to, for questions over time: counted where it is stored, so no question loads runs.

    A run is selected by its instant and its profile. Raises `UnreadableRowError` for a side or timeframe that is none.
    """

    async def newest_ms(self, profile: str | None = None) -> int | None:
        """The instant of the newest finished run; None: there is none."""
        ...

    async def symbols(self, selection: Selection) -> tuple[str, ...]:
        """The symbols that the selected runs decided on, sorted; of the selected ones."""
        ...

    async def by_symbol(self, selection: Selection) -> tuple[EndingTally, ...]:
        """How the decisions of each symbol ended. Timeframes select nothing here: few decisions come to have one."""
        ...

    async def by_run(self, selection: Selection) -> tuple[EndingTally, ...]:
        """The same of each run."""
        ...

    async def last_ready(self, selection: Selection) -> tuple[SymbolDecision, ...]:
        """The newest READY decision of each symbol and execution timeframe, sorted by them."""
        ...

    def of_symbol(self, symbol: str, selection: Selection) -> AsyncIterator[SymbolDecision]:
        """The decisions of a symbol, the newest first, read in steps. Of the selection, times and profile count."""
        ...

    def runs(self, selection: Selection) -> AsyncIterator[RunTally]:
        """What was counted of each selected run, the newest first, read in steps; symbols and timeframes select none.

        The store may be used between two items.
        """
        ...


class RiskStore(Protocol):
    """The days of an account, the locks of its profiles, its last equity; no purge of runs or audits touches them."""

    async def day(self, start_ms: int) -> RiskDay | None:
        """The day that starts then."""
        ...

    async def open_day(self, day: RiskDay) -> RiskDay:
        """Stores the day unless it is there already; returns it as stored: the first one counts for all processes."""
        ...

    async def mark(self) -> EquityMark | None:
        """The last equity that was seen; None: none ever was."""
        ...

    async def put_mark(self, mark: EquityMark) -> None:
        """Keeps it if it is newer than the one that is kept."""
        ...

    async def put_lock(self, lock: RiskLock) -> RiskLock:
        """Locks a profile's span unless it is locked; returns the lock as stored. One that was lifted stands anew."""
        ...

    async def lift(self, lock: RiskLock, lifted: RiskLock) -> bool:
        """Stores a lock as lifted, if it still stands as it was read; whether it did."""
        ...

    async def locks_of(self, profile: str, now_ms: int) -> tuple[RiskLock, ...]:
        """The locks of a profile that may hold at an instant, lifted ones too."""
        ...

    async def locks(self, now_ms: int) -> tuple[RiskLock, ...]:
        """The same of all profiles."""
        ...


class KeyedRunStore(Protocol):
    """The runs that keys of clients stand for."""

    async def claim(self, run: KeyedRun) -> KeyedRun:
        """The run that the key stands for: this one, or the one that claimed it before."""
        ...

    async def find(self, key: str) -> KeyedRun | None:
        """The run that the key stands for; None: nobody claimed it."""
        ...

    async def release(self, run: KeyedRun) -> None:
        """The key stands for nothing again, if it is this run's."""
        ...


class SwitchStore(Protocol):
    """Switches by key."""

    async def all(self) -> tuple[Switch, ...]:
        """Every stored switch, sorted by key, also those whose expiry has passed."""
        ...

    async def put(self, switches: Sequence[Switch]) -> None:
        """Inserts or replaces switches by key, whatever they were: the word of an operator."""
        ...

    async def change(self, changes: Sequence[SwitchChange]) -> tuple[Switch, ...]:
        """Stores those that nobody changed since they were read, and returns these; the others stay as they are."""
        ...

    async def queue(self, queued: QueuedSymbol) -> None:
        """Remembers the symbol for the next run; one that waits already waits once."""
        ...

    async def queued(self) -> tuple[QueuedSymbol, ...]:
        """The symbols that wait for the next run, sorted."""
        ...

    async def take_queued(self) -> tuple[QueuedSymbol, ...]:
        """The symbols that wait, sorted; they are forgotten here, so of several runs one gets each."""
        ...


class CleanupStore(Protocol):
    """The purge of one namespace. Each method returns how many there were; a dry run only counts."""

    async def purge_candles(
        self, keep: int, floors: Mapping[Timeframe, CandleFloor] = NO_FLOORS, *, dry_run: bool
    ) -> int:
        """Candles that lie more than `keep` candles before the last of their series, and below the floor of their
        timeframe; a few more may stay."""
        ...

    async def purge_runs(
        self, started_before_ms: int | None, keep: int | None, *, dry_run: bool, least: int = LEAST_KEPT
    ) -> int:
        """Runs that started before an instant, and all but the newest `keep`, with everything that belongs to them.

        The newest `least` stay whatever their age: a clock in the far future must not empty the store.
        """
        ...

    async def purge_audit(self, before_ms: int, *, dry_run: bool, least: int = LEAST_KEPT) -> int:
        """Events of before an instant; the newest `least` stay."""
        ...

    async def kept_runs(self, started_before_ms: int | None, keep: int | None) -> tuple[KeptRuns, ...]:
        """What `purge_runs` leaves, by the configurations of the runs."""
        ...

    async def counts_of_runs(self, started_before_ms: int | None, keep: int | None) -> Mapping[str, int]:
        """How many decisions and zone events go with the runs that `purge_runs` takes, by their tables."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """How many rows each table has of this namespace; of candles, the candles."""
        ...

    async def purge_leftovers(self, before_ms: int, *, dry_run: bool) -> Leftovers:
        """Keys, documents and locks to which no stored run refers (any more), processes last heard of and alerts ended,
        all of before an instant.

        Documents and locks are the whole database's. What the runs that a dry run only counts would leave behind is
        not among them.
        """
        ...

    async def give_back(self) -> None:
        """Gives the room that was freed back to the file system, where that is cheap."""
        ...


class AuditStore(Protocol):
    """An append-only trail."""

    async def append(self, events: Sequence[AuditEvent]) -> None: ...

    async def history(
        self, limit: int, cursor: str | None = None, *, action: str | None = None, before_ms: int | None = None
    ) -> Page[AuditEvent]:
        """A page of at least one event, the newest first; raises `InvalidCursorError`.

        Without a cursor the first page: of all events, or of those that happened before an instant.
        """
        ...


class ProcessStore(Protocol):
    """Processes that stay, each with its own row. Times are the store's clock, whichever machine a process runs on."""

    async def beat(self, process: RunningProcess, state: ProcessState) -> None:
        """A sign of life; the first one is the process's start."""
        ...

    async def remove(self, owner: str) -> None:
        """The process ended in good order."""
        ...

    async def all(self) -> tuple[ProcessRecord, ...]:
        """Every process that was not removed, sorted by kind and start; those that were killed are among them."""
        ...


class AlertStore(Protocol):
    """What called for help, and who was told of it."""

    async def alerts(self, ended_since_ms: int | None = None) -> tuple[AlertRecord, ...]:
        """Those that stand, and, where an instant is given, those that ended since then; the oldest first."""
        ...

    async def receipts(self, ended_since_ms: int | None = None) -> tuple[Receipt, ...]:
        """The receipts of those alerts."""
        ...

    async def write(self, begun_or_ended: Sequence[AlertRecord], receipts: Sequence[Receipt]) -> None:
        """Inserts or replaces both, all or none."""
        ...
