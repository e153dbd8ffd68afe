"""`mtf worker` and `mtf schedules`: runs by schedule, on a Temporal server."""

from __future__ import annotations

from typing import Annotated

import typer

from mtf_entrypoints.cli import actions
from mtf_entrypoints.cli.options import ARCHIVE, BALANCE, CONFIG_DIR, MARKET, METRICS, PROFILE, AsJson, World, takes
from mtf_entrypoints.temporal.names import USUAL_JOBS

schedules = typer.Typer(
    help="What a Temporal server starts, and when, as temporal.yaml of the configuration says.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ScheduleId = Annotated[str, typer.Argument(help="Its id, like mtf-cleanup.")]
SomeId = Annotated[str | None, typer.Argument(help="Only the one of this id.", show_default=False)]
Reason = Annotated[str, typer.Option("--reason", help="Kept as the schedule's note.")]
Live = Annotated[bool, typer.Option("--live", help="Needed where the file has dry_run: false: orders will leave.")]


@takes(PROFILE, MARKET, BALANCE, METRICS, ARCHIVE, CONFIG_DIR)
def worker(
    world: World,
    once_ready: Annotated[bool, typer.Option("--once-ready", help="End as soon as it is ready; for checks.")] = False,
    sdk_metrics: Annotated[
        str | None, typer.Option(help="HOST:PORT for what Temporal's SDK counts.", show_default=False)
    ] = None,
    jobs: Annotated[
        int,
        typer.Option(min=0, max=100, help="How many at once; 2 where workers share a run (shard_symbols); 0: no runs."),
    ] = USUAL_JOBS,
    search_jobs: Annotated[
        int, typer.Option(min=0, max=256, help="So many trials of `mtf search --temporal` at once, a process for each.")
    ] = 0,
) -> None:
    """Carry out what a Temporal server starts, until stopped.

    Runs happen in this process; with MTF_RUN_URL they are asked of `mtf serve`. Orders are not supervised here: start
    `mtf supervise` as well.

    Example:

      TEMPORAL_ADDRESS=127.0.0.1:7233 mtf worker

      mtf worker --jobs 0 --search-jobs 8
    """
    actions.worker.perform(world, sdk_metrics, once=once_ready, jobs=jobs, search_jobs=search_jobs)


@schedules.command()
@takes(CONFIG_DIR)
def apply(
    world: World,
    schedule: SomeId = None,
    preview: Annotated[bool, typer.Option("--preview", help="Only show what the file wants; needs no server.")] = False,
    live: Live = False,
    as_json: AsJson = False,
) -> None:
    """Create schedules, or change them to what the file says; shows what changes.

    A paused schedule stays paused. Exit code 3 if orders would leave and --live is not given.

    Examples:

      mtf schedules apply --preview

      mtf schedules apply mtf-cleanup
    """
    actions.schedules.apply(world, schedule, preview=preview, live=live, as_json=as_json)


@schedules.command()
@takes(CONFIG_DIR)
def create(world: World, schedule: ScheduleId, live: Live = False) -> None:
    """Create one schedule of the file; one that exists is refused.

    Example:

      mtf schedules create mtf-contract-sync
    """
    actions.schedules.create(world, schedule, live=live)


@schedules.command()
@takes(CONFIG_DIR)
def status(
    world: World,
    schedule: SomeId = None,
    history: Annotated[int, typer.Option(min=1, max=10, help="So many of its last starts.")] = 1,
    as_json: AsJson = False,
) -> None:
    """Show each schedule: its state, its next times, what came of its last start, and what was missed or skipped.

    Examples:

      mtf schedules status

      mtf schedules status mtf-run-scalper-micro --history 5
    """
    actions.schedules.status(world, schedule, history, as_json)


@schedules.command()
@takes(CONFIG_DIR)
def pause(world: World, schedule: ScheduleId, reason: Reason) -> None:
    """Start nothing by this schedule until it is resumed.

    Example:

      mtf schedules pause mtf-cleanup --reason "the disk is being moved"
    """
    actions.schedules.pause(world, schedule, reason)


@schedules.command()
@takes(CONFIG_DIR)
def resume(world: World, schedule: ScheduleId, reason: Reason) -> None:
    """Let a paused schedule start again.

    Example:

      mtf schedules resume mtf-cleanup --reason "the disk is back"
    """
    actions.schedules.resume(world, schedule, reason)


@schedules.command()
@takes(CONFIG_DIR)
def trigger(world: World, schedule: ScheduleId) -> None:
    """Start it once, now. A minute that was run already gives its stored run: no minute is run twice.

    Example:

      mtf schedules trigger mtf-contract-sync
    """
    actions.schedules.trigger(world, schedule)


@schedules.command()
@takes(CONFIG_DIR)
def delete(world: World, schedule: ScheduleId) -> None:
    """Delete a schedule of the server; what it has started goes on.

    Example:

      mtf schedules delete mtf-kline-repair
    """
    actions.schedules.delete(world, schedule)
