"""What a plan is made from: the signal, and the market as it was just before planning."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market import MarkPrice, Side, Timeframe, TopOfBook


class FactRole(StrEnum):
    """What a feature is needed for in a plan. Which feature plays the role follows from the settings (`needs`)."""

    STOP_ATR = "stop_atr"
    LEVERAGE_ATR = "leverage_atr"
    """15m, for the volatility factor of the leverage."""
    ANCHOR_VWAP = "anchor_vwap"
    ANCHOR_AVERAGE = "anchor_average"
    """SMA21, or MA21 where the settings say so."""
    ZONE_ATR = "zone_atr"
    ADX_1H = "adx_1h"
    SPLIT_ATR = "split_atr"
    """5m, for the share of the first of two targets."""
    VOLUME_RATIO = "volume_ratio"
    """Of the execution timeframe; no plan depends on it, a zone event records it."""
    PIVOT_R1 = "pivot_r1"
    PIVOT_R2 = "pivot_r2"
    PIVOT_R3 = "pivot_r3"
    PIVOT_R4 = "pivot_r4"
    PIVOT_R5 = "pivot_r5"
    PIVOT_R6 = "pivot_r6"
    PIVOT_S1 = "pivot_s1"
    PIVOT_S2 = "pivot_s2"
    PIVOT_S3 = "pivot_s3"
    PIVOT_S4 = "pivot_s4"
    PIVOT_S5 = "pivot_s5"
    PIVOT_S6 = "pivot_s6"
    FALLBACK_PIVOT_R1 = "fallback_pivot_r1"
    FALLBACK_PIVOT_R2 = "fallback_pivot_r2"
    FALLBACK_PIVOT_R3 = "fallback_pivot_r3"
    FALLBACK_PIVOT_R4 = "fallback_pivot_r4"
    FALLBACK_PIVOT_R5 = "fallback_pivot_r5"
    FALLBACK_PIVOT_R6 = "fallback_pivot_r6"
    FALLBACK_PIVOT_S1 = "fallback_pivot_s1"
    FALLBACK_PIVOT_S2 = "fallback_pivot_s2"
    FALLBACK_PIVOT_S3 = "fallback_pivot_s3"
    FALLBACK_PIVOT_S4 = "fallback_pivot_s4"
    FALLBACK_PIVOT_S5 = "fallback_pivot_s5"
    FALLBACK_PIVOT_S6 = "fallback_pivot_s6"


PIVOT_COUNT = 6


def daily_pivot(letter: str, number: int) -> FactRole:
    """The role of a daily pivot level: letter `r` or `s`, number 1..6."""
    return FactRole(f"pivot_{letter}{number}")


def fallback_pivot(letter: str, number: int) -> FactRole:
    """The role of a 15m pivot level: letter `r` or `s`, number 1..6."""
    return FactRole(f"fallback_pivot_{letter}{number}")


def decision_key(symbol: str, timeframe: Timeframe, at_ms: int, side: Side) -> str:
    """Identifies one trading opportunity: symbol, execution timeframe, open time of its last closed candle, side."""
    return f"{symbol}:{timeframe}:{timeframe.last_closed_open(at_ms)}:{side}"


@frozen
class Signal:
    """A trading opportunity that a decision found."""

    symbol: str
    side: Side
    execution_timeframe: Timeframe
    decision_key: str


@frozen
class FeatureFact:
    """A feature's value on a closed candle. NaN or infinite means missing; prices are in quote currency."""

    value: float
    candle_close_ms: int


@frozen
class MarketFacts:
    """The market and the account just before planning; each fact carries its time, UTC milliseconds.

    A role that is absent from `features` is missing. `valid_timeframes` counts the timeframes whose outcome was the
    signal's side; None leaves the split of two targets neutral.
    """

    book: TopOfBook
    mark: MarkPrice | None
    available_balance: Decimal
    balance_time_ms: int
    features: Mapping[FactRole, FeatureFact] = field(factory=dict)
    valid_timeframes: int | None = None
