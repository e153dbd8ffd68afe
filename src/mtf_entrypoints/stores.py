"""The stores of a venue, in SQL."""

from __future__ import annotations

from mtf_adapters.sql import (
    Database,
    SqlAuditStore,
    SqlCandleStore,
    SqlCleanupStore,
    SqlContractStore,
    SqlKeyedRunStore,
    SqlRiskStore,
    SqlRunStore,
    SqlSwitchStore,
    SqlZoneStore,
)
from mtf_core.ports import Aside, Stores, at_once


def build_stores(database: Database, namespace: str, aside: Aside = at_once) -> Stores:
    """The stores of one venue: what other namespaces hold in the same database does not exist for them.

    Large records are read and packed `aside`.
    """
    return Stores(
        contracts=SqlContractStore(database, namespace),
        candles=SqlCandleStore(database, namespace),
        runs=SqlRunStore(database, namespace, aside),
        switches=SqlSwitchStore(database, namespace),
        audit=SqlAuditStore(database, namespace),
        risk=SqlRiskStore(database, namespace),
        cleanup=SqlCleanupStore(database, namespace),
        keyed_runs=SqlKeyedRunStore(database, namespace),
        zones=SqlZoneStore(database, namespace),
    )
