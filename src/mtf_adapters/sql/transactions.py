"""A transaction as one function, and how each kind of database carries it out (ADR 0018)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, Executable, Row

Value = TypeVar("Value")

Work: TypeAlias = Callable[[Connection], Value]
"""What is done within one transaction; its result must need the connection no more.

It may run in a thread of its own: of what changes in the event loop it reads nothing but clocks, and it changes nothing
there.
"""


class Transactions(Protocol):
    """Carries out whole transactions of one database."""

    async def carry_out(self, work: Work[Value], *, writes: bool) -> Value:
        """All of it is stored, or none where it raises. Where the caller is cancelled it may be either.

        Raises what `work` raises, and the driver's own errors.
        """
        ...

    async def close(self) -> None:
        """Waits for what is under way, then closes every connection."""
        ...


# What most transactions are: one statement, and its rows.


def all_rows(statement: Executable, values: Mapping[str, Any] | None = None) -> Work[Sequence[Row[Any]]]:
    """All rows of one statement."""
    return lambda connection: connection.execute(statement, values).all()


def row_or_none(statement: Executable, values: Mapping[str, Any] | None = None) -> Work[Row[Any] | None]:
    """The only row of one statement, if there is one."""
    return lambda connection: connection.execute(statement, values).one_or_none()


def value_or_none(statement: Executable, values: Mapping[str, Any] | None = None) -> Work[Any]:
    """The first column of the only row of one statement; None where there is no row."""
    return lambda connection: connection.execute(statement, values).scalar_one_or_none()


def changing(statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None) -> Work[int]:
    """Carries out a statement that gives no rows; returns how many it changed, where the database says so."""
    return lambda connection: connection.execute(statement, values).rowcount
