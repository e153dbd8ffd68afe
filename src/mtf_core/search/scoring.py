"""What a stretch of a replay shows of a variant, and the score that variants are compared by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal, localcontext

import numpy as np
from attrs import frozen

from mtf_core.market import from_ms
from mtf_core.planning.exact import PLAN_CONTEXT
from mtf_core.replay.curve import Curve, drawdown_of
from mtf_core.replay.intervals import bootstrap_mean
from mtf_core.replay.ledger import ReplayedTrade
from mtf_core.search.settings import ScoreSettings
from mtf_core.search.windows import Stretch

_ZERO = Decimal(0)


@frozen(kw_only=True)
class StretchFigures:
    """Of the trades that were decided within a stretch and had ended by its end. R is net."""

    trades: int
    r_net: tuple[Decimal, ...]
    """Of each trade of which it is known, ascending."""
    expectancy_r: float | None
    low_r: float | None
    """The lower bound of the expectancy, by bootstrap (95 %); None below two trades."""
    drawdown: float
    """A fraction 0..1 of the account."""
    best_symbol: float | None
    """Its share of the whole net R, at most 1; None where there is no profit, or one symbol only."""
    best_week: float | None
    score: float | None
    """None: too few trades for any score."""


def figures_within(
    trades: Sequence[ReplayedTrade], curve: Curve, stretch: Stretch, settings: ScoreSettings, symbols: int
) -> StretchFigures:
    """The figures of a stretch; nothing that became known after its end has any part in them."""
    own = [one for one in trades if one.decided_ms in stretch and one.known_ms <= stretch.last_ms]
    r_net = tuple(sorted(one.trade.r_net for one in own if one.trade.r_net is not None))
    values = [float(one) for one in r_net]
    interval = bootstrap_mean(values)
    drawdown = drawdown_of(_cut(curve, stretch)).depth
    best_symbol = _best_share([(one.trade.symbol, one.trade.r_net) for one in own]) if symbols > 1 else None
    weeks = _week(stretch.first_ms) != _week(stretch.last_ms)
    best_week = _best_share([(_week(one.trade.closed_ms), one.trade.r_net) for one in own]) if weeks else None
    low = None if interval is None else interval.low
    return StretchFigures(
        trades=len(own),
        r_net=r_net,
        expectancy_r=float(np.mean(values)) if values else None,
        low_r=low,
        drawdown=drawdown,
        best_symbol=best_symbol,
        best_week=best_week,
        score=None if low is None else low - _penalty(settings, len(own), drawdown, best_symbol, best_week),
    )


def _penalty(
    settings: ScoreSettings, trades: int, drawdown: float, best_symbol: float | None, best_week: float | None
) -> float:
    """In R; the sum of what each doubt costs."""
    missing = max(0.0, 1 - trades / settings.trades_wanted)
    free = float(settings.concentration_free_pct)
    concentrated = sum(_beyond(share, free) for share in (best_symbol, best_week) if share is not None)
    return (
        float(settings.few_trades_r) * missing
        + float(settings.drawdown_r) * max(0.0, drawdown - float(settings.drawdown_free_pct))
        + float(settings.concentration_r) * concentrated
    )


def _beyond(share: float, free: float) -> float:
    """How much of what lies beyond the free share is used up, 0..1."""
    return max(0.0, share - free) / (1 - free) if free < 1 else 0.0


def _best_share(parts: Sequence[tuple[str, Decimal | None]]) -> float | None:
    with localcontext(PLAN_CONTEXT):
        sums: defaultdict[str, Decimal] = defaultdict(lambda: _ZERO)
        for name, r_net in parts:
            sums[name] += r_net or _ZERO
        whole = sum(sums.values(), _ZERO)
        return min(1.0, float(max(sums.values()) / whole)) if whole > 0 else None


def _week(at_ms: int) -> str:
    at: datetime = from_ms(at_ms)
    year, week, _ = at.isocalendar()
    return f"{year}-W{week:02}"


def _cut(curve: Curve, stretch: Stretch) -> Curve:
    """The account within a stretch, from what it was when that began."""
    first, last = np.searchsorted(curve.time_ms, [stretch.first_ms, stretch.last_ms], side="right")
    rows = np.arange(max(0, int(first) - 1), max(int(last), 1))
    return Curve(curve.time_ms[rows], curve.equity[rows], curve.balance[rows], curve.at_risk[rows])
