"""`mtf config check`."""

from __future__ import annotations

from pathlib import Path

import typer

from mtf_adapters.files.config_dir import SCHEDULES_FILE, config_dir_in_use
from mtf_adapters.files.profiles import check_config
from mtf_core.config_nodes import ConfigError, ConfigProblem
from mtf_entrypoints.cli.exits import WRONG_USAGE
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.plain import counted, write_json, write_line
from mtf_entrypoints.cli.render.problems import problem_to_json
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.exchanges import EXCHANGES
from mtf_entrypoints.settings import Settings, paper_problem
from mtf_entrypoints.temporal.file import schedules_of


def perform(world: World, as_json: bool) -> None:
    """Lists every problem of every file, then what is merely worth knowing; exit code 2 if one is an error."""
    settings = settings_of(world)
    folder = config_dir_in_use(settings.config_dir)
    report = check_config(folder, EXCHANGES)
    wrong = (*report.problems, *(_schedule_problems(folder) if report.ok else ()))
    if as_json:
        write_json(
            {
                "ok": not wrong,
                "errors": [problem_to_json(problem) for problem in wrong],
                "warnings": [problem_to_json(problem) for problem in report.warnings],
                "notes": [problem_to_json(problem) for problem in report.notes],
                "exchange": settings.exchange,
                "paper": settings.paper,
                "profiles": [{"name": profile.name, "digest": profile.digest} for profile in report.profiles],
            }
        )
    else:
        kinds = (("error", wrong), ("warning", report.warnings), ("note", report.notes))
        for kind, problems in kinds:
            for problem in problems:
                write_line(f"{kind}: {problem}")
        names = ", ".join(profile.name for profile in report.profiles) or "none"
        counts = ", ".join(counted(len(problems), kind) for kind, problems in kinds)
        write_line(f"{counts}; profiles that can be used: {names}")
        if settings.paper:
            write_line(_on_paper(settings))
    if wrong:
        raise typer.Exit(WRONG_USAGE)


def _on_paper(settings: Settings) -> str:
    """That no money is at stake, and what of the settings does not go with it."""
    told = f"paper (MTF_PAPER=yes): orders are filled by this program at the quotes of {settings.exchange}, no money"
    wrong = paper_problem(settings)
    return told if wrong is None else f"{told}; it cannot start: {wrong}"


def _schedule_problems(folder: Path) -> tuple[ConfigProblem, ...]:
    """What is wrong in `temporal.yaml`; a folder without one has no schedules."""
    if not (folder / SCHEDULES_FILE).exists():
        return ()
    try:
        schedules_of(folder)
    except ConfigError as error:
        return error.problems
    return ()
