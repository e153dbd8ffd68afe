"""Closed trades over time: R, costs, how many were won, and how far they ran; by profile, symbol and exit reason."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

from attrs import evolve, frozen

from mtf_core.inquiry.flat import row_to_json, selection_to_json, share
from mtf_core.inquiry.trades import TradeSelection, read_trades, totals_of
from mtf_core.inquiry.zones import percentiles
from mtf_core.orders import Trade
from mtf_core.ports import OrderStore
from mtf_core.records import Selection


class TradesBy(StrEnum):
    """By what trades are put together."""

    ALL = "all"
    PROFILE = "profile"
    SYMBOL = "symbol"
    EXIT_REASON = "exit_reason"


@frozen
class TradeGroup:
    """Trades of one group. Money is quote currency; what no trade of the group tells is None.

    R is after costs. MFE and MAE are how far the price went for and against a trade while it was open, in R, the latter
    below zero: in half of the trades no farther than P50, in nine of ten no farther than P90.
    """

    by: TradesBy
    group: str | None
    """None: all of them, and trades of which nobody knows why they ended."""
    trades: int
    won: int
    lost: int
    win_rate: float | None
    """A fraction 0..1."""
    net_usdt: Decimal
    gross_usdt: Decimal
    fees_usdt: Decimal
    funding_usdt: Decimal
    slippage_usdt: Decimal | None
    """Of the entries and exits of which it is known; None: of none."""
    r_known: int
    """Trades whose R is known."""
    r_mean: float | None
    r_p50: float | None
    mfe_r_p50: float | None
    mfe_r_p90: float | None
    mae_r_p50: float | None
    mae_r_p90: float | None
    holding_seconds_mean: float | None


@frozen
class TradeStatistics:
    """Groups of trades: all, by profile, by symbol, by exit reason; in each, those that lost most money first."""

    selection: Selection
    trades: int
    rows: tuple[TradeGroup, ...]
    unreadable: tuple[str, ...]
    """Decision keys whose closed event tells no trade."""

    def to_json(self) -> dict[str, Any]:
        return {
            **selection_to_json(self.selection),
            "trades": self.trades,
            "unreadable": list(self.unreadable),
            "rows": [row_to_json(row) for row in self.rows],
        }


async def trade_statistics(orders: OrderStore, selection: Selection) -> TradeStatistics:
    """The statistics of trades that were closed in the selected time, by the exchange's clock; raises `StoreError`."""
    only = selection.symbols[0] if selection.symbols is not None and len(selection.symbols) == 1 else None
    wanted = TradeSelection(only, selection.profile, selection.since_ms)
    found = await read_trades(orders, wanted, sys.maxsize)
    fitting = [
        trade
        for trade in found.trades
        if selection.has_time(trade.closed_ms)
        and selection.has_symbol(trade.symbol)
        and selection.has_timeframe(trade.execution_timeframe)
    ]
    return evolve(statistics_of(selection, fitting), unreadable=found.unreadable)


def statistics_of(selection: Selection, trades: Sequence[Trade]) -> TradeStatistics:
    """The statistics of these trades."""
    if not trades:
        return TradeStatistics(selection, 0, (), ())
    rows = [_group(TradesBy.ALL, None, trades)]
    for by, name in _NAMES.items():
        parts: dict[str | None, list[Trade]] = {}
        for trade in trades:
            parts.setdefault(name(trade), []).append(trade)
        groups = [_group(by, group, part) for group, part in parts.items()]
        rows += sorted(groups, key=lambda one: (one.net_usdt, str(one.group)))
    return TradeStatistics(selection, len(trades), tuple(rows), ())


_NAMES: dict[TradesBy, Callable[[Trade], str | None]] = {
    TradesBy.PROFILE: lambda trade: trade.profile,
    TradesBy.SYMBOL: lambda trade: trade.symbol,
    TradesBy.EXIT_REASON: lambda trade: None if trade.exit_reason is None else str(trade.exit_reason),
}


def _group(by: TradesBy, group: str | None, trades: Sequence[Trade]) -> TradeGroup:
    totals = totals_of(trades)
    r, mfe, mae = (
        [value for trade in trades if (value := getattr(trade, name)) is not None]
        for name in ("r_net", "mfe_r", "mae_r")
    )
    slipped = any(one is not None for trade in trades for one in (trade.entry_slippage_usdt, trade.exit_slippage_usdt))
    against = [-value for value in mae]  # a loss is below zero: the farthest is the lowest
    r_half, mfe_shares, mae_shares = (percentiles(values) if values else None for values in (r, mfe, against))
    return TradeGroup(
        by=by,
        group=group,
        trades=totals.trades,
        won=totals.won,
        lost=totals.lost,
        win_rate=share(totals.won, totals.trades),
        net_usdt=totals.net_usdt,
        gross_usdt=totals.gross_usdt,
        fees_usdt=totals.fees_usdt,
        funding_usdt=totals.funding_usdt,
        slippage_usdt=totals.slippage_usdt if slipped else None,
        r_known=len(r),
        r_mean=None if totals.expectancy_r is None else float(totals.expectancy_r),
        r_p50=None if r_half is None else float(r_half.p50),
        mfe_r_p50=None if mfe_shares is None else float(mfe_shares.p50),
        mfe_r_p90=None if mfe_shares is None else float(mfe_shares.p90),
        mae_r_p50=None if mae_shares is None else -float(mae_shares.p50),
        mae_r_p90=None if mae_shares is None else -float(mae_shares.p90),
        holding_seconds_mean=None if totals.holding_ms is None else totals.holding_ms / 1000,
    )
