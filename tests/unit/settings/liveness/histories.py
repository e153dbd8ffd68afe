"""The scenario of decisions: one generated symbol over three days of minutes, decided at every close."""

from __future__ import annotations

from functools import cache

import numpy as np

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import Candles, Timeframe, parse_instant, to_ms
from mtf_core.settings.profile import Profile
from mtf_core.validation.blueprint import blueprint_of
from mtf_core.validation.over import judge_over

SYMBOL = "ADAUSDT"
NOW_MS = to_ms(parse_instant("2026-03-02T12:00Z"))
MARKET = GeneratedMarket(seed=7, symbols=20)

_CANDLES = {
    Timeframe.M1: 3 * 1440,
    Timeframe.M5: 3 * 288 + 300,
    Timeframe.M15: 3 * 96 + 300,
    Timeframe.H1: 3 * 24 + 300,
    Timeframe.H4: 3 * 6 + 300,
    Timeframe.D1: 30,
}


@cache
def candles() -> dict[Timeframe, Candles]:
    """Three days of minutes, and higher timeframes that begin earlier, but not by the same time."""
    last = {timeframe: timeframe.last_closed_open(NOW_MS) for timeframe in _CANDLES}
    return {
        timeframe: MARKET.candles(SYMBOL, timeframe, last[timeframe] - (count - 1) * timeframe.ms, NOW_MS, NOW_MS)
        for timeframe, count in _CANDLES.items()
    }


def decisions(profile: Profile) -> object:
    """Reason, side and execution timeframe at every minute. Books are two basis points wide, then ten, in turn."""
    spread = np.where(np.arange(len(candles()[Timeframe.M1])) % 2, 10.0, 2.0)
    signals = judge_over(blueprint_of(profile), SYMBOL, candles(), spread_bps=spread)
    chosen = [signals.execution[place] if place >= 0 else None for place in signals.chosen.tolist()]
    return list(zip(signals.reasons.tolist(), signals.sides.tolist(), chosen, strict=True))
