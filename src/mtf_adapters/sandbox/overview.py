"""A table of a sandbox market at an instant: what a person wants to see before running anything on it."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import numpy as np
from attrs import frozen

from mtf_adapters.sandbox.market import Market
from mtf_core.market import DAY_MS, Candles, Contract, Timeframe
from mtf_core.ports import ExchangeError, TimeframeNotServedError

_REGIME_CANDLES = 48
_TREND_EFFICIENCY = 0.3
_LOUD, _QUIET = 1.5, 0.6


class Regime(StrEnum):
    """What the last 48 hours looked like."""

    TREND_UP = "trend up"
    TREND_DOWN = "trend down"
    VOLATILE = "volatile"
    QUIET = "quiet"
    RANGE = "range"
    UNKNOWN = "unknown"


@frozen
class MarketRow:
    """One symbol at one instant. Prices and turnover in quote currency; ratios, 0.01 = 1 %."""

    symbol: str
    status: str
    price: Decimal
    change_24h_ratio: float | None
    """None where a day of history is not there; the day begins at the last full hour."""
    turnover_24h: Decimal
    spread_ratio: Decimal
    regime: Regime


@frozen
class MarketOverview:
    """Rows by falling turnover; symbols without prices at the instant are named with the reason."""

    rows: tuple[MarketRow, ...]
    unpriced: tuple[tuple[str, str], ...]


def market_overview(market: Market, now_ms: int, limit: int | None = None) -> MarketOverview:
    """The market at the instant, all of it or the `limit` symbols of the largest turnover."""
    contracts = sorted(market.contracts(now_ms), key=lambda contract: (-contract.turnover_24h, contract.symbol))
    rows: list[MarketRow] = []
    unpriced: list[tuple[str, str]] = []
    for contract in contracts[:limit]:
        try:
            rows.append(_row(market, contract, now_ms))
        except ExchangeError as error:
            unpriced.append((contract.symbol, str(error)))
    return MarketOverview(tuple(rows), tuple(unpriced))


def _row(market: Market, contract: Contract, now_ms: int) -> MarketRow:
    quote = market.prices(contract.symbol, now_ms)
    try:
        hours = _hours(market, contract.symbol, now_ms)
    except TimeframeNotServedError:
        hours = Candles.empty(Timeframe.H1)
    day_ago = hours.closed_at(now_ms - DAY_MS)
    change = float(quote.last) / float(day_ago.close[-1]) - 1 if len(day_ago) else None
    return MarketRow(
        symbol=contract.symbol,
        status=contract.status,
        price=quote.last,
        change_24h_ratio=change,
        turnover_24h=contract.turnover_24h,
        spread_ratio=(quote.ask - quote.bid) * 2 / (quote.ask + quote.bid),
        regime=regime_of(hours),
    )


def _hours(market: Market, symbol: str, now_ms: int) -> Candles:
    last = Timeframe.H1.last_closed_open(now_ms)
    return market.candles(symbol, Timeframe.H1, last - (4 * _REGIME_CANDLES - 1) * Timeframe.H1.ms, last, now_ms)


def regime_of(candles: Candles) -> Regime:
    """The regime of the last 48 candles.

    Trend: the net move is at least 30 % of the way that the closes went (Kaufman's efficiency ratio). Else volatile or
    quiet: the mean range is above 1.5 or below 0.6 times that of all candles given. Else a range.
    """
    if len(candles) <= _REGIME_CANDLES:
        return Regime.UNKNOWN
    closes = candles.close[-_REGIME_CANDLES - 1 :]
    moves = np.diff(closes)
    net, way = float(moves.sum()), float(np.abs(moves).sum())
    if way > 0 and abs(net) >= _TREND_EFFICIENCY * way:
        return Regime.TREND_UP if net > 0 else Regime.TREND_DOWN
    ranges = (candles.high - candles.low) / candles.close
    usual = float(ranges.mean())
    recent = float(ranges[-_REGIME_CANDLES:].mean())
    if recent > _LOUD * usual:
        return Regime.VOLATILE
    return Regime.QUIET if recent < _QUIET * usual else Regime.RANGE
