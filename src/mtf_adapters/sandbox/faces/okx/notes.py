"""What callers said of their orders and the engine has no use for: shown back to them."""

from __future__ import annotations

from attrs import define, field, frozen

from mtf_adapters.sandbox.matching.commands import Preset

_MOST = 50_000


@frozen
class Note:
    order_type: str = ""
    """OKX's word for the order's type; empty: as the engine's order has it."""
    tag: str = ""
    reduce_only: bool | None = None
    """As said; None: nothing was."""
    failed_stop: tuple[Preset | None, Preset | None] | None = None
    """Stop and target that the order was taken without, because they could not be placed."""


NOTHING = Note()


@define
class Notes:
    """By the engine's id; the oldest are forgotten."""

    _by_id: dict[int, Note] = field(factory=dict)

    def keep(self, order_id: int, note: Note) -> None:
        self._by_id[order_id] = note
        if len(self._by_id) > _MOST:
            del self._by_id[next(iter(self._by_id))]

    def of(self, order_id: int) -> Note:
        return self._by_id.get(order_id, NOTHING)
