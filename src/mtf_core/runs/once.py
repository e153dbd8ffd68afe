"""A run that a client asks for under a key: however often it is asked for, it runs at most once."""

from __future__ import annotations

from mtf_core.ports import Environment
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.records import JsonObject, KeyedRun, RunStatus
from mtf_core.records.documents import to_document
from mtf_core.run_request import RunRequest
from mtf_core.runs.orchestrator import Orchestrator

MOST_KEY_CHARACTERS = 200


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


async def run_once(orchestrator: Orchestrator, request: RunRequest, key: str) -> JsonObject:
    """The report of the run that the key stands for: of a new one the first time, the stored one ever after.

    The key is claimed in the store before anything runs, so that of two processes one runs. A run that was refused
    before it began gives the key back; one that died keeps it, for no one knows what it had done.

    Raises `RunInProgressError`, `RunBrokenOffError`, `KeyReusedError`, `InvalidRequestError` for a text that cannot be
    a key, and what `Orchestrator.run` raises.
    """
    environment = orchestrator.environment
    if not (key.isascii() and key.isprintable() and 0 < len(key) <= MOST_KEY_CHARACTERS):
        allowed = f"1 to {MOST_KEY_CHARACTERS} printable ASCII characters"
        raise InvalidRequestError((FieldProblem("Idempotency-Key", f"found {key[:20]!r}; allowed are {allowed}"),))
    mine = KeyedRun(key, environment.new_run_id(), request.to_json(), environment.wall.now_ms())
    keyed = await environment.stores.keyed_runs.claim(mine)
    if keyed.run_id != mine.run_id:
        return await _report_of(environment, keyed, mine)
    try:
        report = await orchestrator.run(request, run_id=mine.run_id)
    except BaseException:
        if await environment.stores.runs.run(mine.run_id) is None:
            await environment.stores.keyed_runs.release(mine)
        raise
    return report.to_json()


async def _report_of(environment: Environment, keyed: KeyedRun, asked: KeyedRun) -> JsonObject:
    if keyed.request != asked.request:
        differ = ", ".join(name for name in asked.request if asked.request[name] != keyed.request.get(name))
        message = f"the key stands for run {keyed.run_id}, which was asked for with another {differ}; take a new key"
        raise KeyReusedError(keyed.run_id, message)
    record = await environment.stores.runs.run(keyed.run_id)
    if record is None or record.status is RunStatus.RUNNING:
        raise RunInProgressError(
            keyed.run_id, f"run {keyed.run_id} is going on; if its process died, ask again with a new key"
        )
    if record.report is None:
        raise RunBrokenOffError(keyed.run_id, f"run {keyed.run_id} ended without a report; ask again with a new key")
    return to_document(record.report)
