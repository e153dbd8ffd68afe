"""Output that needs no library: JSON documents and lines on stdout, warnings on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from mtf_core.words import counted
from mtf_entrypoints.cli.streams import speaks_unicode

__all__ = ["counted", "flush", "warn", "write_json", "write_line"]


def write_json(document: Any) -> None:
    """One JSON document; numbers that JSON has not (NaN) are refused rather than written."""
    text = json.dumps(document, indent=2, ensure_ascii=not speaks_unicode(), allow_nan=False)
    sys.stdout.write(text + "\n")


def write_line(text: str) -> None:
    sys.stdout.write(text + "\n")


def flush() -> None:
    """For a process that stays: whoever reads along sees each report when it is there."""
    sys.stdout.flush()


def warn(text: str) -> None:
    """A line on stderr, beside the result."""
    sys.stderr.write(f"mtf: {text}\n")
