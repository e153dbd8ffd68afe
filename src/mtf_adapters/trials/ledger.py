"""The trial ledger: every configuration that was ever tried on recorded candles, with its data, before its score.

It is a file of its own in the user's data folder, or a PostgreSQL database that several machines share: not the store
that runs use, which is cleaned up, copied back from back-ups and thrown away with a practice exchange. Whoever could
shorten the ledger could make luck look like skill (ADR 0025).
"""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

from attrs import field, frozen
from sqlalchemy import Connection, Engine, Select, create_engine, event, func, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import NullPool, StaticPool

from mtf_adapters.local import WallClock
from mtf_adapters.local.places import default_data_folder
from mtf_adapters.sql.engines import use_write_ahead_log
from mtf_adapters.sql.errors import TRANSLATED, translated
from mtf_adapters.sql.locations import Location, Postgres, SqliteFile, parse_location
from mtf_adapters.trials import schema
from mtf_core.ports import Clock
from mtf_core.replay.honesty import Trials
from mtf_core.search.data import SearchData

_BUSY_TIMEOUT_S = 30.0
_AT_ONCE = 200
"""Keys that are asked for in one statement."""


class TrialKind(StrEnum):
    """What was tried."""

    SEARCH = "search"
    """A variant, on the days of a search."""
    HOLDOUT = "holdout"
    """A search's best, on the days that no trial of it has seen."""
    REPLAY = "replay"
    """A profile, by `mtf replay`."""


class OutcomeKind(StrEnum):
    SCORED = "scored"
    REFUSED = "refused"
    """The profile's own checks refuse the combination."""
    FAILED = "failed"
    """It broke off."""


INTERRUPTED_TRIAL = "interrupted"
"""How trials are counted of which nothing is known but that they began."""


@frozen(kw_only=True)
class TrialStart:
    """A trial that is about to begin."""

    key: str
    """Trials with one key give the same result."""
    search: str
    data: str
    profile: str
    """The digest of the profile that is varied."""
    parameters_digest: str
    configuration: str
    """The digest of the profile as it is tried: what counts as one configuration."""
    parameters: Mapping[str, Any] = field(factory=dict)
    kind: TrialKind = TrialKind.SEARCH


@frozen
class Outcome:
    kind: OutcomeKind
    document: Mapping[str, Any]


def default_ledger_url() -> str:
    """The file that is used when nothing is said."""
    return f"sqlite:///{default_data_folder() / 'trials.db'}"


