"""`mtf config`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mtf_adapters.files.config_dir import CONFIG_DIR_VARIABLE, copy_shipped_config
from mtf_adapters.files.profiles import load_profile
from mtf_core.settings.effective import effective_settings
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES


def copy(folder: Path, as_json: bool) -> None:
    """Copies the shipped files; exit code 1 where something stands in the way."""
    try:
        copies = copy_shipped_config(folder)
    except OSError as error:
        raise CommandError(f"{error}; nothing was replaced", FAILED) from None
    if as_json:
        output.write_json({"folder": str(folder), "files": [str(path) for path in copies]})
        return
    output.write_line(f"{output.counted(len(copies), 'file')} copied to {folder}")
    output.write_line(f"to use them: --config-dir {folder}, or set {CONFIG_DIR_VARIABLE}={folder}")


def show(world: World, as_json: bool) -> None:
    """Every value in effect with its origin, then the history that validation and planning need."""
    settings = settings_of(world)
    profile = load_profile(settings.profile, settings.config_dir, EXCHANGES)
    rows = effective_settings(profile)
    needs = _needs(profile)
    if as_json:
        values = [
            {"path": row.path, "value": row.value, "unit": row.unit, "origin": row.origin, "doc": row.doc}
            for row in rows
        ]
        output.write_json({"profile": profile.name, "digest": profile.digest, "values": values, "history": needs})
        return
    output.write_line(f"profile {profile.name}, digest {profile.digest}")
    table = output.table("setting", "value", "unit", "origin", prose=("value",), optional=("unit", "origin"))
    for row in rows:
        table.add_row(row.path, _shown(row.value), row.unit, row.origin)
    console = output.console()
    console.print(table)
    output.write_line("history needed (closed candles; session: also back to the start of the VWAP's day)")
    history = output.table("timeframe", "candles", "session", "for", right=("candles",), prose=("for",))
    for need in needs:
        history.add_row(need["timeframe"], str(need["candles"]), "yes" if need["session"] else "no", need["for"])
    console.print(history)


def _needs(profile: Profile) -> list[dict[str, Any]]:
    compiled = compile_profile(profile)
    return [
        {
            "timeframe": str(timeframe),
            "candles": need.history.candles,
            "session": need.history.session,
            "tail": need.tail,
            "for": purpose,
        }
        for needs, purpose in ((compiled.needs, "decisions"), (compiled.plan_needs, "plans of READY symbols"))
        for timeframe, need in sorted(needs.items(), key=lambda item: -item[0].minutes)
    ]


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
