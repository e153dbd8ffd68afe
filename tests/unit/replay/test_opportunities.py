"""What a plan of a replay is made from: at each instant what a decision of that instant alone would have seen."""

from __future__ import annotations

import random
from collections.abc import Mapping
from functools import cache

import numpy as np
import pytest

import mtf_core as mtf
from mtf_core.features.table import FeatureTable
from mtf_core.market import DAY_MS, MINUTE_MS, Candles, CandleStack, Timeframe
from mtf_core.planning.facts import FactRole
from mtf_core.replay.ledger import ReplayMarket
from mtf_core.replay.opportunities import find_opportunities
from mtf_core.validation.compiled_profile import CompiledProfile, compile_profile
from mtf_core.validation.decision import feature_facts
from mtf_core.validation.history import complete, facts_over, judge_history
from tests.market_strategies import moody_minutes, without
from tests.unit.replay.recorded import contract_of
from tests.unit.validation.test_one_core import quick

PROFILES = ("scalper_micro", "scalper", "regular", "crash")
SYMBOL = "AUSDT"


@cache
def minutes() -> Candles:
    """Twelve days with single minutes missing, and some hours of the last."""
    candles = moody_minutes(12, 5)
    chance = random.Random(7)
    alone = chance.sample(range(4000, len(candles)), 20)
    return without(candles, [*alone, *range(16_000, 16_200)])


@cache
def compiled(name: str) -> CompiledProfile:
    return compile_profile(quick(name))


def tables_of(profile: CompiledProfile, candles: Candles) -> dict[Timeframe, FeatureTable]:
    """Of every candle there is, as a decision on all of them would look at."""
    wanted = frozenset(profile.needs) | frozenset(profile.plan_needs) | {Timeframe.M1}
    series = complete({Timeframe.M1: candles}, wanted)
    return {
        timeframe: FeatureTable(stack, stack.count, profile.timezone, profile.tolerance)
        for timeframe, own in series.items()
        if len(own)
        for stack in [CandleStack.of_series(own, SYMBOL)]
    }


def instants() -> list[int]:
    """At random, beside gaps, and around midnight, when daily pivots change."""
    ends = minutes().open_ms + MINUTE_MS
    chance = random.Random(3)
    found = set(chance.sample(ends[3000:].tolist(), 12))
    found |= set(ends[np.flatnonzero(np.diff(ends) > MINUTE_MS)].tolist()[-3:])
    found |= {int(ends[-1]), *(int(time_ms) for time_ms in ends.tolist() if time_ms % DAY_MS <= MINUTE_MS)}
    return sorted(time_ms for time_ms in found if time_ms >= ends[3000])


@pytest.mark.parametrize("name", PROFILES)
def test_features_of_plans_over_a_history_are_those_of_each_instant_alone(name: str) -> None:
    """By the whole history, and by the candles alone that had closed by then: bit for bit."""
    profile, candles, at = compiled(name), minutes(), instants()
    judged = judge_history(profile, SYMBOL, {Timeframe.M1: candles}, spread_bps=np.full(len(candles), 3.0))
    whole = tables_of(profile, candles)
    for timeframe in profile.plan_features:
        over = facts_over(profile, judged, timeframe, np.array(at, dtype=np.int64))
        for row, at_ms in enumerate(at):
            told = {role: (float(values[row]), int(closes[row])) for role, (values, closes) in over.items()}
            assert_same(told, profile, timeframe, whole, at_ms)
            closed = candles[: int(np.searchsorted(candles.open_ms, at_ms - MINUTE_MS, side="right"))]
            assert_same(told, profile, timeframe, tables_of(profile, closed), at_ms)


def assert_same(
    told: Mapping[FactRole, tuple[float, int]],
    profile: CompiledProfile,
    timeframe: Timeframe,
    tables: Mapping[Timeframe, FeatureTable],
    at_ms: int,
) -> None:
    alone = feature_facts(profile, timeframe, tables, SYMBOL, at_ms)
    assert set(told) == set(alone)
    for role, fact in alone.items():
        value, close_ms = told[role]
        assert np.array_equal([value], [fact.value], equal_nan=True), (role, at_ms, value, fact.value)
        assert close_ms == fact.candle_close_ms


@pytest.mark.parametrize("name", PROFILES)
def test_every_feature_is_there_at_some_instant_and_some_are_missing_at_another(name: str) -> None:
    """Else comparing them would prove nothing."""
    profile, tables = compiled(name), tables_of(compiled(name), minutes())
    for timeframe in profile.plan_features:
        seen = [feature_facts(profile, timeframe, tables, SYMBOL, at_ms) for at_ms in instants()]
        there = [{role for role, fact in facts.items() if np.isfinite(fact.value)} for facts in seen]
        assert set.union(*there) == set(seen[0])
        assert set.intersection(*there) != set(seen[0])


@pytest.mark.parametrize("name", ["scalper_micro", "scalper"])
def test_ready_minutes_are_those_of_deciding_over_the_same_candles(name: str) -> None:
    """Side, timeframe and instant of each; and every minute in the span is counted once."""
    candles = minutes()
    profile = quick(name)
    first, last = int(candles.open_ms[5000]), int(candles.open_ms[-500])
    market = ReplayMarket(SYMBOL, candles, contract_of(SYMBOL), False, "", "a test")
    found = find_opportunities(compile_profile(profile), market, first, last, 3.0)
    signals = mtf.decide_over(profile, {"1m": candles}, symbol=SYMBOL, spread_bps=np.full(len(candles), 3.0))
    within = (signals.instants_ms >= first) & (signals.instants_ms <= last)
    rows = np.flatnonzero(signals.ready & within)
    assert found.at_ms.tolist() == signals.instants_ms[rows].tolist()
    assert list(found.sides) == [signals.side(int(row)) for row in rows]
    assert list(found.timeframes) == [signals.execution_timeframe(int(row)) for row in rows]
    assert found.minutes == int(within.sum()) == len(found) + sum(found.reasons.values())
    assert all(found.signal(row).decision_key.startswith(f"{SYMBOL}:") for row in range(len(found)))
