"""Where a stored run is, whatever world it belongs to. `mtf why` passes here, and must not wait for an exchange."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import field, frozen

from mtf_adapters.sql import Database, SqlRunStore, namespace_of_run, runs_beginning_with
from mtf_core.ports import OrderStore, RunStore, Stores, ZoneStore
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_entrypoints.settings import Settings
from mtf_entrypoints.storage import make_ready


@frozen(eq=False)
class StoredRun:
    """The stores of the world that a run belongs to, and its whole id (None: the newest was asked for)."""

    _database: Database
    _namespace: str
    run_id: str | None = field()

    @property
    def database(self) -> Database:
        """Where it is stored, for whoever reads rows as they are."""
        return self._database

    @property
    def runs(self) -> RunStore:
        """The runs of that world alone."""
        return SqlRunStore(self._database, self._namespace)

    @property
    def zones(self) -> ZoneStore:
        """The zone events of that world alone."""
        from mtf_adapters.sql import SqlZoneStore  # noqa: PLC0415  (few questions need it)

        return SqlZoneStore(self._database, self._namespace)

    @property
    def orders(self) -> OrderStore:
        """The orders of that world alone; those of an account that ends with its process are not among them."""
        from mtf_adapters.local import WallClock  # noqa: PLC0415
        from mtf_adapters.sql import SqlOrderStore  # noqa: PLC0415

        return SqlOrderStore(self._database, self._namespace, self._namespace, WallClock(), _no_new_store)

    @property
    def stores(self) -> Stores:
        """All stores of that world."""
        from mtf_entrypoints.stores import build_stores  # noqa: PLC0415  # `why` needs none of the others

        return build_stores(self._database, self._namespace)


def _no_new_store() -> str:
    raise AssertionError("a question about what is stored makes no store of orders")


@asynccontextmanager
async def opened_run(
    settings: Settings, run_id: str | None = None, symbol: str | None = None
) -> AsyncIterator[StoredRun | None]:
    """Where a run is stored, or the newest one (that had a symbol), whatever its world; None when none is.

    The id may be shortened as long as it is one run's; raises `InvalidRequestError`.
    """
    database = Database.open(settings.database_url)  # the container, too, would take longer to import than to use
    try:
        await make_ready(database)
        whole = None if run_id is None else await _whole_id(database, run_id)
        namespace = await namespace_of_run(database, whole, symbol)
        yield None if namespace is None else StoredRun(database, namespace, whole)
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
