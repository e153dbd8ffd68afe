"""The page on the command line, from the help that the commands print."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from docs.generating.markdown import block, code, page, table
from typer.main import get_command

from mtf_entrypoints.cli.app import app
from mtf_entrypoints.cli.exits import DONE, FAILED, INTERRUPTED, REFUSED, WRONG_USAGE

_EXITS = {
    DONE: "done",
    FAILED: "failed",
    WRONG_USAGE: "wrong usage: an option, a file or a name that cannot be used",
    REFUSED: "refused by a guard, such as the lock of another run",
    INTERRUPTED: "interrupted",
}
_INTRODUCTION = """
Every command takes `--help`, and `--debug` to show the traceback of an error. Errors are one line each, on stderr.
"""


def commands_page() -> str:
    exits = table(("exit code", "meaning"), ((str(number), text) for number, text in _EXITS.items()))
    sections = [_section(path, command, context) for path, command, context in command_tree()]
    return page("Commands", _INTRODUCTION, exits, *sections)


def command_tree() -> Iterator[tuple[str, Any, Any]]:
    """Every command that does something: its whole name, the command, and its context."""
    root: Any = get_command(app)
    yield from _walk("mtf", root, None)


def _walk(path: str, command: Any, parent: Any) -> Iterator[tuple[str, Any, Any]]:
    context = command.context_class(command, info_name=path.rpartition(" ")[2], parent=parent)
    below = getattr(command, "commands", None)
    if below is None or command.invoke_without_command:
        yield path, command, context
    if below is None:
        return
    for name, child in below.items():
        yield from _walk(f"{path} {name}", child, context)


def examples_of(command: Any) -> list[str]:
    """The command lines that a command's help gives as examples."""
    return _help(command)[1]


def _help(command: Any) -> tuple[str, list[str]]:
    text, _, examples = inspect.cleandoc(command.help or "").partition("\n\nExample")
    return text, [line.strip() for line in examples.splitlines()[1:] if line.strip()]


def _section(path: str, command: Any, context: Any) -> str:
    usage = " ".join([path, *command.collect_usage_pieces(context)])
    text, lines = _help(command)
    rows = [_row(parameter, context) for parameter in command.get_params(context)]
    options = table(("option", "default", "meaning"), (row for row in rows if row))
    parts = [f"## {path}", text, block(usage), options, block("\n".join(lines), "sh") if lines else ""]
    return "\n\n".join(part for part in parts if part)


def _row(parameter: Any, context: Any) -> tuple[str, str, str] | None:
    record = parameter.get_help_record(context)
    if record is None or "--help" in parameter.opts:
        return None
    names, text = record
    text, _, bracketed = text.partition("  [")
    extras = [extra.strip() for extra in bracketed.rstrip("]").split(";") if extra.strip()]
    default = next((extra.removeprefix("default:").strip() for extra in extras if extra.startswith("default:")), "")
    rest = "; ".join(extra for extra in extras if not extra.startswith("default:"))
    return code(names.strip()), default, text.strip() + (f" ({rest})" if rest else "")
