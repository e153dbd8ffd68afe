"""The work behind each command. A module here is imported when its command runs, so that `mtf --help` is instant."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import (
        account,
        alerts,
        alive,
        archive,
        archive_fetch,
        by_hand,
        compare,
        conditions,
        config,
        config_check,
        config_import,
        contracts,
        database,
        execute,
        export,
        features,
        health,
        indicators,
        inquire,
        klines,
        operators,
        plan,
        replay,
        risk,
        run,
        sandbox,
        sandbox_serve,
        sandbox_session,
        schedules,
        search,
        serve,
        stats,
        stream,
        supervise,
        venues,
        version,
        why,
        why_over_time,
        worker,
    )

__all__ = [
    "account",
    "alerts",
    "alive",
    "archive",
    "archive_fetch",
    "by_hand",
    "compare",
    "conditions",
    "config",
    "config_check",
    "config_import",
    "contracts",
    "database",
    "execute",
    "export",
    "features",
    "health",
    "indicators",
    "inquire",
    "klines",
    "operators",
    "plan",
    "replay",
    "risk",
    "run",
    "sandbox",
    "sandbox_serve",
    "sandbox_session",
    "schedules",
    "search",
    "serve",
    "stats",
    "stream",
    "supervise",
    "venues",
    "version",
    "why",
    "why_over_time",
    "worker",
]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
