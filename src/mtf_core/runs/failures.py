"""A symbol that fails alone: whatever breaks on it is reported under its name and stops no other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from traceback import extract_tb
from typing import TypeVar

from attrs import frozen

from mtf_core.ports import PortError
from mtf_core.reasons import Reason

Value = TypeVar("Value")


@frozen
class SymbolFailure:
    """What stopped one symbol: the reason for people, and the error's kind and words."""

    reason: Reason
    code: str
    message: str


def failure_of(error: Exception, when_outside: Reason) -> SymbolFailure:
    """`when_outside` for an error of the outside world; anything else is a bug of ours, and says where it is."""
    if isinstance(error, PortError):
        return SymbolFailure(when_outside, type(error).__name__, str(error))
    frames = extract_tb(error.__traceback__)
    where = f" ({PurePath(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    return SymbolFailure(Reason.PIPELINE_ERROR, type(error).__name__, f"{error}{where}")


def alone(work: Callable[[], Value]) -> Value | SymbolFailure:
    """The value of one symbol's work, or its failure: a bug in it must not cost the others their minute."""
    try:
        return work()
    except Exception as error:
        return failure_of(error, Reason.PIPELINE_ERROR)
