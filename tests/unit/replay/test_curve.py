"""The account over time: drawdowns, days and exposure, beside those of empyrical."""

from __future__ import annotations

from decimal import Decimal

import empyrical
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import DAY_MS, MINUTE_MS
from mtf_core.replay.curve import (
    Curve,
    curve_of,
    daily_returns,
    day_boundaries,
    drawdown_of,
    exposure_of,
    thinned,
)
from mtf_core.replay.ledger import EquityPoint, Ledger
from tests.unit.replay.ledgers import BALANCE, START_MS, a_drawn_ledger, a_ledger, a_trade

D = Decimal
EQUITIES = st.lists(st.integers(1, 10_000), min_size=1, max_size=40)


def curve(*equity: float, step_ms: int = DAY_MS) -> Curve:
    values = np.array(equity, dtype=np.float64)
    return Curve(START_MS + step_ms * np.arange(len(values)), values, values, np.zeros(len(values)))


def with_points(*points: tuple[int, object, object]) -> Ledger:
    """Each: days after the start, equity, notional."""
    rows = [(START_MS + days * DAY_MS, D(str(equity)), BALANCE, D(str(held))) for days, equity, held in points]
    return a_ledger(days=4, equity=tuple(EquityPoint(*row) for row in rows))


@given(EQUITIES)
def test_the_deepest_fall_is_empyricals(equity: list[int]) -> None:
    returns = pd.Series(np.diff(equity) / np.array(equity[:-1]), dtype=np.float64)
    theirs = empyrical.max_drawdown(returns) if len(returns) else 0.0
    assert drawdown_of(curve(*equity)).depth == pytest.approx(-theirs, abs=1e-9)


@given(EQUITIES)
def test_a_curve_that_never_falls_has_no_drawdown(equity: list[int]) -> None:
    found = drawdown_of(curve(*sorted(equity)))
    assert (found.depth, found.depth_usdt, found.longest_ms) == (0, 0, 0)


@given(EQUITIES)
def test_the_longest_time_below_a_best_is_what_counting_point_by_point_gives(equity: list[int]) -> None:
    best, since, longest, below = equity[0], 0, 0, False
    for row, value in enumerate(equity):
        if value >= best:
            longest = max(longest, row - since if below else 0)
            best, since, below = value, row, False
        else:
            below = True
    longest = max(longest, len(equity) - 1 - since if below else 0)
    assert drawdown_of(curve(*equity)).longest_ms == longest * DAY_MS


def test_a_drawdown_says_from_when_it_fell_and_where_it_was_lowest() -> None:
    found = drawdown_of(curve(100, 120, 90, 110, 119, 121, 118))
    assert found.depth == pytest.approx(0.25)
    assert found.depth_usdt == 30
    assert (found.from_ms, found.bottom_ms) == (START_MS + DAY_MS, START_MS + 2 * DAY_MS)
    assert found.longest_ms == 4 * DAY_MS, "from the best of 120 until 121"


def test_a_fall_that_is_not_made_good_lasts_to_the_end() -> None:
    assert drawdown_of(curve(100, 120, 90, 110, 119)).longest_ms == 3 * DAY_MS


def test_the_account_begins_with_its_balance_and_stays_what_it_was_between_two_points() -> None:
    found = curve_of(with_points((1, 10_100, 500), (2, 9_900, 0)))
    assert found.time_ms.tolist() == [START_MS + days * DAY_MS for days in (0, 1, 2, 4)]
    assert found.equity.tolist() == [10_000, 10_100, 9_900, 9_900]
    assert found.at(np.array([START_MS - 1, START_MS + DAY_MS - 1, START_MS + DAY_MS])).tolist() == [
        10_000,
        10_000,
        10_100,
    ]


def test_a_day_returns_what_equity_gained_from_midnight_to_midnight() -> None:
    found = daily_returns(curve_of(with_points((1, 10_100, 0), (2, 9_898, 0))))
    assert found.tolist() == pytest.approx([0.01, -0.02, 0, 0])


def test_a_replay_that_begins_within_a_day_has_a_shorter_first_one() -> None:
    found = day_boundaries(START_MS + 1, START_MS + 2 * DAY_MS)
    assert found.tolist() == [START_MS + 1, START_MS + DAY_MS, START_MS + 2 * DAY_MS]
    assert day_boundaries(START_MS, START_MS).tolist() == [START_MS, START_MS]


def test_exposure_is_weighed_by_time() -> None:
    found = exposure_of(curve_of(with_points((1, 10_000, 400), (2, 10_000, 0), (3, 10_000, 200))))
    assert found.time_share == 0.5
    assert (found.mean_notional, found.mean_notional_open) == (150, 300)


def test_nothing_is_exposed_where_nothing_was_open() -> None:
    found = exposure_of(curve_of(a_ledger()))
    assert (found.time_share, found.mean_notional, found.mean_notional_open) == (0, 0, 0)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=400), st.integers(8, 60))
def test_a_thinned_curve_keeps_its_ends_its_best_and_its_worst(equity: list[int], most: int) -> None:
    whole = curve(*equity)
    rows = thinned(whole, most)
    kept = whole.equity[rows]
    assert len(rows) <= most + 2
    assert (rows[0], rows[-1]) == (0, len(equity) - 1)
    assert (kept.min(), kept.max()) == (min(equity), max(equity))
    assert np.all(np.diff(rows) > 0)


def test_equity_may_have_a_point_for_each_minute() -> None:
    points = tuple(EquityPoint(START_MS + MINUTE_MS * row, BALANCE + row, BALANCE, D(1)) for row in range(3 * 1440))
    assert drawdown_of(curve_of(a_ledger([a_trade()], equity=points))).depth == 0
    assert len(daily_returns(curve_of(a_drawn_ledger()))) == 40
