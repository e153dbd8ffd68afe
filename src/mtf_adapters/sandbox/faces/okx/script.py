"""The file that says how OKX's face behaves: its quirks, and what goes wrong on it."""

from __future__ import annotations

from pathlib import Path

from attrs import frozen

from mtf_adapters.sandbox.faces.okx.quirks import Quirks, drawn_quirks
from mtf_adapters.sandbox.faces.script import parse_script_of, read_script_of
from mtf_adapters.sandbox.faults import FaultScript
from mtf_core.settings.fields import setting


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
    return read_script_of(Script, drawn_quirks, path)


def parse_script(text: str) -> Script:
    """The script of a text; raises `ConfigError`."""
    return parse_script_of(Script, drawn_quirks, text)
