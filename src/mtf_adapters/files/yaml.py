"""YAML as a tree of values that know their file, line and path.

Built from the parser's events, not by constructing objects: nothing in a file can make Python do anything. The
reading is stricter and plainer than YAML 1.1: numbers are `Decimal` from their text, only `true` and `false` are
booleans, and everything else (`on`, `yes`, `1m`, `010`, `1_000`, `1:30`, `2024-01-01`) is text, so that a setting that
wants a number refuses it instead of reading it in a surprising way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from attrs import define, field

from mtf_core.settings.nodes import ConfigNode, Place, Problems, Scalar

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]*|(?=\.[0-9]))(?:\.[0-9]*)?(?:[eE][-+]?[0-9]+)?")
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_TEXT_TAG = "tag:yaml.org,2002:str"
_MERGE = "<<"

MAX_DEPTH = 40
"""Levels of maps and lists in one file; a rule tree has about ten."""
MAX_VALUES = 50_000
"""Values in one file after aliases were written out; guards against a few lines that expand without end."""
MAX_DIGITS = 15
"""Significant digits of a number: as many as a float holds exactly, so that a stored configuration reads back equal."""


@define(eq=False)
class _Raw:
    """A value as it stood in the file, before paths are known and aliases are written out."""

    line: int
    scalar: Scalar = None
    items: list[_Raw] | None = None
    entries: dict[str, tuple[int, _Raw]] | None = None


class _RefusedError(Exception):
    """Something that makes the rest of the file meaningless; carries the line and the two halves of the message."""

    def __init__(self, line: int, found: str, allowed: str) -> None:
        super().__init__(found)
        self.line, self.found, self.allowed = line, found, allowed


def read_yaml(path: Path, shown: str, problems: Problems) -> ConfigNode | None:
    """The file at `path` as a tree, named `shown` in messages; None when a problem made it unreadable."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problems.error(Place(shown, 1), "the file does not exist", "it is required")
        return None
    except OSError as error:
        problems.error(Place(shown, 1), f"the file cannot be read ({error.strerror})", "it must be a readable file")
        return None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.error(Place(shown, line), "a byte sequence that is not UTF-8", "files are UTF-8 text")
        return None
    return parse_yaml(text, shown, problems)


def parse_yaml(text: str, shown: str, problems: Problems) -> ConfigNode | None:
    """The text of one YAML document as a tree; None when a problem made it unreadable."""
    try:
        raw = _Builder(shown, problems, yaml.parse(text, Loader=_Loader)).document()
        return _Placing().place(raw, Place(shown, raw.line))
    except _RefusedError as refusal:
        problems.error(Place(shown, refusal.line), refusal.found, refusal.allowed)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(part for part in (error.context, error.problem) if part)
        problems.error(Place(shown, mark.line + 1 if mark else 1), f"not YAML: {problem}", "files are YAML documents")
    except (yaml.YAMLError, UnicodeError) as error:
        problems.error(Place(shown, 1), f"not YAML: {str(error).splitlines()[0]}", "files are YAML documents")
    return None


