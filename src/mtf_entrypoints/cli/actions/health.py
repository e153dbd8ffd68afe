"""`mtf health`."""

from __future__ import annotations

import asyncio

import typer

from mtf_core.inquiry import HealthCheck
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.container import opened
from mtf_entrypoints.documents import health_to_json
from mtf_entrypoints.health import check_everything
from mtf_entrypoints.settings import Settings


def perform(world: World, as_json: bool) -> None:
    """Prints the health of each dependency; exit code 1 if one fails."""
    checks = asyncio.run(_check(settings_of(world)))
    if as_json:
        output.write_json(health_to_json(checks))
    else:
        table = output.table("dependency", "", "detail", "seconds", right=("seconds",), prose=("detail",))
        for check in checks:
            table.add_row(check.name, "ok" if check.ok else "FAILED", check.detail, f"{check.seconds:.3f}")
        output.console().print(table)
    if not all(check.ok for check in checks):
        raise typer.Exit(FAILED)


async def _check(settings: Settings) -> tuple[HealthCheck, ...]:
    async with opened(settings, ready=False) as container:
        return await check_everything(container)
