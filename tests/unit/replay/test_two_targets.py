"""Two targets and the stop at break-even, in minutes that are written by hand.

Of 333 contracts 166 leave at 103.1, the rest at 106.1. Filled as a maker at 100.1 the position breaks even at
100.1 x 1.0002 / 0.9994 = 100.18, on the grid 100.2.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import Fill, OrderType, Side
from mtf_core.orders import ExitReason
from mtf_core.replay.ledger import Fate
from mtf_core.settings.profile import Profile
from mtf_core.settings.trade_entry import SecondTargetPolicy
from tests.unit.planning.examples import SETTINGS
from tests.unit.replay.recorded import Row, a_profile, minute_of, replayed, supervision, the_row, the_trade

D = Decimal
FILLED: tuple[Row, ...] = (100, 100.5, (100.5, 100.5, 100, 100.4))
"""The entry fills at 100.1 in minute 2."""
FIRST: Row = (100.4, 103.1, 100.4, 102.9)
"""Minute 3 reaches the first target."""


def two(break_even: bool = True, rests: bool = False) -> Profile:
    defaults = evolve(
        SETTINGS.defaults,
        targets=2,
        tp2_policy=SecondTargetPolicy.R_MULTIPLE,
        break_even_after_tp1=break_even,
    )
    return a_profile(
        defaults=defaults, supervision=supervision(target_order=OrderType.LIMIT if rests else OrderType.MARKET)
    )


def sold(*fills: Fill) -> list[tuple[Decimal, Decimal]]:
    return [(fill.price, fill.size) for fill in fills if not fill.opens]


@pytest.mark.parametrize("each_minute", [False, True])
def test_both_targets_stand_by_the_end_of_the_minute_that_filled_the_entry(each_minute: bool) -> None:
    """The very next minute reaches both: 3 x 1.66 + 6 x 1.67 = 15; 103.1 x 1.66 and 106.1 x 1.67 pay 0.06 %."""
    trade = the_trade(replayed(*FILLED, (100.4, 106.1, 100.4, 106), profile=two(), each_minute=each_minute))
    assert sold(*trade.fills) == [(D("103.1"), D(166)), (D("106.1"), D(167))]
    assert trade.trade.gross_usdt == D(15)
    assert trade.trade.fees_usdt == D("0.0666666") + D("0.1026876") + D("0.1063122")
    assert trade.trade.exit_reason is ExitReason.TARGET


def test_after_the_first_target_the_stop_stands_at_break_even_from_the_next_minute_on() -> None:
    trade = the_trade(replayed(*FILLED, FIRST, (102.9, 102.9, 99, 99), profile=two()))
    assert sold(*trade.fills) == [(D("103.1"), D(166)), (D("100.2"), D(167))]
    assert trade.trade.exit_reason is ExitReason.BREAK_EVEN
    assert trade.trade.gross_usdt == D("5.147")  # 3 x 1.66 + 0.1 x 1.67


def test_the_tighter_stop_does_not_stand_within_the_minute_that_reached_the_first_target() -> None:
    """It ends at 100.3 after it was at 103.1: the supervisor had not moved the stop when the price came back."""
    trade = the_trade(replayed(*FILLED, (100.4, 103.1, 100.1, 100.3), (100.3, 106.1, 100.3, 106), profile=two()))
    assert sold(*trade.fills) == [(D("103.1"), D(166)), (D("106.1"), D(167))]


def test_a_minute_that_reaches_the_first_target_and_the_stop_stops_all_of_it() -> None:
    trade = the_trade(replayed(*FILLED, (100.4, 103.1, 98.6, 99), profile=two()))
    assert sold(*trade.fills) == [(D("98.6"), D(333))]


def test_where_targets_come_first_that_minute_takes_the_first_and_stops_the_rest() -> None:
    """3 x 1.66 - 1.5 x 1.67 = 2.475."""
    trade = the_trade(replayed(*FILLED, (100.4, 103.1, 98.6, 99), profile=two(), stop_before_target=False))
    assert sold(*trade.fills) == [(D("103.1"), D(166)), (D("98.6"), D(167))]
    assert trade.trade.gross_usdt == D("2.475")


@pytest.mark.parametrize("each_minute", [False, True])
def test_where_the_price_is_back_already_the_stop_stays_and_is_moved_later(each_minute: bool) -> None:
    """Minute 3 ends at 100.2, which is break-even itself. Minute 4 ends at 102: then it is moved."""
    back: Row = (100.4, 103.1, 100.0, 100.2)
    stopped = replayed(*FILLED, back, (100.2, 100.2, 98.6, 99), profile=two(), each_minute=each_minute)
    assert sold(*the_trade(stopped).fills)[-1] == (D("98.6"), D(167))
    later = replayed(
        *FILLED, back, (100.2, 102, 99, 102), 102, (102, 102, 99, 99), profile=two(), each_minute=each_minute
    )
    assert sold(*the_trade(later).fills)[-1] == (D("100.2"), D(167))
    assert minute_of(the_trade(later).fills[-1].time_ms) > 6


def test_without_break_even_the_stop_stays_where_it_was_planned() -> None:
    trade = the_trade(replayed(*FILLED, FIRST, (102.9, 102.9, 98.6, 99), profile=two(break_even=False)))
    assert sold(*trade.fills) == [(D("103.1"), D(166)), (D("98.6"), D(167))]


def test_targets_that_rest_fill_each_by_a_trade_through_as_a_maker() -> None:
    touched = replayed(*FILLED, FIRST, 102, profile=two(rests=True))
    assert (the_row(touched).fate, the_row(touched).known_ms) == (Fate.STILL_OPEN, None)
    assert touched.equity[-1].at_risk == D("102") * D("3.33"), "all of it"
    through = the_trade(replayed(*FILLED, (100.4, 106.2, 100.4, 106), profile=two(rests=True)))
    assert [fill.is_maker for fill in through.fills] == [True, True, True]
    assert sold(*through.fills) == [(D("103.1"), D(166)), (D("106.1"), D(167))]


def test_a_short_is_the_mirror_image() -> None:
    """Entry 100.0, break-even 100 x 0.9998 / 1.0006 = 99.92, on the grid 99.9."""
    rows: tuple[Row, ...] = (100, 99.6, (99.6, 100.1, 99.6, 99.6), (99.6, 99.6, 97, 97.2), (97.2, 101, 97.2, 101))
    trade = the_trade(replayed(*rows, side=Side.SHORT, profile=two()))
    assert sold(*trade.fills) == [(D("97.0"), D(166)), (D("99.9"), D(167))]
