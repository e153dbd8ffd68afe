"""What a job was asked with, checked as it comes: whatever started it may be older than the file of schedules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from temporalio.exceptions import ApplicationError

from mtf_core.run_request import OPTIONS
from mtf_entrypoints.temporal import names
from mtf_entrypoints.temporal.requests import FIELDS, LIMITS


def split(request: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """The run's own fields, and the limits beside them by name; unknown fields are refused by name."""
    only(request, FIELDS[names.MTF_RUN] | {alias for option in OPTIONS for alias in option.aliases})
    limits = {name: request.get(name, limit.usual) for name, limit in LIMITS.items()}
    for name, value in limits.items():
        if not LIMITS[name].fits(value):
            raise refused(f"{name}: found {value!r}; allowed is {LIMITS[name].allowed}")
    return {name: value for name, value in request.items() if name not in LIMITS}, limits


def only(request: Mapping[str, Any], known: frozenset[str]) -> None:
    """Raises what `refused` gives where the request has other fields."""
    unknown = sorted(set(request) - known)
    if unknown:
        raise refused(f"unknown fields: {', '.join(unknown)}; known are {', '.join(sorted(known)) or 'none'}")


def refused(words: str) -> ApplicationError:
    """The end of a job that was asked for wrongly: asked again, it would be wrong again."""
    return ApplicationError(words, type="refused", non_retryable=True)
