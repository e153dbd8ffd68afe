"""The figures of a replay: everything that is computed from its ledger, once, for all that show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby

from attrs import frozen

from mtf_core.replay.curve import Curve, Drawdown, Exposure, curve_of, daily_returns, drawdown_of, exposure_of
from mtf_core.replay.groups import Group, GroupedBy, Month, groups_of, months_of
from mtf_core.replay.holding import BuyAndHold, buy_and_hold
from mtf_core.replay.intervals import Interval, bootstrap_mean, wilson
from mtf_core.replay.ledger import Ledger, ReplayedTrade
from mtf_core.replay.outcomes import ReadyOutcomes, Waiting, ready_outcomes, waiting_of
from mtf_core.replay.sharpe import DailySharpe, sharpe_of
from mtf_core.replay.sums import Sums, by_close, sums_of


@frozen
class Streaks:
    """Trades in a row, in the order in which they were closed. A trade of exactly 0 net ends both."""

    longest_won: int
    longest_lost: int


@frozen(eq=False, kw_only=True)
class Figures:
    """Fractions are 0..1, money quote currency; what cannot be told is None."""

    sums: Sums
    expectancy_interval: Interval | None
    """Of the expectancy in R net, by bootstrap."""
    win_interval: Interval | None
    """Of the share of trades that were won (Wilson)."""
    drawdown: Drawdown
    exposure: Exposure
    streaks: Streaks
    sharpe: DailySharpe | None
    returned: float
    """What equity gained over the whole span, as a fraction of the balance at the beginning."""
    hold: BuyAndHold | None
    curve: Curve
    months: tuple[Month, ...]
    groups: Mapping[GroupedBy, tuple[Group, ...]]
    ready: ReadyOutcomes
    waiting: Waiting


def figures_of(ledger: Ledger) -> Figures:
    """All figures of a finished ledger; the order of its trades changes nothing."""
    curve, sums = curve_of(ledger), sums_of(ledger.trades)
    start, end = float(curve.equity[0]), float(curve.equity[-1])
    return Figures(
        sums=sums,
        expectancy_interval=bootstrap_mean([float(one) for one in sums.r_net]),
        win_interval=wilson(sums.won, sums.trades),
        drawdown=drawdown_of(curve),
        exposure=exposure_of(curve),
        streaks=streaks_of(by_close(ledger.trades)),
        sharpe=sharpe_of(daily_returns(curve)),
        returned=(end - start) / start,
        hold=buy_and_hold(ledger, int(curve.time_ms[-1])),
        curve=curve,
        months=months_of(ledger, curve),
        groups=groups_of(ledger),
        ready=ready_outcomes(ledger),
        waiting=waiting_of(ledger.contexts),
    )


def streaks_of(closed: Sequence[ReplayedTrade]) -> Streaks:
    """Of trades in the order in which they were closed."""
    runs = [(sign, len(list(run))) for sign, run in groupby(_sign(one.trade.net_usdt) for one in closed)]
    return Streaks(
        longest_won=max((length for sign, length in runs if sign > 0), default=0),
        longest_lost=max((length for sign, length in runs if sign < 0), default=0),
    )


def _sign(amount: Decimal) -> int:
    return (amount > 0) - (amount < 0)
