"""Deciding minute after minute equals deciding each minute anew."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.rules.ruleset import TimeframeRules
from mtf_core.validation.compiled_profile import compile_profile
from mtf_core.validation.decide import Decider
from mtf_core.validation.decision import DecisionBatch, plan_facts
from mtf_core.validation.explain import decision_to_json
from mtf_core.validation.window import window_at
from tests.market_strategies import walk, without
from tests.unit.validation.profiles import AT_MS, H1, M1, M5, M15, compare, crossing, profile_of

SYMBOLS = ("A", "B", "C")
MINUTE = 60_000


@cache
def series(symbol: str) -> dict[Timeframe, Candles]:
    """Each symbol's candles over the minutes in question, B with a hole in two timeframes, C listed late."""
    found = {}
    for timeframe in (M1, M5, M15, H1):
        count = 3000 // min(timeframe.minutes, 15) if timeframe is not H1 else 150
        end = AT_MS + 4 * H1.ms
        candles = walk(timeframe, count, ord(symbol), start_ms=end - count * timeframe.ms, volatility=0.004)
        if symbol == "B":
            candles = without(candles, [count - 100, count - 2] if timeframe in (M1, H1) else [])
        found[timeframe] = candles[-170:] if symbol == "C" and timeframe is M1 else candles
    return found


def stacks_at(
    at_ms: int, symbols: tuple[str, ...], kept: dict[Any, Any], *, reuse: bool
) -> dict[Timeframe, CandleStack]:
    """Stacks as the feed of a live run makes them: one that has not moved and holds every symbol stays."""
    compiled = compile_profile(crossing())
    found = {}
    for timeframe, need in compiled.needs.items():
        window = window_at(timeframe, need, at_ms, "UTC")
        old = kept.get(timeframe)
        if not (reuse and old and old[0] == window and set(symbols) <= set(old[1].symbols)):
            kept[timeframe] = old = (window, window.stack({s: series(s)[timeframe] for s in symbols}))
        found[timeframe] = old[1]
    return found


def shown(batch: DecisionBatch) -> list[Any]:
    return [decision_to_json(decision.trace) for decision in batch]


Minute = tuple[int, tuple[str, ...], bool]


def minutes() -> st.SearchStrategy[list[Minute]]:
    symbols = st.permutations(SYMBOLS).flatmap(lambda order: st.integers(1, 3).map(lambda n: tuple(order[:n])))
    return st.lists(st.tuples(st.sampled_from([0, 1, 1, 4, 5, 59, 61]), symbols, st.booleans()), min_size=2, max_size=6)


@settings(max_examples=60)
@given(minutes())
def test_the_next_minute_is_decided_as_if_it_were_the_first(steps: list[Minute]) -> None:
    """Symbols come, go and change places; windows move or stay; sometimes everything is forced."""
    decider, kept, at_ms = Decider(compile_profile(crossing())), {}, AT_MS
    for step, symbols, force in steps:
        at_ms += step * MINUTE
        spreads = {"A": 3.0}
        live = decider.decide(stacks_at(at_ms, symbols, kept, reuse=True), at_ms, symbols, None, spreads, force=force)
        fresh = Decider(compile_profile(crossing())).decide(
            stacks_at(at_ms, symbols, {}, reuse=False), at_ms, symbols, None, spreads
        )
        assert shown(live) == shown(fresh), at_ms


def test_rows_of_one_symbol_are_never_read_for_another() -> None:
    """1h stays with A, B, C while 1m is built anew for C alone: C's verdict reads C's 1h candles."""
    decider, kept = Decider(compile_profile(crossing())), {}
    decider.decide(stacks_at(AT_MS, ("A", "B", "C"), kept, reuse=True), AT_MS, SYMBOLS)
    later = AT_MS + MINUTE
    stacks = stacks_at(later, ("C",), kept, reuse=True)
    assert (stacks[H1].symbols, stacks[M1].symbols) == (("A", "B", "C"), ("C",))
    found = decider.decide(stacks, later, ("C",))
    assert shown(found) == shown(
        Decider(compile_profile(crossing())).decide(stacks_at(later, ("C",), {}, reuse=False), later)
    )


