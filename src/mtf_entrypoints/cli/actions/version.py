"""`mtf version`; nothing is imported for it but the number."""

from __future__ import annotations

import platform

from mtf_core._version import __version__
from mtf_entrypoints.cli.plain import write_json, write_line


def perform(as_json: bool) -> None:
    """Prints the version."""
    if as_json:
        write_json({"mtf": __version__, "python": platform.python_version()})
    else:
        write_line(f"mtf {__version__}")
