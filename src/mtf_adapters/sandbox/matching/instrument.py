"""One symbol of the engine: its contract, the market's book, and whose orders and positions are in it."""

from __future__ import annotations

from decimal import Decimal

from attrs import define, field

from mtf_adapters.sandbox.matching.book import Book
from mtf_adapters.sandbox.matching.commands import Action, Tick
from mtf_adapters.sandbox.matching.holding import Holding
from mtf_adapters.sandbox.matching.order import Order
from mtf_adapters.sandbox.matching.resting import RestingSide
from mtf_adapters.sandbox.matching.waiting import Waiting
from mtf_core.market import Contract, ContractStatus, Side, TriggerPrice


@define(eq=False, slots=True)
class Instrument:
    contract: Contract
    book: Book | None = None
    """None until the market was seen."""
    bids: RestingSide = field(factory=lambda: RestingSide(Action.BUY))
    asks: RestingSide = field(factory=lambda: RestingSide(Action.SELL))
    """Of accounts, not of the market."""
    waiting: Waiting = field(factory=Waiting)
    """Triggers and trailing orders."""
    pending: dict[int, Order] = field(factory=dict)
    """Orders that are accepted and not live yet."""
    holdings: dict[tuple[str, Side], Holding] = field(factory=dict)

    @property
    def symbol(self) -> str:
        return self.contract.symbol

    @property
    def tick(self) -> Tick | None:
        return self.book.tick if self.book else None

    @property
    def mark(self) -> Decimal:
        """The mark price; raises RuntimeError before the market was seen: nothing can be held then."""
        if self.book is None:
            raise RuntimeError(f"{self.symbol}: there is no market yet")
        return self.book.tick.mark

    @property
    def matches(self) -> bool:
        """Whether anything is executed at present."""
        return self.book is not None and self.contract.status in {ContractStatus.TRADING, ContractStatus.CLOSE_ONLY}

    @property
    def in_use(self) -> bool:
        return bool(self.holdings or len(self.waiting) or self.pending or len(self.bids) or len(self.asks))

    def resting(self, action: Action) -> RestingSide:
        """Where orders stand that do `action`."""
        return self.bids if action is Action.BUY else self.asks

    def price(self, by: TriggerPrice) -> Decimal:
        if self.book is None:
            raise RuntimeError(f"{self.symbol}: there is no market yet")
        return self.book.tick.mark if by is TriggerPrice.MARK else self.book.tick.last
