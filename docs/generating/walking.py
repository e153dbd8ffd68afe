"""Carries out the code blocks of a page, in order, in a folder of their own, and compares what comes out.

`mtf` runs in this process (starting it anew for each command would take most of the time); everything else that a page
calls runs in a shell. `python` blocks share one namespace, as the cells of a notebook do.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from attrs import field, frozen
from docs.generating.blocks import Block, Step, blocks_of, hunks_of, steps_of
from docs.generating.comparing import Names, agree, trimmed

from mtf_adapters.files.yaml import parse_yaml
from mtf_core.config_nodes import Problems
from mtf_core.rules import Scope, parse_rules
from mtf_entrypoints.cli.main import run
from mtf_entrypoints.settings import VARIABLES

ROOT = Path(__file__).resolve().parent.parent.parent
_SHELL_SIGNS = set("|<>&;`*()")


CHANGE_CODE = (
    "how-to/add-a-condition.md",
    "how-to/add-a-feature.md",
    "how-to/add-a-guard-or-a-run-filter.md",
    "how-to/add-a-stop-policy.md",
    "how-to/add-a-store.md",
)
CLONE = ("config", "docs", "src", "tests", "pyproject.toml", ".env.example")


class PageError(AssertionError):
    """A block of a page does not do what the page says; the message shows the place, the page and the fact."""


@frozen
class Walk:
    """One page on its way through its blocks."""

    name: str
    folder: Path
    substitutes: Mapping[str, str] = field(factory=dict)
    """Texts of commands that stand for something else here, such as the address of a database server."""
    collect: list[tuple[Block, list[str]]] | None = None
    """Where to put the outputs instead of comparing them."""
    in_process: bool = True
    """Whether `mtf` runs in this process; not where a page changes the code of mtf."""
    names: Names = field(factory=Names)
    loop: asyncio.Runner = field(factory=asyncio.Runner)
    namespace: dict[str, Any] = field(factory=lambda: {"__name__": "__page__"})
    last_code: list[int] = field(factory=lambda: [0])

    def carry_out(self, page: str) -> None:
        """Every block of the page; raises `PageError` at the first that is not as shown."""
        blocks = blocks_of(page)
        output = ""
        with _place(self.folder), self.loop:
            for block in blocks:
                if block.language == "text" and block.note == "":
                    self._compare(block, list(block.lines), trimmed(output), "the code before")
                    output = ""
                else:
                    output = self._block(block)

    def _block(self, block: Block) -> str:
        match block.note, block.language:
            case "not run", _:
                return ""
            case "from", _:
                self._quoted(block)
            case "file", "diff":
                self._changed(block)
            case "file", _:
                file = self.folder / block.about
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text)
            case _, "console" | "sh":
                self._commands(block)
            case _, "yaml":
                self._rules(block)
            case _, "python":
                return self._python(block)
            case _:
                raise self._error(block, "the block has no meaning here: say `file: …`, `from: …` or `not run: …`")
        return ""

    def _quoted(self, block: Block) -> None:
        lines = [line.strip() for line in (ROOT / block.about).read_text().splitlines()]
        wanted = [line.strip() for line in block.lines]
        if not any(lines[at : at + len(wanted)] == wanted for at in range(len(lines))):
            raise self._error(block, f"{block.about} does not contain these lines")

    def _rules(self, block: Block) -> None:
        """A map of rules: each must be sound, and none may have a warning."""
        problems = Problems()
        node = parse_yaml(block.text, self.name, problems)
        if node is not None and isinstance(node.value, Mapping):
            parse_rules(Scope(rules=node.value), problems)
        if problems.items:
            raise self._error(block, "\n".join(map(str, problems.items)))

    def _changed(self, block: Block) -> None:
        file = self.folder / block.about
        text = file.read_text()
        for hunk in hunks_of(block):
            if text.count(hunk.before) != 1:
                raise self._error(
                    block, f"{block.about} has these lines {text.count(hunk.before)} times:\n{hunk.before}"
                )
            text = text.replace(hunk.before, hunk.after)
        file.write_text(text)

    def _python(self, block: Block) -> str:
        out = io.StringIO()
        # Empty lines before it, so that a traceback shows the page's line numbers; `await` as in a notebook.
        source = "\n" * block.start + block.text
        code = compile(source, self.name, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        with redirect_stdout(out):
            waiting = eval(code, self.namespace)
            if code.co_flags & inspect.CO_COROUTINE:
                self.loop.run(waiting)
        return out.getvalue()

    def _commands(self, block: Block) -> None:
        steps = list(steps_of(block))
        outputs: list[str] = []
        for place, step in enumerate(steps):
            output = self._command(step)
            actual = trimmed(output)
            expects_failure = place + 1 < len(steps) and steps[place + 1].command == "echo $?"
            if self.last_code[0] and not expects_failure:
                raise self._error(block, f"`{step.command}` ended with {self.last_code[0]}:\n{output}")
            if block.language == "console" and self.collect is None:
                self._compare(block, trimmed("\n".join(step.shown)), actual, f"`{step.command}`")
            self.names.learn(list(step.shown), actual)
            shown = trimmed("\n".join(step.shown))
            outputs += [f"$ {step.command}", *(shown if agree(shown, actual) else actual)]
        if self.collect is not None and block.language == "console":
            self.collect.append((block, outputs))

    def _command(self, step: Step) -> str:
        command = self.names.substituted(step.command)
        for text, meant in self.substitutes.items():
            command = command.replace(text, meant)
        if command == "echo $?":
            code, self.last_code[0] = self.last_code[0], 0
            return f"{code}\n"
        if command.startswith("export "):
            name, _, value = shlex.split(command)[1].partition("=")
            os.environ[name] = value
            return ""
        if self.in_process and command.startswith("mtf ") and not _SHELL_SIGNS & set(command):
            return self._mtf(shlex.split(command)[1:])
        done = subprocess.run(
            ["bash", "-c", command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        self.last_code[0] = done.returncode
        return done.stdout

    def _mtf(self, words: list[str]) -> str:
        out = io.StringIO()
        with redirect_stdout(out), redirect_stderr(out):
            self.last_code[0] = run(words)
        return out.getvalue()

    def _compare(self, block: Block, shown: list[str], actual: list[str], what: str) -> None:
        if self.collect is not None:
            self.collect.append((block, actual))
            return
        if not agree(shown, actual):
            listed = "\n".join(("the page shows:", *shown, "", "it is:", *actual))
            raise self._error(block, f"{what} puts out something else\n{listed}")
        self.names.learn(shown, actual)

    def _error(self, block: Block, message: str) -> PageError:
        return PageError(f"{self.name}:{block.start + 1}: {message}")


def refreshed(name: str, folder: Path) -> str:
    """The page with the outputs that come out now; those that agree with what is shown stay as they are."""
    page = (ROOT / "docs" / name).read_text()
    walk = _walk(name, folder, {}, [])
    walk.carry_out(page)
    lines = page.splitlines()
    shown_by_actual = {actual: shown for shown, actual in walk.names.actual.items()}
    for block, outputs in reversed(walk.collect or []):
        if not agree(trimmed("\n".join(block.lines)), outputs):
            text = "\n".join(outputs)
            for actual, shown in shown_by_actual.items():
                text = text.replace(actual, shown)
            lines[block.start : block.start + len(block.lines)] = text.splitlines()
    return "\n".join(lines) + "\n"


def walked(name: str, folder: Path, substitutes: Mapping[str, str] | None = None) -> None:
    """Carries out a page of `docs/` in an empty folder, which becomes what the page needs of a clone."""
    _walk(name, folder, substitutes or {}).carry_out((ROOT / "docs" / name).read_text())


def _walk(
    name: str, folder: Path, substitutes: Mapping[str, str], collect: list[tuple[Block, list[str]]] | None = None
) -> Walk:
    """A page that changes the code gets a copy of it, and processes that import the copy."""
    changes_code = name in CHANGE_CODE
    for part in CLONE if changes_code else ("config",):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, folder / part)
    return Walk(name, folder, substitutes, collect, in_process=not changes_code)


@contextmanager
def _place(folder: Path) -> Iterator[None]:
    """The folder as the current one, the variables of mtf unset, and all of it put back at the end."""
    before, here = dict(os.environ), Path.cwd()
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["PYTHONPATH"] = str(folder / "src")
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
