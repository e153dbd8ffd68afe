"""How a run begins: what it works with, its record, and the lock that keeps runs of one profile apart."""

from __future__ import annotations

from mtf_core._version import __version__
from mtf_core.ports import Acquired, Environment, HeldBy, Progress
from mtf_core.records import RunRecord, RunStatus
from mtf_core.run_request import RunRequest
from mtf_core.runs.active import ActiveRun
from mtf_core.runs.leases import Leases
from mtf_core.runs.locked import RunLockedError
from mtf_core.runs.metering import MeteredExchange, Stopwatch
from mtf_core.runs.observing import UNOBSERVED, RunObserver
from mtf_core.runs.request import check_profile, check_request
from mtf_core.settings.profile import Profile, with_context_mode


def begun(
    environment: Environment,
    request: RunRequest,
    progress: Progress,
    run_id: str,
    observer: RunObserver = UNOBSERVED,
) -> ActiveRun:
    """A run of this moment; raises `InvalidRequestError`, `ConfigError` and `NotFoundError`."""
    check_request(request, environment.venue.exchange, environment.venue.market_type)
    environment = environment.at(request.at_ms)
    profile, venue = _profile(environment, request), environment.venue
    check_profile(request, profile)
    return ActiveRun(
        request=request,
        environment=environment,
        profile=profile,
        run_id=run_id,
        started_ms=environment.wall.now_ms(),
        instant_ms=venue.clock.now_ms(),
        exchange=MeteredExchange(venue.market, venue.account, venue.waited, observer),
        watch=Stopwatch(environment.timer, observer),
        progress=progress,
        leases=Leases(environment.locks, run_id, environment.sleep),
    )


def _profile(environment: Environment, request: RunRequest) -> Profile:
    profile = environment.profiles(request.profile)
    return profile if request.validation_mode is None else with_context_mode(profile, request.validation_mode)


def running_record(run: ActiveRun) -> RunRecord:
    """What is stored of a run when it starts."""
    return RunRecord(
        run_id=run.run_id,
        profile=run.profile.name,
        dry_run=run.request.dry_run,
        instant_ms=run.instant_ms,
        started_ms=run.started_ms,
        finished_ms=None,
        status=RunStatus.RUNNING,
        request=run.request.to_json(),
        config_digest=run.profile.digest,
        code_version=__version__,
        report=None,
    )


async def run_lock(run: ActiveRun, leases: Leases, ttl_ms: int) -> Acquired:
    """The lock that keeps runs of one profile apart; raises `RunLockedError`."""
    answer = await leases.take(f"run:{run.environment.venue.namespace}:{run.profile.name}", ttl_ms)
    if isinstance(answer, HeldBy):
        raise RunLockedError(answer)
    return answer
