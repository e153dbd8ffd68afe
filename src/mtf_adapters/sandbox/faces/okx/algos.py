"""What waits for a price, as OKX counts it: a stop and a target that are a pair are one algo."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from attrs import frozen

from mtf_adapters.sandbox.faces.okx.notes import Note
from mtf_adapters.sandbox.matching.events import OrderFamily, OrderView
from mtf_core.market import OrderState, TriggerPurpose


@frozen
class Algo:
    """One waiting order, or both halves of a pair."""

    halves: Sequence[OrderView]
    note: Note
    child: OrderView | None = None
    """The order that it became, where that is remembered."""

    @property
    def number(self) -> int:
        """The engine's id that it goes by."""
        return self.halves[0].pair_id or self.halves[0].order_id

    @property
    def told(self) -> OrderView:
        """The half that says what became of it: the one that fired, else the first."""
        fired = (each for each in self.halves if each.state is OrderState.TRIGGERED)
        return next(fired, self.halves[0])

    @property
    def size(self) -> Decimal | None:
        """None: the whole position."""
        return self.halves[0].size

    def half(self, purpose: TriggerPurpose) -> OrderView | None:
        return next((each for each in self.halves if each.purpose is purpose), None)

    @property
    def order_type(self) -> str:
        if self.note.order_type:
            return self.note.order_type
        first = self.halves[0]
        if first.family is OrderFamily.TRAILING:
            return "move_order_stop"
        if first.purpose is TriggerPurpose.ENTRY:
            return "trigger"
        return "oco" if len(self.halves) > 1 else "conditional"


def paired(orders: Iterable[OrderView]) -> list[list[OrderView]]:
    """Waiting orders with the halves of one pair together, in the order of the first half; no other orders."""
    found: dict[int, list[OrderView]] = {}
    for order in orders:
        if order.family is not OrderFamily.ORDER:
            found.setdefault(order.pair_id or order.order_id, []).append(order)
    return list(found.values())
