"""What stored runs add up to: counted by the database, so that a question over a day reads no run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.runs import TALLY, tally_of
from mtf_adapters.sql.schema import decisions, runs
from mtf_adapters.sql.transactions import all_rows, value_or_none
from mtf_core.market import Side, Timeframe
from mtf_core.ports import UnreadableRowError
from mtf_core.reasons import stored_reason
from mtf_core.records import Ending, EndingTally, RunStatus, RunTally, Selection, SymbolDecision, SymbolStatus

_ENDING = tuple(decisions.c[name] for name in ("status", "reason", "side", "execution_timeframe"))
_SAME_RUN = (decisions.c.namespace == runs.c.namespace) & (decisions.c.run_id == runs.c.run_id)
_SYMBOL = decisions.c.symbol.concat("")
"""An expression, and no column: SQLite would else walk along the index of symbols, from row to row all over the table.
So it reads run by run, whose rows lie together, which took a quarter of the time for a day of 300 symbols."""
_PER_STEP = 200


class SqlTallyStore:
    """The core's `TallyStore` of one namespace."""

    def __init__(self, database: Database, namespace: str) -> None:
        self._database = database
        self._namespace = namespace
        self._here = runs.c.namespace == namespace

    async def newest_ms(self, profile: str | None = None) -> int | None:
        """The instant of the newest finished run; None: there is none."""
        query = self._of_runs(select(runs.c.instant_ms), Selection(profile=profile))
        newest: int | None = await self._database.read(value_or_none(query.order_by(runs.c.sequence.desc()).limit(1)))
        return newest

    async def symbols(self, selection: Selection) -> tuple[str, ...]:
        """The symbols that the selected runs decided on, sorted; of the selected ones."""
        query = self._of_decisions(select(_SYMBOL.label("symbol")).distinct(), selection)
        return tuple(sorted(row.symbol for row in await self._database.read(all_rows(query))))

    async def by_symbol(self, selection: Selection) -> tuple[EndingTally, ...]:
        """How the decisions of each symbol ended."""
        return await self._tallies(_SYMBOL, selection)

    async def by_run(self, selection: Selection) -> tuple[EndingTally, ...]:
        """How the decisions of each run ended."""
        return await self._tallies(decisions.c.run_id, selection)

    async def _tallies(self, of: Any, selection: Selection) -> tuple[EndingTally, ...]:
        counted = select(of.label("of"), *_ENDING, func.count().label("decisions"))
        query = self._of_decisions(counted, selection).group_by(of, *_ENDING)
        rows = await self._database.read(all_rows(query))
        return tuple(EndingTally(row.of, _ending(row), row.decisions) for row in rows)

    async def last_ready(self, selection: Selection) -> tuple[SymbolDecision, ...]:
        """The newest READY decision of each symbol and execution timeframe, sorted by them."""
        ready = decisions.c.status == SymbolStatus.READY.value
        newest = self._of_decisions(
            select(_SYMBOL.label("symbol"), func.max(decisions.c.run_sequence).label("sequence")), selection
        ).where(ready)
        if selection.timeframes is not None:
            names = [one.value for one in selection.timeframes]
            newest = newest.where(decisions.c.execution_timeframe.in_(names))
        newest = newest.group_by(_SYMBOL, decisions.c.execution_timeframe)

        def work(connection: Connection) -> list[Row[Any]]:
            wanted = {(row.symbol, row.sequence) for row in connection.execute(newest).all()}
            # Asked for apart: joined, SQLite would look up every decision of the world in what the first query gave.
            sequences = sorted({sequence for _, sequence in wanted})
            of_runs = select(runs.c.run_id).where(self._here, runs.c.sequence.in_(sequences))
            query = self._decided().add_columns(decisions.c.run_sequence)
            rows = connection.execute(query.where(ready, decisions.c.run_id.in_(of_runs))).all()
            return [row for row in rows if (row.symbol, row.run_sequence) in wanted]

        rows = [_decision(row) for row in await self._database.read(work)]
        return tuple(sorted(rows, key=lambda one: (one.symbol, one.ending.timeframe.ms if one.ending.timeframe else 0)))

    async def of_symbol(self, symbol: str, selection: Selection) -> AsyncIterator[SymbolDecision]:
        """The decisions of a symbol, the newest first."""
        of_runs = Selection(selection.since_ms, selection.until_ms, profile=selection.profile)
        query = self._of_runs(self._decided().add_columns(decisions.c.run_sequence), of_runs)
        query = query.where(decisions.c.symbol == symbol).order_by(decisions.c.run_sequence.desc())
        async for row in self._in_steps(query, decisions.c.run_sequence):
            yield _decision(row)

    async def runs(self, selection: Selection) -> AsyncIterator[RunTally]:
        """What was counted of each selected run, the newest first."""
        counted: Select[Any] = select(*(runs.c[name] for name in TALLY), runs.c.sequence)
        query = self._of_runs(counted, selection).order_by(runs.c.sequence.desc())
        async for row in self._in_steps(query, runs.c.sequence):
            yield tally_of(row)

    async def _in_steps(self, query: Select[Any], sequence: Any) -> AsyncIterator[Row[Any]]:
        """Each step is a transaction of its own: none is open while the caller works with what it got."""
        last: int | None = None
        while True:
            step = query if last is None else query.where(sequence < last)
            rows = await self._database.read(all_rows(step.limit(_PER_STEP)))
            for row in rows:
                yield row
            if len(rows) < _PER_STEP:
                return
            last = rows[-1]._mapping[sequence]

    def _decided(self) -> Select[Any]:
        columns = (decisions.c.run_id, decisions.c.symbol, *_ENDING, runs.c.profile, runs.c.instant_ms)
        return select(*columns).join_from(decisions, runs, _SAME_RUN).where(decisions.c.namespace == self._namespace)

    def _of_decisions(self, query: Any, selection: Selection) -> Any:
        chosen = self._of_runs(select(runs.c.run_id), selection)
        query = query.where(decisions.c.namespace == self._namespace, decisions.c.run_id.in_(chosen))
        if selection.symbols is not None:
            query = query.where(decisions.c.symbol.in_(selection.symbols))
        return query

    def _of_runs(self, query: Select[Any], selection: Selection) -> Select[Any]:
        query = query.where(self._here, runs.c.status == RunStatus.FINISHED.value)
        if selection.since_ms is not None:
            query = query.where(runs.c.instant_ms >= selection.since_ms)
        if selection.until_ms is not None:
            query = query.where(runs.c.instant_ms < selection.until_ms)
        if selection.profile is not None:
            query = query.where(runs.c.profile == selection.profile)
        return query


def _decision(row: Row[Any]) -> SymbolDecision:
    return SymbolDecision(row.run_id, row.symbol, row.profile, row.instant_ms, _ending(row))


def _ending(row: Row[Any]) -> Ending:
    with _readable():
        return Ending(
            row.status,
            stored_reason(row.reason) if row.reason else None,
            Side(row.side) if row.side else None,
            Timeframe(row.execution_timeframe) if row.execution_timeframe else None,
        )


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except ValueError as error:
        raise UnreadableRowError(f"a stored decision cannot be read: {error}") from error
