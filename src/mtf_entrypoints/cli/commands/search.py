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
    as_json: AsJson = False,
) -> None:
    """Try variants of a profile over recorded candles, and say whether the best one is more than luck.

    Variants are compared on windows of days and looked at on the days after; the last days are seen by no trial. Every
    trial is in the trial ledger before its score is known. The result is rejected, a candidate, or validated, and is a
    folder of configuration files with its evidence. Stopped or killed, the same command goes on where it was.

    Examples:

      mtf search space.yaml

      mtf search space.yaml --out found --jobs 4 --json
    """
    actions.search.perform(world, space, out, jobs, as_json)
