"""`mtf config check`."""

from __future__ import annotations

import typer

from mtf_adapters.files.profiles import check_config
from mtf_entrypoints.cli.exits import WRONG_USAGE
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.plain import counted, write_json, write_line
from mtf_entrypoints.cli.render.problems import problem_to_json
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES


def perform(world: World, as_json: bool) -> None:
    """Lists every problem of every file, then what is merely worth knowing; exit code 2 if one is an error."""
    report = check_config(settings_of(world).config_dir, EXCHANGES)
    if as_json:
        write_json(
            {
                "ok": report.ok,
                "errors": [problem_to_json(problem) for problem in report.problems],
                "warnings": [problem_to_json(problem) for problem in report.warnings],
                "notes": [problem_to_json(problem) for problem in report.notes],
                "profiles": [{"name": profile.name, "digest": profile.digest} for profile in report.profiles],
            }
        )
    else:
        kinds = (("error", report.problems), ("warning", report.warnings), ("note", report.notes))
        for kind, problems in kinds:
            for problem in problems:
                write_line(f"{kind}: {problem}")
        names = ", ".join(profile.name for profile in report.profiles) or "none"
        counts = ", ".join(counted(len(problems), kind) for kind, problems in kinds)
        write_line(f"{counts}; profiles that can be used: {names}")
    if not report.ok:
        raise typer.Exit(WRONG_USAGE)
