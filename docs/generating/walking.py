"""Carries out the code blocks of a page, in order, in a folder of their own, and compares what comes out.

`mtf` runs in this process (starting it anew for each command would take most of the time); everything else that a page
calls runs in a shell. `python` blocks share one namespace, as the cells of a notebook do.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from textwrap import dedent
from typing import Any

from attrs import field, frozen

from docs.generating.blocks import Block, Step, blocks_of, steps_of
from docs.generating.comparing import Names, agree, trimmed
from mtf_entrypoints.cli.main import run
from mtf_entrypoints.settings import VARIABLES

ROOT = Path(__file__).resolve().parent.parent.parent
_SHELL_SIGNS = set("|<>&;`*()")


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
    names: Names = field(factory=Names)
    namespace: dict[str, Any] = field(factory=lambda: {"__name__": "__page__"})
    last_code: list[int] = field(factory=lambda: [0])

    def carry_out(self, page: str) -> None:
        """Every block of the page; raises `PageError` at the first that is not as shown."""
        blocks = blocks_of(page)
        output = ""
        with _place(self.folder):
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
            case _, "python":
                return self._python(block)
            case _:
                raise self._error(block, "the block has no meaning here: say `file: …`, `from: …` or `not run: …`")
        return ""

    def _quoted(self, block: Block) -> None:
        source = (ROOT / block.about).read_text()
        quoted = [dedent(part).strip("\n") for part in block.text.split("    ...\n")]
        lines = [line.strip() for line in source.splitlines()]
        for part in quoted:
            wanted = [line.strip() for line in part.splitlines()]
            if not any(lines[at : at + len(wanted)] == wanted for at in range(len(lines))):
                raise self._error(block, f"{block.about} does not contain:\n{part}")

    def _changed(self, block: Block) -> None:
        file = self.folder / block.about
        text = file.read_text()
        before = "".join(f"{line[1:]}\n" for line in block.lines if line[:1] in (" ", "-"))
        after = "".join(f"{line[1:]}\n" for line in block.lines if line[:1] in (" ", "+"))
        if text.count(before) != 1:
            raise self._error(block, f"{block.about} has these lines {text.count(before)} times:\n{before}")
        file.write_text(text.replace(before, after))

    def _python(self, block: Block) -> str:
        out = io.StringIO()
        # Line numbers of the page in a traceback.
        code = compile("\n" * block.start + block.text, self.name, "exec")
        with redirect_stdout(out):
            exec(code, self.namespace)
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
            outputs += [f"$ {step.command}", *actual]
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
        if command.startswith("mtf ") and not _SHELL_SIGNS & set(command):
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
    shutil.copytree(ROOT / "config", folder / "config")
    page = (ROOT / "docs" / name).read_text()
    walk = Walk(name, folder, collect=[])
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
    """Carries out a page of `docs/` in a folder that looks like a fresh clone: with the shipped configuration."""
    shutil.copytree(ROOT / "config", folder / "config")
    Walk(name, folder, substitutes or {}).carry_out((ROOT / "docs" / name).read_text())


@contextmanager
def _place(folder: Path) -> Iterator[None]:
    """The folder as the current one, the variables of mtf unset, and all of it put back at the end."""
    before, here = dict(os.environ), Path.cwd()
    for name in VARIABLES:
        os.environ.pop(name, None)
    os.environ["XDG_DATA_HOME"] = str(folder / "data")
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
