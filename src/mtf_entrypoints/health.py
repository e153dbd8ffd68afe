"""Health of a process: its database as such, every dependency of a run, and the server that starts runs."""

from __future__ import annotations

import time

from mtf_core.inquiry import HealthCheck, check_health
from mtf_core.ports import StoreError
from mtf_entrypoints.container import Container
from mtf_entrypoints.settings import TemporalOptions
from mtf_entrypoints.temporal import sdk


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
    return (own, *await check_health(container.environment()), *await _temporal(container.settings().temporal))


async def _temporal(options: TemporalOptions) -> tuple[HealthCheck, ...]:
    if not options.is_used:
        return ()
    try:
        from mtf_entrypoints.temporal.health import check_temporal  # noqa: PLC0415  (the SDK takes a while to import)
    except ModuleNotFoundError as error:
        if not sdk.is_missing(error):
            raise
        return (HealthCheck("temporal", False, sdk.MISSING, 0.0),)
    return (await check_temporal(options),)
