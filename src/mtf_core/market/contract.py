"""Contracts: what may be traded, on which grid of prices and sizes, at which leverage."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from enum import StrEnum

from attrs import evolve, field, frozen


class ContractStatus(StrEnum):
    """What may be done with a contract; each adapter maps its venue's words to these."""

    TRADING = "trading"
    PRE_LAUNCH = "pre_launch"
    """Listed, and not open for trading yet."""
    CLOSE_ONLY = "close_only"
    """Positions may be closed, none may be opened."""
    DELISTED = "delisted"
    UNKNOWN = "unknown"
    """A word of the venue that no adapter knows: not tradable."""


class InvalidContractError(ValueError):
    """A contract whose numbers cannot be traded on; the message lists every problem."""


def on_grid_at_or_below(raw: Decimal, step: Decimal) -> Decimal:
    """Highest multiple of `step` not above `raw`."""
    return _steps(raw, step, ROUND_FLOOR) * step


def on_grid_at_or_above(raw: Decimal, step: Decimal) -> Decimal:
    """Lowest multiple of `step` not below `raw`."""
    return _steps(raw, step, ROUND_CEILING) * step


def _steps(raw: Decimal, step: Decimal, rounding: str) -> Decimal:
    """The division rounds the same way as the result: to the nearest, a long quotient could pass a whole number."""
    with localcontext() as context:
        context.rounding = rounding
        return (raw / step).to_integral_value()


class BracketUnit(StrEnum):
    """In which unit an exchange says where its leverage brackets begin and end."""

    NOTIONAL = "notional"
    """Quote currency: a position may change its bracket with the price."""
    CONTRACTS = "contracts"
    """A size has its bracket at every price."""


@frozen
class LeverageBracket:
    """One row of the exchange's risk-limit table: notional in (floor, cap] USDT.

    Where a contract's `brackets_in` says so, floor and cap of its rows are contracts; `Contract.brackets_at` gives them
    in notional.
    """

    notional_floor: Decimal
    notional_cap: Decimal
    max_leverage: Decimal
    maintenance_margin_ratio: Decimal
    maintenance_amount: Decimal
    """The `cum` of the exchange: subtracted from ratio · notional, so that margin is continuous over brackets."""


def _as_tuple(rows: Iterable[LeverageBracket]) -> tuple[LeverageBracket, ...]:
    return tuple(rows)


@frozen
class Contract:
    """A perpetual contract with its grids and limits. Sizes are exchange contracts, money is quote currency."""

    symbol: str
    base_currency: str
    quote_currency: str
    status: ContractStatus
    tick_size: Decimal
    size_step: Decimal
    contract_size: Decimal
    """Base currency per contract."""
    min_size: Decimal
    max_size: Decimal
    max_market_size: Decimal
    min_leverage: Decimal
    max_leverage: Decimal
    maker_fee: Decimal
    """Ratio of notional, 0.0002 = 0.02 %; may be negative (a rebate)."""
    taker_fee: Decimal
    turnover_24h: Decimal
    opened_at_ms: int
    expires_at_ms: int = 0
    """0 = perpetual."""
    brackets: tuple[LeverageBracket, ...] = field(default=(), converter=_as_tuple)
    """As the exchange states them, in the unit that `brackets_in` names."""
    min_notional: Decimal = Decimal(0)
    """Least value of one order in quote currency; 0: the exchange asks for none."""
    brackets_in: BracketUnit = BracketUnit.NOTIONAL

    def __attrs_post_init__(self) -> None:
        problems = [
            f"{name} must be above zero, found {value}"
            for name, value in (
                ("tick_size", self.tick_size),
                ("size_step", self.size_step),
                ("contract_size", self.contract_size),
                ("min_size", self.min_size),
                ("min_leverage", self.min_leverage),
            )
            if not value.is_finite() or value <= 0
        ]
        if not self.min_notional.is_finite() or self.min_notional < 0:
            problems.append(f"min_notional must not be below zero, found {self.min_notional}")
        for what, least, most in (
            ("size", self.min_size, self.max_size),
            ("leverage", self.min_leverage, self.max_leverage),
        ):
            if most.is_nan() or (not least.is_nan() and most < least):
                problems.append(f"max_{what} {most} is below min_{what} {least}")
        # Such an exchange asks for the ratio of the bracket on all of the position. An amount off it, fixed in quote
        # currency, would be wrong at every other price; one made up would show liquidation farther away than it is.
        if self.brackets_in is BracketUnit.CONTRACTS and any(row.maintenance_amount for row in self.brackets):
            problems.append("brackets in contracts have a maintenance amount, which must be 0")
        if problems:
            raise InvalidContractError(f"{self.symbol}: " + "; ".join(problems))

    def is_tradable(self, from_ms: int, until_ms: int | None = None) -> bool:
        """Whether positions may be opened at `from_ms` and held beyond `until_ms` (default `from_ms`)."""
        ends = self.expires_at_ms and self.expires_at_ms <= (from_ms if until_ms is None else until_ms)
        return self.status is ContractStatus.TRADING and not ends

    def notional(self, size: Decimal, price: Decimal) -> Decimal:
        """Value of a position in quote currency."""
        return size * self.contract_size * price

    def brackets_at(self, price: Decimal) -> tuple[LeverageBracket, ...]:
        """The brackets in notional, as they are at a price; brackets in notional are the same at every one."""
        if self.brackets_in is BracketUnit.NOTIONAL:
            return self.brackets
        return tuple(
            evolve(
                row,
                notional_floor=self.notional(row.notional_floor, price),
                notional_cap=self.notional(row.notional_cap, price),
            )
            for row in self.brackets
        )
