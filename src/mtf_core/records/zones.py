"""Zone events as they are kept: how the market stood to a zone in a run, and later what became of the entry."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import MINUTE_MS, Timeframe
from mtf_core.planning import EntryTerms, ZoneCategory, ZoneCheck, ZoneEnd, ZoneEvent, ZoneOutcome


@frozen
class ZoneRecord:
    """The zone event of one symbol in one run, of a plan or of a skip. `outcome` is None while it is open."""

    run_id: str
    profile: str
    event: ZoneEvent
    terms: EntryTerms
    outcome: ZoneOutcome | None = None

    @property
    def symbol(self) -> str:
        return self.event.symbol

    @property
    def key(self) -> tuple[str, str]:
        """Of the run and its symbol; a run has no two events of a symbol."""
        return self.run_id, self.event.symbol


@frozen
class ZoneTally:
    """What statistics need of a zone event."""

    symbol: str
    execution_timeframe: Timeframe
    profile: str
    at_ms: int
    deviation: Decimal
    allowed: Decimal
    category: ZoneCategory
    failed_check: ZoneCheck | None
    end: ZoneEnd | None
    """None: the event is open."""
    end_ms: int | None

    @property
    def minutes(self) -> float | None:
        """How long it took, to the end of the minute in which it happened; None where that is open or unknown."""
        return None if self.end_ms is None else (self.end_ms - self.at_ms) / MINUTE_MS
