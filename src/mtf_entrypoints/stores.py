"""The stores of a venue, in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from mtf_adapters.local import WallClock
from mtf_adapters.sql import (
    Database,
    SqlAlertStore,
    SqlAuditStore,
    SqlCandleStore,
    SqlCleanupStore,
    SqlContractStore,
    SqlKeyedRunStore,
    SqlOrderStore,
    SqlProcessStore,
    SqlRiskStore,
    SqlRunStore,
    SqlShardStore,
    SqlSwitchStore,
    SqlTallyStore,
    SqlZoneStore,
)
from mtf_core.ports import Aside, Clock, Stores, at_once


def new_store_id() -> str:
    """An identifier that no other store has."""
    return uuid.uuid4().hex


def build_stores(
    database: Database,
    namespace: str,
    aside: Aside = at_once,
    *,
    orders_namespace: str = "",
    wall: Clock | None = None,
    new_id: Callable[[], str] = new_store_id,
) -> Stores:
    """The stores of one venue: what other namespaces hold in the same database does not exist for them.

    Large records are read and packed `aside`. Orders may be kept under a namespace of their own (`Venue`); `wall` is
    the clock of their events and of processes, and `new_id` names a new store of them.
    """
    return Stores(
        namespace=namespace,
        contracts=SqlContractStore(database, namespace),
        candles=SqlCandleStore(database, namespace),
        runs=SqlRunStore(database, namespace, aside),
        switches=SqlSwitchStore(database, namespace),
        audit=SqlAuditStore(database, namespace),
        risk=SqlRiskStore(database, namespace),
        cleanup=SqlCleanupStore(database, namespace),
        keyed_runs=SqlKeyedRunStore(database, namespace),
        zones=SqlZoneStore(database, namespace),
        tallies=SqlTallyStore(database, namespace),
        orders=SqlOrderStore(database, orders_namespace or namespace, namespace, wall or WallClock(), new_id),
        processes=SqlProcessStore(database, namespace, wall or WallClock()),
        alerts=SqlAlertStore(database, namespace),
        shards=SqlShardStore(database, namespace, aside),
    )
