"""Trades put together by what they have in common, and month by month."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from attrs import frozen

from mtf_core.market import from_ms, to_ms
from mtf_core.replay.curve import Curve
from mtf_core.replay.ledger import Ledger, ReplayedTrade
from mtf_core.replay.sums import Sums, sums_of

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class GroupedBy(StrEnum):
    """By what trades are put together. Hours and days are those of the entry, in UTC."""

    SYMBOL = "symbol"
    EXIT_REASON = "exit_reason"
    TIMEFRAME = "timeframe"
    SIDE = "side"
    TREND = "trend"
    VOLATILITY = "volatility"
    HOUR = "hour"
    WEEKDAY = "weekday"


@frozen
class Group:
    """The trades of one group."""

    name: str
    sums: Sums


@frozen
class Month:
    """One calendar month UTC. Trades belong to the month in which they were closed; what is open counts in equity."""

    name: str
    """`2026-03`."""
    sums: Sums
    returned: float
    """What equity gained, as a fraction of what it was when the month began."""


def groups_of(ledger: Ledger) -> dict[GroupedBy, tuple[Group, ...]]:
    """Every trade is in one group of each kind. Hours and weekdays stand in their order, others by what they lost."""
    return {by: _grouped(ledger.trades, by) for by in GroupedBy}


def _grouped(trades: Sequence[ReplayedTrade], by: GroupedBy) -> tuple[Group, ...]:
    parts: dict[str, list[ReplayedTrade]] = {}
    for trade in trades:
        parts.setdefault(_NAMES[by](trade), []).append(trade)
    groups = [Group(name, sums_of(part)) for name, part in parts.items()]
    if by is GroupedBy.WEEKDAY:
        return tuple(sorted(groups, key=lambda one: _WEEKDAYS.index(one.name)))
    if by is GroupedBy.HOUR:
        return tuple(sorted(groups, key=lambda one: one.name))
    return tuple(sorted(groups, key=lambda one: (one.sums.net_usdt, one.name)))


def _entered(one: ReplayedTrade) -> datetime:
    return from_ms(one.decided_ms if one.trade.opened_ms is None else one.trade.opened_ms)


_NAMES: dict[GroupedBy, Callable[[ReplayedTrade], str]] = {
    GroupedBy.SYMBOL: lambda one: one.trade.symbol,
    GroupedBy.EXIT_REASON: lambda one: "unknown" if one.trade.exit_reason is None else str(one.trade.exit_reason),
    GroupedBy.TIMEFRAME: lambda one: str(one.trade.execution_timeframe),
    GroupedBy.SIDE: lambda one: str(one.trade.side),
    GroupedBy.TREND: lambda one: str(one.regime.trend),
    GroupedBy.VOLATILITY: lambda one: str(one.regime.volatility),
    GroupedBy.HOUR: lambda one: f"{_entered(one).hour:02}:00",
    GroupedBy.WEEKDAY: lambda one: _WEEKDAYS[_entered(one).weekday()],
}


def months_of(ledger: Ledger, curve: Curve) -> tuple[Month, ...]:
    """Every month that the replay touches, also those without a trade."""
    first_ms = int(curve.time_ms[0])
    last_ms = max([int(curve.time_ms[-1]), *(one.trade.closed_ms for one in ledger.trades)])
    parts: dict[str, list[ReplayedTrade]] = {}
    for trade in ledger.trades:
        parts.setdefault(f"{from_ms(trade.trade.closed_ms):%Y-%m}", []).append(trade)
    months = []
    begins = from_ms(first_ms).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while to_ms(begins) <= last_ms:
        after = _next_month(begins)
        edges = np.array([max(first_ms, to_ms(begins)), min(last_ms, to_ms(after))], dtype=np.int64)
        before, then = (float(equity) for equity in curve.at(edges))
        returned = (then - before) / before if before > 0 else 0.0
        name = f"{begins:%Y-%m}"
        # A replay until midnight does not touch the month that begins then.
        if to_ms(begins) < last_ms or name in parts:
            months.append(Month(name, sums_of(parts.get(name, [])), returned))
        begins = after
    return tuple(months)


def _next_month(begins: datetime) -> datetime:
    year, month = divmod(begins.year * 12 + begins.month, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
