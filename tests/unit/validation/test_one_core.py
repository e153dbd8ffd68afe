"""One core: deciding candle by candle and deciding over history are the same, and neither looks ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

import numpy as np
import pytest
from attrs import evolve
from hypothesis import settings

import mtf_core as mtf
from mtf_core.market import Candles, Timeframe
from mtf_core.settings.profile import Profile
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.history import Signals
from mtf_core.validation.outcome import Outcome
from tests.market_strategies import altered, market, moody_minutes, without
from tests.unit.files.shipped import NAMES, shipped
from tests.unit.validation.profiles import H1, M1, M5, M15, crossing

DEPTH = {
    Timeframe.M1: 900,
    Timeframe.M5: 1000,
    Timeframe.M15: 800,
    Timeframe.H1: 710,
    Timeframe.H4: 690,
    Timeframe.D1: 100,
}
"""Enough of every timeframe for the shipped profiles over the last hours (4h: 682 candles and a few)."""

MARKETS = {"scalper_micro": (119, 29, 0), "scalper": (121, 46, 900), "regular": (121, 3, 900), "crash": (121, 57, 1800)}
"""Markets in which each profile finds something to trade: days, seed, and how many of the last minutes to leave out."""

SPREAD_BPS = {"crash": 12.0}
"""crash leaves 15m only where the market is fast or the spread wide."""


@cache
def minutes(name: str) -> Candles:
    days, seed, left_out = MARKETS[name]
    candles = moody_minutes(days, seed)
    return candles[: len(candles) - left_out]


def quick(name: str, tolerance: str = "0.9") -> Profile:
    """The profile with the same trees, satisfied with much less history."""
    profile = shipped(name)
    return evolve(profile, indicators=evolve(profile.indicators, warmup_tolerance=Decimal(tolerance)))


def spreads(name: str, count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.full(count, SPREAD_BPS.get(name, 3.0))


def over(profile: Profile, candles: Mapping[Timeframe, Candles]) -> Signals:
    finest = min(candles, key=lambda timeframe: timeframe.minutes)
    return mtf.decide_over(profile, candles, symbol="T", spread_bps=spreads(profile.name, len(candles[finest])))


EVERY_CANDLE = settings.get_current_profile_name() == "deep"


def telling(signals: Signals) -> list[int]:
    """Candles before and after something turns, and every fifth in between; all of them for `deep`."""
    if EVERY_CANDLE:
        return list(range(len(signals)))
    said = np.array([signals.sides, signals.chosen, signals.reasons, *signals.outcomes.values()])
    turns = np.flatnonzero((said[:, 1:] != said[:, :-1]).any(axis=0))
    return sorted({*turns.tolist(), *(turns + 1).tolist(), *range(0, len(signals), 5), len(signals) - 1})


def assert_candles_agree(
    profile: Profile, candles: Mapping[Timeframe, Candles], places: Sequence[int] | None = None
) -> Signals:
    """`decide` with all history says at the closes what `decide_over` says there; returns the latter."""
    signals = over(profile, candles)
    spread = SPREAD_BPS.get(profile.name, 3.0)
    for index in telling(signals) if places is None else places:
        at = int(signals.instants_ms[index])
        one = mtf.decide(profile, symbol="T", candles=candles, at=at, spread_bps=spread, history="all")
        found = (one.reason, one.side, one.execution_timeframe, {tf: int(one.outcome(tf)) for tf in signals.outcomes})
        expected = (
            signals.reason(index),
            signals.side(index),
            signals.execution_timeframe(index),
            {timeframe: int(codes[index]) for timeframe, codes in signals.outcomes.items()},
        )
        assert found == expected, f"candle {index} at {at}"
        assert one.ready == bool(signals.ready[index])
    return signals


def assert_same_up_to(whole: Signals, part: Signals, count: int) -> None:
    for name in ("instants_ms", "sides", "chosen", "reasons"):
        assert np.array_equal(getattr(whole, name)[:count], getattr(part, name)[:count]), name
    for timeframe, codes in whole.outcomes.items():
        assert np.array_equal(codes[:count], part.outcomes[timeframe][:count]), timeframe


def of_side(signals: Signals, code: int) -> int:
    return int((signals.ready & (signals.sides == code)).sum())


@pytest.mark.parametrize("name", NAMES)
def test_candle_by_candle_equals_over_history_for_the_shipped_profiles(name: str) -> None:
    depth = {**DEPTH, Timeframe.M1: 2400} if name == "scalper_micro" else DEPTH
    signals = assert_candles_agree(shipped(name), market(minutes(name), depth))
    assert of_side(signals, 2) > 2
    assert of_side(signals, 1) > 2 or name == "crash"  # crash only sells
    assert len(signals.counts()) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_candle_by_candle_equals_over_history_where_history_begins(name: str) -> None:
    """From the very first minute on, through every stage of too little history, with quick profiles."""
    depth = {**DEPTH, Timeframe.M1: 360, Timeframe.M5: 260, Timeframe.M15: 240, Timeframe.H1: 229, Timeframe.H4: 227}
    signals = assert_candles_agree(quick(name, "0.97"), market(minutes(name), depth))
    codes_of = {timeframe: {int(code) for code in codes} for timeframe, codes in signals.outcomes.items()}
    turned = [timeframe for timeframe, codes in codes_of.items() if Outcome.INVALID in codes and len(codes) > 1]
    assert len(turned) >= (len(codes_of) + 1) // 2


@pytest.mark.parametrize("name", NAMES)
def test_candle_by_candle_equals_over_history_with_everything_built_from_minutes(name: str) -> None:
    candles = {Timeframe.M1: minutes(name)[-100_000:]}
    signals = assert_candles_agree(quick(name), candles, range(0, 100_000, 6007))
    assert len(signals.counts()) >= 3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [1, 2])
def test_candle_by_candle_equals_over_history_with_holes(name: str, seed: int) -> None:
    """Each timeframe lacks other candles: at its start, at its end, in between and in runs."""
    random = np.random.default_rng(seed)
    depth = {**DEPTH, Timeframe.M1: 250, Timeframe.M5: 120, Timeframe.M15: 80, Timeframe.H1: 260, Timeframe.H4: 240}
    broken = {}
    for timeframe, candles in market(minutes(name), depth).items():
        count = len(candles)
        holes = {1, int(random.integers(count)), int(random.integers(count // 3, count))}
        run = int(random.integers(count // 2, count))
        holes |= set(range(run, run + 4)) | ({count - 1} if seed == 1 else set())
        broken[timeframe] = without(candles, sorted(holes))
    assert_candles_agree(quick(name, "0.97"), broken)


def test_rules_that_look_back_at_other_timeframes_agree_from_the_first_candle_on() -> None:
    """Before a timeframe's first candle, the candles of another one may be there already."""
    candles = market(minutes("scalper"), {M1: 200, M5: 60, M15: 90, H1: 70, Timeframe.D1: 20})
    for cut in (0, 30, 55):
        signals = assert_candles_agree(crossing(), {**candles, M5: candles[M5][cut:], H1: candles[H1][cut:]})
        assert {int(Outcome.INVALID)} < set(signals.outcomes[M1].tolist())


