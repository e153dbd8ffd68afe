"""The scenario of decisions: one generated symbol over three days of minutes, decided at every close."""

from __future__ import annotations

from functools import cache

import numpy as np
from attrs import evolve

from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import Candles, Timeframe, parse_instant, to_ms
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.history import resolve_history
from mtf_core.validation.resolve import DecideOptions

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


@cache
def flat_candles() -> dict[Timeframe, Candles]:
    """As many candles that all stand at 100, where averages touch the price exactly."""
    return {timeframe: _flat(series) for timeframe, series in candles().items()}


def _flat(series: Candles) -> Candles:
    at_100 = np.full(len(series), 100.0)
    return evolve(series, open=at_100, high=at_100, low=at_100, close=at_100)


def decisions(profile: Profile) -> object:
    """Reason, side and execution timeframe at every minute. Books are two basis points wide, then ten, in turn."""
    return _decided(profile, candles())


def decisions_when_flat(profile: Profile) -> object:
    """The same on 1m alone, in a market that does not move."""
    return _decided(profile, flat_candles(), DecideOptions(skip_context=True, current_tf=Timeframe.M1))


def _decided(
    profile: Profile, series: dict[Timeframe, Candles], options: DecideOptions | None = None
) -> list[tuple[object, ...]]:
    spread = np.where(np.arange(len(series[Timeframe.M1])) % 2, 10.0, 2.0)
    signals = resolve_history(compile_profile(profile), SYMBOL, series, options, spread)
    chosen = [signals.execution[place] if place >= 0 else None for place in signals.chosen.tolist()]
    return list(zip(signals.reasons.tolist(), signals.sides.tolist(), chosen, strict=True))
