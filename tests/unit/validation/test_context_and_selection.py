"""Context and execution selection against plain statements of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtf_core.market import Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.expressions import Compare, Comparison, Constantly, Metric, Number, Test
from mtf_core.rules.ruleset import ContextMode, RuleSet, SelectorEntry
from mtf_core.validation.context import resolve_context
from mtf_core.validation.outcome import REASONS, Outcome
from mtf_core.validation.resolve import DecideOptions
from mtf_core.validation.selection import Step, select
from tests.unit.validation.profiles import H1, H4, M1, M5, M15, candles, compare, decided, profile_of

OUTCOMES = tuple(Outcome)
EXECUTION = (M15, M5, M1)


# --- context --------------------------------------------------------------------------------------------------
def plain_context(mode: ContextMode, outcomes: Sequence[Outcome]) -> tuple[int, Reason | None]:
    """Side code and reason, as the specification's table says it."""
    if not outcomes:
        return 0, Reason.NO_CONTEXT_TIMEFRAMES
    sides = {outcome for outcome in outcomes if outcome in (Outcome.LONG, Outcome.SHORT)}
    bad = any(outcome in (Outcome.INVALID, Outcome.CONFLICT) for outcome in outcomes)
    if mode is ContextMode.PRAGMATIC:
        if bad:
            return 0, Reason.PRAGMATIC_CONTEXT_HAS_INVALID_TIMEFRAMES
        if not sides:
            return 0, Reason.PRAGMATIC_CONTEXT_ALL_NEUTRAL
        if len(sides) == 2:
            return 0, Reason.PRAGMATIC_CONTEXT_SIDE_CONFLICT
    else:
        if bad:
            return 0, Reason.STRICT_CONTEXT_HAS_INVALID_TIMEFRAMES
        if Outcome.NEUTRAL in outcomes:
            return 0, Reason.STRICT_CONTEXT_REQUIRES_NON_NEUTRAL_ALL
        if len(sides) == 2:
            return 0, Reason.STRICT_CONTEXT_SIDE_CONFLICT
    return int(next(iter(sides))), None


@pytest.mark.parametrize("mode", list(ContextMode))
@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_every_combination_of_outcomes_gives_the_context_of_the_table(mode: ContextMode, count: int) -> None:
    combinations = list(product(OUTCOMES, repeat=count))
    arrays = [np.array([[row[place] for row in combinations]], dtype=np.int8) for place in range(count)]
    found = resolve_context(mode, arrays, (1, len(combinations)))
    for column, outcomes in enumerate(combinations):
        side, reason = plain_context(mode, outcomes)
        assert (int(found.sides[0, column]), REASONS[int(found.reasons[0, column])]) == (side, reason), outcomes


# --- the walk -------------------------------------------------------------------------------------------------
def named(group: str, timeframe: Timeframe, place: int) -> Test:
    """A test that is told apart by its metric's name; its truth is looked up."""
    return Compare(Comparison.GT, Metric(f"{group}{timeframe}{place}"), Number(0.0))


Truths = dict[Timeframe, dict[str, list[int]]]


def plain_walk(
    execution: Sequence[Timeframe], candidates: Mapping[Timeframe, bool], truths: Truths, only_1m: list[int] | None
) -> Timeframe | None:
    """The walk as the specification tells it."""
    for timeframe in execution:
        candidate = candidates[timeframe]
        if timeframe is M1 and only_1m is not None and 1 not in only_1m:
            candidate = False
        groups = truths[timeframe]
        if all(truth == 1 for truth in groups["stay"]):
            if candidate:
                return timeframe
            continue
        if 1 in groups["drop"] and all(truth == -1 for truth in groups["forbid"]):
            continue
        return None
    return None


@st.composite
def walks(draw: st.DrawFn) -> tuple[tuple[Timeframe, ...], dict[Timeframe, bool], Truths, list[int] | None]:
    execution = draw(st.sampled_from([(M15, M5, M1), (H1, M5), (M1,), (M15, M5), (H4, H1, M15, M5, M1)]))
    listed = st.lists(st.sampled_from([1, 1, 0, -1]), max_size=2)
    truths = {tf: {group: draw(listed) for group in ("stay", "drop", "forbid")} for tf in execution}
    return execution, {tf: draw(st.booleans()) for tf in execution}, truths, draw(st.none() | listed)


