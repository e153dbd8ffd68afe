"""`mtf execute`."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.commands.by_hand import Yes
from mtf_entrypoints.cli.options import CONFIG_DIR, EXCHANGE, SANDBOX, STORE, AsJson, World, takes


@takes(STORE, EXCHANGE, SANDBOX, CONFIG_DIR)
def execute(
    world: World,
    key: Annotated[str, typer.Argument(help="The decision key of a plan, as reports have it.", show_default=False)],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Place one stored plan by hand, as it stands, through every guard; refused once it is stale.

    The plan is that of its symbol's newest decision. It needs what `mtf run --no-dry-run` needs: an exchange with a
    key, a database that stays, and somebody who supervises.

    Examples:

      mtf execute BTCUSDT:5m:1769950800000:long

      mtf execute BTCUSDT:5m:1769950800000:long --yes --json
    """
    actions.execute.perform(world, key, yes, as_json)
