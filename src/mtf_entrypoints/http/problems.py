"""Errors over HTTP: problem+json (RFC 9457), with every field at fault, and never a traceback or a secret."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from attrs import frozen
from litestar import Request, Response
from litestar.exceptions import HTTPException

from mtf_adapters.telemetry.logs import Area
from mtf_core.config_nodes import ConfigError
from mtf_core.features.unknown import UnknownFeatureError
from mtf_core.ports import (
    InstantNotServedError,
    InvalidCursorError,
    LockLostError,
    PortError,
    TimeframeNotServedError,
    TradingRefusedError,
    UnknownSymbolError,
)
from mtf_core.problems import FieldProblem, InvalidRequestError, NotFoundError
from mtf_core.runs import KeyReusedError, RunBrokenOffError, RunInProgressError, RunLockedError

MEDIA_TYPE = "application/problem+json"
_LOG = Area.HTTP.logger


@frozen
class Title:
    """What a code means: the HTTP status, and a sentence."""

    status: int
    text: str


TITLES = {
    "unreadable_body": Title(400, "The body cannot be read"),
    "unauthorized": Title(401, "A bearer token is required"),
    "forbidden_origin": Title(403, "Requests of other sites are refused"),
    "token_not_configured": Title(403, "The service has no token, without which this is never done"),
    "not_found": Title(404, "There is no such thing"),
    "method_not_allowed": Title(405, "The path does not have this method"),
    "run_lock_held": Title(409, "Another run holds the lock"),
    "trading_refused": Title(409, "Orders must not be sent from here"),
    "run_in_progress": Title(409, "The run of this key is still going on"),
    "run_failed": Title(409, "The run of this key failed"),
    "key_reused": Title(409, "The key stands for another request"),
    "below_floor": Title(409, "Less would be kept than must stay"),
    "too_large": Title(413, "The body is too large"),
    "unsupported_media_type": Title(415, "A page must say that its body is JSON"),
    "wrong_host": Title(421, "This is not the host that was asked for"),
    "invalid_field": Title(422, "A field is not as the document says"),
    "configuration": Title(500, "The configuration cannot be used"),
    "internal": Title(500, "The service failed"),
    "dependency_down": Title(503, "Something that the service depends on failed"),
    "time_limit": Title(504, "The request took too long"),
}
"""Every code that a problem may have."""


@frozen
class ProblemError(Exception):
    """An answer that is an error: a code of `TITLES`, what happened, and the fields at fault."""

    code: str
    detail: str
    errors: tuple[FieldProblem, ...] = ()
    run_id: str | None = None
    """The run that the problem speaks of."""

    @property
    def status(self) -> int:
        return TITLES[self.code].status

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": f"urn:mtf:problem:{self.code}",
            "title": TITLES[self.code].text,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        if self.run_id is not None:
            document["run_id"] = self.run_id
        return document


def invalid(errors: Sequence[FieldProblem]) -> ProblemError:
    """422 with the fields at fault: they are not as the OpenAPI document says."""
    return ProblemError("invalid_field", "; ".join(map(str, errors)), tuple(errors))


def not_found(errors: Sequence[FieldProblem]) -> ProblemError:
    """404 with the fields at fault: each is well formed, but what it names is not here."""
    return ProblemError("not_found", "; ".join(map(str, errors)), tuple(errors))


_FIELDS: dict[type[Exception], str] = {
    UnknownSymbolError: "symbol",
    UnknownFeatureError: "names",
    InstantNotServedError: "at",
    TimeframeNotServedError: "timeframe",
    InvalidCursorError: "cursor",
}
"""The fields that name what these errors did not find."""


def problem_of(error: Exception) -> ProblemError:
    """The answer for an error; what is not expected is logged here and says nothing of itself."""
    match error:
        case ProblemError():
            return error
        case NotFoundError():
            return not_found(error.problems)
        case InvalidRequestError():
            return invalid(error.problems)
        case _ if type(error) in _FIELDS:
            return not_found([FieldProblem(_FIELDS[type(error)], str(error))])
        case RunInProgressError():
            return ProblemError("run_in_progress", str(error), run_id=error.run_id)
        case RunBrokenOffError():
            return ProblemError("run_failed", str(error), run_id=error.run_id)
        case KeyReusedError():
            return ProblemError("key_reused", str(error), run_id=error.run_id)
        case RunLockedError() | LockLostError() | TradingRefusedError():
            return _refused(error)
        case ConfigError():
            _LOG.error("the configuration cannot be used: %s", error)
            return ProblemError("configuration", "`mtf config check` lists what is wrong")
        case PortError():
            _LOG.warning("%s: %s", type(error).__name__, error)
            return ProblemError("dependency_down", str(error))
        case HTTPException():
            return _of_framework(error)
        case _:
            _LOG.error("unexpected error", exc_info=error)
            return ProblemError("internal", "an unexpected error; the service's log shows it")


def _refused(error: Exception) -> ProblemError:
    """What may be done at another time, or from elsewhere."""
    if isinstance(error, TradingRefusedError):
        return ProblemError("trading_refused", f"{error.reason}: {error}")
    return ProblemError("run_lock_held", str(error))


def _of_framework(error: HTTPException) -> ProblemError:
    match error.status_code:
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
            return ProblemError("too_large", "a body may have at most 1 MiB")
        case HTTPStatus.NOT_FOUND:
            return ProblemError("not_found", "no such path; /docs lists them")
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return ProblemError("method_not_allowed", "the path has other methods; /docs lists them")
        case _:
            _LOG.warning("refused by the framework: %s %s", error.status_code, error.detail)
            return ProblemError("unreadable_body", "the request cannot be read")


def respond(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Litestar's handler of every exception."""
    problem = problem_of(error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(problem.to_json(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
