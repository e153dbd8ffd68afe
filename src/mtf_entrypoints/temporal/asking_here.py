"""Runs that the worker's own process carries out."""

from __future__ import annotations

from attrs import frozen

from mtf_core.config_nodes import ConfigError
from mtf_core.ports import PortError, Progress, TradingRefusedError
from mtf_core.problems import InvalidRequestError
from mtf_core.records import ReportRecord
from mtf_core.records.documents import from_document
from mtf_core.records.json import JsonObject
from mtf_core.runs import (
    KeyReusedError,
    Orchestrator,
    RunBrokenOffError,
    RunInProgressError,
    RunLockedError,
    parse_request,
    run_of_key,
    run_once,
)
from mtf_entrypoints.temporal.answers import (
    Absent,
    Answer,
    BrokenOff,
    Finished,
    Held,
    InProgress,
    Refused,
    Unknown,
)


@frozen(eq=False)
class AskingHere:
    """Implements `Asking`."""

    orchestrator: Orchestrator

    async def run(self, document: JsonObject, key: str, progress: Progress) -> Answer:
        try:
            request = parse_request(document)
            report = await run_once(self.orchestrator, request, key, progress)
        except RunLockedError as error:
            return Held(str(error))
        except (InvalidRequestError, ConfigError, KeyReusedError, TradingRefusedError) as error:
            return Refused(str(error))
        except (RunInProgressError, RunBrokenOffError) as error:
            return _of_key(error)
        except PortError as error:
            return Unknown(f"{type(error).__name__}: {error}")
        return Finished(from_document(report, ReportRecord))

    async def of_key(self, key: str) -> Answer:
        try:
            report = await run_of_key(self.orchestrator.environment, key)
        except (RunInProgressError, RunBrokenOffError) as error:
            return _of_key(error)
        except PortError as error:
            return Unknown(f"{type(error).__name__}: {error}")
        return Absent() if report is None else Finished(from_document(report, ReportRecord))


def _of_key(error: RunInProgressError | RunBrokenOffError) -> Answer:
    if isinstance(error, RunInProgressError):
        return InProgress(error.run_id)
    return BrokenOff(error.run_id, str(error))
