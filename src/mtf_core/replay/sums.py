"""What trades add up to: money to the last digit, R, and how many were won. The order of the trades changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext

from attrs import frozen

from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.ledger import ReplayedTrade

FEWEST_TRADES = 50
"""Below so many trades a ratio says nothing about the next trade: it is never shown without the words "too few"."""
TOO_FEW = "too few"
_ZERO = Decimal(0)


def is_too_few(trades: int) -> bool:
    return trades < FEWEST_TRADES


@frozen(kw_only=True)
class Sums:
    """Sums over trades, in quote currency. Costs are positive: net = gross - fees - funding.

    A trade of exactly 0 net is neither won nor lost.
    """

    trades: int
    won: int
    lost: int
    gross_usdt: Decimal
    fees_usdt: Decimal
    funding_usdt: Decimal
    net_usdt: Decimal
    slippage_usdt: Decimal
    """Part of the gross profit already; positive is worse than planned."""
    won_usdt: Decimal
    """Net of the trades that were won."""
    lost_usdt: Decimal
    """Net of the trades that were lost; never above zero."""
    r_net: tuple[Decimal, ...]
    """Of each trade of which it is known, ascending."""
    holding_ms: int
    """Of all trades together."""

    @property
    def is_too_few(self) -> bool:
        return is_too_few(self.trades)

    @property
    def expectancy_r(self) -> float | None:
        """R net of an average trade."""
        with localcontext(PLAN_CONTEXT):
            return float(sum(self.r_net, _ZERO) / len(self.r_net)) if self.r_net else None

    @property
    def expectancy_usdt(self) -> Decimal | None:
        """Net of an average trade."""
        with localcontext(PLAN_CONTEXT):
            return (self.net_usdt / self.trades).quantize(Decimal("1e-8")) if self.trades else None

    @property
    def win_rate(self) -> float | None:
        """A fraction 0..1."""
        return self.won / self.trades if self.trades else None

    @property
    def profit_factor(self) -> float | None:
        """What was won for each unit that was lost; None where nothing was lost."""
        return float(self.won_usdt / -self.lost_usdt) if self.lost_usdt else None

    @property
    def cost_share(self) -> float | None:
        """Fees and funding as a fraction of the gross profit; None where there was no gross profit."""
        return float((self.fees_usdt + self.funding_usdt) / self.gross_usdt) if self.gross_usdt > 0 else None

    @property
    def mean_holding_ms(self) -> int | None:
        return self.holding_ms // self.trades if self.trades else None


def sums_of(trades: Sequence[ReplayedTrade]) -> Sums:
    """The sums of these trades."""
    told = [one.trade for one in trades]
    nets = [one.net_usdt for one in told]
    with localcontext(PLAN_CONTEXT):
        return Sums(
            trades=len(told),
            won=sum(net > 0 for net in nets),
            lost=sum(net < 0 for net in nets),
            gross_usdt=sum((one.gross_usdt for one in told), _ZERO),
            fees_usdt=sum((one.fees_usdt for one in told), _ZERO),
            funding_usdt=sum((one.funding_usdt for one in told), _ZERO),
            net_usdt=sum(nets, _ZERO),
            slippage_usdt=sum((one.slippage_usdt for one in trades), _ZERO),
            won_usdt=sum((net for net in nets if net > 0), _ZERO),
            lost_usdt=sum((net for net in nets if net < 0), _ZERO),
            r_net=tuple(sorted(one.r_net for one in told if one.r_net is not None)),
            holding_ms=sum(one.holding_ms or 0 for one in told),
        )


def by_close(trades: Sequence[ReplayedTrade]) -> list[ReplayedTrade]:
    """The trades in the order in which they were closed."""
    return sorted(trades, key=lambda one: (one.trade.closed_ms, one.trade.symbol, one.trade.decision_key))
