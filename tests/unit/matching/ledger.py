"""A plain ledger, written from the executions alone: average cost, in fractions, without a look at the engine."""

from __future__ import annotations

from fractions import Fraction

from attrs import define, field

from mtf_adapters.sandbox.matching.events import FillView
from mtf_core.market import Side


@define
class Line:
    """One position of one account: what is open at which average price, and what was earned since it was opened."""

    size: Fraction = Fraction(0)
    average: Fraction = Fraction(0)
    earned: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    """What its executions brought in less what they cost, without fees."""
    executions: int = 0
    """Since it was opened."""


@define
class Ledger:
    contract_size: Fraction
    lines: dict[tuple[str, str, Side], Line] = field(factory=dict)
    earned: dict[str, Fraction] = field(factory=dict)
    """Of each account, over all positions."""
    executions: int = 0

    def write(self, fill: FillView) -> Line:
        """The line after the execution."""
        line = self.lines.setdefault((fill.account, fill.symbol, fill.side), Line())
        size, price = Fraction(fill.size), Fraction(fill.price)
        self.executions += 1
        line.executions += 1
        sign = 1 if fill.side is Side.LONG else -1
        if fill.opens and not line.size:
            line.earned, line.cash, line.executions = Fraction(0), Fraction(0), 1
        line.cash += sign * price * size * self.contract_size * (-1 if fill.opens else 1)
        if fill.opens:
            line.average = (line.average * line.size + price * size) / (line.size + size)
            line.size += size
            return line
        profit = sign * (price - line.average) * size * self.contract_size
        line.size -= size
        line.earned += profit
        self.earned[fill.account] = self.earned.get(fill.account, Fraction(0)) + profit
        return line
