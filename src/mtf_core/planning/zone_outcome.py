"""What became of an entry that a zone event tells of: filled, left behind, expired, or unknown; read from minutes.

A candle says that a price was traded within its minute, not when. So a fill counts where a whole minute between the
plan and its deadline trades through the limit. Where only the minute of the plan itself, or that of the deadline, does,
nobody can say on which side of the instant it was: the outcome is unknown, as it is where a minute is missing.
"""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

import numpy as np
from attrs import frozen

from mtf_core.market import MINUTE_MS, Candles, Side, Timeframe, TopOfBook
from mtf_core.planning.zone_event import ZoneEvent
from mtf_core.settings.trade_entry import TradeEntrySettings

PATIENCE_MS = 60 * MINUTE_MS
"""For how long a candle that should be there may still come; a candle after it says sooner that it will not."""


class ZoneEnd(StrEnum):
    """What can become of an entry. Where there was none, it is told of a limit at the candidate's nearest price in the
    zone."""

    FILLED = "filled"
    """It took what the book showed, or the price traded through the limit, by a tick or more, before the deadline."""
    LEFT = "left"
    """The price was in the zone and closed a minute beyond it, away from the entry; or farther from the entry than
    `max_deviation_pct`; or it had left the zone on its far side before the plan."""
    EXPIRED = "expired"
    """The deadline passed first."""
    UNKNOWN = "unknown"
    """The candles do not tell."""


class EndSource(StrEnum):
    """What an outcome was read from."""

    BOOK = "book"
    """The book and the mark price that the plan was made from."""
    CANDLES = "candles"
    """The minutes after the plan: nothing was sent, so this is what an order would have met."""


@frozen
class ZoneOutcome:
    """What became of an entry. `at_ms` is the end of the minute in which it happened; None where that is unknown."""

    end: ZoneEnd
    source: EndSource
    at_ms: int | None


@frozen
class EntryTerms:
    """How an entry at the event's candidate price waits for its fill."""

    tick_size: Decimal
    deadline_ms: int
    """When it is cancelled unfilled: its own time is over, or the zone's."""
    leaves_from_ms: int
    """From when on it is cancelled because the price went away."""
    max_deviation: Decimal
    """How far from it the price may go, as a ratio of the price."""
    takes: bool
    """Whether it fills at once against the book that it was planned with."""


def entry_terms(event: ZoneEvent, book: TopOfBook, tick_size: Decimal, settings: TradeEntrySettings) -> EntryTerms:
    """The terms of the entry that the event tells of; of one that failed a check, those that it would have had."""
    supervision, price = settings.supervision, event.candidate_price
    crosses = price >= book.best_ask if event.side is Side.LONG else price <= book.best_bid
    return EntryTerms(
        tick_size=tick_size,
        deadline_ms=min(event.at_ms + supervision.order_timeout_sec * 1000, event.zone.expires_at_ms),
        leaves_from_ms=event.at_ms + supervision.out_of_zone_after_sec * 1000,
        max_deviation=settings.defaults.max_deviation_pct,
        takes=event.failed_check is None and crosses,
    )


def zone_outcome(event: ZoneEvent, terms: EntryTerms, minutes: Candles, now_ms: int) -> ZoneOutcome | None:
    """What became of the event's entry by `now_ms`; None while that is open.

    `minutes` are 1m candles of the symbol, of which those count that overlap the time from the plan to its deadline and
    are closed at `now_ms`. Once decided, later candles change nothing. Raises ValueError for another timeframe.
    """
    if minutes.timeframe is not Timeframe.M1:
        raise ValueError(f"what became of an entry is read from 1m candles, not from {minutes.timeframe} ones")
    return _at_once(event, terms) or _by_minutes(event, terms, minutes.closed_at(now_ms), now_ms)


def _at_once(event: ZoneEvent, terms: EntryTerms) -> ZoneOutcome | None:
    """The outcome that was settled when the plan was made."""
    if terms.takes:
        return ZoneOutcome(ZoneEnd.FILLED, EndSource.BOOK, event.at_ms)
    sign = event.side.sign
    far = min(sign * event.zone.low, sign * event.zone.high)
    refused = event.failed_check is not None
    if refused and min(sign * event.reference_price, sign * event.candidate_price) < far:
        return ZoneOutcome(ZoneEnd.LEFT, EndSource.BOOK, event.at_ms)
    return None


@frozen
class _Watch:
    """An entry as the prices of candles meet it; a short is a long in mirrored prices, so each bound has one side."""

    sign: int
    near: float
    """The zone's bound on the side that the price comes from."""
    far: float
    limit: float
    through: float
    """A price from here on trades through the limit."""
    max_deviation: float | None
    """None: nothing waits, so nothing is cancelled."""

    @classmethod
    def of(cls, event: ZoneEvent, terms: EntryTerms) -> _Watch:
        sign = event.side.sign
        far, near = sorted((sign * event.zone.low, sign * event.zone.high))
        limit = min(max(sign * event.candidate_price, far), near)
        waits = event.failed_check is None
        return cls(
            sign=sign,
            near=float(near),
            far=float(far),
            limit=float(limit),
            through=float(limit - terms.tick_size),
            max_deviation=float(terms.max_deviation) if waits else None,
        )

    def holds(self, price: float) -> bool:
        """Whether a price lies in the zone."""
        return self.far <= price <= self.near

    def is_far(self, price: float) -> bool:
        """Whether a price lies farther from the entry than the settings allow."""
        return self.max_deviation is not None and abs(self.limit - price) > self.max_deviation * abs(price)


def _by_minutes(event: ZoneEvent, terms: EntryTerms, minutes: Candles, now_ms: int) -> ZoneOutcome | None:
    watch = _Watch.of(event, terms)
    unknown = ZoneOutcome(ZoneEnd.UNKNOWN, EndSource.CANDLES, None)
    inside = watch.holds(watch.sign * float(event.reference_price))
    perhaps_inside = perhaps_filled = False
    for open_ms in range(Timeframe.M1.open_at_or_before(event.at_ms), terms.deadline_ms, MINUTE_MS):
        end_ms = open_ms + MINUTE_MS
        row = int(np.searchsorted(minutes.open_ms, open_ms))
        if row == len(minutes) or minutes.open_ms[row] != open_ms:
            will_not_come = row < len(minutes) or now_ms >= end_ms + PATIENCE_MS
            return unknown if will_not_come else None
        lowest, highest = sorted((watch.sign * float(minutes.low[row]), watch.sign * float(minutes.high[row])))
        close = watch.sign * float(minutes.close[row])
        begins_after_plan, ends_in_time = open_ms >= event.at_ms, end_ms <= terms.deadline_ms
        if lowest <= watch.through:
            if begins_after_plan and ends_in_time:
                return ZoneOutcome(ZoneEnd.FILLED, EndSource.CANDLES, end_ms)
            perhaps_filled = True
        crossed = lowest <= watch.near and highest >= watch.far
        perhaps_inside |= crossed
        inside |= watch.holds(close) or (crossed and begins_after_plan)
        if not ends_in_time or end_ms < terms.leaves_from_ms:
            continue
        beyond = close > watch.near
        if watch.is_far(close) or (beyond and inside):
            return unknown if perhaps_filled else ZoneOutcome(ZoneEnd.LEFT, EndSource.CANDLES, end_ms)
        if beyond and perhaps_inside:
            return unknown
    return unknown if perhaps_filled else ZoneOutcome(ZoneEnd.EXPIRED, EndSource.CANDLES, terms.deadline_ms)
