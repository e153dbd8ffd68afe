"""`mtf sandbox session`."""

from __future__ import annotations

import typer
from attrs import evolve

from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_adapters.telemetry.logs import configure_files
from mtf_core.run_request import RunRequest
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import FAILED, CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.render.session import print_session
from mtf_entrypoints.cli.world_settings import settings_of
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.sandbox_venue import DEFAULT_SEED
from mtf_entrypoints.session import (
    MEMORY,
    Session,
    SessionPlan,
    UsedDatabaseError,
    in_stepped_time,
    opened_in_stepped_time,
    trade,
)
from mtf_entrypoints.settings import DEFAULT_EXCHANGE, Settings


def perform(world: World, minutes: int, until_flat: int, as_json: bool) -> None:
    """Trades; exit code 1 where the account's books do not add up, or anything called for help."""
    settings = settings_of(evolve(world, exchange=DEFAULT_EXCHANGE, database=world.database or MEMORY))
    start_ms = DEFAULT_INSTANT_MS if settings.at_ms is None else settings.at_ms
    seed = DEFAULT_SEED if settings.sandbox.seed is None else settings.sandbox.seed
    plan = SessionPlan(seed, start_ms, minutes, until_flat)
    session = _traded(evolve(settings, at_ms=None, stays=True), plan)
    if as_json:
        output.write_json(session.to_json())
    else:
        print_session(session, output.console())
    if session.outcome.money.difference or session.outcome.alarms:
        raise typer.Exit(FAILED)


def _traded(settings: Settings, plan: SessionPlan) -> Session:
    configure_files(settings.log_level, settings.secrets, settings.log_dir)
    clock = SteppedClock(plan.start_ms)

    async def work() -> Session:
        async with opened_in_stepped_time(settings, clock, plan.seed) as container:
            request = RunRequest(dry_run=False, profile=settings.profile)
            with output.progress() as progress:
                return await trade(container, clock, plan, request, progress)

    try:
        return in_stepped_time(clock, work)
    except UsedDatabaseError as error:
        raise CommandError(f"--database: {error}") from None
