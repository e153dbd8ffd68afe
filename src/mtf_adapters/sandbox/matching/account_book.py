"""What the engine keeps of one account."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from decimal import Decimal

from attrs import define, field, frozen

from mtf_adapters.sandbox.matching.events import FillView, FlowView, OrderView
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.live_orders import LiveOrders
from mtf_adapters.sandbox.matching.money import ZERO
from mtf_core.market import MarginMode, PositionMode, Side


@frozen
class Ended:
    """An order's last view, and from when on queries show it."""

    view: OrderView
    visible_from_ms: int


@define(eq=False, slots=True)
class AccountBook:
    name: str
    position_mode: PositionMode
    wallet: Decimal = ZERO
    order_margin: Decimal = ZERO
    """Sum of what its live orders have reserved."""
    live: LiveOrders = field(factory=LiveOrders)
    ended: dict[int, Ended] = field(factory=dict)
    """The oldest end first, as long as they are remembered."""
    holdings: dict[tuple[str, Side], Holding] = field(factory=dict)
    settings: dict[str, tuple[Decimal, MarginMode]] = field(factory=dict)
    """Leverage and margin mode by symbol, where they were set."""
    client_ids: set[str] = field(factory=set)
    """Every id of its own that may not be used again."""
    fills: deque[FillView] = field(factory=deque)
    flows: deque[FlowView] = field(factory=deque)
    cancel_at_ms: dict[str, int] = field(factory=dict)
    """When a symbol's orders, or under an empty name all, are cancelled unless the account asks again."""

    def holdings_of(self, symbol: str) -> Iterator[Holding]:
        for side in Side:
            holding = self.holdings.get((symbol, side))
            if holding is not None:
                yield holding

    @property
    def is_idle(self) -> bool:
        """No position and no live order of any kind."""
        return not self.holdings and not self.live
