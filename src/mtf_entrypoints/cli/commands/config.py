"""`mtf config`: the configuration files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, PROFILE, AsJson, World, takes

app = typer.Typer(help="Check, show, copy and import the configuration.", no_args_is_help=True)


@app.command()
@takes(CONFIG_DIR)
def check(world: World, as_json: AsJson = False) -> None:
    """Check every profile and every file; all problems are listed at once. Exit code 2 if there are errors.

    Example:

      mtf config check --config-dir ./my-config
    """
    actions.config_check.perform(world, as_json)


@app.command()
@takes(PROFILE, CONFIG_DIR)
def show(world: World, as_json: AsJson = False) -> None:
    """Each value in effect with its origin, and the history that the profile needs.

    Example:

      mtf config show --profile scalper
    """
    actions.config.show(world, as_json)


@app.command()
def copy(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is not there yet, or is empty.")],
    as_json: AsJson = False,
) -> None:
    """Copy the configuration that comes with mtf into a folder of your own, to be edited there. Nothing is replaced.

    Example:

      mtf config copy ./my-config
    """
    actions.config.copy(folder, as_json)


@app.command("import")
@takes(CONFIG_DIR)
def import_file(
    world: World,
    file: Annotated[Path, typer.Argument(help="validations.*.yaml, mtf_validations*.yaml, trade_entry*.yaml, …")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write there, into its app/ if it has one. Default: stdout."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option("--profile", help="Instead of the one in the file's name.", show_default=False)
    ] = None,
    context_timeframes: Annotated[
        str | None,
        typer.Option(
            "--context-timeframes", metavar="TF,TF", help="For validations that name none.", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    accept_risk: Annotated[
        bool, typer.Option("--accept-risk", help="Take a result under which more can be lost than in the source.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Convert a file of the system that this one follows. What had no effect there, what means something else here and
    what needs a decision is listed on stderr. Exit code 1 if the result does not load; 3, and no result, if more can be
    lost under it than the source allows, unless --accept-risk is given.

    Validations, trade entry, contracts and indicators; convert the validations of a profile first.

    Examples:

      mtf config import validations.scalper.yaml --out ./my-config

      mtf config import trade_entry.scalper.yaml --json
    """
    context = tuple(name.strip() for name in (context_timeframes or "").split(",") if name.strip())
    target = actions.config_import.Target(out, force, profile, context, accept_risk)
    actions.config_import.convert_file(world, file, target, as_json)
