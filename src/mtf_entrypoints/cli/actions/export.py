"""`mtf export`."""

from __future__ import annotations

import asyncio
from pathlib import Path

from mtf_core.market import format_instant, parse_moment
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.stored import stored_run
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exporting import AROUND_MS, Exported, export
from mtf_entrypoints.settings import secrets_around


def perform(world: World, symbol: str, at: str, out: Path | None, as_json: bool) -> None:
    """Writes the archive, and says what it holds."""
    parse_moment(at, 0)
    if out is not None and out.exists():
        raise CommandError(f"{out} is there already; name another file")
    found = asyncio.run(_export(world, symbol, at, out))
    if found is None:
        raise CommandError("no run is stored; `mtf run` stores one", FAILED)
    exported, path = found
    if not exported.has_something:
        span = f"{format_instant(exported.at_ms - AROUND_MS)} to {format_instant(exported.at_ms + AROUND_MS)}"
        raise CommandError(f"nothing is stored of {symbol} from {span}; no archive was written", FAILED)
    if as_json:
        output.write_json({"file": str(path), **exported.to_json()})
        return
    table = output.table("table", "rows", right=("rows",))
    for name, rows in sorted(exported.rows.items()):
        if rows:
            table.add_row(name, str(rows))
    for area, lines in sorted((exported.log_lines or {}).items()):
        table.add_row(f"log: {area}", str(lines))
    output.console().print(table)
    if exported.log_lines is None:
        output.write_line("no lines of the log: MTF_LOG_DIR is not set")
    output.write_line(f"written to {path}, without secrets; look at it before you give it away")


async def _export(world: World, symbol: str, at: str, out: Path | None) -> tuple[Exported, Path] | None:
    settings = settings_of(world)
    async with stored_run(world, None, symbol) as stored:
        if stored is None:
            return None
        stores = stored.stores
        at_ms = parse_moment(at, await stores.tallies.newest_ms() or 0)
        path = out or Path(f"mtf-{symbol}-{format_instant(at_ms).translate({ord(sign): None for sign in '-:'})}.zip")
        # The environment may name another database than the command line, and its password is a secret all the same.
        secrets = (*settings.secrets, *secrets_around(()))
        try:
            found = await export(stored.database, stores, symbol, at_ms, path, settings.log_dir, secrets)
        except FileExistsError:
            raise CommandError(f"{path} is there already; name another file with --out") from None
        return found, path
