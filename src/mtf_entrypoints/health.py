"""Health of a process: its database as such, then every dependency of a run."""

from __future__ import annotations

import time

from mtf_core.inquiry import HealthCheck, check_health
from mtf_core.ports import StoreError
from mtf_entrypoints.container import Container


async def check_everything(container: Container) -> tuple[HealthCheck, ...]:
    """The database's reachability and schema, then what the core asks of each dependency."""
    database = container.database()
    started = time.perf_counter()
    try:
        await database.check()
        ok, detail = True, database.location
    except StoreError as error:
        ok, detail = False, str(error)
    own = HealthCheck("database", ok, detail, round(time.perf_counter() - started, 6))
    return (own, *await check_health(container.environment()))
