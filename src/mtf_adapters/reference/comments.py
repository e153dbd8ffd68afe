"""Comments of a YAML text, by the line of what they stand above or beside.

A round-trip reader ties a comment to the value before it. Here keys are moved, renamed and left out, and the
comment above a key must not go where the key before it went.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from attrs import define, field

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@define(eq=False)
class Comments:
    """Comments that wait for what they belong to; taking one removes it. Lines are counted from 1."""

    above: dict[int, list[str]] = field(factory=dict)
    """Whole lines, by the next line that holds anything else."""
    beside: dict[int, str] = field(factory=dict)
    """At the end of a line."""
    trailing: list[str] = field(factory=list)
    """After everything else."""

    def take_above(self, line: int) -> list[str]:
        return self.above.pop(line, [])

    def take_beside(self, line: int) -> str:
        """Two spaces and the comment, ready to be put behind a line; empty when there is none."""
        text = self.beside.pop(line, "")
        return f"  {text}" if text else ""

    def take_until(self, line: int) -> list[str]:
        """What stands above this line or any earlier one, for the head of the converted file."""
        return [text for each in sorted(self.above) if each <= line for text in self.above.pop(each)]

    @property
    def left_lines(self) -> tuple[int, ...]:
        """Lines whose comments nobody has taken."""
        return tuple(sorted({*self.above, *self.beside}))


def comments_of(text: str) -> Comments:
    """The comments of a text; none if it is no YAML."""
    lines = _LINE_BREAK.split(text)
    covered = _scalars(text, len(lines))
    comments = Comments()
    waiting: list[str] = []
    for number, line in enumerate(lines, start=1):
        start = _comment_start(line, covered.get(number - 1, []))
        comment = line[start:].rstrip() if start is not None else ""
        content = line[:start] if start is not None else line
        if content.strip():
            if waiting:
                comments.above[number] = waiting
                waiting = []
            if comment:
                comments.beside[number] = comment
        elif comment:
            waiting.append(comment)
    comments.trailing = waiting
    return comments


def _comment_start(line: str, covered: list[tuple[int, int]]) -> int | None:
    """The column of the first `#` that starts a comment: not in a scalar, at the start or behind a space."""
    for match in re.finditer("#", line):
        column = match.start()
        behind_space = column == 0 or line[column - 1] in " \t"
        if behind_space and not any(start <= column < end for start, end in covered):
            return column
    return None


def _scalars(text: str, count: int) -> dict[int, list[tuple[int, int]]]:
    """The columns that scalars take up, by line counted from 0."""
    covered: dict[int, list[tuple[int, int]]] = {}
    try:
        for token in yaml.scan(text, Loader=_Loader):
            if not isinstance(token, yaml.ScalarToken):
                continue
            start, end = token.start_mark, token.end_mark
            for line in range(start.line, min(end.line, count) + 1):
                first = start.column if line == start.line else 0
                last = end.column if line == end.line else 1 << 30
                covered.setdefault(line, []).append((first, last))
    except (yaml.YAMLError, UnicodeError):
        return {line: [(0, 1 << 30)] for line in range(count)}
    return covered
