"""What an operator asked of a symbol's position, as a plain value, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen


class AskedKind(StrEnum):
    """What may be asked. The values are exact text."""

    CLOSE = "close"
    """Close the position at market, and end what of the entry still rests. No values."""
    PROTECT = "protect"
    """`stop` and/or `target`: a price each. `looser` = `yes` lets the stop go farther away."""
    TARGETS = "targets"
    """`prices` and `shares`, comma-separated, one or two, the nearer first; shares add up to 1. `stop` as above."""
    BOOK = "book"
    """A close made elsewhere: `price`, `size`, `profit`, `fees`, `reason`. Ends what reads can no longer explain."""


@frozen
class Asked:
    """One request; `number` is the store's."""

    number: int
    kind: AskedKind
    values: Mapping[str, str] = field(factory=dict)
    actor: str = ""
    asked_ms: int | None = None
    """When it was asked, by the exchange's clock; None: it never lapses."""


@frozen
class Answer:
    """What became of a request, in words for the operator. A request that has none is asked again at the next look."""

    number: int
    outcome: str