def test_only_timeframes_whose_candles_changed_are_evaluated_again_unless_forced() -> None:
    profile = profile_of((H1,), (M5, M1))
    decider, kept = Decider(compile_profile(profile)), {}
    stacks: dict[Timeframe, CandleStack] = {}

    def decide(at_ms: int, *, force: bool = False) -> tuple[Timeframe, ...]:
        for timeframe, need in compile_profile(profile).needs.items():
            window = window_at(timeframe, need, at_ms, "UTC")
            if kept.get(timeframe) != window:
                kept[timeframe], stacks[timeframe] = window, window.stack({"A": series("A")[timeframe]})
        return decider.decide(dict(stacks), at_ms, force=force).evaluated

    assert decide(AT_MS) == (H1, M5, M1)
    assert decide(AT_MS + 30_000) == ()
    assert decide(AT_MS + MINUTE) == (M1,)
    assert decide(AT_MS + MINUTE, force=True) == (H1, M5, M1)
    assert decide(AT_MS + 5 * MINUTE) == (M5, M1)
    assert decide(AT_MS + 60 * MINUTE) == (H1, M5, M1)


def test_a_timeframe_is_evaluated_again_when_one_that_it_reads_changed() -> None:
    decider, kept = Decider(compile_profile(crossing())), {}
    decider.decide(stacks_at(AT_MS, SYMBOLS, kept, reuse=True), AT_MS)
    later = AT_MS + MINUTE
    assert H1 in decider.decide(stacks_at(later, SYMBOLS, kept, reuse=True), later).evaluated


def test_stacks_that_are_absent_or_end_elsewhere_are_refused() -> None:
    decider = Decider(compile_profile(crossing()))
    stacks = stacks_at(AT_MS, ("A",), {}, reuse=False)
    with pytest.raises(ValueError, match="there are no stacks of 1h"):
        decider.decide({timeframe: stack for timeframe, stack in stacks.items() if timeframe is not H1}, AT_MS)
    for at_ms in (AT_MS - 1, AT_MS + MINUTE):
        with pytest.raises(ValueError, match="stack does not end with the last candle closed at"):
            decider.decide(stacks, at_ms)


def test_a_stack_that_is_not_given_any_more_is_not_read() -> None:
    """A plan's daily candles of an earlier minute say nothing now."""
    profile = profile_of((H1,), (M1,))
    compiled = compile_profile(profile)
    extra = next(iter(compiled.plan_needs))
    days = walk(extra, 3000, 4, start_ms=AT_MS - 3000 * extra.ms)
    last = extra.last_closed_open(AT_MS)
    carried = CandleStack.of_window(extra, {"A": days}, last - 100 * extra.ms, last)
    stacks = {
        tf: window_at(tf, need, AT_MS, "UTC").stack({"A": series("A")[tf]}) for tf, need in compiled.needs.items()
    }
    decider = Decider(compiled)
    assert extra in decider.decide({**stacks, extra: carried}, AT_MS).tables
    assert extra not in decider.decide(stacks, AT_MS).tables


def test_facts_of_a_plan_are_those_of_the_last_closed_candles_and_missing_without_their_history() -> None:
    """ATR(14) at 0.5 needs 15 + 10 candles, as (13/14)^9 is still above a half."""
    always = compare("close", ">", 0)
    compiled = compile_profile(profile_of((H1,), (M1,), rules={tf: TimeframeRules(tf, long=always) for tf in (H1, M1)}))
    stacks = {
        tf: window_at(tf, need, AT_MS, "UTC").stack({"A": series("A")[tf]}) for tf, need in compiled.needs.items()
    }
    decision = Decider(compiled).decide(stacks, AT_MS).of("A")
    assert decision.ready
    roles = compiled.plan_features[M1]
    assert set(plan_facts(decision, {})) == {role for role, feature in roles.items() if feature.timeframe in stacks}
    of_5m = [role for role, feature in roles.items() if feature.timeframe is M5 and feature.name == "atr"]
    assert of_5m
    for count, known in ((25, True), (24, False)):
        short = {"A": series("A")[M5].closed_at(AT_MS)[-count:]}
        table = FeatureTable(window_at(M5, compiled.plan_needs[M5], AT_MS, "UTC").stack(short), 1)
        facts = plan_facts(decision, {M5: table})
        assert {bool(np.isfinite(facts[role].value)) for role in of_5m} == {known}
        assert {facts[role].candle_close_ms for role in of_5m} == {M5.open_at_or_before(AT_MS)}