@pytest.mark.parametrize("name", NAMES)
def test_a_timeframe_that_ends_early_or_is_empty_reads_the_same_both_ways(name: str) -> None:
    depth = {**DEPTH, Timeframe.M1: 130, Timeframe.M5: 150, Timeframe.M15: 240, Timeframe.H1: 240, Timeframe.H4: 240}
    candles = market(minutes(name), depth)
    for timeframe in compile_profile(shipped(name)).needs:
        for changed in (candles[timeframe][:-3], Candles.empty(timeframe)):
            if timeframe is not Timeframe.M1 or len(changed):
                assert_candles_agree(quick(name, "0.97"), {**candles, timeframe: changed}, range(0, 130, 7))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_at_a_candle_changes_when_later_candles_are_altered_or_absent(name: str) -> None:
    candles = market(minutes(name), DEPTH)
    whole = over(shipped(name), candles)
    for count in (200, 503, 899):
        instant = int(whole.instants_ms[count - 1])
        closed = {timeframe: len(series.closed_at(instant)) for timeframe, series in candles.items()}
        other = {timeframe: altered(series, closed[timeframe]) for timeframe, series in candles.items()}
        cut = {timeframe: series[: closed[timeframe]] for timeframe, series in candles.items()}
        assert_same_up_to(whole, over(shipped(name), other), count)
        assert_same_up_to(whole, over(shipped(name), cut), count)
        for given in (other, cut):
            assert mtf.decide(shipped(name), symbol="T", candles=given, at=instant, spread_bps=3).explain() == (
                mtf.decide(shipped(name), symbol="T", candles=candles, at=instant, spread_bps=3).explain()
            )


@pytest.mark.parametrize("name", NAMES)
def test_a_live_window_decides_as_all_history_does_but_for_the_seed(name: str) -> None:
    """The windows of a live run hold what is needed: outcomes differ on few candles, and readiness on none."""
    candles = market(minutes(name), DEPTH)
    signals = over(shipped(name), candles)
    differing = 0
    places = range(0, len(signals), 24)
    for index in places:
        at = int(signals.instants_ms[index])
        one = mtf.decide(shipped(name), symbol="T", candles=candles, at=at, spread_bps=SPREAD_BPS.get(name, 3.0))
        outcomes = {timeframe: int(one.outcome(timeframe)) for timeframe in signals.outcomes}
        expected = {timeframe: int(codes[index]) for timeframe, codes in signals.outcomes.items()}
        differing += outcomes != expected
    assert differing <= len(places) * 0.03
