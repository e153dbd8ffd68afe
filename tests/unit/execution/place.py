"""What parts of the execution ask of desk, environment, stores and exchange, answered by one thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from attrs import define, field

from mtf_core.records import AuditEvent


@define(eq=False)
class InOne:
    """Desk, environment, stores, audit and exchange; tests add what each is to say."""

    audited: list[AuditEvent] = field(factory=list, kw_only=True)

    @property
    def environment(self) -> Self:
        return self

    @property
    def stores(self) -> Self:
        return self

    @property
    def audit(self) -> Self:
        return self

    @property
    def orders(self) -> Self:
        return self

    @property
    def trading(self) -> Self:
        return self

    async def append(self, events: Sequence[AuditEvent]) -> None:
        self.audited += events