@settings(max_examples=500)
@given(walks())
def test_the_walk_selects_what_the_plain_walk_selects(
    walk: tuple[tuple[Timeframe, ...], dict[Timeframe, bool], Truths, list[int] | None],
) -> None:
    execution, candidates, truths, only_1m = walk
    known: dict[Test, int] = {}

    def group(name: str, timeframe: Timeframe, values: list[int]) -> tuple[Test, ...]:
        tests = tuple(named(name, timeframe, place) for place in range(len(values)))
        known.update(zip(tests, values, strict=True))
        return tests

    entries = tuple(
        SelectorEntry(timeframe, *(group(name, timeframe, groups[name]) for name in ("stay", "drop", "forbid")))
        for timeframe, groups in truths.items()
    )
    restriction = None if only_1m is None else group("only", M1, only_1m)
    rules = RuleSet(ContextMode.STRICT, (), execution, {}, selector=entries, allow_1m_only_if_any=restriction)
    masks = {timeframe: np.array([[candidate]]) for timeframe, candidate in candidates.items()}
    found = select(rules, masks, lambda test, _: np.array([[known[test]]], dtype=np.int8), (1, 1))
    expected = plain_walk(execution, candidates, truths, only_1m)
    chosen = int(found.chosen[0, 0])
    assert (execution[chosen] if chosen >= 0 else None) is expected
    assert REASONS[int(found.reasons[0, 0])] is (None if expected else Reason.NO_TIMEFRAME_SELECTED)
    steps = [Step(int(step.step[0, 0])) for step in found.steps]
    if expected is not None:
        assert steps[chosen] is Step.SELECTED
    ended = [place for place, step in enumerate(steps) if step in (Step.SELECTED, Step.STOPPED)]
    assert all(step is Step.NOT_REACHED for step in steps[ended[0] + 1 :]) if ended else Step.NOT_REACHED not in steps


@given(
    st.fixed_dictionaries({M15: st.booleans(), M5: st.booleans(), M1: st.booleans()}),
    st.sampled_from([None, M15, M5, M1]),
    st.sampled_from([None, (), (Constantly(True),), (Constantly(False), Constantly(True)), (Constantly(False),)]),
)
def test_without_a_selector_the_default_is_taken_or_else_the_highest_candidate(
    candidates: dict[Timeframe, bool], default: Timeframe | None, only_1m: tuple[Constantly, ...] | None
) -> None:
    candidates = {timeframe: candidates[timeframe] for timeframe in EXECUTION}
    rules = RuleSet(
        ContextMode.STRICT, (), EXECUTION, {}, execution_timeframe_default=default, allow_1m_only_if_any=only_1m
    )
    masks = {timeframe: np.array([[candidate]]) for timeframe, candidate in candidates.items()}

    def truth_of(test: Test, _: Timeframe) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        assert isinstance(test, Constantly)
        return np.array([[1 if test.truth else -1]], dtype=np.int8)

    found = select(rules, masks, truth_of, (1, 1))
    able = [tf for tf, yes in candidates.items() if yes]
    if M1 in able and only_1m is not None and not any(test.truth for test in only_1m):
        able.remove(M1)
    expected = default if default in able else next(iter(able), None)
    chosen = int(found.chosen[0, 0])
    assert (tuple(candidates)[chosen] if chosen >= 0 else None) is expected


# --- whole decisions ------------------------------------------------------------------------------------------


def outcome_of(said: Mapping[Timeframe, str], **options: object) -> tuple[Reason | None, str | None, Timeframe | None]:
    more = {
        key: value for key, value in options.items() if key in ("selector", "allow_1m_only_if_any", "allowed", "mode")
    }
    asked = DecideOptions(bool(options.get("skip_context")), options.get("current_tf"))  # type: ignore[arg-type]
    spread = options.get("spread")
    spreads = None if spread is None else {"S0": float(spread)}  # type: ignore[arg-type]
    decision = decided(profile_of((H1,), EXECUTION, **more), [said], asked, spreads).of("S0")
    return decision.reason, decision.side, decision.execution_timeframe


def test_only_execution_timeframes_of_the_contexts_side_are_candidates() -> None:
    assert outcome_of({H1: "LONG", M15: "SHORT", M5: "LONG", M1: "LONG"}) == (None, "long", M5)
    assert outcome_of({H1: "SHORT", M15: "SHORT", M5: "LONG"}) == (None, "short", M15)
    assert outcome_of({H1: "LONG", M15: "SHORT", M5: "CONFLICT"}) == (Reason.NO_TIMEFRAME_SELECTED, "long", None)
    assert outcome_of({H1: "NEUTRAL", M15: "LONG"}) == (Reason.PRAGMATIC_CONTEXT_ALL_NEUTRAL, None, None)


