"""What each kind of error means on the command line: its exit code, and the text that says what to do."""

from __future__ import annotations

import traceback
from collections.abc import Sequence

import typer

from mtf_adapters.telemetry.masking import Masking
from mtf_core.config_nodes import ConfigError
from mtf_core.features.unknown import UnknownFeatureError
from mtf_core.market import InvalidCandlesError, InvalidInstantError, UnknownTimeframeError
from mtf_core.ports import (
    InstantNotServedError,
    PortError,
    TimeframeNotServedError,
    TradingRefusedError,
    UnknownSymbolError,
)
from mtf_core.problems import InvalidRequestError
from mtf_core.runs import RunLockedError
from mtf_entrypoints.cli.exits import FAILED, REFUSED, WRONG_USAGE, CommandError
from mtf_entrypoints.http.listening import ListenError
from mtf_entrypoints.settings import SettingsError, secrets_around

# The base of all complaints about a command line; its module differs between versions of typer.
UsageError: type[Exception] = typer.BadParameter.__mro__[2]

_WRONG_USAGE = (
    SettingsError,
    ConfigError,
    InvalidRequestError,
    InvalidInstantError,
    InvalidCandlesError,
    UnknownTimeframeError,
    UnknownFeatureError,
    UnknownSymbolError,
    InstantNotServedError,
    TimeframeNotServedError,
    ListenError,
)


def explained(error: Exception, arguments: Sequence[str] = ()) -> tuple[int, str]:
    """The exit code of an error, and its text for people: one line, or one for each problem.

    `arguments` are those of the command line: what nobody foresaw may show what stands there, or in the environment.
    """
    match error:
        case CommandError():
            return error.exit_code, str(error)
        case RunLockedError():
            return REFUSED, str(error)
        case TradingRefusedError():
            return REFUSED, f"{error.reason}: {error}"
        case InvalidRequestError():
            return WRONG_USAGE, "\n".join(map(str, error.problems))
        case _ if isinstance(error, UsageError):
            return WRONG_USAGE, _usage(error)
        case _ if isinstance(error, _WRONG_USAGE) or _is_bad_url(error):
            return WRONG_USAGE, str(error)
        case PortError() | OSError():
            return FAILED, str(error)
        case _:
            text = " ".join(_masked(str(error), arguments).split())
            return FAILED, f"internal error: {type(error).__name__}: {text}; --debug shows where"


def traced(error: Exception, arguments: Sequence[str]) -> str:
    """Where an error came from, for whoever mends it, without what must not show."""
    return _masked("".join(traceback.format_exception(error)), arguments)


def _masked(text: str, arguments: Sequence[str]) -> str:
    return Masking(secrets_around(arguments)).masked(text)


def _is_bad_url(error: Exception) -> bool:
    # By name, so that `mtf conditions list` need not import SQLAlchemy to say that an option is unknown.
    return type(error).__name__ == "InvalidDatabaseUrlError"


def _usage(error: Exception) -> str:
    message = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    if message.startswith("Usage:") or context is None:
        return str(message)
    return f"{message.rstrip('.')} ({context.command_path} --help shows what is allowed)"
