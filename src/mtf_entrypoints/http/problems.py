"""Errors over HTTP: problem+json (RFC 9457), with every field at fault, and never a traceback or a secret."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from attrs import frozen
from litestar import Request, Response
from litestar.exceptions import HTTPException

from mtf_core.config_nodes import ConfigError
from mtf_core.features.names import UnknownFeatureError
from mtf_core.ports import InstantNotServedError, PortError, TimeframeNotServedError, UnknownSymbolError
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.runs import RunLockedError

MEDIA_TYPE = "application/problem+json"
_LOG = logging.getLogger("mtf.http")

_TITLES = {
    "unreadable_body": "The body cannot be read",
    "too_large": "The body is too large",
    "unsupported_media_type": "The content type is not supported",
    "invalid_field": "A field is not acceptable",
    "unauthorized": "A bearer token is required",
    "forbidden_origin": "Requests of other sites are refused",
    "wrong_host": "This is not the host that was asked for",
    "not_found": "There is no such thing",
    "run_lock_held": "Another run holds the lock",
    "run_in_progress": "The run of this key is still going on",
    "run_failed": "The run of this key failed",
    "token_not_configured": "The service has no token for this",
    "method_not_allowed": "The path does not have this method",
    "dependency_down": "Something that the service depends on failed",
    "time_limit": "The request took too long",
    "configuration": "The configuration cannot be used",
    "internal": "The service failed",
}


@frozen
class ProblemError(Exception):
    """An answer that is an error: a code of ours, the HTTP status, what happened, and fields at fault."""

    code: str
    status: int
    detail: str
    errors: tuple[FieldProblem, ...] = ()

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": f"urn:mtf:problem:{self.code}",
            "title": _TITLES.get(self.code) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.errors:
            document["errors"] = [{"field": error.field, "message": error.message} for error in self.errors]
        return document


def invalid(errors: Sequence[FieldProblem]) -> ProblemError:
    """422 with the fields at fault."""
    return ProblemError("invalid_field", 422, "; ".join(map(str, errors)), tuple(errors))


def problem_of(error: Exception) -> ProblemError:
    """The answer for an error; what is not expected is logged here and says nothing of itself."""
    match error:
        case ProblemError():
            return error
        case InvalidRequestError():
            return invalid(error.problems)
        case UnknownSymbolError():
            return ProblemError("not_found", 404, str(error))
        case UnknownFeatureError():
            return invalid([FieldProblem("names", str(error))])
        case InstantNotServedError():
            return invalid([FieldProblem("at", str(error))])
        case TimeframeNotServedError():
            return invalid([FieldProblem("timeframe", str(error))])
        case RunLockedError():
            return ProblemError("run_lock_held", 409, str(error))
        case ConfigError():
            _LOG.error("the configuration cannot be used: %s", error)
            return ProblemError("configuration", 500, "`mtf config check` lists what is wrong")
        case PortError():
            _LOG.warning("%s: %s", type(error).__name__, error)
            return ProblemError("dependency_down", 503, str(error))
        case HTTPException():
            return _of_framework(error)
        case _:
            _LOG.error("unexpected error", exc_info=error)
            return ProblemError("internal", 500, "an unexpected error; the service's log shows it")


def _of_framework(error: HTTPException) -> ProblemError:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return ProblemError("too_large", 413, "a body may have at most 1 MiB")
    if error.status_code == HTTPStatus.NOT_FOUND:
        return ProblemError("not_found", 404, "no such path; /docs lists them")
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    return ProblemError(code, error.status_code, str(error.detail or phrase))


def respond(_: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Litestar's handler of every exception."""
    problem = problem_of(error)
    headers = error.headers if isinstance(error, HTTPException) else None
    return Response(problem.to_json(), status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)
