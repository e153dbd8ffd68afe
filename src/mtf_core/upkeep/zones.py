"""What became of the zone events of earlier runs: looked up once their minutes are closed, and stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve

from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Timeframe
from mtf_core.planning import ZoneEnd, zone_outcome
from mtf_core.ports import CandleStore, MarketData, UnknownSymbolError, ZoneStore
from mtf_core.records import ZoneRecord
from mtf_core.upkeep.concurrency import for_each

MOST_EVENTS = 500
"""Open events that one run looks at, the oldest first; a minute of a few hundred symbols has a few dozen."""
MOST_ASKED = 50
"""Symbols whose minutes one run asks the exchange for, where the store has not got them."""
GIVE_UP_MS = DAY_MS
"""From this age on, an exchange that does not answer counts as one that has no candles: nothing stays open for ever."""
_AROUND_MS = 5 * MINUTE_MS
"""Candles after the last minute that is needed say that one which is missing will not come."""

Series = Mapping[str, Candles]


async def settle_zones(
    zones: ZoneStore,
    candles: CandleStore,
    market: MarketData,
    now_ms: int,
    *,
    carry_ms: int = 0,
    workers: int = 1,
) -> int:
    """Stores what became of open zone events by `now_ms`; returns how many were settled.

    Minutes come from the store. Where it lacks them, because a profile does without 1m candles or a symbol is no longer
    looked at, the exchange is asked once the deadline has passed; an event stays open while it does not answer.
    `carry_ms` is the longest hole that is filled where the exchange has it, too, as decisions do (`no_trade: carry`);
    0: none.
    """
    pending = await zones.open_before(now_ms, MOST_EVENTS)
    if not pending:
        return 0
    symbols = sorted({record.symbol for record in pending})
    # A hole that is filled may begin as long before the first minute, or end as long after the last one.
    around_ms = max(_AROUND_MS, carry_ms)
    stored = await candles.read(symbols, Timeframe.M1, *_span(pending, around_ms))
    # Nothing is carried yet: what the store lacks, the exchange may have.
    settled = [record for record in _settled(pending, stored, now_ms, carry_ms=0) if _is_sure(record, stored)]
    sure = {record.key for record in settled}
    overdue = _overdue([record for record in pending if record.key not in sure], now_ms)
    known = await _with_answers(market, overdue, stored, around_ms, now_ms, workers)
    answered = [record for records in overdue.values() for record in records if record.symbol in known]
    settled += _settled(answered, known, now_ms, carry_ms=carry_ms)
    await zones.settle(settled)
    return len(settled)


def _settled(records: Sequence[ZoneRecord], series: Series, now_ms: int, *, carry_ms: int) -> list[ZoneRecord]:
    """Those of which the candles say what became of them, with their outcomes."""
    found = []
    for record in records:
        minutes = series[record.symbol]
        filled = minutes.carried(carry_ms // MINUTE_MS) if carry_ms else minutes
        outcome = zone_outcome(record.event, record.terms, filled, now_ms)
        if outcome is not None:
            found.append(evolve(record, outcome=outcome))
    return found


def _is_sure(record: ZoneRecord, stored: Series) -> bool:
    """Whether an outcome from the store alone stands: what is unknown for want of a candle may be asked for."""
    if record.outcome is None or record.outcome.end is not ZoneEnd.UNKNOWN:
        return True
    first = Timeframe.M1.open_at_or_before(record.event.at_ms)
    needed = np.arange(first, record.terms.deadline_ms, MINUTE_MS)
    return bool(np.isin(needed, stored[record.symbol].open_ms).all())


def _overdue(records: Sequence[ZoneRecord], now_ms: int) -> dict[str, list[ZoneRecord]]:
    """Events whose minutes should all be there, by symbol; of no more symbols than may be asked for at once."""
    found: dict[str, list[ZoneRecord]] = {}
    for record in records:
        if record.terms.deadline_ms + MINUTE_MS <= now_ms and (record.symbol in found or len(found) < MOST_ASKED):
            found.setdefault(record.symbol, []).append(record)
    return found


async def _with_answers(
    market: MarketData,
    overdue: Mapping[str, Sequence[ZoneRecord]],
    stored: Series,
    around_ms: int,
    now_ms: int,
    workers: int,
) -> dict[str, Candles]:
    """The stored minutes with what the exchange adds to them; without the symbols of which it does not answer."""
    found: dict[str, Candles] = {}

    async def ask(symbol: str) -> None:
        records = overdue[symbol]
        first, last = _span(records, around_ms)
        try:
            answer = await market.candles(symbol, Timeframe.M1, first, min(last, now_ms))
        except Exception as error:  # what one symbol's answer breaks must not end a run; it stays open
            too_old = all(record.terms.deadline_ms + GIVE_UP_MS <= now_ms for record in records)
            if not (too_old or isinstance(error, UnknownSymbolError)):
                return
            answer = Candles.empty(Timeframe.M1)
        found[symbol] = stored[symbol].merged(answer)

    await for_each(overdue, workers, ask)
    return found


def _span(records: Sequence[ZoneRecord], around_ms: int) -> tuple[int, int]:
    """Open times of the first and the last minute to look at."""
    first = min(Timeframe.M1.open_at_or_before(record.event.at_ms) for record in records)
    return first - around_ms, max(record.terms.deadline_ms for record in records) + around_ms
