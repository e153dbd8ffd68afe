"""Markdown out of values: headings, tables, code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

COMMAND = "python docs/generate.py"
"""What refreshes every generated page."""


def page(title: str, *parts: str) -> str:
    """A whole page, with the note that it is generated."""
    note = f"<!-- Generated from the code by `{COMMAND}`; do not edit. -->"
    return "\n\n".join([f"# {title}", note, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns without any entry are left out, and so is a table without rows."""
    body = [list(row) for row in rows]
    if not body:
        return ""
    kept = [place for place in range(len(head)) if any(row[place] for row in body)]
    lines = [[head[place] for place in kept], ["---"] * len(kept)]
    lines += [[_cell(row[place]) for place in kept] for row in body]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: object) -> str:
    return f"`{text}`"


def codes(names: Iterable[object]) -> str:
    return ", ".join(map(code, names))


def block(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```"