@frozen(eq=False)
class TrialLedger:
    """Open; several processes and machines may have it open and write. Raises `StoreError` where it does not answer."""

    location: Location
    engine: Engine
    clock: Clock

    @classmethod
    @contextmanager
    def opened(cls, url: str | None = None, clock: Clock | None = None) -> Iterator[TrialLedger]:
        """Makes what is not there yet."""
        location = parse_location(url or default_ledger_url())
        engine = _engine(location)
        ledger = cls(location, engine, clock or WallClock())
        try:
            with ledger._transaction() as connection:
                schema.create(connection)
            yield ledger
        finally:
            engine.dispose()

    def note_search(self, digest: str, document: Mapping[str, Any]) -> None:
        """What a search is going to do. Before its first trial; again it changes nothing."""
        row = {"search_digest": digest, "document": _text(document), "written_ms": self.clock.now_ms()}
        with self._transaction() as connection:
            self._add(connection, schema.searches, [row])

    def note_data(self, data: SearchData) -> None:
        """What the days of the data are; again it changes nothing."""
        rows = [
            {"data_digest": data.digest, "symbol": day.symbol, "start_ms": day.start_ms, "day_digest": day.digest}
            for day in data.days
        ]
        with self._transaction() as connection:
            self._add(connection, schema.data_days, rows)

    def begin(self, starts: Sequence[TrialStart]) -> tuple[int, ...]:
        """Writes that trials begin, all or none; their ids. It is on the disk when this returns."""
        by = f"{socket.gethostname()} {os.getpid()}"
        found = []
        with self._transaction() as connection:
            for one in starts:
                row = {
                    "trial_key": one.key,
                    "search_digest": one.search,
                    "data_digest": one.data,
                    "profile_digest": one.profile,
                    "parameters_digest": one.parameters_digest,
                    "configuration": one.configuration,
                    "parameters": _text(one.parameters),
                    "kind": one.kind.value,
                    "begun_ms": self.clock.now_ms(),
                    "by": by,
                }
                found.append(connection.execute(insert(schema.trials).values(row).returning(schema.trials.c.trial_id)))
            return tuple(int(one.scalar_one()) for one in found)

    def end(self, trial_id: int, outcome: Outcome, sharpe: float | None = None) -> None:
        """Writes what came of a trial. A second outcome of one trial is refused."""
        row = {
            "trial_id": trial_id,
            "kind": outcome.kind.value,
            "sharpe": sharpe,
            "document": _text(outcome.document),
            "written_ms": self.clock.now_ms(),
        }
        with self._transaction() as connection:
            connection.execute(insert(schema.outcomes).values(row))

    def outcomes(self, keys: Collection[str]) -> dict[str, Outcome]:
        """By key what came of trials that have ended, but for those that broke off: they may be tried again."""
        trials, outcomes = schema.trials, schema.outcomes
        wanted = sorted(keys)
        found: dict[str, Outcome] = {}
        with self._transaction() as connection:
            for first in range(0, len(wanted), _AT_ONCE):
                rows = connection.execute(
                    select(trials.c.trial_key, outcomes.c.kind, outcomes.c.document)
                    .join_from(trials, outcomes)
                    .where(trials.c.trial_key.in_(wanted[first : first + _AT_ONCE]))
                    .where(outcomes.c.kind != OutcomeKind.FAILED.value)
                    .order_by(trials.c.trial_id)
                )
                for key, kind, document in rows:
                    found.setdefault(key, Outcome(OutcomeKind(kind), json.loads(document)))
        return found

    def configurations_on(self, data_digest: str) -> frozenset[str]:
        """Every configuration that was tried on any day of this data, also where it broke off. The data was noted."""
        with self._transaction() as connection:
            rows = connection.execute(self._on(data_digest, schema.trials.c.configuration).distinct())
            return frozenset(row[0] for row in rows if row[0])

    def trials_on(self, data_digest: str, configuration: str) -> Trials:
        """How many configurations were tried on any day of this data, this one included, and how their Sharpe ratios
        vary."""
        tried = self.configurations_on(data_digest) | {configuration}
        statement = self._on(data_digest, schema.trials.c.configuration, func.max(schema.outcomes.c.sharpe))
        statement = statement.join(schema.outcomes, schema.outcomes.c.trial_id == schema.trials.c.trial_id)
        statement = statement.where(schema.outcomes.c.sharpe.is_not(None)).group_by(schema.trials.c.configuration)
        with self._transaction() as connection:
            ratios = [row[1] for row in connection.execute(statement)]
        return Trials(len(tried), _variance(ratios))

    def counts(self, search: str) -> dict[str, int]:
        """Rows of a search by what came of them; `interrupted` are those of which nothing is known."""
        trials, outcomes = schema.trials, schema.outcomes
        statement = (
            select(func.coalesce(outcomes.c.kind, literal(INTERRUPTED_TRIAL)), func.count())
            .select_from(trials.outerjoin(outcomes))
            .where(trials.c.search_digest == search)
            .group_by(outcomes.c.kind)
        )
        with self._transaction() as connection:
            return {kind: int(count) for kind, count in connection.execute(statement)}

    def _on(self, data_digest: str, *columns: Any) -> Select[Any]:
        """Trials whose data has a day in common with this data."""
        own, other = schema.data_days.alias("own"), schema.data_days.alias("other")
        shared = (
            select(other.c.data_digest)
            .join_from(own, other, own.c.day_digest == other.c.day_digest)
            .where(own.c.data_digest == data_digest)
            .distinct()
        )
        return select(*columns).select_from(schema.trials).where(schema.trials.c.data_digest.in_(shared))

    def _add(self, connection: Connection, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        if rows:
            connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self.engine.begin() as connection:
                yield connection
        except TRANSLATED as error:
            raise translated(error, self.location) from error


def _variance(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _text(document: Mapping[str, Any]) -> str:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _engine(location: Location) -> Engine:
    if isinstance(location, Postgres):
        return create_engine(location.url, poolclass=NullPool)
    if isinstance(location, SqliteFile):
        location.path.parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(location.path, timeout=_BUSY_TIMEOUT_S, isolation_level=None),
            poolclass=NullPool,
        )
        event.listen(engine, "connect", use_write_ahead_log)
    else:
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False),
            poolclass=StaticPool,
        )
    event.listen(engine, "connect", _durable)
    event.listen(engine, "begin", _begin_at_once)
    return engine


def _durable(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_at_once(connection: Connection) -> None:
    # The driver does not begin by itself (no isolation level); whoever writes waits for its turn here, and not later.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
