"""`mtf supervise` and `mtf recover`."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import CONFIG_DIR, MARKET, METRICS, PROFILE, AsJson, World, takes


@takes(PROFILE, MARKET, METRICS, CONFIG_DIR)
def supervise(
    world: World,
    once: Annotated[bool, typer.Option("--once", help="Look once at everything that is open, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Supervise the account: protect, move, close and book whatever was entered, until it is told to stop.

    No entry leaves without a living supervisor. Of several on one account one acts, and the others stand by. SIGTERM
    ends it once the write that is on its way is answered.

    Examples:

      mtf supervise

      mtf supervise --once --json
    """
    if once and world.metrics is not None:
        raise typer.BadParameter("--metrics is for a process that stays; leave out --once")
    actions.supervise.supervise(world, once, as_json)


@takes(PROFILE, MARKET, CONFIG_DIR)
def recover(
    world: World,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="The exchange was looked at: entries may go on from here.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show where the exchange is ahead of the store, or different from it; --confirm ends that, and is audited.

    Until then nothing is entered; after a restored database nothing is cancelled either, and what is open is protected.

    Examples:

      mtf recover

      mtf recover --confirm
    """
    actions.supervise.recover(world, confirm, as_json)
