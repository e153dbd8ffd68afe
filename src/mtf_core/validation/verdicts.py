"""What was found on the way to a decision, as values: enough to explain it without rules or candles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from attrs import field, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.trace import TraceNode
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.selection import Step
from mtf_core.validation.shortage import CandleShortage
from mtf_core.validation.value_history import ValueHistory


@frozen
class TimeframeVerdict:
    """What one timeframe said of one symbol, and why; `open_ms` is the evaluated candle's open time.

    `reason` says why the outcome is INVALID or CONFLICT; None where it is neither.
    """

    timeframe: Timeframe
    open_ms: int
    outcome: Outcome
    reason: Reason | None
    long: TraceNode | None
    short: TraceNode | None
    filters: tuple[TraceNode, ...]
    filter_sides: tuple[str, ...]
    """For each filter, the side that it speaks for, or `both`."""
    shortage: CandleShortage | None = None
    """What it lacked of its candles; None where there were enough, and in what older versions stored."""
    carried: int = 0
    """How many of its candles were missing, and carry the close before them (`no_trade: carry`)."""
    histories: Mapping[str, ValueHistory] = field(factory=dict)
    """What each feature in its trees rests on, by the name that it has there; empty in what older versions stored."""

    @property
    def failed_filters(self) -> tuple[str, ...]:
        """The mandatory filters that were not true, by name, where they made the timeframe invalid."""
        if self.reason is not Reason.FILTERS_MANDATORY_FAILED:
            return ()
        return tuple(dict.fromkeys(tree.label for tree in self.filters if tree.result != "true"))

    @property
    def missing(self) -> tuple[str, ...]:
        """Features that were missing on either side or in a filter."""
        trees = [tree for tree in (self.long, self.short, *self.filters) if tree is not None]
        return tuple(dict.fromkeys(name for tree in trees for name in tree.missing))


@frozen
class SelectorVerdict:
    """What the walk did at one execution timeframe; the truths are 1, 0 (unknown) or −1 of each whole group."""

    timeframe: Timeframe
    step: Step
    candidate: bool
    stay: int
    drop: int
    forbid: int


@frozen
class ContextVerdict:
    """The context's side, or the reason why it has none."""

    side: Side | None
    reason: Reason | None


class Verdict(Protocol):
    """What was decided for one symbol at one instant: a decision, or the trace of one."""

    @property
    def symbol(self) -> str: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> Reason | None: ...
    @property
    def side(self) -> Side | None: ...
    @property
    def execution_timeframe(self) -> Timeframe | None: ...
    @property
    def key(self) -> str | None: ...


@frozen
class DecisionTrace:
    """Everything that led to one decision, as values: enough to explain it without rules or candles."""

    symbol: str
    at_ms: int
    reason: Reason | None
    side: Side | None
    execution_timeframe: Timeframe | None
    key: str | None
    context: ContextVerdict | None
    """None when the context was skipped."""
    timeframes: tuple[TimeframeVerdict, ...]
    selection: tuple[SelectorVerdict, ...]

    @property
    def status(self) -> str:
        """READY or INVALID."""
        return "READY" if self.reason is None else "INVALID"
