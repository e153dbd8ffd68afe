"""Whether what a page shows is what came out.

Run ids and durations differ from run to run: an id in a page stands for the one that came out in its place, here and
in later commands; any duration equals any other. `…` stands for any text, and alone on a line for any lines.
"""

from __future__ import annotations

import re

from attrs import field, frozen

_ID = re.compile(r"\b[0-9a-f]{32}\b")
_DURATION = re.compile(r"\b\d+\.\d+ s\b")
_ANY = "…"


@frozen
class Names:
    """The run ids of a page and those that they stand for."""

    actual: dict[str, str] = field(factory=dict)

    def substituted(self, command: str) -> str:
        """The command with the ids that came out."""
        for shown, actual in self.actual.items():
            command = command.replace(shown, actual)
        return command

    def learn(self, shown: list[str], actual: list[str]) -> None:
        """Pairs the ids of two outputs that are otherwise the same."""
        before, after = _ID.findall("\n".join(shown)), _ID.findall("\n".join(actual))
        if len(before) == len(after):
            self.actual.update(zip(before, after, strict=True))


def trimmed(text: str) -> list[str]:
    """The lines of an output without trailing blanks, and without empty lines at both ends."""
    lines = [line.rstrip() for line in text.splitlines()]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def agree(shown: list[str], actual: list[str]) -> bool:
    """Whether the output is the one shown."""
    pattern = "\n".join(_pattern(line) for line in shown)
    return re.fullmatch(pattern, _settled("\n".join(actual))) is not None


def _pattern(line: str) -> str:
    if line.strip() == _ANY:
        return "(?s:.*?)"
    return "[^\n]*".join(re.escape(part) for part in _settled(line).split(_ANY))


def _settled(text: str) -> str:
    return _DURATION.sub("0 s", _ID.sub("0" * 32, text))
