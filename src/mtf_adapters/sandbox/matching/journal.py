"""What happens during one command, in order, and what of accounts it touched."""

from __future__ import annotations

from decimal import Decimal

from mtf_adapters.sandbox.matching.account_book import AccountBook
from mtf_adapters.sandbox.matching.events import Booked, Event, FlowView, OrderCause, OrderChanged
from mtf_adapters.sandbox.matching.order import Order
from mtf_core.market import FlowKind, Side


class Journal:
    """Events of one command, and the counters that give everything its number."""

    __slots__ = ("_ids", "balances", "events", "now_ms", "positions")

    def __init__(self) -> None:
        self.now_ms = 0
        self.events: list[Event] = []
        self.positions: dict[tuple[str, str, Side], None] = {}
        """Account, symbol and side of positions that changed and are told at the end of the command."""
        self.balances: dict[str, None] = {}
        self._ids = {"order": 0, "fill": 0, "flow": 0, "priority": 0}

    def start(self, now_ms: int) -> None:
        self.now_ms = now_ms
        self.events = []

    def next(self, what: str) -> int:
        """The next number of `order`, `fill`, `flow` or `priority`; the first is 1."""
        self._ids[what] += 1
        return self._ids[what]

    def order(self, order: Order, cause: OrderCause) -> None:
        order.updated_ms = self.now_ms
        self.events.append(OrderChanged(order.view(), cause))

    def book(self, account: AccountBook, kind: FlowKind, symbol: str, amount: Decimal) -> None:
        """Moves money of the account; nothing is told of nothing."""
        if not amount:
            return
        account.wallet += amount
        flow = FlowView(account.name, self.next("flow"), kind, symbol, amount, self.now_ms)
        account.flows.append(flow)
        self.events.append(Booked(flow))
        self.balances[account.name] = None

    def tell(self, event: Event) -> None:
        self.events.append(event)

    def touch(self, account: str, symbol: str, side: Side) -> None:
        self.positions[account, symbol, side] = None
        self.balances[account] = None
