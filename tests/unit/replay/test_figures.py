"""Sums, groups, months and what stands beside them."""

from __future__ import annotations

import random
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import DAY_MS, MINUTE_MS, Candles, Side, Timeframe, parse_instant, to_ms
from mtf_core.orders import ExitReason
from mtf_core.reasons import Reason
from mtf_core.replay.figures import figures_of, streaks_of
from mtf_core.replay.groups import GroupedBy, groups_of
from mtf_core.replay.holding import buy_and_hold
from mtf_core.replay.ledger import Afterwards, Fate, Ledger, Regime, ReplayedTrade, Trend, Volatility, WaitingContext
from mtf_core.replay.outcomes import ready_outcomes, waiting_of
from mtf_core.replay.sums import by_close, sums_of
from tests.unit.replay.ledgers import (
    HOUR_MS,
    ONE_R,
    START_MS,
    a_drawn_ledger,
    a_ledger,
    a_minute,
    a_plan,
    a_trade,
    many_trades,
    market_of,
)

D = Decimal


def in_a_row(*net_r: object) -> list[ReplayedTrade]:
    """Trades one after the other, each an hour long."""
    return [a_trade(r, opened_ms=START_MS + (2 * row + 1) * HOUR_MS) for row, r in enumerate(net_r)]


# --- sums -----------------------------------------------------------------------------------------------------
def test_sums_tell_what_was_won_what_was_lost_and_what_it_cost() -> None:
    found = sums_of(in_a_row(2, -1, -1, 0))
    assert (found.trades, found.won, found.lost) == (4, 1, 2)
    assert (found.net_usdt, found.won_usdt, found.lost_usdt) == (0, 100, -100)
    assert (found.gross_usdt, found.fees_usdt, found.funding_usdt) == (7, 6, 1)
    assert (found.slippage_usdt, found.mean_holding_ms) == (D("0.8"), HOUR_MS)
    assert (found.expectancy_r, found.expectancy_usdt) == (0, 0)
    assert (found.win_rate, found.profit_factor, found.cost_share) == (0.25, 1, 1)


def test_what_no_trade_tells_is_unknown_and_not_0() -> None:
    found = sums_of([])
    assert (found.net_usdt, found.trades) == (0, 0)
    unknown = (found.expectancy_r, found.expectancy_usdt, found.win_rate, found.profit_factor, found.cost_share)
    assert {*unknown, found.mean_holding_ms} == {None}


def test_without_a_loss_there_is_no_profit_factor_and_without_gross_profit_no_share_of_costs() -> None:
    assert sums_of(in_a_row(1)).profit_factor is None
    assert sums_of(in_a_row(-1)).cost_share is None


def test_a_trade_of_which_r_is_not_known_counts_in_money_alone() -> None:
    found = sums_of([*in_a_row(1), a_trade(3, r_net=None)])
    assert (found.trades, found.net_usdt, found.expectancy_r) == (2, 4 * ONE_R, 1)


def test_49_trades_are_too_few_and_50_are_not() -> None:
    assert sums_of(in_a_row(*[1] * 49)).is_too_few
    assert not sums_of(in_a_row(*[1] * 50)).is_too_few


@given(many_trades(), st.randoms(use_true_random=False))
def test_the_order_of_the_trades_changes_nothing(trades: list[ReplayedTrade], draw: random.Random) -> None:
    shuffled = list(trades)
    draw.shuffle(shuffled)
    assert sums_of(shuffled) == sums_of(trades)
    assert groups_of(a_ledger(shuffled)) == groups_of(a_ledger(trades))
    assert by_close(shuffled) == by_close(trades)


@given(many_trades())
def test_net_is_gross_less_costs_to_the_last_digit(trades: list[ReplayedTrade]) -> None:
    found = sums_of(trades)
    assert found.net_usdt == found.gross_usdt - found.fees_usdt - found.funding_usdt
    assert found.net_usdt == found.won_usdt + found.lost_usdt


