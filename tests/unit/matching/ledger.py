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
        if fill.opens:
            if not line.size:
                line.earned, line.executions = Fraction(0), 1
            line.average = (line.average * line.size + price * size) / (line.size + size)
            line.size += size
            return line
        sign = 1 if fill.side is Side.LONG else -1
        profit = sign * (price - line.average) * size * self.contract_size
        line.size -= size
        line.earned += profit
        self.earned[fill.account] = self.earned.get(fill.account, Fraction(0)) + profit
        return line
