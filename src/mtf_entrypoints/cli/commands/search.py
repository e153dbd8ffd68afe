"""`mtf search`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import ARCHIVE, CONFIG_DIR, EXCHANGE, TRIALS, AsJson, World, takes


@takes(ARCHIVE, TRIALS, EXCHANGE, CONFIG_DIR)
def search(
    world: World,
    space: Annotated[Path, typer.Argument(help="The space file: what varies, over which candles.")],
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where it leaves its result.", show_default="SPACE.search"),
    ] = None,
    jobs: Annotated[
        int | None, typer.Option("--jobs", min=1, max=256, help="Trials at once.", show_default="cores")
    ] = None,
    temporal: Annotated[
        bool, typer.Option("--temporal", help="Have trials carried out by workers (`mtf worker --search-jobs`).")
    ] = False,
    per_task: Annotated[
        int | None,
        typer.Option(
            "--per-task", min=1, max=1000, help="With --temporal: trials in a task.", show_default="some 30 s of them"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Try variants of a profile over recorded candles, and say whether the best one is more than luck.

    Variants are compared on windows of days and looked at on the days after; the last days are seen by no trial. Every
    trial is in the trial ledger before its score is known. The result is rejected, a candidate, or validated, and is a
    folder of configuration files with its evidence. Stopped or killed, the same command goes on where it was.

    With --temporal workers on any number of machines carry out the trials; each has the same archive. --jobs then says
    how many tasks are asked for at once.

    Examples:

      mtf search space.yaml

      mtf search space.yaml --out found --jobs 4 --json

      TEMPORAL_ADDRESS=127.0.0.1:7233 mtf search space.yaml --temporal --jobs 32
    """
    actions.search.perform(world, space, out, actions.search.Carried(jobs, temporal, per_task), as_json)
