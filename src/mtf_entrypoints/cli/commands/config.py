"""`mtf config`: the configuration files."""

from __future__ import annotations

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, PROFILE, AsJson, World, takes

app = typer.Typer(help="Check and show the configuration.", no_args_is_help=True)


@app.command()
@takes(CONFIG_DIR)
def check(world: World, as_json: AsJson = False) -> None:
    """Check every profile and every file; all problems are listed at once. Exit code 2 if there are errors.

    Example:

      mtf config check --config-dir ./my-config
    """
    actions.config.check(world, as_json)


@app.command()
@takes(PROFILE, CONFIG_DIR)
def show(world: World, as_json: AsJson = False) -> None:
    """Each value in effect with its origin, and the history that the profile needs.

    Example:

      mtf config show --profile scalper
    """
    actions.config.show(world, as_json)
