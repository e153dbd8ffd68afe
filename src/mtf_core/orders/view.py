"""What one look at an exchange and its market gave: all that the supervisor knows beside the intent itself.

Whatever could not be read, or was not asked for, is None, and None proves nothing.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import AccountState, CashFlow, Contract, Fill, OpenOrder, Position, Quote, Side
from mtf_core.orders.evidence import EntryReads, Read


@frozen
class View:
    """One symbol of one account. `ended` and `fills` reach back to `since_ms`, by the exchange's time."""

    symbol: str
    account: Read[AccountState] | None
    """Positions and live orders of the whole account, of one and the same sync."""
    ended: Read[tuple[OpenOrder, ...]] | None
    fills: Read[tuple[Fill, ...]] | None
    flows: Read[tuple[CashFlow, ...]] | None
    """Of the symbol: funding, fees and what else moved money."""
    since_ms: int

    @property
    def live(self) -> tuple[OpenOrder, ...] | None:
        """The symbol's live orders; None where the account could not be read."""
        if self.account is None:
            return None
        return tuple(order for order in self.account.value.open_orders if order.symbol == self.symbol)

    def position(self, side: Side) -> Position | None:
        """The symbol's position of that side as the account showed it; None also where it could not be read."""
        positions = self.account.value.positions if self.account is not None else ()
        return next((one for one in positions if one.symbol == self.symbol and one.side is side), None)

    def entry_reads(self, side: Side) -> EntryReads:
        """What of it may show an entry of that side."""
        live = self.live
        opened = None if self.account is None or live is None else Read(live, self.account.begun_venue_ms)
        return EntryReads(opened, self.ended, self.fills, self.since_ms, self.position(side))


@frozen
class MarketNow:
    """The symbol's market at the same time; None: not read, and nothing that needs it is done."""

    quote: Quote | None
    contract: Contract | None

    @property
    def mark(self) -> Decimal | None:
        return None if self.quote is None else self.quote.mark.price


@frozen
class ReadsWanted:
    """What a look needs beyond the account itself. Each is a call, so none is asked for without a reason."""

    ended: bool
    fills: bool
    flows: bool
    quote: bool
    since_ms: int
    """How far back `ended`, `fills` and `flows` have to reach."""
