"""`mtf alive`: what a container or a service manager asks again and again; it imports little and asks no exchange."""

from __future__ import annotations

import asyncio
import socket

import typer

from mtf_adapters.local import WallClock
from mtf_adapters.sql import Database, processes_of_host
from mtf_core.records import ProcessKind, ProcessRecord, Vitality
from mtf_entrypoints.cli import plain
from mtf_entrypoints.cli.exits import FAILED
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.settings import Overrides, read_settings


def perform(world: World, name: str) -> None:
    """Says how the process of this kind on this machine is; exit code 1 where none was heard of lately."""
    kind = ProcessKind(name)
    settings = read_settings(Overrides(database_url=world.database))
    host = socket.gethostname()
    found = [one for one in asyncio.run(_processes(settings.database_url, host)) if one.process.kind is kind]
    last = min(found, key=lambda one: one.age_ms, default=None)
    if last is None:
        plain.warn(f"no `mtf {kind}` of {host} shows itself in this database")
        raise typer.Exit(FAILED)
    state = f"{last.state}".replace("_", " ")
    plain.write_line(f"mtf {kind}: {state}, process {last.process.pid}, heard of {last.age_ms / 1000:.0f} s ago")
    if last.vitality is not Vitality.ALIVE:
        raise typer.Exit(FAILED)


async def _processes(url: str | None, host: str) -> tuple[ProcessRecord, ...]:
    async with Database.open(url) as database:
        return await processes_of_host(database, host, WallClock())
