"""What a decision and its plan were made from, so that both can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import frozen

from mtf_core.market import Contract, MarkPrice, Timeframe, TopOfBook


@frozen
class CandleRange:
    """The candles of one symbol and timeframe that a decision rests on.

    `recursive_from_ms`: where averages begin to count; `count`: how many candles there were; `digest`: the first 128
    bits or more of the SHA-256 of their columns, in hexadecimal.
    """

    first_open_ms: int
    last_open_ms: int
    recursive_from_ms: int
    count: int
    digest: str
    carried: int = 0
    """How many of them were missing, and carry the close before them (`no_trade: carry`)."""

    def has_digest(self, whole: str) -> bool:
        """Whether this range was made of the candles with that whole digest."""
        return whole.startswith(self.digest)


@frozen
class PlanInputs:
    """What a plan was made from, beside the candles."""

    book: TopOfBook
    mark: MarkPrice | None
    available_balance: Decimal
    balance_time_ms: int
    valid_timeframes: int | None
    contract: Contract
    planned_at_ms: int
    """What the ages of the facts are measured against."""


@frozen
class DecisionInputs:
    """Everything that one decision and its plan were made from. `plan` is None where nothing was planned."""

    at_ms: int
    candles: Mapping[Timeframe, CandleRange]
    spread_bps: float | None
    plan: PlanInputs | None
