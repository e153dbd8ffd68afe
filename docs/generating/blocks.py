"""The code blocks of a page, and what its comments say about them.

A comment on the line before a block may say `file: PATH` (the block is that file, or for a `diff` a change of it),
`from: PATH` (the block quotes that file of the repository) or `not run: WHY`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from attrs import frozen

_FENCE = re.compile(r"^```(\w*)$")
_COMMENT = re.compile(r"^<!-- (file|from|not run): (.+?) -->$")


@frozen
class Block:
    """One fenced block: its language, its lines, where they stand (first line from 0), and its comment."""

    language: str
    lines: tuple[str, ...]
    start: int
    note: str = ""
    """`file`, `from`, `not run`, or nothing."""
    about: str = ""
    """The comment's text."""

    @property
    def text(self) -> str:
        return "".join(f"{line}\n" for line in self.lines)


@frozen
class Step:
    """One command of a `console` block and the output that the page shows."""

    command: str
    shown: tuple[str, ...]


def blocks_of(page: str) -> tuple[Block, ...]:
    """Every fenced block of a page in order; ValueError for a fence that is not closed."""
    lines = page.splitlines()
    found: list[Block] = []
    place = 0
    while place < len(lines):
        fence = _FENCE.match(lines[place])
        if fence is None:
            place += 1
            continue
        try:
            end = lines.index("```", place + 1)
        except ValueError:
            raise ValueError(f"the block of line {place + 1} is not closed") from None
        comment = _COMMENT.match(lines[place - 1]) if place else None
        note, about = comment.groups() if comment else ("", "")
        found.append(Block(fence[1], tuple(lines[place + 1 : end]), place + 1, note, about))
        place = end + 1
    return tuple(found)


@frozen
class Hunk:
    """Lines of a file before and after a change."""

    before: str
    after: str


def hunks_of(block: Block) -> Iterator[Hunk]:
    """The changes of a `diff` block; a line that begins with `@@` separates them."""
    lines: list[str] = []
    for line in (*block.lines, "@@"):
        if not line.startswith("@@"):
            lines.append(line or " ")
        elif lines:
            before = "".join(f"{each[1:]}\n" for each in lines if each[0] in " -")
            after = "".join(f"{each[1:]}\n" for each in lines if each[0] in " +")
            yield Hunk(before, after)
            lines = []


def steps_of(block: Block) -> Iterator[Step]:
    """The commands of a block: after `$ ` in `console`, every line in `sh`; a backslash continues a line."""
    prompt = "$ " if block.language == "console" else ""
    command: list[str] = []
    shown: list[str] = []
    open_ended = False
    for line in block.lines:
        if open_ended:
            command.append(line)
        elif line.startswith(prompt) and line.strip():
            if command:
                yield Step(_joined(command), tuple(shown))
            command, shown = [line.removeprefix(prompt)], []
        else:
            shown.append(line)
            continue
        open_ended = line.endswith("\\")
    if command:
        yield Step(_joined(command), tuple(shown))


def _joined(lines: list[str]) -> str:
    return " ".join(line.removesuffix("\\").strip() for line in lines)
