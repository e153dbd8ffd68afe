"""`mtf risk show` and `mtf risk reset`."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import BALANCE, CONFIG_DIR, MARKET, PROFILE, AsJson, World, takes

app = typer.Typer(no_args_is_help=True, help="Limits on money: what was lost, what is left, and what is locked.")


@app.command()
@takes(PROFILE, MARKET, BALANCE, CONFIG_DIR)
def show(world: World, as_json: AsJson = False) -> None:
    """What day and week have cost, what is open, what may still be lost, and what stands against entries.

    Losses are measured as a run does it: a limit that is found reached locks the profile.

    Example:

      mtf risk show --profile scalper
    """
    actions.risk.show(world, as_json)


@app.command()
@takes(PROFILE, MARKET, BALANCE, CONFIG_DIR)
def reset(
    world: World,
    reason: Annotated[str, typer.Option(help="Why; kept in the audit trail.", show_default=False)],
    confirm: Annotated[bool, typer.Option("--confirm", help="Without it only says what would be lifted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Lift the locks that losses put on a profile. The limit counts on from what was lost by then.

    Examples:

      mtf risk reset --profile scalper --reason "the loss was a deposit that came late"

      mtf risk reset --profile scalper --reason "the loss was a deposit that came late" --confirm
    """
    actions.risk.reset(world, reason, confirm, as_json)
