"""An answer as one flat table: the same rows on the screen, as CSV and in JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import attrs

from mtf_core.market import format_instant
from mtf_core.records import Selection

Plain = str | int | float | None


class Answer(Protocol):
    """What a question over time is answered with."""

    @property
    def selection(self) -> Selection: ...

    @property
    def rows(self) -> Sequence[attrs.AttrsInstance]:
        """Flat attrs objects of one class. None in them is what is not known: it is never shown as 0."""
        ...

    def to_json(self) -> dict[str, Any]: ...


def row_to_json(row: attrs.AttrsInstance) -> dict[str, Plain]:
    """A row under the names of its fields; times lose their `_ms`, enumerations and exact numbers are text."""
    found: dict[str, Plain] = {}
    for name, value in attrs.asdict(row, recurse=False).items():
        if name.endswith("_ms"):
            found[name.removesuffix("_ms")] = instant_text(value)
        else:
            found[name] = value if value is None or type(value) in (int, float, bool, str) else _text(value)
    return found


def selection_to_json(selection: Selection) -> dict[str, Any]:
    """What was asked for, under the names of the options; null: whichever."""
    return {
        "from": instant_text(selection.since_ms),
        "to": instant_text(selection.until_ms),
        "symbols": None if selection.symbols is None else list(selection.symbols),
        "timeframes": None if selection.timeframes is None else [str(one) for one in selection.timeframes],
        "profile": selection.profile,
    }


def share(part: int, whole: int) -> float | None:
    """A fraction 0..1; None of nothing."""
    return part / whole if whole else None


def _text(value: object) -> str:
    return f"{value:f}" if hasattr(value, "as_tuple") else str(value)


def instant_text(ms: int | None) -> str | None:
    """An instant as text; None stays None."""
    return None if ms is None else format_instant(ms)
