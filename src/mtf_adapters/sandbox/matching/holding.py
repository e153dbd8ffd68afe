"""A position while it is open. Its cost is a sum, never an average, so that parts of it add up to the whole."""

from __future__ import annotations

from decimal import Decimal

from attrs import define

from mtf_adapters.sandbox.matching.brackets import liquidation_price
from mtf_adapters.sandbox.matching.money import ZERO, booked, quotient
from mtf_core.market import Contract, MarginMode, Side


@define(eq=False, slots=True)
class Holding:
    """`size` in contracts; money in quote currency. `cost` is Σ size · contract size · price of what is open."""

    account: str
    symbol: str
    side: Side
    contract_size: Decimal
    leverage: Decimal
    margin_mode: MarginMode
    opened_ms: int
    updated_ms: int
    size: Decimal = ZERO
    cost: Decimal = ZERO
    margin: Decimal = ZERO
    """Isolated: what the position may lose. Cross: what it keeps of the account's money from other uses."""
    realised: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    """What was booked for it; negative: paid."""
    closed_size: Decimal = ZERO
    closed_value: Decimal = ZERO
    _liquidation_price: Decimal | None = None
    _liquidation_price_of: object = None
    """How it stood when that price was reckoned."""

    @property
    def entry_price(self) -> Decimal:
        """The average, to 50 digits."""
        return quotient(self.cost, self.size * self.contract_size) if self.size else ZERO

    def notional(self, price: Decimal) -> Decimal:
        return self.size * self.contract_size * price

    def profit(self, price: Decimal) -> Decimal:
        """Unrealised, at a price."""
        gained = self.size * self.contract_size * price - self.cost
        return gained if self.side is Side.LONG else -gained

    def liquidation_price(self, contract: Contract) -> Decimal | None:
        """On its own margin, on the tick next to it that is nearer to the entry. Asked at every tick, so it is kept."""
        now = (self.size, self.cost, self.margin, contract)
        if self._liquidation_price_of != now:
            self._liquidation_price_of = now
            self._liquidation_price = liquidation_price(contract, self.side, self.size, self.cost, self.margin)
        return self._liquidation_price

    def enlarge(self, size: Decimal, value: Decimal, margin: Decimal) -> None:
        self.size += size
        self.cost += value
        self.margin += margin

    def reduce(self, size: Decimal, value: Decimal) -> Decimal:
        """Closes a part for its value; returns the profit, on the grain.

        The cost that leaves is what makes the profit exact, so over the life of a position the profits add up to what
        its executions were worth, rounded once.
        """
        if size == self.size:
            profit, self.margin = booked((value - self.cost) * self.side.sign), ZERO
            self.cost = ZERO
        else:
            share = quotient(self.cost * size, self.size)
            profit = booked((value - share) * self.side.sign)
            self.cost -= value - profit * self.side.sign
            self.margin -= booked(quotient(self.margin * size, self.size))
        self.size -= size
        self.realised += profit
        self.closed_size += size
        self.closed_value += value
        return profit
