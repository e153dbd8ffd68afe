"""What stopped decisions over time: counts that add up, and weights that say of what they are shares."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.inquiry.blockers import BlockedBy, Blocker, Blockers, GroupedBy, blockers_of
from mtf_core.market import Side, Timeframe
from mtf_core.reasons import Reason, stored_reason
from mtf_core.records import Ending, EndingTally, RunCounts, RunMarks, RunTally, Selection
from mtf_core.records.marks import ConditionKey

NONE = Reason.NO_TIMEFRAME_SELECTED
WIDE = Reason.SPREAD_TOO_WIDE
RSI, MACD = "rsi_lt_70", "macd_hist_gt_eps"


def tally(
    of: str, reason: Reason | None, count: int = 1, side: Side | None = None, tf: str | None = None
) -> EndingTally:
    timeframe = None if tf is None else Timeframe(tf)
    status = "READY" if reason is None else "INVALID"
    return EndingTally(of, Ending(status, reason, side, timeframe), count)


def marked(symbols: tuple[str, ...], **blocked: int) -> RunMarks:
    """Marks of conditions on 5m, in the tree for long."""
    keys = {ConditionKey(Timeframe.M5, "long", name): value for name, value in blocked.items()}
    return RunMarks(symbols, keys, {})


def run_with(marks: RunMarks | None, number: int = 1, *, counted: bool = True) -> RunTally:
    counts = RunCounts({}, (), (), marks) if counted else None
    return RunTally(f"r{number}", "scalper", number * 60_000, number * 60_000, counts)


def row(found: Blockers, name: str, by: GroupedBy = GroupedBy.ALL, group: str | None = None) -> Blocker:
    (one,) = [each for each in found.rows if (each.name, each.by, each.group) == (name, by, group)]
    return one


def test_a_reason_weighs_as_its_share_of_decisions_symbols_and_runs() -> None:
    by_symbol = [tally("AUSDT", NONE, 3), tally("BUSDT", NONE), tally("BUSDT", None, 2, Side.LONG, "5m")]
    by_run = [tally("r1", NONE, 2), tally("r2", NONE, 2), tally("r3", None, 2, Side.LONG, "5m")]
    found = blockers_of(Selection(), by_symbol, by_run, [run_with(None, number) for number in (1, 2, 3, 4)])
    one = row(found, NONE)
    assert (one.decisions, one.symbols, one.runs) == (4, 2, 2)
    assert (one.decisions_share, one.symbols_share, one.runs_share) == (4 / 6, 1.0, 0.5)
    assert (found.decisions, found.passed, found.symbols, found.runs) == (6, 2, 2, 4)
    assert (found.first_ms, found.last_ms) == (60_000, 240_000)


def test_reasons_stand_by_side_and_by_timeframe_and_apart_where_a_decision_had_none() -> None:
    of = [tally("AUSDT", WIDE, 2, Side.SHORT, "15m"), tally("AUSDT", NONE, 1)]
    found = blockers_of(Selection(), of, of, [run_with(None)])
    assert row(found, WIDE, GroupedBy.SIDE, "short").decisions == 2
    assert row(found, WIDE, GroupedBy.TIMEFRAME, "15m").decisions == 2
    assert row(found, NONE, GroupedBy.SIDE).group is None
    assert row(found, NONE, GroupedBy.TIMEFRAME).decisions == 1


def test_timeframes_choose_what_is_shown_and_not_what_it_is_a_share_of() -> None:
    of = [tally("AUSDT", WIDE, 1, Side.LONG, "5m"), tally("AUSDT", NONE, 3)]
    found = blockers_of(Selection(timeframes=(Timeframe.M5,)), of, of, [run_with(None)])
    assert {one.name for one in found.rows} == {str(WIDE)}
    assert row(found, WIDE).decisions_share == 0.25


def test_a_reason_of_another_version_is_told_without_a_stage() -> None:
    of = [EndingTally("AUSDT", Ending("INVALID", stored_reason("moon_in_the_way"), None, None), 1)]
    one = row(blockers_of(Selection(), of, of, [run_with(None)]), "moon_in_the_way")
    assert (one.stage, one.decisions) == (None, 1)


def test_a_condition_weighs_as_its_share_of_what_was_evaluated() -> None:
    runs = [
        run_with(marked(("AUSDT", "BUSDT"), **{RSI: 0b01}), 1),
        run_with(marked(("BUSDT", "CUSDT"), **{RSI: 0b01, MACD: 0b11}), 2),
        run_with(None, 3),
        run_with(None, 4, counted=False),
    ]
    found = blockers_of(Selection(), [], [], runs)
    rsi, macd = row(found, RSI), row(found, MACD)
    assert (rsi.decisions, rsi.symbols, rsi.runs) == (2, 2, 2)
    assert (rsi.decisions_share, rsi.symbols_share, rsi.runs_share) == (0.5, 2 / 3, 1.0)
    assert (macd.decisions, macd.symbols, macd.runs, macd.runs_share) == (2, 2, 1, 0.5)
    assert (found.marked_runs, found.unmarked_runs) == (2, 2)
    assert row(found, MACD, GroupedBy.SIDE, "long").kind is BlockedBy.CONDITION
    assert row(found, MACD, GroupedBy.TIMEFRAME, "5m").decisions == 2


def test_a_condition_that_stands_in_several_trees_blocks_a_symbol_once_in_all_of_them() -> None:
    keys = {
        ConditionKey(Timeframe.M5, "long", RSI): 0b011,
        ConditionKey(Timeframe.H1, "filter for both", RSI): 0b110,
        ConditionKey(Timeframe.H1, "filter for long", RSI): 0b010,
    }
    found = blockers_of(Selection(), [], [], [run_with(RunMarks(("A", "B", "C"), keys, {}))])
    assert row(found, RSI).decisions == 3
    assert row(found, RSI, GroupedBy.SIDE, "long").decisions == 2
    assert row(found, RSI, GroupedBy.SIDE, "both").decisions == 2
    assert row(found, RSI, GroupedBy.TIMEFRAME, "1h").decisions == 2


def test_symbols_and_timeframes_choose_among_conditions() -> None:
    runs = [run_with(marked(("AUSDT", "BUSDT"), **{RSI: 0b01, MACD: 0b11}))]
    found = blockers_of(Selection(symbols=("BUSDT", "ZUSDT")), [], [], runs)
    assert [(one.name, one.decisions, one.decisions_share) for one in found.rows if one.by is GroupedBy.ALL] == [
        (MACD, 1, 1.0)
    ]
    assert blockers_of(Selection(timeframes=(Timeframe.H1,)), [], [], runs).rows == ()


def test_where_nothing_fits_nothing_is_a_share_of_nothing() -> None:
    found = blockers_of(Selection(), [], [], [])
    assert (found.rows, found.first_ms, found.runs) == ((), None, 0)
    assert found.to_json()["first_at"] is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["AUSDT", "BUSDT", "CUSDT"]),
            st.sampled_from([NONE, WIDE, None]),
            st.integers(1, 9),
            st.sampled_from([None, *Side]),
            st.sampled_from([None, "1m", "5m"]),
        ),
        max_size=12,
    )
)
def test_each_way_of_grouping_counts_every_stopped_decision_once(parts: list[tuple[object, ...]]) -> None:
    tallies = [tally(*part) for part in parts]  # type: ignore[arg-type]
    found = blockers_of(Selection(), tallies, tallies, [run_with(None)])
    for by in GroupedBy:
        counted = sum(one.decisions for one in found.rows if one.by is by)
        assert counted == found.decisions - found.passed


@pytest.mark.parametrize("by", list(GroupedBy))
def test_those_that_stop_most_come_first(by: GroupedBy) -> None:
    of = [tally("AUSDT", NONE, 2, Side.LONG, "5m"), tally("AUSDT", WIDE, 3, Side.LONG, "5m")]
    found = blockers_of(Selection(), of, of, [run_with(None)])
    assert [one.name for one in found.rows if one.by is by] == [WIDE, NONE]
