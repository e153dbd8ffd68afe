"""A decision that its timeframes made impossible has their reason; the context's own stays beside it."""

from __future__ import annotations

import pytest

from mtf_core.market import Candles, Side
from mtf_core.reasons import Reason, Stage, stage_of
from mtf_core.rules.ruleset import ContextMode
from mtf_core.validation.decision import Decision
from mtf_core.validation.resolve import DecideOptions
from tests.market_strategies import walk, without
from tests.unit.validation.profiles import AT_MS, H1, H4, M1, M5, both_sides, candles, compare, decided, filter_of
from tests.unit.validation.profiles import profile_of as profile_with

HISTORY = compare("atr_2", ">", 0)
"""atr_2 at a tolerance of one half needs five candles."""


def series(count: int, missing: int | None = None) -> Candles:
    hours = walk(H1, count, 1, start_ms=AT_MS - count * H1.ms)
    return hours if missing is None else without(hours, [missing])


def of_context(hours: Candles, mode: ContextMode = ContextMode.PRAGMATIC) -> Decision:
    """The decision whose context, 1h, asks for five candles."""
    profile = profile_with((H4, H1), (M5, M1), mode=mode, filters=(filter_of(HISTORY, (H1,)),))
    said = {timeframe: candles(timeframe, "LONG") for timeframe in (H4, M5, M1)}
    return decided(profile, series=[{**said, H1: hours}]).of("S0")


@pytest.mark.parametrize(
    ("mode", "of_the_context"),
    [
        (ContextMode.PRAGMATIC, Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES),
        (ContextMode.STRICT, Reason.STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES),
    ],
)
def test_short_history_of_a_context_timeframe_is_the_decisions_reason(
    mode: ContextMode, of_the_context: Reason
) -> None:
    decision = of_context(series(4), mode)
    assert decision.reason is Reason.NOT_ENOUGH_CANDLES
    assert stage_of(decision.reason) is Stage.CANDLES
    assert decision.context is not None
    assert decision.context.reason is of_the_context


def test_a_hole_is_told_apart_from_short_history() -> None:
    assert of_context(series(20, missing=17)).reason is Reason.CANDLES_HAVE_GAPS


def test_a_failed_filter_and_a_conflict_are_told_apart() -> None:
    barred = profile_with((H1,), (M5,), filters=(filter_of(compare("volume", ">", 10), (H1,)),))
    assert decided(barred, [{H1: "LONG", M5: "LONG"}]).of("S0").reason is Reason.FILTERS_MANDATORY_FAILED
    conflict = decided(profile_with((H1,), (M5,)), [{H1: "CONFLICT", M5: "LONG"}]).of("S0")
    assert conflict.reason is Reason.BOTH_SIDES_HOLD
    assert {stage_of(one) for one in (Reason.BOTH_SIDES_HOLD, Reason.FILTERS_MANDATORY_FAILED)} == {Stage.TIMEFRAME}


def test_what_one_timeframe_lacks_comes_before_what_another_one_found() -> None:
    profile = profile_with((H4, H1), (M5,))
    assert decided(profile, [{H4: "CONFLICT", H1: "INVALID"}]).of("S0").reason is Reason.NOT_ENOUGH_CANDLES


def test_execution_timeframes_without_their_candles_are_no_matter_of_the_selector() -> None:
    profile = profile_with((H1,), (M5, M1))
    none, some = decided(profile, [{H1: "LONG", M5: "INVALID", M1: "INVALID"}, {H1: "LONG", M5: "INVALID"}])
    assert none.reason is Reason.NOT_ENOUGH_CANDLES
    assert none.side is Side.LONG, "the context has its side all the same"
    assert some.reason is Reason.NO_TIMEFRAME_SELECTED, "1m was evaluated, and has no side"


def test_the_timeframes_of_a_skipped_context_are_nobodys_reason() -> None:
    profile = profile_with((H1,), (M5,), rules={H1: both_sides(H1), M5: both_sides(M5)})
    said = [{H1: "INVALID", M5: "NEUTRAL"}]
    assert decided(profile, said, DecideOptions(skip_context=True)).of("S0").reason is Reason.NO_TIMEFRAME_SELECTED