# --- groups and months ----------------------------------------------------------------------------------------
@given(many_trades())
def test_every_trade_is_in_one_group_of_each_kind_and_in_one_month(trades: list[ReplayedTrade]) -> None:
    found = figures_of(a_ledger(trades))
    assert set(found.groups) == set(GroupedBy)
    for groups in (*found.groups.values(), found.months):
        assert sum(one.sums.trades for one in groups) == len(trades)
        assert sum((one.sums.net_usdt for one in groups), D(0)) == found.sums.net_usdt


def names(ledger: Ledger, by: GroupedBy) -> list[str]:
    return [one.name for one in groups_of(ledger)[by]]


def test_groups_are_named_as_people_say_them() -> None:
    trade = a_trade(
        -1,
        symbol="ETHUSDT",
        side=Side.SHORT,
        exit_reason=ExitReason.TIME_STOP,
        timeframe=Timeframe.M15,
        regime=Regime(Trend.DOWN, Volatility.HIGH),
        opened_ms=to_ms(parse_instant("2026-01-07T23:59:59Z")),
    )
    ledger = a_ledger([trade])
    assert [names(ledger, by) for by in GroupedBy] == [
        *(["ETHUSDT"], ["time_stop"], ["15m"], ["short"], ["down"], ["high"], ["23:00"], ["Wednesday"])
    ]


def test_a_trade_that_nobody_knows_the_end_of_is_in_a_group_of_its_own() -> None:
    assert names(a_ledger([a_trade(exit_reason=None, **{}), a_trade(key="b")]), GroupedBy.EXIT_REASON) == ["target"]
    nobody = evolve(a_trade(), trade=evolve(a_trade().trade, exit_reason=None))
    assert names(a_ledger([nobody]), GroupedBy.EXIT_REASON) == ["unknown"]


def test_days_stand_in_their_order_and_other_groups_by_what_they_lost() -> None:
    trades = [
        a_trade(r, symbol=symbol, opened_ms=START_MS + day * DAY_MS)
        for day, (symbol, r) in enumerate([("A", 1), ("B", -1), ("C", -2)])
    ]
    ledger = a_ledger(trades)
    assert names(ledger, GroupedBy.WEEKDAY) == ["Monday", "Tuesday", "Wednesday"]
    assert names(ledger, GroupedBy.SYMBOL) == ["C", "B", "A"]


def test_a_month_has_the_trades_that_were_closed_in_it_and_what_equity_gained() -> None:
    january = to_ms(parse_instant("2026-01-31T23:00Z"))
    trades = [a_trade(2, opened_ms=january, held_ms=2 * HOUR_MS), a_trade(1, opened_ms=january - DAY_MS)]
    found = figures_of(a_ledger(trades, days=30)).months
    assert [(one.name, one.sums.trades) for one in found] == [("2026-01", 1), ("2026-02", 1)]
    gained = [one.returned for one in found]
    # Half of the 100 USDT of the second trade was there at midnight: 150 of 10 000, then 50 of 10 100.
    assert gained == pytest.approx([0.01, 50 / 10_100]), "half of it at midnight, as the ledger's points say"


def test_months_without_a_trade_are_there_and_one_that_begins_at_the_end_is_not() -> None:
    found = figures_of(a_ledger(days=27 + 28)).months  # until 2026-03-01T00:00Z
    assert [(one.name, one.sums.trades, one.returned) for one in found] == [("2026-01", 0, 0), ("2026-02", 0, 0)]
    december = figures_of(a_ledger(days=27 + 28 + 310)).months
    assert [one.name for one in december][-2:] == ["2026-12", "2027-01"]


# --- streaks, holding, READY ----------------------------------------------------------------------------------
def test_streaks_are_counted_by_when_trades_were_closed_and_0_ends_them() -> None:
    found = streaks_of(in_a_row(1, 1, -1, -1, -1, 0, -1, 1, 1, 0, 1))
    assert (found.longest_won, found.longest_lost) == (2, 3)
    nothing = streaks_of([])
    assert (nothing.longest_won, nothing.longest_lost) == (0, 0)


