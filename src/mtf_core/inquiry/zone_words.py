"""A zone event in words: how the price stood to the entry zone, and what became of the entry."""

from __future__ import annotations

from mtf_core.market import MINUTE_MS, format_instant
from mtf_core.planning import EndSource, ZoneCategory, ZoneEnd
from mtf_core.records import JsonObject, ZoneRecord


def zone_words(record: ZoneRecord) -> str:
    """One line, like `entry zone 99.1 to 99.8: waiting, 0.14 % away; filled 3 min after the plan, by the candles`."""
    event = record.event
    zone, away = event.zone, f"{float(event.deviation):.2%}".replace("%", " %")
    stood = "inside" if event.category is ZoneCategory.INSIDE else f"{event.category.replace('_', ' ')}, {away} away"
    entry = "its entry" if event.failed_check is None else "a limit at its nearest price"
    return f"entry zone {zone.low} to {zone.high}: {stood}; {entry} {_end_words(record)}"


def _end_words(record: ZoneRecord) -> str:
    outcome = record.outcome
    if outcome is None:
        return "is still open: the minutes after the plan are not there yet"
    if outcome.end is ZoneEnd.UNKNOWN:
        return "ended unknown: the candles do not tell"
    by = "by the book of the plan" if outcome.source is EndSource.BOOK else "by the candles after it, nothing was sent"
    if outcome.at_ms is None or outcome.source is EndSource.BOOK:
        return f"{_WORDS[outcome.end]} at once, {by}"
    minutes = (outcome.at_ms - record.event.at_ms) / MINUTE_MS
    return f"{_WORDS[outcome.end]} {minutes:.0f} min after the plan, {by}"


_WORDS = {
    ZoneEnd.FILLED: "would have filled",
    ZoneEnd.LEFT: "would have been cancelled, because the price went away,",
    ZoneEnd.EXPIRED: "would have expired",
}


def zone_to_json(record: ZoneRecord) -> JsonObject:
    """What `why` tells of it; the whole event stands in the report."""
    event, outcome = record.event, record.outcome
    return {
        "category": str(event.category),
        "deviation_percent": float(event.deviation * 100),
        "end": None if outcome is None else str(outcome.end),
        "source": None if outcome is None else str(outcome.source),
        "ended_at": None if outcome is None or outcome.at_ms is None else format_instant(outcome.at_ms),
    }
