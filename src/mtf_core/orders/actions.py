"""What the supervisor decides: how the intent is to stand, and the one write that is due, if any.

A look leads to at most one write. What comes after it is decided from the next look, which shows what became of it.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from attrs import field, frozen

from mtf_core.market import Amendment, ExitOrder, OrderKind, OrderType, ProtectiveOrder, TimeInForce
from mtf_core.orders.asked import Answer
from mtf_core.orders.intent import Intent
from mtf_core.orders.lifecycle import Alarm, LifecycleEvent


@frozen
class Cancellation:
    """Ends one live order, named by the exchange's id, never an empty one."""

    symbol: str
    order_id: str = field()
    kind: OrderKind

    @order_id.validator
    def _names_its_order(self, _: object, order_id: str) -> None:
        if not order_id:
            raise ValueError(f"{self.symbol}: a cancellation names its order")


@frozen
class FurtherAttempt:
    """Another order that tries to enter: an entry like the first, for which every guard is asked again."""

    size: Decimal
    order_type: OrderType
    price: Decimal | None
    time_in_force: TimeInForce
    post_only: bool


Write: TypeAlias = ProtectiveOrder | ExitOrder | Amendment | Cancellation | FurtherAttempt


@frozen
class Action:
    """One write and why. `protects`: it must not wait for store, limiter or locks; it may only reduce."""

    write: Write
    why: str
    """A word of the code, for events and logs: `stop_missing`, `deadline`, `time_stop`."""
    protects: bool


@frozen
class SwitchOff:
    """The symbol's switch goes off for a while."""

    symbol: str
    minutes: int
    reason: str


@frozen
class Supervised:
    """What one look led to."""

    intent: Intent
    """As it is to be committed before the write leaves: its generations count the write already."""
    action: Action | None = None
    events: tuple[LifecycleEvent, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    """Every alarm of the intent that stands now, the old ones too; what is not among them has ended."""
    answers: tuple[Answer, ...] = ()
    """To what the operator asked."""
    switch_off: SwitchOff | None = None
    look_again_ms: int = 5000
    """When the next look is due at the latest, from now."""
