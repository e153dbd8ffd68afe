"""Where the price went after an entry that did not fill: what waiting for it cost, or spared."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from mtf_core.market import MINUTE_MS
from mtf_core.planning import OrderPlan
from mtf_core.replay.ledger import Afterwards
from mtf_core.replay.minutes import Minutes

_R_STEP = Decimal("0.0001")


def afterwards_of(plan: OrderPlan, minutes: Minutes, from_ms: int, span_ms: int) -> Afterwards | None:
    """From the minute that opened at `from_ms` on, in R gross from the planned entry; None: nothing is there.

    A position at the planned entry is assumed; whether the price would have come back there is not asked.
    """
    first, stop = minutes.first_from(from_ms), minutes.first_from(from_ms + span_ms)
    if first >= stop:
        return None
    sign, tick_r = plan.side.sign, abs(plan.entry_price - plan.stop_price)
    along, against = (minutes.high, minutes.low) if sign > 0 else (minutes.low, minutes.high)
    best = minutes.price(float(along[first:stop].max() if sign > 0 else along[first:stop].min()))
    worst = minutes.price(float(against[first:stop].min() if sign > 0 else against[first:stop].max()))
    hits_target = (along[first:stop] - float(plan.take_profits[0].price)) * sign >= 0
    hits_stop = (against[first:stop] - float(plan.stop_price)) * sign <= 0
    return Afterwards(
        best_r=_r((best - plan.entry_price) * sign, tick_r),
        worst_r=_r((worst - plan.entry_price) * sign, tick_r),
        first=_first(hits_target, hits_stop),
        minutes=min(span_ms, int(minutes.open_ms[stop - 1]) + MINUTE_MS - from_ms) // MINUTE_MS,
    )


def _r(way: Decimal, one_r: Decimal) -> Decimal:
    return (way / one_r).quantize(_R_STEP)


def _first(target: np.ndarray, stop: np.ndarray) -> str:
    at_target = int(np.argmax(target)) if target.any() else None
    at_stop = int(np.argmax(stop)) if stop.any() else None
    if at_target is None or at_stop is None:
        return "neither" if at_target is at_stop else "stop" if at_target is None else "target"
    if at_target == at_stop:
        return "both"
    return "target" if at_target < at_stop else "stop"
