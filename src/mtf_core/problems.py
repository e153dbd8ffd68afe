"""What is wrong with a request, field by field: every use case refuses with the same words."""

from __future__ import annotations

from attrs import frozen


@frozen
class FieldProblem:
    """One field of a request that cannot be accepted, and what is allowed."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class InvalidRequestError(ValueError):
    """The request cannot be accepted; `problems` names every field at fault."""

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(map(str, problems)))


class NotFoundError(InvalidRequestError):
    """Every field is well formed, but what the ones in `problems` name is not here: no such symbol, timeframe, lock."""
