"""The durable record that an order is about to be, or was, sent: what was wanted, and what evidence says of it."""

from __future__ import annotations

from decimal import Decimal

from attrs import field, frozen
from attrs.validators import ge, gt

from mtf_core.market import MarginMode, OrderType, Side, TimeInForce, TriggerLevel
from mtf_core.orders.states import EntryState, PositionState


@frozen
class Wanted:
    """The entry as it was planned. Sizes in contracts, prices in quote currency, both on the contract's grid."""

    symbol: str
    side: Side
    size: Decimal = field(validator=gt(Decimal(0)))
    order_type: OrderType
    price: Decimal | None
    """None: at market."""
    time_in_force: TimeInForce
    post_only: bool
    leverage: Decimal
    margin_mode: MarginMode
    stop: TriggerLevel
    targets: tuple[TriggerLevel, ...]


@frozen
class Intent:
    """One attempt of one decision key. Nothing is sent before it is committed; its states change by evidence alone.

    Times are milliseconds of the exchange's clock.
    """

    decision_key: str
    attempt: int = field(validator=ge(1))
    wanted: Wanted
    client_order_id: str
    not_after_venue_ms: int
    """The exchange's time after which the request cannot have an effect any more."""
    created_venue_ms: int
    """The exchange's time when it was committed: nothing of it is older."""
    entry: EntryState = EntryState.PLANNED
    position: PositionState = PositionState.NONE
    order_id: str = ""
    """Of the exchange, once it said one."""
    stop_client_ids: frozenset[str] = frozenset()
    """Ids of every stop that was ever sent for it."""

    @property
    def is_live(self) -> bool:
        """Whether something of it may be on the exchange: unknown and stale ones are."""
        return not self.entry.is_final or not self.position.is_over
