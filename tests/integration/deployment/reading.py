"""What deployment files say, as far as tests ask for it, and whether mtf knows the commands and names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer
import yaml
from docs.generating.walking import ROOT

from mtf_entrypoints.cli.app import app
from mtf_entrypoints.cli.errors import UsageError
from mtf_entrypoints.settings import VARIABLES

DEPLOY = ROOT / "deploy"
OF_THE_IMAGE = ("XDG_DATA_HOME", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE")
"""Names in the environment of our processes that are no settings of ours."""
_INTERPOLATED = re.compile(r"\$\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\}")

Document = Mapping[str, Any]


def read(name: str) -> dict[str, Any]:
    """A compose file with its anchors resolved, as YAML alone says it."""
    found = yaml.safe_load((DEPLOY / name).read_text())
    assert isinstance(found, dict)
    return found


def command_problem(words: Sequence[str]) -> str | None:
    """What mtf would complain of about a command line; nothing is carried out."""
    command: Any = typer.main.get_command(app)
    said, left = f"mtf {' '.join(words)}", list(words)
    while commands := getattr(command, "commands", None):
        if not left or left[0] not in commands:
            return f"{said}: no such command"
        command = commands[left.pop(0)]
    try:
        command.make_context(said, left)
    except UsageError as error:
        return f"{said}: {getattr(error, 'message', error)}"
    return None


def name_problem(name: str) -> str | None:
    is_known = name in (*VARIABLES, *OF_THE_IMAGE) or name.startswith("OTEL_EXPORTER_OTLP_")
    return None if is_known else f"{name} is no setting of mtf"


def interpolated(text: str) -> str:
    """With the default in the place of each variable, as where nothing is set."""
    return _INTERPOLATED.sub(lambda found: found["default"] or "", text)


def interpolations(value: object) -> Iterator[str]:
    """The names of all variables within a document."""
    if isinstance(value, dict):
        for one in value.values():
            yield from interpolations(one)
    elif isinstance(value, list):
        for one in value:
            yield from interpolations(one)
    elif isinstance(value, str):
        yield from (found["name"] for found in _INTERPOLATED.finditer(value))


def missing(folder: Path, source: str) -> bool:
    """Whether a path of this repository, as it is written in a file of the folder, leads nowhere."""
    return not (folder / interpolated(source)).exists()
