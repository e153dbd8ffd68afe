"""How far prices stand from their entry zones, and what becomes of the entries: over the stored zone events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, Context, Decimal
from functools import partial
from html import escape
from typing import Any, Generic, TypeVar

from attrs import frozen

from mtf_core.inquiry.flat import selection_to_json
from mtf_core.market import Timeframe, format_instant
from mtf_core.planning import ZoneCategory, ZoneCheck, ZoneEnd
from mtf_core.ports import Aside, Progress, Stores, at_once, no_progress
from mtf_core.records import Selection, ZoneTally

FEWEST_REFUSED = 10
"""Below so many refused entries nothing is suggested: a few say nothing about the next."""
LOOSENED = (ZoneCheck.MAX_DEVIATION, ZoneCheck.ZONE_MAX_DEVIATION)
"""Checks that a setting of their name loosens; the others are about where the price is."""
OPEN = "open"
"""What an event is called whose outcome is not known yet."""

_SHARES = (50, 80, 90)
_MOST_ROWS = 20
_TOLD_EVERY = 1_000
Number = TypeVar("Number", float, Decimal)


@frozen
class Percentiles(Generic[Number]):
    """The smallest values that at least 50, 80 and 90 percent of all do not exceed: each is one that occurred."""

    p50: Number
    p80: Number
    p90: Number


def percentiles(values: Sequence[Number]) -> Percentiles[Number]:
    """By nearest rank; raises ValueError for no values."""
    if not values:
        raise ValueError("no values have no percentiles")
    ordered = sorted(values)
    return Percentiles(*(ordered[-(-share * len(ordered) // 100) - 1] for share in _SHARES))


@frozen
class ZoneGroup:
    """The zone events of one execution timeframe, of one symbol or (`symbol` None) of all.

    `deviation` is a ratio of the reference price: how far the entry lay from it, or what the failed check measured.
    """

    symbol: str | None
    timeframe: Timeframe
    events: int
    deviation: Percentiles[Decimal]
    categories: Mapping[ZoneCategory, int]
    entries: Mapping[ZoneEnd | None, int]
    """What became of acceptable entries; None: it is open."""
    refused: Mapping[ZoneEnd | None, int]
    """What would have become of those that failed a check, as limits in the zone."""
    minutes_to_fill: Percentiles[float] | None
    """Of acceptable entries; None where none was filled."""

    @classmethod
    def of(cls, symbol: str | None, timeframe: Timeframe, tallies: Sequence[ZoneTally]) -> ZoneGroup:
        """The group of these events, one or more."""
        categories = Counter(one.category for one in tallies)
        entries = [one for one in tallies if one.failed_check is None]
        filled = [one.minutes for one in entries if one.end is ZoneEnd.FILLED and one.minutes is not None]
        return cls(
            symbol=symbol,
            timeframe=timeframe,
            events=len(tallies),
            deviation=percentiles([one.deviation for one in tallies]),
            categories={category: categories[category] for category in ZoneCategory},
            entries=_ends(entries),
            refused=_ends([one for one in tallies if one.failed_check is not None]),
            minutes_to_fill=percentiles(filled) if filled else None,
        )


@frozen
class ZoneRow:
    """A group as one row of a table; distances in percent."""

    symbol: str | None
    """None: all symbols together."""
    timeframe: Timeframe
    events: int
    p50_percent: float
    p80_percent: float
    p90_percent: float
    inside: int
    waiting: int
    filled: int
    left: int
    expired: int
    unknown: int
    open: int
    refused: int
    would_fill: int

    @classmethod
    def of(cls, group: ZoneGroup) -> ZoneRow:
        distances = _percentiles_to_json(group.deviation, 100)
        return cls(
            group.symbol,
            group.timeframe,
            group.events,
            distances["p50"],
            distances["p80"],
            distances["p90"],
            group.categories[ZoneCategory.INSIDE],
            group.categories[ZoneCategory.WAITING],
            group.entries[ZoneEnd.FILLED],
            group.entries[ZoneEnd.LEFT],
            group.entries[ZoneEnd.EXPIRED],
            group.entries[ZoneEnd.UNKNOWN],
            group.entries[None],
            sum(group.refused.values()),
            group.refused[ZoneEnd.FILLED],
        )


@frozen
class Suggestion:
    """What a limit would have to be so as not to refuse four of the five entries that it did. Nothing applies it."""

    profile: str
    setting: str
    """In trade_entry."""
    refused: int
    would_have_filled: int
    """Of the refused ones: the price came to the zone in time."""
    allowed: Decimal
    """The largest limit that refused; a ratio."""
    suggested: Decimal
    """A ratio, rounded up to two digits."""

    @property
    def text(self) -> str:
        return (
            f"{self.profile}: {self.setting} at {self.suggested:f} instead of {self.allowed:f} would not have refused"
            f" 80 % of {self.refused} entries; {self.would_have_filled} of these {self.refused} would have been filled"
        )


@frozen
class ZoneStatistics:
    """Zone events counted: over all symbols by timeframe, by symbol and timeframe, and what follows for settings."""

    selection: Selection
    events: int
    first_at_ms: int | None
    last_at_ms: int | None
    by_timeframe: tuple[ZoneGroup, ...]
    by_symbol: tuple[ZoneGroup, ...]
    suggestions: tuple[Suggestion, ...]

    @property
    def rows(self) -> tuple[ZoneRow, ...]:
        """The groups as flat rows: all symbols by timeframe, then each symbol."""
        return tuple(map(ZoneRow.of, (*self.by_timeframe, *self.by_symbol)))

    def to_json(self) -> dict[str, Any]:
        return {
            **selection_to_json(self.selection),
            "events": self.events,
            "first_at": _instant(self.first_at_ms),
            "last_at": _instant(self.last_at_ms),
            "by_timeframe": [_group_to_json(group) for group in self.by_timeframe],
            "by_symbol": [_group_to_json(group) for group in self.by_symbol],
            "suggestions": [_suggestion_to_json(one) for one in self.suggestions],
        }

    def _repr_html_(self) -> str:
        heads = ("symbol", "timeframe", "events", "P50 %", "P80 %", "P90 %", *ZoneEnd, OPEN, "refused", "would fill")
        rows = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(group)) + "</tr>"
            for group in (*self.by_timeframe, *self.by_symbol[:_MOST_ROWS])
        )
        listed = "".join(f"<li>{escape(one.text)}</li>" for one in self.suggestions)
        return f"<table><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr>{rows}</table><ul>{listed}</ul>"


async def zone_statistics(
    stores: Stores, selection: Selection, progress: Progress = no_progress, aside: Aside = at_once
) -> ZoneStatistics:
    """The statistics of the selected zone events of one world; of none where nothing fits. Counted `aside`."""
    tallies: list[ZoneTally] = []
    async for tally in stores.zones.tallies(selection):
        tallies.append(tally)
        if len(tallies) % _TOLD_EVERY == 0:
            progress("zone events", len(tallies), len(tallies))
    return await aside(partial(statistics_of, selection, tallies))


def statistics_of(selection: Selection, tallies: Sequence[ZoneTally]) -> ZoneStatistics:
    """The statistics of these events; groups with most events come first."""
    by_timeframe: dict[Timeframe, list[ZoneTally]] = {}
    by_symbol: dict[tuple[str, Timeframe], list[ZoneTally]] = {}
    for tally in tallies:
        by_timeframe.setdefault(tally.execution_timeframe, []).append(tally)
        by_symbol.setdefault((tally.symbol, tally.execution_timeframe), []).append(tally)
    symbols = [ZoneGroup.of(symbol, timeframe, part) for (symbol, timeframe), part in by_symbol.items()]
    return ZoneStatistics(
        selection=selection,
        events=len(tallies),
        first_at_ms=min((one.at_ms for one in tallies), default=None),
        last_at_ms=max((one.at_ms for one in tallies), default=None),
        by_timeframe=tuple(
            ZoneGroup.of(None, timeframe, by_timeframe[timeframe])
            for timeframe in Timeframe
            if timeframe in by_timeframe
        ),
        by_symbol=tuple(sorted(symbols, key=lambda group: (-group.events, str(group.symbol), group.timeframe.ms))),
        suggestions=_suggestions(tallies),
    )


def _ends(tallies: Sequence[ZoneTally]) -> dict[ZoneEnd | None, int]:
    counts = Counter(one.end for one in tallies)
    return {end: counts[end] for end in (*ZoneEnd, None)}


def _suggestions(tallies: Sequence[ZoneTally]) -> tuple[Suggestion, ...]:
    refused: dict[tuple[str, ZoneCheck], list[ZoneTally]] = {}
    for tally in tallies:
        if tally.failed_check in LOOSENED:
            refused.setdefault((tally.profile, tally.failed_check), []).append(tally)
    return tuple(
        Suggestion(
            profile=profile,
            setting=f"defaults.{check}",
            refused=len(part),
            would_have_filled=sum(one.end is ZoneEnd.FILLED for one in part),
            allowed=max(one.allowed for one in part),
            suggested=_two_digits_up(percentiles([one.deviation for one in part]).p80),
        )
        for (profile, check), part in sorted(refused.items())
        if len(part) >= FEWEST_REFUSED
    )


def _two_digits_up(ratio: Decimal) -> Decimal:
    return Context(prec=2, rounding=ROUND_CEILING).plus(ratio)


def _instant(ms: int | None) -> str | None:
    return None if ms is None else format_instant(ms)


def _group_to_json(group: ZoneGroup) -> dict[str, Any]:
    minutes = group.minutes_to_fill
    return {
        "symbol": group.symbol,
        "timeframe": str(group.timeframe),
        "events": group.events,
        "deviation_percent": _percentiles_to_json(group.deviation, 100),
        "deviation_bps": _percentiles_to_json(group.deviation, 10_000),
        "categories": {str(category): count for category, count in group.categories.items()},
        "entries": {str(end or OPEN): count for end, count in group.entries.items()},
        "refused": {str(end or OPEN): count for end, count in group.refused.items()},
        "minutes_to_fill": None if minutes is None else _percentiles_to_json(minutes, 1),
    }


def _percentiles_to_json(found: Percentiles[Any], scale: int) -> dict[str, float]:
    return {"p50": float(found.p50 * scale), "p80": float(found.p80 * scale), "p90": float(found.p90 * scale)}


def _suggestion_to_json(one: Suggestion) -> dict[str, Any]:
    return {
        "profile": one.profile,
        "setting": one.setting,
        "refused": one.refused,
        "would_have_filled": one.would_have_filled,
        "allowed": float(one.allowed),
        "suggested": float(one.suggested),
        "text": one.text,
    }


def _cells(group: ZoneGroup) -> tuple[str, ...]:
    shares = (f"{float(value) * 100:.3f}" for value in (group.deviation.p50, group.deviation.p80, group.deviation.p90))
    refused = (sum(group.refused.values()), group.refused[ZoneEnd.FILLED])
    counts = (str(count) for count in (*group.entries.values(), *refused))
    return (group.symbol or "all", str(group.timeframe), str(group.events), *shares, *counts)
