"""The keys of a YAML text, with what it takes to put a misspelt one beside each."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen


@frozen
class WrittenKey:
    """A key as it stands in a file: its dotted path, line (from 1), column and offset, and the text of its value."""

    path: str
    name: str
    line: int
    column: int
    offset: int
    value: str
    in_flow: bool

    @property
    def misspelt(self) -> str:
        return self.name + self.name[-1]

    def beside(self, text: str) -> str:
        """The text with a misspelt copy of the key right before it, on the same line, with the same value."""
        end = ", " if self.in_flow else "\n" + " " * self.column
        return f"{text[: self.offset]}{self.misspelt}: {self.value}{end}{text[self.offset :]}"

    def renamed(self, text: str) -> str:
        """The text with the key misspelt."""
        return text[: self.offset] + self.misspelt + text[self.offset + len(self.name) :]


def written_keys(path: Path) -> tuple[WrittenKey, ...]:
    """Every key of a file, from the first to the last."""
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    return tuple(_keys(root, "", text))


def _keys(node: Any, path: str, text: str) -> Iterator[WrittenKey]:
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _keys(item, f"{path}[{index}]", text)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            below = f"{path}.{key.value}" if path else key.value
            yield WrittenKey(
                below,
                key.value,
                key.start_mark.line + 1,
                key.start_mark.column,
                key.start_mark.index,
                _on_one_line(value, text),
                bool(node.flow_style),
            )
            yield from _keys(value, below, text)


def _on_one_line(value: Any, text: str) -> str:
    """The value in flow style."""
    if isinstance(value, yaml.SequenceNode):
        return f"[{', '.join(_on_one_line(item, text) for item in value.value)}]"
    if isinstance(value, yaml.MappingNode):
        return "{" + ", ".join(f"{key.value}: {_on_one_line(item, text)}" for key, item in value.value) + "}"
    return text[value.start_mark.index : value.end_mark.index]
