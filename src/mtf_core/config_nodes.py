"""A configuration file as a tree of values that remember where they stood, and the problems found in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from difflib import get_close_matches
from enum import StrEnum

from attrs import evolve, field, frozen

Scalar = str | bool | Decimal | None
"""Numbers are `Decimal` built from the text of the file, never through a float."""


@frozen
class Place:
    """Where a value stood: file (as shown to a person), line counted from 1, and the dotted path of keys."""

    file: str
    line: int
    path: str = ""

    def child(self, key: str | int, line: int) -> Place:
        """The place of a key or list index below this one."""
        step = f"[{key}]" if isinstance(key, int) else (f".{key}" if self.path else key)
        return Place(self.file, line, self.path + step)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.path}" if self.path else f"{self.file}:{self.line}"


@frozen(eq=False)
class ConfigNode:
    """One value of a file: a scalar, a list of nodes, or a mapping of nodes, with its place."""

    value: Scalar | tuple[ConfigNode, ...] | Mapping[str, ConfigNode]
    place: Place

    @property
    def kind(self) -> str:
        """What a person would call it: `map`, `list`, `number`, `text`, `true/false` or `nothing`."""
        match self.value:
            case None:
                return "nothing"
            case bool():
                return "true/false"
            case Decimal():
                return "number"
            case str():
                return "text"
            case tuple():
                return "list"
            case _:
                return "map"

    def shown(self) -> str:
        """The value as a message shows it; containers by their kind and size."""
        match self.value:
            case None | bool():
                return {None: "nothing", True: "true", False: "false"}[self.value]
            case Decimal():
                return str(self.value)
            case str():
                return repr(self.value)
            case _:
                return f"a {self.kind} of {len(self.value)}"

    def place_of(self, *keys: str) -> Place:
        """Where the value under these keys stands, or the deepest map on the way to it that exists."""
        node = self
        for key in keys:
            if not isinstance(node.value, Mapping) or key not in node.value:
                break
            node = node.value[key]
        return node.place

    def to_plain(self) -> object:
        """The tree as plain Python values (numbers stay Decimal)."""
        if isinstance(self.value, tuple):
            return [item.to_plain() for item in self.value]
        if isinstance(self.value, Mapping):
            return {key: item.to_plain() for key, item in self.value.items()}
        return self.value


def overlaid(base: ConfigNode, top: ConfigNode) -> ConfigNode:
    """`top` over `base`: maps are merged key by key, everything else is replaced; places are kept."""
    if not isinstance(base.value, Mapping) or not isinstance(top.value, Mapping):
        return top
    merged = dict(base.value)
    for key, node in top.value.items():
        merged[key] = overlaid(merged[key], node) if key in merged else node
    return evolve(top, value=merged)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"
    """Worth knowing, nothing to act on."""


@frozen
class ConfigProblem:
    """One thing wrong in the configuration: what was found, what is allowed, and the nearest known name."""

    place: Place
    found: str
    allowed: str
    nearest: str | None = None
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        hint = f" (did you mean {self.nearest!r}?)" if self.nearest else ""
        return f"{self.place}: {self.found}; {self.allowed}{hint}"


@frozen
class Problems:
    """Collects problems while a file is read, so that all of them are reported together."""

    items: list[ConfigProblem] = field(factory=list)

    def error(self, place: Place, found: str, allowed: str, nearest: str | None = None) -> None:
        self.items.append(ConfigProblem(place, found, allowed, nearest))

    def warning(self, place: Place, found: str, allowed: str, nearest: str | None = None) -> None:
        self.items.append(ConfigProblem(place, found, allowed, nearest, Severity.WARNING))

    def note(self, place: Place, found: str, allowed: str) -> None:
        self.items.append(ConfigProblem(place, found, allowed, severity=Severity.NOTE))

    @property
    def errors(self) -> tuple[ConfigProblem, ...]:
        return tuple(item for item in self.items if item.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[ConfigProblem, ...]:
        return tuple(item for item in self.items if item.severity is Severity.WARNING)

    @property
    def notes(self) -> tuple[ConfigProblem, ...]:
        return tuple(item for item in self.items if item.severity is Severity.NOTE)


class ConfigError(ValueError):
    """The configuration cannot be used; `problems` lists everything that is wrong, the text shows it line by line."""

    def __init__(self, problems: Iterable[ConfigProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like `name`, if one is like it at all."""
    matches = get_close_matches(name, [str(each) for each in known], n=1, cutoff=0.6)
    return matches[0] if matches else None
