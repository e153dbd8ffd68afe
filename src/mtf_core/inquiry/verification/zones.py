"""Whether the zone events of a run are those of its plans, and what became of them is what the candles say."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from attrs import evolve

from mtf_core.inquiry.verification.checks import Checks
from mtf_core.inquiry.verification.findings import Finding
from mtf_core.market import Candles, Timeframe
from mtf_core.planning import ZoneEnd, ZoneOutcome, zone_outcome
from mtf_core.ports import Aside, CandleStore
from mtf_core.records import ZoneRecord
from mtf_core.records.codec import to_plain

_LATER_MS = 2**52
"""An instant at which every candle is closed."""


def compare_zone(recorded: ZoneRecord, found: ZoneRecord | None, checks: Checks) -> None:
    """Compares an event with the one that planning again leaves; what became of it is told by candles alone."""
    was, now = evolve(recorded, outcome=None), None if found is None else evolve(found, outcome=None)
    if was != now:  # as numbers: a database may write 1000 for 1E+3
        checks.compare(Finding.ZONE_DIFFERS, recorded.symbol, "zone", to_plain(was), now and to_plain(now))


async def check_outcomes(candles: CandleStore, zones: Sequence[ZoneRecord], checks: Checks, aside: Aside) -> None:
    """Reads again what became of settled events.

    Where the store cannot tell (its minutes were purged, or never stored), there is nothing to compare; and an outcome
    that was unknown may be known today.
    """
    settled = [(zone, zone.outcome) for zone in zones if zone.outcome is not None]
    known = [(zone, outcome) for zone, outcome in settled if outcome.end is not ZoneEnd.UNKNOWN]
    if not known:
        return
    first = min(Timeframe.M1.open_at_or_before(zone.event.at_ms) for zone, _ in known)
    last = max(zone.terms.deadline_ms for zone, _ in known)
    series = await candles.read(sorted({zone.symbol for zone, _ in known}), Timeframe.M1, first, last)
    for zone, outcome in known:
        await aside(partial(_compare_outcome, zone, outcome, series[zone.symbol], checks))


def _compare_outcome(zone: ZoneRecord, outcome: ZoneOutcome, minutes: Candles, checks: Checks) -> None:
    found = zone_outcome(zone.event, zone.terms, minutes, _LATER_MS)
    if found is not None and found.end is not ZoneEnd.UNKNOWN:
        checks.compare(Finding.ZONE_DIFFERS, zone.symbol, "zone.outcome", to_plain(outcome), to_plain(found))
