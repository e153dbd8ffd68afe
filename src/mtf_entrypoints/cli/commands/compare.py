"""`mtf compare`: what really happened beside its replay."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import ARCHIVE, CONFIG_DIR, STORE, AsJson, AssumeOption, World, takes


@takes(STORE, ARCHIVE, CONFIG_DIR)
def compare(
    world: World,
    *,
    day: Annotated[
        str | None, typer.Option("--day", metavar="DAY", help="A day UTC, like 2026-01-31.", show_default=False)
    ] = None,
    run: Annotated[str | None, typer.Option("--run", help="One run, by its id.", show_default=False)] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Runs from this instant on, or since so long (2h, 3d).", show_default=False
        ),
    ] = None,
    end: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Runs before this instant. Default: to the newest."),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="Only runs of this profile. Default: that of the newest.", show_default=False),
    ] = None,
    assume: AssumeOption = None,
    one_account: Annotated[
        bool,
        typer.Option(
            "--one-account",
            help="All orders of the replay share one modelled account, instead of the real one as it was for each.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many differences to show.")] = 20,
    as_json: AsJson = False,
) -> None:
    """What runs really decided and traded, beside the same runs replayed from the candles of now: equal, or why not.

    Decisions must be equal for the same candles. Every difference has one cause of a closed list; what none explains is
    a fault of mtf, and the command fails. Runs are those of the world (exchange, sandbox, files) of the newest run;
    candles are those of the store, and of the archive where the store has none.

    Examples:

      mtf compare --day 2026-01-31

      mtf compare --run 7f3c9a0e5b1d4c6f8a2b3c4d5e6f7a8b --json

      mtf compare --from 3h --assume delay_minutes=0
    """
    if sum(one is not None for one in (day, run, start or end)) != 1:
        raise typer.BadParameter("give one of --day, --run, or --from and --to")
    stretch = actions.compare.Stretch(day, run, start, end, profile)
    actions.compare.perform(world, stretch, actions.compare.Way(assume or [], one_account), limit, as_json)
