"""Stores in SQLite and PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mtf_core.front_door import opens

if TYPE_CHECKING:
    from mtf_adapters.sql.alerts import SqlAlertStore
    from mtf_adapters.sql.audit import SqlAuditStore
    from mtf_adapters.sql.candles import SqlCandleStore
    from mtf_adapters.sql.cleanup import SqlCleanupStore
    from mtf_adapters.sql.contracts import SqlContractStore, contract_counts
    from mtf_adapters.sql.database import Database
    from mtf_adapters.sql.keyed_runs import SqlKeyedRunStore
    from mtf_adapters.sql.locations import (
        InvalidDatabaseUrlError,
        default_database_url,
        folder_of_database,
    )
    from mtf_adapters.sql.locks import SqlLocks
    from mtf_adapters.sql.orders import SqlOrderStore
    from mtf_adapters.sql.processes import SqlProcessStore, processes_of_host
    from mtf_adapters.sql.risk import SqlRiskStore
    from mtf_adapters.sql.runs import SqlRunStore, namespace_of_run, runs_beginning_with
    from mtf_adapters.sql.shards import SqlShardStore
    from mtf_adapters.sql.switches import SqlSwitchStore
    from mtf_adapters.sql.tallies import SqlTallyStore
    from mtf_adapters.sql.zones import SqlZoneStore

__all__ = [
    "Database",
    "InvalidDatabaseUrlError",
    "SqlAlertStore",
    "SqlAuditStore",
    "SqlCandleStore",
    "SqlCleanupStore",
    "SqlContractStore",
    "SqlKeyedRunStore",
    "SqlLocks",
    "SqlOrderStore",
    "SqlProcessStore",
    "SqlRiskStore",
    "SqlRunStore",
    "SqlShardStore",
    "SqlSwitchStore",
    "SqlTallyStore",
    "SqlZoneStore",
    "contract_counts",
    "default_database_url",
    "folder_of_database",
    "namespace_of_run",
    "processes_of_host",
    "runs_beginning_with",
]

if not TYPE_CHECKING:
    opens(
        __name__,
        {
            "alerts": "SqlAlertStore",
            "audit": "SqlAuditStore",
            "candles": "SqlCandleStore",
            "cleanup": "SqlCleanupStore",
            "contracts": "SqlContractStore contract_counts",
            "database": "Database",
            "keyed_runs": "SqlKeyedRunStore",
            "locations": "InvalidDatabaseUrlError default_database_url folder_of_database",
            "locks": "SqlLocks",
            "orders": "SqlOrderStore",
            "processes": "SqlProcessStore processes_of_host",
            "risk": "SqlRiskStore",
            "runs": "SqlRunStore namespace_of_run runs_beginning_with",
            "shards": "SqlShardStore",
            "switches": "SqlSwitchStore",
            "tallies": "SqlTallyStore",
            "zones": "SqlZoneStore",
        },
    )
