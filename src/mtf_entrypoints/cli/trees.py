"""Explanations as text; on a terminal the truths have colours."""

from __future__ import annotations

import sys

from mtf_entrypoints.cli.plain import write_line

_MARKS = {r"\btrue\b": "green", r"\bfalse\b": "red", r"\bunknown\b|\bmissing\b": "yellow", r"← decides": "bold"}


def write_tree(text: str) -> None:
    """An explanation; on a terminal with its truths in colour, never folded."""
    if not sys.stdout.isatty():
        write_line(text)
        return
    # Only for a terminal: what colours it takes longer to import than an explanation takes to read.
    from rich.text import Text  # noqa: PLC0415

    from mtf_entrypoints.cli.output import console  # noqa: PLC0415

    shown = Text(text)
    for pattern, style in _MARKS.items():
        shown.highlight_regex(pattern, style)
    console().print(shown, soft_wrap=True)
