"""The file that says how a face behaves: its quirks, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve, fields

from mtf_adapters.files.yaml import parse_yaml, read_yaml
from mtf_core.config_nodes import ConfigError, ConfigNode, Problems
from mtf_core.settings.structure import structure

S = TypeVar("S")
"""A frozen class with `quirks`, `quirks_seed` and `faults`."""

Drawn = Callable[[int], Any]
"""Quirks whose unconfirmed facts a seed chose."""


def read_script_of(kind: type[S], drawn: Drawn, path: Path) -> S:
    """The script of a YAML or JSON file; raises `ConfigError` with every problem and its place."""
    problems = Problems()
    return _script(kind, drawn, read_yaml(path, str(path), problems), problems)


def parse_script_of(kind: type[S], drawn: Drawn, text: str) -> S:
    """The script of a text; raises `ConfigError`."""
    problems = Problems()
    return _script(kind, drawn, parse_yaml(text, "script", problems), problems)


def _script(kind: type[S], drawn: Drawn, node: ConfigNode | None, problems: Problems) -> S:
    script: Any = structure(kind, node, problems) if node is not None else None
    if problems.errors or script is None or node is None:
        raise ConfigError(problems.errors)
    if script.quirks_seed is not None:
        named = {name: getattr(script.quirks, name) for name in _named_quirks(type(script.quirks), node)}
        script = evolve(script, quirks=evolve(drawn(script.quirks_seed), **named))
    found: S = script
    return found


def _named_quirks(kind: type[Any], node: ConfigNode) -> Mapping[str, None]:
    assert isinstance(node.value, Mapping)
    quirks = node.value.get("quirks")
    found = quirks.value if quirks is not None and isinstance(quirks.value, Mapping) else {}
    return {each.name: None for each in fields(kind) if each.name in found}