def candles(first_minute: int, *closes: float) -> Candles:
    columns = [np.array(closes, dtype=np.float64) for _ in range(4)]
    times = START_MS + MINUTE_MS * (first_minute + np.arange(len(closes), dtype=np.int64))
    return Candles.trusted(Timeframe.M1, times, *columns, np.ones(len(closes)))


def test_buy_and_hold_puts_the_same_money_into_each_symbol() -> None:
    ledger = a_ledger(markets=(market_of("B", candles(0, 10, 12, 15)), market_of("A", candles(1, 10, 9))))
    found = buy_and_hold(ledger, START_MS + 3 * MINUTE_MS)
    assert found is not None
    assert dict(found.by_symbol) == pytest.approx({"A": -0.1, "B": 0.5})
    assert found.returned == pytest.approx(0.2)
    assert found.worth.tolist() == pytest.approx([1, 1.2])


def test_buy_and_hold_looks_at_no_candle_outside_of_the_replay() -> None:
    market = market_of("A", candles(-2, 1, 1, 10, 11, 99))
    found = buy_and_hold(a_ledger(markets=(market,)), START_MS + 2 * MINUTE_MS)
    assert found is not None
    assert found.returned == pytest.approx(0.1)
    assert buy_and_hold(a_ledger(markets=(market_of("A", candles(-2, 1)),)), START_MS + 9 * MINUTE_MS) is None


def test_every_ready_minute_is_counted_once() -> None:
    ledger = a_drawn_ledger()
    found = ready_outcomes(ledger)
    assert found.minutes == len(ledger.ready)
    assert found.minutes == found.filled + found.still_open + found.not_filled.count + found.refused_total
    assert sum(one.count for one in found.by_ending.values()) == found.not_filled.count
    assert list(found.refused.values()) == sorted(found.refused.values(), reverse=True)


def test_of_what_did_not_fill_it_is_told_where_the_price_went() -> None:
    def missed(symbol: str, ended: str, afterwards: Afterwards | None) -> object:
        plan = a_plan(symbol)
        return a_minute(symbol, START_MS, Fate.NOT_FILLED, ended=ended, afterwards=afterwards, plan=plan)

    ready = (
        missed("A", "order_timeout", Afterwards(D(2), D("-0.5"), "target", 60)),
        missed("B", "order_timeout", Afterwards(D(1), D(-1), "stop", 60)),
        missed("C", "out_of_zone", None),
        a_minute("D", START_MS, Fate.REFUSED, Reason.SYMBOL_BUSY),
        a_minute("E", START_MS, Fate.STILL_OPEN, plan=a_plan("E")),
    )
    found = ready_outcomes(evolve(a_ledger(), ready=ready))
    assert (found.minutes, found.planned, found.filled, found.still_open) == (5, 4, 0, 1)
    assert dict(found.refused) == {"symbol_busy": 1}
    assert (found.not_filled.count, found.not_filled.followed) == (3, 2)
    assert dict(found.not_filled.first) == {"stop": 1, "target": 1}
    assert (found.not_filled.best_r, found.not_filled.worst_r) == (1.5, -0.75)
    assert found.by_ending["out_of_zone"].best_r is None


def test_contexts_that_waited_are_counted_in_minutes() -> None:
    found = waiting_of(
        (
            WaitingContext("A", Side.LONG, START_MS, START_MS, Reason.NO_TIMEFRAME_SELECTED),
            WaitingContext("B", Side.LONG, START_MS, START_MS + 4 * MINUTE_MS, Reason.NO_TIMEFRAME_SELECTED),
        )
    )
    assert (found.stretches, found.minutes, found.longest_minutes) == (2, 6, 5)
    assert dict(found.by_symbol) == {"B": 5, "A": 1}
    assert waiting_of(()).minutes == 0
