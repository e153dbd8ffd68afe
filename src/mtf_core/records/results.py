"""What became of a symbol in a run, as it is stored and reported."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from attrs import field, frozen

from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason
from mtf_core.records.plans import PlanRecord
from mtf_core.validation.outcome import Outcome
from mtf_core.validation.shortage import CandleShortage


class SymbolStatus(StrEnum):
    """What became of a symbol."""

    READY = "READY"
    INVALID = "INVALID"
    SKIPPED = "SKIPPED"
    """Not evaluated: busy, switched off or locked."""
    ERROR = "ERROR"


class OrderStatus(StrEnum):
    """What became of a READY symbol's order."""

    SUBMITTED = "submitted"
    """It was sent; whether it rests, filled or is looked for, its intent knows."""
    SIMULATED = "simulated"
    SKIPPED = "skipped"
    ERROR = "error"
    """Something failed before it could be sent; the facts hold code and message."""


@frozen
class OrderOutcome:
    """The end of the pipeline for a READY symbol; `facts` are the numbers behind a skip, or what the exchange said."""

    status: OrderStatus
    reason: Reason | None = None
    facts: Mapping[str, str] = field(factory=dict)
    client_order_id: str | None = None
    """Our id of the order; None where none was committed."""
    order_id: str | None = None
    """The exchange's id; None where it gave none."""


@frozen
class TimeframeResult:
    """One timeframe's part of a symbol's result. `reason` says why the outcome is INVALID or CONFLICT."""

    outcome: Outcome
    reason: Reason | None
    missing: tuple[str, ...]
    shortage: CandleShortage | None = None
    """The candles that it lacked, where that made it invalid."""
    failed_filters: tuple[str, ...] = ()
    """The mandatory filters that were not true, where they made it invalid."""


@frozen
class SymbolError:
    """What stopped a symbol."""

    code: str
    message: str


@frozen(kw_only=True)
class ResultRecord:
    """A symbol's part of the report. `reason` is its one final reason; None only when an order went or would have.

    A plan that a guard refused is there beside the refusal in `order`; where planning itself said no, there is none.
    """

    status: SymbolStatus
    reason: Reason | None
    side: Side | None
    execution_timeframe: Timeframe | None
    last_timeframe: Timeframe | None
    """The timeframe that was reached last; None for a symbol that was not evaluated, and where version 1 stored it."""
    decision_key: str | None
    context: Mapping[Timeframe, TimeframeResult]
    execution: Mapping[Timeframe, TimeframeResult]
    context_skipped: bool = False
    order: OrderOutcome | None = None
    plan: PlanRecord | None = None
    error: SymbolError | None = None
