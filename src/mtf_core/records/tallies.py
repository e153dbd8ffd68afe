"""What stored decisions add up to, as the store counts them."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import Side, Timeframe
from mtf_core.reasons import StoredReason


@frozen
class Ending:
    """How a decision ended. Side and timeframe are None where it was stopped before it had one."""

    status: str
    reason: StoredReason | None
    """None: an order went, or would have."""
    side: Side | None
    timeframe: Timeframe | None


@frozen
class EndingTally:
    """How many decisions of a symbol, or of a run, ended so."""

    of: str
    """The symbol, or the run's id."""
    ending: Ending
    decisions: int


@frozen
class SymbolDecision:
    """One decision of a symbol, without what its run's block holds of it."""

    run_id: str
    symbol: str
    profile: str
    instant_ms: int
    ending: Ending
