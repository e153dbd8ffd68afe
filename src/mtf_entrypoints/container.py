"""The one place where adapters meet ports."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

from attrs import frozen
from dependency_injector import containers, providers

from mtf_adapters.files.profiles import load_profile
from mtf_adapters.local import WallClock
from mtf_adapters.sql import (
    Database,
    SqlAuditStore,
    SqlCandleStore,
    SqlCleanupStore,
    SqlContractStore,
    SqlKeyedRunStore,
    SqlLocks,
    SqlRiskStore,
    SqlRunStore,
    SqlSwitchStore,
    namespace_of_run,
    runs_beginning_with,
)
from mtf_adapters.sql.locations import SqliteFile, default_database_url, parse_location
from mtf_core.ports import Environment, ProfileSource, Stores
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.runs import Orchestrator
from mtf_core.settings.profile import Profile
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.venues import build_venue, refuse_unknown_exchanges


def build_stores(database: Database, namespace: str) -> Stores:
    """The stores of one venue: what other namespaces hold in the same database does not exist for them."""
    return Stores(
        contracts=SqlContractStore(database, namespace),
        candles=SqlCandleStore(database, namespace),
        runs=SqlRunStore(database, namespace),
        switches=SqlSwitchStore(database, namespace),
        audit=SqlAuditStore(database, namespace),
        risk=SqlRiskStore(database, namespace),
        cleanup=SqlCleanupStore(database, namespace),
        keyed_runs=SqlKeyedRunStore(database, namespace),
    )


def profile_source(settings: Settings) -> ProfileSource:
    """Profiles of the configuration folder, each read once in the life of the process."""

    @cache
    def profile(name: str | None) -> Profile:
        loaded = load_profile(name or settings.profile, settings.config_dir)
        refuse_unknown_exchanges(loaded.trading)
        return loaded

    return profile


def new_run_id() -> str:
    """An identifier that no other run of any process has."""
    return uuid.uuid4().hex


class Container(containers.DeclarativeContainer):
    """What a process consists of; every part is built when it is first asked for.

    Time and randomness are parts like others, so that a simulation can replace them.
    """

    settings = providers.Dependency(instance_of=Settings)
    database = providers.Singleton(Database.open, settings.provided.database_url)
    wall_clock = providers.Singleton(WallClock)
    timer = providers.Object(time.perf_counter)
    sleep = providers.Object(asyncio.sleep)
    new_run_id = providers.Object(new_run_id)
    venue = providers.Singleton(build_venue, settings, wall_clock)
    stores = providers.Singleton(build_stores, database, venue.provided.namespace)
    locks = providers.Singleton(SqlLocks, database, wall_clock)
    profiles = providers.Singleton(profile_source, settings)
    environment = providers.Singleton(
        Environment,
        venue=venue,
        stores=stores,
        locks=locks,
        profiles=profiles,
        wall=wall_clock,
        timer=timer,
        sleep=sleep,
        new_run_id=new_run_id,
    )
    orchestrator = providers.Singleton(Orchestrator, environment)


@asynccontextmanager
async def opened(settings: Settings, *, ready: bool = True, **replaced: object) -> AsyncIterator[Container]:
    """A container whose database is open until the block ends; `ready`: with the tables that this version needs.

    `replaced` are parts of the container by their names, to be taken instead of its own. A new SQLite file gets its
    tables by itself. Older tables, and PostgreSQL, wait for `mtf db upgrade`.
    """
    container = Container(settings=settings, **replaced)
    container.venue()  # what is wrong with the options is told before anything is created
    database = container.database()
    try:
        if ready:
            await _make_ready(database, settings)
        yield container
    finally:
        await database.close()


@frozen(eq=False)
class StoredRun:
    """The stores of the world that a run belongs to, and its whole id (None: the newest was asked for)."""

    stores: Stores
    run_id: str | None


@asynccontextmanager
async def opened_run(
    settings: Settings, run_id: str | None = None, symbol: str | None = None
) -> AsyncIterator[StoredRun | None]:
    """Where a run is stored, or the newest one (that had a symbol), whatever its world; None when none is.

    The id may be shortened as long as it is one run's; raises `InvalidRequestError`.
    """
    container = Container(settings=settings)
    database = container.database()
    try:
        await _make_ready(database, settings)
        whole = None if run_id is None else await _whole_id(database, run_id)
        namespace = await namespace_of_run(database, whole, symbol)
        yield None if namespace is None else StoredRun(build_stores(database, namespace), whole)
    finally:
        await database.close()


async def _whole_id(database: Database, beginning: str) -> str:
    """The id of the one run that begins so; what begins no run is left as it is."""
    candidates = await runs_beginning_with(database, beginning)
    if beginning in candidates or not candidates:
        return beginning
    if len(candidates) > 1:
        message = f"several runs begin with {beginning!r}: {', '.join(candidates)}; give more of the id"
        raise InvalidRequestError((FieldProblem("run", message),))
    return candidates[0]


async def _make_ready(database: Database, settings: Settings) -> None:
    location = parse_location(settings.database_url or default_database_url())
    if isinstance(location, SqliteFile) and not location.path.exists():
        await database.upgrade()
    await database.check()
