"""Which features are missing: of the rows in which they were asked for, and never of others."""

from __future__ import annotations

from mtf_core.inquiry.feature_health import FeatureHealth, health_of
from mtf_core.market import Timeframe
from mtf_core.records import RunCounts, RunMarks, RunTally, Selection
from mtf_core.records.marks import FeatureKey

RSI, ATR = FeatureKey(Timeframe.M5, "rsi"), FeatureKey(Timeframe.H1, "atr")


def ran(symbols: tuple[str, ...], number: int = 1, **missing: int) -> RunTally:
    keys = {"rsi": RSI, "atr": ATR}
    marks = RunMarks(symbols, {}, {keys[name]: lacking for name, lacking in missing.items()})
    return RunTally(f"r{number}", "scalper", number, number, RunCounts({}, (), (), marks))


def test_the_share_is_of_the_rows_in_which_a_feature_was_asked_for() -> None:
    runs = [ran(("A", "B"), 1, rsi=0b01, atr=0), ran(("B", "C"), 2, rsi=0b11), ran(("B", "C"), 3, rsi=0)]
    found = health_of(Selection(), runs)
    assert found.rows == (
        FeatureHealth(Timeframe.M5, "rsi", 6, 3, 0.5, 3, 2),
        FeatureHealth(Timeframe.H1, "atr", 2, 0, 0.0, 0, 0),
    )
    assert (found.runs, found.unmarked_runs) == (3, 0)


def test_runs_that_marked_nothing_are_counted_apart() -> None:
    older = RunTally("old", "scalper", 1, 1, None)
    empty = RunTally("empty", "scalper", 1, 1, RunCounts({}, (), (), RunMarks((), {}, {})))
    found = health_of(Selection(), [older, empty, ran(("A",), 1, rsi=0)])
    assert (found.runs, found.unmarked_runs) == (1, 2)


def test_symbols_and_timeframes_choose_the_rows() -> None:
    runs = [ran(("A", "B"), 1, rsi=0b01, atr=0b10)]
    (one,) = health_of(Selection(symbols=("B",), timeframes=(Timeframe.H1,)), runs).rows
    assert (one.feature, one.rows, one.missing) == ("atr", 1, 1)
    assert health_of(Selection(symbols=("Z",)), runs).rows == ()
