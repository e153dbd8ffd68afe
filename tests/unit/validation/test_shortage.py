"""What a timeframe lacks of its candles, in numbers: the same that make it invalid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.features.history import History
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Gap, Timeframe
from mtf_core.reasons import Reason
from mtf_core.rules.needs import Need
from mtf_core.rules.ruleset import TimeframeRules
from mtf_core.validation.decision import Decision
from mtf_core.validation.explain import decision_html, decision_to_json, render_timeframe
from mtf_core.validation.outcome import REASONS
from mtf_core.validation.readiness import readiness, shortage_of
from mtf_core.validation.shortage import CandleShortage, mending, shared, what_is_lacking
from tests.market_strategies import START_MS, walk, without
from tests.unit.validation.profiles import AT_MS, H1, M1, M5, M15, both_sides, compare, decided, filter_of
from tests.unit.validation.profiles import profile_of as profile_with


def at(there: list[bool], timeframe: Timeframe = M5, lead: int = 0) -> CandleStack:
    """A window in which these candles are there and the others are not."""
    candles = walk(timeframe, len(there), 1, start_ms=START_MS)
    kept = without(candles, [place for place, is_there in enumerate(there) if not is_there])
    last = START_MS + (len(there) - 1) * timeframe.ms
    return CandleStack.of_window(timeframe, {"S0": kept}, START_MS, last, lead, whole=False)


def lacking(stack: CandleStack, needed: int) -> CandleShortage | None:
    needs = {stack.timeframe: Need(History(needed), 1, needed)}
    return shortage_of({stack.timeframe: FeatureTable(stack, 1)}, 0, stack.timeframe, needs)


def code(stack: CandleStack, needed: int) -> Reason | None:
    needs = {stack.timeframe: Need(History(needed), 1, needed)}
    tables = {stack.timeframe: FeatureTable(stack, 1)}
    return REASONS[int(readiness(tables, stack.timeframe, needs, 1)[0, 0])]


def opens(place: int) -> int:
    return START_MS + place * M5.ms


# --- the numbers ----------------------------------------------------------------------------------------------
def test_short_history_says_how_many_candles_there_are_and_when_there_will_be_enough() -> None:
    found = lacking(at([False] * 4 + [True] * 6), needed=8)
    assert found == CandleShortage(M5, 6, 8, opens(4), None, usable_from_ms=opens(12))


def test_a_hole_says_where_it_is_and_until_when_it_costs() -> None:
    found = lacking(at([True] * 5 + [False] * 2 + [True] * 3), needed=8)
    assert found == CandleShortage(M5, 3, 8, opens(7), Gap(opens(5), opens(6), 2), usable_from_ms=opens(15), missing=2)
    assert found.hole_lasts_ms == 10 * M5.ms


def test_of_several_holes_the_last_one_counts() -> None:
    found = lacking(at([True, False, True, True, False, True]), needed=6)
    assert found is not None
    assert found.hole == Gap(opens(4), opens(4), 1)
    assert found.missing == 2, "those of the hole before it, too"
    assert " missing at 2024-01-01T00:20:00Z and 1 before, 1 of 6 candles since" in what_is_lacking(found)
    near = lacking(at([True, False, True, True, False, True]), needed=3)
    assert near is not None
    assert near.missing == 1, "what lies before the needed candles costs nothing"


def test_a_missing_newest_candle_leaves_none() -> None:
    found = lacking(at([True] * 8 + [False] * 2), needed=8)
    assert found == CandleShortage(M5, 0, 8, None, Gap(opens(8), opens(9), 2), usable_from_ms=opens(18), missing=2)
    assert found.at_the_end


def test_no_candle_at_all_is_no_hole() -> None:
    found = lacking(at([False] * 3), needed=2)
    assert found == CandleShortage(M5, 0, 2, None, None, usable_from_ms=opens(5))


@given(st.lists(st.booleans(), min_size=1, max_size=14), st.integers(1, 8), st.integers(0, 3))
def test_there_is_a_shortage_exactly_where_the_timeframe_is_not_ready_and_a_hole_where_it_has_gaps(
    there: list[bool], needed: int, lead: int
) -> None:
    stack = at(there, lead=min(lead, len(there) - 1))
    found, reason = lacking(stack, needed), code(stack, needed)
    assert (found is None) == (reason is None)
    if found is not None:
        assert (found.hole is None) == (reason is Reason.NOT_ENOUGH_CANDLES)
        assert found.had < found.needed == needed
        assert (found.missing > 0) == (found.hole is not None)
        assert found.had == int(stack.unbroken(np.array([stack.count - 1]))[0, 0])


@given(st.lists(st.booleans(), min_size=1, max_size=10), st.integers(1, 6))
def test_with_every_candle_from_now_on_it_is_usable_at_the_instant_that_is_named_and_not_before(
    there: list[bool], needed: int
) -> None:
    found = lacking(at(there), needed)
    if found is None:
        return
    more = (found.usable_from_ms - opens(len(there))) // M5.ms
    assert code(at([*there, *[True] * more]), needed) is None
    assert code(at([*there, *[True] * (more - 1)]), needed) is not None


# --- in a decision --------------------------------------------------------------------------------------------
def decision_with(hours: Candles) -> Decision:
    """5m reads atr_2 of 1h, which needs five candles, and the context is 15m."""
    rules = {M5: TimeframeRules(M5, long=compare("atr_2", ">=", 0, timeframe=H1)), M15: both_sides(M15)}
    series = {M15: walk(M15, 40, 1, start_ms=AT_MS - 40 * M15.ms), M5: walk(M5, 40, 1, start_ms=AT_MS - 40 * M5.ms)}
    return decided(profile_with((M15,), (M5,), rules=rules), series=[{**series, H1: hours}]).of("S0")


def test_a_timeframe_that_reads_another_one_says_whose_candles_are_lacking() -> None:
    decision = decision_with(walk(H1, 4, 1, start_ms=AT_MS - 4 * H1.ms))
    shortage = decision.shortage(M5)
    assert shortage is not None
    assert (shortage.timeframe, shortage.had, shortage.needed) == (H1, 4, 5)
    assert decision.shortage(M15) is None
    head = render_timeframe(decision.timeframe(M5)).splitlines()[0]
    assert head.endswith(": INVALID (not_enough_candles: of 1h, 4 of 5 candles, usable from 2024-01-02T01:00:00Z)")
    assert head.split("INVALID")[1] in decision_html(decision.trace)


def test_the_document_of_a_decision_has_the_numbers_where_candles_are_lacking_alone() -> None:
    hours = without(walk(H1, 20, 1, start_ms=AT_MS - 20 * H1.ms), [17])
    timeframes = decision_to_json(decision_with(hours).trace)["timeframes"]
    assert "shortage" not in timeframes["15m"]
    assert timeframes["5m"]["shortage"] == {
        "timeframe": "1h",
        "had": 2,
        "needed": 5,
        "first_open": "2024-01-01T22:00:00Z",
        "hole": {"first_open": "2024-01-01T21:00:00Z", "last_open": "2024-01-01T21:00:00Z", "count": 1},
        "usable_from": "2024-01-02T03:00:00Z",
        "missing": 1,
    }


def test_failed_filters_are_named() -> None:
    barred = profile_with((H1,), (M5,), filters=(filter_of(compare("volume", ">", 10), (M5,)),))
    decision = decided(barred, [{H1: "LONG", M5: "LONG"}]).of("S0")
    assert decision.failed_filters(M5) == decision.timeframe(M5).failed_filters == ("filter",)
    assert decision.failed_filters(H1) == ()
    assert "INVALID (filters_mandatory_failed: filter)" in render_timeframe(decision.timeframe(M5))


# --- in words -------------------------------------------------------------------------------------------------
DAYS_4H = CandleShortage(Timeframe.H4, 177, 661, None, Gap(START_MS, START_MS, 1), START_MS + 662 * Timeframe.H4.ms)
SHORT = CandleShortage(M1, 300, 682, START_MS, None, START_MS)


def test_the_cost_of_a_hole_is_told_in_days() -> None:
    assert what_is_lacking(DAYS_4H) == (
        "1 candle missing at 2024-01-01T00:00:00Z, 177 of 661 candles since; "
        "unusable until 2024-04-20T08:00:00Z (110 days)"
    )


@pytest.mark.parametrize(
    ("shortage", "final", "words"),
    [
        (
            DAYS_4H,
            False,
            "`mtf klines gaps --exchange here --symbol BTCUSDT --timeframe 4h --repair` asks the exchange again",
        ),
        (DAYS_4H, True, "complete the candle file; if nothing traded then, `no_trade` in trading.yaml fills it"),
        (SHORT, False, None),
        (lacking(at([True, False]), 2), False, None),
    ],
)
def test_what_fills_a_hole_is_said_where_something_can(
    shortage: CandleShortage, final: bool, words: str | None
) -> None:
    assert mending(shortage, "BTCUSDT", "here", final=final) == words


def test_symbols_that_lack_the_same_are_one_group_told_by_the_worst() -> None:
    worse = CandleShortage(M1, 290, 682, START_MS, None, START_MS + 10 * M1.ms)
    short, hole = shared([("A", SHORT), ("B", DAYS_4H), ("C", worse), ("C", worse)])
    assert set(short.by_symbol) == {"A", "C"}
    assert short.in_words == "1m: at worst 290 of 682 candles, usable from 2024-01-01T00:10:00Z"
    assert hole.in_words.startswith("4h: 1 candle missing at 2024-01-01T00:00:00Z")
