"""Numbers that only grow, whatever is deleted and whatever a clock says."""

from __future__ import annotations

from sqlalchemy import Connection, text

_NEXT = text(
    "INSERT INTO counters (name, value) VALUES (:name, 1)"
    " ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value"
)


def next_number(connection: Connection, name: str) -> int:
    """The next number; others who want one wait for the end of the transaction, so no number is skipped."""
    number: int = connection.execute(_NEXT, {"name": name}).scalar_one()
    return number