def test_without_context_the_side_is_the_execution_timeframes_own() -> None:
    said = {H1: "INVALID", M15: "CONFLICT", M5: "SHORT", M1: "LONG"}
    assert outcome_of(said, skip_context=True) == (None, "short", M5)
    assert outcome_of({H1: "LONG"}, skip_context=True) == (Reason.NO_TIMEFRAME_SELECTED, None, None)
    decision = decided(profile_of(), [said], DecideOptions(skip_context=True)).of("S0")
    assert decision.context_skipped
    assert decision.trace.context is None


def test_a_current_timeframe_is_the_only_one_that_may_take_the_entry() -> None:
    said = {H1: "LONG", M15: "LONG", M1: "LONG"}
    assert outcome_of(said, current_tf=M1) == (None, "long", M1)
    assert outcome_of(said, current_tf=M5) == (Reason.NO_TIMEFRAME_SELECTED, "long", None)
    assert outcome_of(said, current_tf=H4) == (Reason.NO_TIMEFRAME_SELECTED, "long", None)


def test_trade_entry_may_refuse_the_timeframe_that_was_selected() -> None:
    said = {H1: "LONG", M15: "LONG", M5: "LONG"}
    refused = Reason.EXECUTION_TF_NOT_ALLOWED_BY_TRADE_ENTRY
    assert outcome_of(said, allowed=(M5, M1)) == (refused, "long", M15)
    assert outcome_of(said, allowed=(M15,)) == (None, "long", M15)
    assert outcome_of(said, allowed=()) == (None, "long", M15)
    assert outcome_of({**said, H1: "NEUTRAL"}, allowed=(M5,))[0] is Reason.PRAGMATIC_CONTEXT_ALL_NEUTRAL


def above(metric: str, number: float) -> Compare:
    return Compare(Comparison.GT, Metric(metric), Number(number))


def test_an_unknown_metric_neither_stays_nor_drops_and_forbids() -> None:
    """The spread is known only when it was read."""
    said = {H1: "LONG", M15: "LONG", M5: "LONG"}
    stays = (SelectorEntry(M15, stay_on_if=(above("spread_bps", 1),)),)
    assert outcome_of(said, selector=stays, spread=2.0) == (None, "long", M15)
    assert outcome_of(said, selector=stays)[0] is Reason.NO_TIMEFRAME_SELECTED
    never = (Constantly(False),)
    drops = (SelectorEntry(M15, never, (above("spread_bps", 1),)),)
    assert outcome_of(said, selector=drops, spread=2.0) == (None, "long", M5)
    assert outcome_of(said, selector=drops)[0] is Reason.NO_TIMEFRAME_SELECTED
    forbids = (SelectorEntry(M15, never, (Constantly(True),), (above("spread_bps", 9),)),)
    assert outcome_of(said, selector=forbids, spread=2.0) == (None, "long", M5)
    assert outcome_of(said, selector=forbids, spread=10.0)[0] is Reason.NO_TIMEFRAME_SELECTED
    for unknown in (None, float("nan"), float("inf")):
        assert outcome_of(said, selector=forbids, spread=unknown)[0] is Reason.NO_TIMEFRAME_SELECTED


def test_a_selector_feature_without_its_history_is_unknown() -> None:
    """EMA(5) of 4h at 0.5 needs 7 candles: 5 and 2, as (2/3)² < 0.5; 40 are there, or 6."""
    entry = SelectorEntry(M15, (Constantly(False),), (Constantly(True),), (compare("ema_5", ">", 1e9, 0, H4),))
    profile = profile_of((H1,), EXECUTION, selector=(entry,))
    said = {tf: candles(tf, "LONG") for tf in (H1, M15, M5, M1)}
    for count, reason in ((40, None), (7, None), (6, Reason.NO_TIMEFRAME_SELECTED)):
        series = {**said, H4: candles(H4, "LONG", count=count)}
        assert decided(profile, series=[series]).of("S0").reason is reason, count


def test_a_decision_key_names_symbol_timeframe_candle_and_side() -> None:
    decision = decided(profile_of(), [{H1: "LONG", M5: "LONG"}]).of("S0")
    assert decision.key == f"S0:5m:{M5.last_closed_open(decision.at_ms)}:long"
    assert decision.valid_timeframes == 2
    assert decided(profile_of(), [{H1: "LONG"}]).of("S0").key is None
