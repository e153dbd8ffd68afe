"""The file that says how a face behaves: its quirks, and what goes wrong on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, fields, frozen

from mtf_adapters.files.yaml import parse_yaml, read_yaml
from mtf_adapters.sandbox.faces.bitmart.quirks import Quirks, drawn_quirks
from mtf_adapters.sandbox.faults import FaultScript
from mtf_core.config_nodes import ConfigError, ConfigNode, Problems
from mtf_core.settings.fields import setting
from mtf_core.settings.structure import structure


@frozen(kw_only=True)
class Script:
    """Quirks and faults."""

    quirks: Quirks = setting(factory=Quirks, doc="what is not confirmed of the venue's wire")
    quirks_seed: int | None = setting(
        None, doc="draws every unconfirmed quirk from this seed; those that are named stay as they are"
    )
    faults: FaultScript = setting(factory=FaultScript, doc="what goes wrong")


def read_script(path: Path) -> Script:
    """The script of a YAML or JSON file; raises `ConfigError` with every problem and its place."""
    problems = Problems()
    return _script(read_yaml(path, str(path), problems), problems)


def parse_script(text: str) -> Script:
    """The script of a text; raises `ConfigError`."""
    problems = Problems()
    return _script(parse_yaml(text, "script", problems), problems)


def _script(node: ConfigNode | None, problems: Problems) -> Script:
    script = structure(Script, node, problems) if node is not None else None
    if problems.errors or script is None or node is None:
        raise ConfigError(problems.errors)
    if script.quirks_seed is None:
        return script
    named = {name: getattr(script.quirks, name) for name in _named_quirks(node)}
    return evolve(script, quirks=evolve(drawn_quirks(script.quirks_seed), **named))


def _named_quirks(node: ConfigNode) -> Mapping[str, Any]:
    assert isinstance(node.value, Mapping)
    quirks = node.value.get("quirks")
    found = quirks.value if quirks is not None and isinstance(quirks.value, Mapping) else {}
    return {each.name: None for each in fields(Quirks) if each.name in found}
