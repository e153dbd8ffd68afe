"""Secrets from files: a secret `NAME` may stand in the file that `NAME_FILE` names, as containers and systemd do it.

A variable of the environment is seen by whoever may look at the process, and is handed on to its children; a file only
by whom its owner allows.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from mtf_entrypoints.venue_options import WIRE_OPTIONS

SECRETS = (
    "DATABASE_URL",
    "MTF_TRIALS",
    "REDIS_URL",
    *(options.variable(part) for options in WIRE_OPTIONS for part in options.KEY),
    "MTF_API_TOKEN",
    "MTF_ALERT_WEBHOOK_URL",
    "MTF_ALERT_TELEGRAM_TOKEN",
    "MTF_ALERT_SMTP_URL",
    "MTF_ALERT_PING_URL",
    "TEMPORAL_API_KEY",
)
FILES = {f"{name}_FILE": name for name in SECRETS}
"""From the variable that names a file to the secret that stands there."""
_MOST_BYTES = 65_536


class SecretFileError(ValueError):
    """A secret cannot be had from its file; the message names the variable and the file, never what stands there."""


def with_secrets_of_files(values: Mapping[str, str]) -> dict[str, str]:
    """The variables with each secret in the place of its file; raises `SecretFileError`."""
    found = {name: value for name, value in values.items() if name not in FILES}
    for name, secret in FILES.items():
        if name not in values:
            continue
        if secret in found:
            raise SecretFileError(f"{secret} and {name} are both set; leave one of them")
        found[secret] = _content(name, Path(values[name]).expanduser())
    return found


def secrets_that_can_be_read(values: Mapping[str, str]) -> dict[str, str]:
    """The secrets of those files that can be read, whatever is wrong with the others."""
    found: dict[str, str] = {}
    for name, secret in FILES.items():
        with suppress(SecretFileError):
            if values.get(name, "").strip():
                found[secret] = _content(name, Path(values[name].strip()).expanduser())
    return found


def _content(name: str, path: Path) -> str:
    """One line; the end of the line, which editors leave there, is no part of it."""
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        raise SecretFileError(f"{name}: {path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        text = content.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise SecretFileError(f"{name}: {path} holds bytes that are no text in UTF-8") from None
    if not text:
        # Blank is no secret: without its token a service would stand open, without its address a database be another.
        raise SecretFileError(f"{name}: {path} is empty; write the secret there, or leave {name} out")
    if len(content) > _MOST_BYTES or not text.isprintable():
        raise SecretFileError(f"{name}: {path} holds more than one line, which no secret is")
    return text
