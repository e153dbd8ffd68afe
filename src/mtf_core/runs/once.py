"""A run that a client asks for under a key: however often it is asked for, it runs at most once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from attrs import evolve

from mtf_core.ports import Acquired, Environment, HeldBy, LockAnswer, Progress, no_progress
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.records import JsonObject, KeyedRun, RunStatus
from mtf_core.records.documents import to_document
from mtf_core.run_request import RunRequest
from mtf_core.runs.leases import Leases
from mtf_core.runs.orchestrator import Orchestrator

MOST_KEY_CHARACTERS = 200
KEY_TTL_MS = 60_000
"""How long a key's lock lives unless renewed: so long after its death a process is known to have died."""


class KeyedRunError(RuntimeError):
    """The key answers with no report; `run_id` is the run that it stands for."""

    def __init__(self, run_id: str, message: str) -> None:
        self.run_id = run_id
        super().__init__(message)


class RunInProgressError(KeyedRunError):
    """The key's run has begun, and has not ended."""


class RunBrokenOffError(KeyedRunError):
    """The key's run ended without a report."""


class KeyReusedError(KeyedRunError):
    """The key stands for a run that was asked for with other fields."""


async def run_once(
    orchestrator: Orchestrator, request: RunRequest, key: str, progress: Progress = no_progress
) -> JsonObject:
    """The report of the run that the key stands for: of a new one the first time, the stored one ever after.

    Whoever works on a key holds its lock, so that of two processes one runs, and renews it; where nobody holds it any
    more, the process that claimed the key has died. Had its run not begun, nothing was done and the key is free. Had
    it begun, the run is stored as failed and keeps the key, for no one knows what it had done. A run that was refused
    before it began gives the key back.

    Raises `RunInProgressError`, `RunBrokenOffError`, `KeyReusedError`, `InvalidRequestError` for a text that cannot be
    a key, and what `Orchestrator.run` raises.
    """
    environment = orchestrator.environment
    check_key(key)
    mine = KeyedRun(key, environment.new_run_id(), request.to_json(), environment.wall.now_ms())
    async with locked_key(environment, key, mine.run_id) as lock:
        keyed = await environment.stores.keyed_runs.find(key)
        if keyed is not None:
            check_same(keyed, mine)
            stored = await _report_of(environment, keyed, lock)
            if stored is not None:
                return stored
        if isinstance(lock, HeldBy):  # its owner has not claimed the key yet, or gives it back
            raise in_progress(lock.owner)
        return await _run(orchestrator, request, mine, lock, progress)


async def run_of_key(environment: Environment, key: str) -> JsonObject | None:
    """The report of the run that the key stands for; None where no run has begun under it. Nothing is run.

    Raises as `run_once`: also here a run whose process has died is stored as failed.
    """
    check_key(key)
    keyed_runs = environment.stores.keyed_runs
    if await keyed_runs.find(key) is None:
        return None
    # Whoever looks holds the lock only where the key is claimed, so as not to hold up who wants to claim it.
    async with locked_key(environment, key, environment.new_run_id()) as lock:
        keyed = await keyed_runs.find(key)
        return None if keyed is None else await _report_of(environment, keyed, lock)


def check_key(key: str) -> None:
    """Raises `InvalidRequestError` for a text that cannot be a key."""
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MOST_KEY_CHARACTERS):
        allowed = f"1 to {MOST_KEY_CHARACTERS} printable ASCII characters"
        raise InvalidRequestError((FieldProblem("Idempotency-Key", f"found {key[:20]!r}; allowed are {allowed}"),))


@asynccontextmanager
async def locked_key(
    environment: Environment, key: str, owner: str, ttl_ms: int = KEY_TTL_MS
) -> AsyncIterator[LockAnswer]:
    """The key's lock within the block, or whose it is."""
    leases = Leases(environment.locks, owner, environment.sleep)
    async with leases.kept():
        yield await leases.take(f"key:{environment.venue.namespace}:{key}", ttl_ms)


async def _run(
    orchestrator: Orchestrator, request: RunRequest, mine: KeyedRun, lock: Acquired, progress: Progress
) -> JsonObject:
    stores = orchestrator.environment.stores
    await stores.keyed_runs.claim(mine)
    try:
        report = await orchestrator.run(request, progress, mine.run_id, lock)
    except BaseException:
        if await stores.runs.run(mine.run_id) is None:
            await stores.keyed_runs.release(mine)
        raise
    return report.to_json()


def check_same(keyed: KeyedRun, asked: KeyedRun) -> None:
    """Raises `KeyReusedError` where the key stands for a run that was asked for otherwise."""
    if keyed.request != asked.request:
        differ = ", ".join(name for name in asked.request if asked.request[name] != keyed.request.get(name))
        message = f"the key stands for run {keyed.run_id}, which was asked for with another {differ}; take a new key"
        raise KeyReusedError(keyed.run_id, message)


async def _report_of(environment: Environment, keyed: KeyedRun, lock: LockAnswer) -> JsonObject | None:
    """The report of the run that has the key; None where it had not begun: then the key is free again."""
    stores = environment.stores
    record = await stores.runs.run(keyed.run_id)
    if record is not None and record.report is not None:
        return to_document(record.report)
    if isinstance(lock, HeldBy):
        raise in_progress(keyed.run_id)
    if record is None:
        await stores.keyed_runs.release(keyed)
        return None
    if record.status is RunStatus.RUNNING:
        ended_ms, opening = environment.wall.now_ms(), await stores.shards.opening(keyed.run_id)
        if opening is not None and ended_ms <= opening.ends_by_ms:  # shared: whoever works on it holds no lock
            raise in_progress(keyed.run_id)
        await stores.runs.finish(evolve(record, status=RunStatus.FAILED, finished_ms=ended_ms), ())
    raise RunBrokenOffError(keyed.run_id, f"run {keyed.run_id} ended without a report; ask again with a new key")


def in_progress(run_id: str) -> RunInProgressError:
    """What is told of a run that goes on."""
    seconds = KEY_TTL_MS // 1000
    message = f"run {run_id} is going on; ask again, and if its process died, the key tells so within {seconds} s"
    return RunInProgressError(run_id, message)