@define(eq=False)
class _Builder:
    """Turns the stream of events into raw values; anchors count only once their value is complete."""

    shown: str
    problems: Problems
    events: Iterator[Any]
    anchors: dict[str, _Raw] = field(factory=dict)
    open_anchors: set[str] = field(factory=set)

    def document(self) -> _Raw:
        next(self.events)  # start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            raise _RefusedError(1, "the file is empty", "allowed is a map of settings")
        root = self._value(next(self.events), 0)
        next(self.events)  # end of the document
        following = next(self.events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise _RefusedError(_line(following), "a second document", "a file holds one document")
        if root.entries is None:
            found = "text or a list" if root.scalar is not None or root.items is not None else "no settings at all"
            raise _RefusedError(root.line, f"the file holds {found}", "allowed is a map of settings")
        return root

    def _value(self, event: Any, depth: int) -> _Raw:
        line = _line(event)
        _refuse_depth(depth, line)
        if isinstance(event, yaml.AliasEvent):
            return self._aliased(str(event.anchor), line)
        if event.anchor is not None:
            self.open_anchors.add(event.anchor)
        raw = self._content(event, depth, line)
        if event.anchor is not None:
            self.open_anchors.discard(event.anchor)
            self.anchors[event.anchor] = raw
        return raw

    def _aliased(self, anchor: str, line: int) -> _Raw:
        if anchor in self.open_anchors:
            raise _RefusedError(line, f"*{anchor} stands within what it refers to", "a value cannot contain itself")
        if anchor not in self.anchors:
            raise _RefusedError(line, f"*{anchor} refers to nothing", f"define &{anchor} above it")
        return self.anchors[anchor]

    def _content(self, event: Any, depth: int, line: int) -> _Raw:
        if isinstance(event, yaml.ScalarEvent):
            return _Raw(line, scalar=self._scalar(event, line))
        self._refuse_tag(event, line)
        if isinstance(event, yaml.SequenceStartEvent):
            items = []
            while not isinstance(item := next(self.events), yaml.SequenceEndEvent):
                items.append(self._value(item, depth + 1))
            return _Raw(line, items=items)
        return self._map(depth, line)

    def _map(self, depth: int, line: int) -> _Raw:
        entries: dict[str, tuple[int, _Raw]] = {}
        merged: list[_Raw] = []
        while not isinstance(key := next(self.events), yaml.MappingEndEvent):
            key_line = _line(key)
            if not isinstance(key, yaml.ScalarEvent):
                raise _RefusedError(key_line, "a key that is not plain text", "keys are text")
            self._refuse_tag(key, key_line)
            value = self._value(next(self.events), depth + 1)
            if key.value == _MERGE and key.implicit[0]:
                merged.extend(_merge_sources(value, key_line))
            elif key.value in entries:
                found = f"the key {key.value!r} stands here and in line {entries[key.value][0]}"
                self.problems.error(Place(self.shown, key_line), found, "a key may stand once in a map")
            else:
                entries[key.value] = (key_line, value)
        for source in merged:  # written keys win over merged ones, an earlier source over a later one
            for name, entry in (source.entries or {}).items():
                entries.setdefault(name, entry)
        return _Raw(line, entries=entries)

    def _scalar(self, event: Any, line: int) -> Scalar:
        self._refuse_tag(event, line)
        text: str = event.value
        plain = event.implicit[0] and event.tag is None
        if not plain:
            return text
        if text in _NOTHING:
            return None
        if text in _TRUE or text in _FALSE:
            return text in _TRUE
        return self._number(text, line) if _NUMBER.fullmatch(text) else text

    def _number(self, text: str, line: int) -> Decimal:
        value = Decimal(text)
        if len(value.normalize().as_tuple().digits) > MAX_DIGITS:
            self.problems.error(Place(self.shown, line), f"found {text}", f"at most {MAX_DIGITS} significant digits")
        elif value and abs(value.adjusted()) > 100:
            self.problems.error(Place(self.shown, line), f"found {text}", "allowed are magnitudes of 1e-100 to 1e100")
        else:
            return value
        return Decimal(0)  # the file is refused already; the rest of it is still worth checking

    def _refuse_tag(self, event: Any, line: int) -> None:
        if event.tag not in (None, "!", _TEXT_TAG):
            self.problems.error(Place(self.shown, line), f"the tag {event.tag!r}", "values need no tags")


def _merge_sources(value: _Raw, line: int) -> list[_Raw]:
    sources = value.items if value.items is not None else [value]
    if any(source.entries is None for source in sources):
        raise _RefusedError(line, "'<<' merges something that is not a map", "allowed is a map or a list of maps")
    return sources


def _refuse_depth(depth: int, line: int) -> None:
    if depth > MAX_DEPTH:
        raise _RefusedError(line, f"more than {MAX_DEPTH} levels of lists and maps", "nest less deeply")


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


@define(eq=False)
class _Placing:
    """Gives each value its path, writing aliases out at every place of use."""

    values: int = 0

    def place(self, raw: _Raw, place: Place, depth: int = 0) -> ConfigNode:
        _refuse_depth(depth, place.line)  # again: aliases of aliases nest deeper than what was written
        self.values += 1
        if self.values > MAX_VALUES:
            raise _RefusedError(place.line, f"more than {MAX_VALUES} values, aliases written out", "use fewer aliases")
        if raw.entries is not None:
            entries = {
                name: self.place(item, place.child(name, line), depth + 1) for name, (line, item) in raw.entries.items()
            }
            return ConfigNode(entries, place)
        if raw.items is not None:
            items = [self.place(item, place.child(index, item.line), depth + 1) for index, item in enumerate(raw.items)]
            return ConfigNode(tuple(items), place)
        return ConfigNode(raw.scalar, place)
