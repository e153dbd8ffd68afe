"""Closed trades in groups: costs and R that add up, and nothing made of what is not known."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.inquiry.trade_statistics import TradesBy, statistics_of
from mtf_core.orders import ExitReason
from mtf_core.records import Selection
from tests.unit.inquiry.test_trade_totals import TRADE

D = Decimal


def test_trades_are_added_up_over_all_by_profile_symbol_and_exit_reason_the_worst_first() -> None:
    trades = [
        evolve(TRADE, net_usdt=D(3)),
        evolve(TRADE, net_usdt=D(-2), symbol="ETHUSDT", exit_reason=ExitReason.STOP),
        evolve(TRADE, net_usdt=D(-4), symbol="ETHUSDT", profile="regular", exit_reason=None),
    ]
    found = statistics_of(Selection(), trades)
    assert [(row.by, row.group, row.trades, row.net_usdt) for row in found.rows] == [
        (TradesBy.ALL, None, 3, D(-3)),
        (TradesBy.PROFILE, "regular", 1, D(-4)),
        (TradesBy.PROFILE, "scalper_micro", 2, D(1)),
        (TradesBy.SYMBOL, "ETHUSDT", 2, D(-6)),
        (TradesBy.SYMBOL, "BTCUSDT", 1, D(3)),
        (TradesBy.EXIT_REASON, None, 1, D(-4)),
        (TradesBy.EXIT_REASON, "stop", 1, D(-2)),
        (TradesBy.EXIT_REASON, "target", 1, D(3)),
    ]
    assert (found.rows[0].won, found.rows[0].lost, found.rows[0].win_rate) == (1, 2, 1 / 3)
    assert (found.rows[0].fees_usdt, found.rows[0].funding_usdt) == (D("0.03"), D("0.006"))


def test_what_no_trade_tells_is_missing_and_not_zero() -> None:
    unknown = evolve(TRADE, r_net=None, entry_slippage_usdt=None, holding_ms=None)
    row = statistics_of(Selection(), [unknown]).rows[0]
    assert (row.r_known, row.r_mean, row.r_p50, row.mfe_r_p50, row.mae_r_p90) == (0, None, None, None, None)
    assert (row.slippage_usdt, row.holding_seconds_mean) == (None, None)
    assert row.trades == 1


def test_half_of_the_trades_went_no_farther_for_or_against_than_p50() -> None:
    ran = [evolve(TRADE, r_net=D(n), mfe_r=D(n), mae_r=D(-n)) for n in (1, 2, 3, 4, 10)]
    row = statistics_of(Selection(), ran).rows[0]
    assert (row.r_mean, row.r_p50) == (4.0, 3.0)
    assert (row.mfe_r_p50, row.mfe_r_p90) == (3.0, 10.0)
    assert (row.mae_r_p50, row.mae_r_p90) == (-3.0, -10.0)


def test_no_trades_make_no_rows() -> None:
    assert statistics_of(Selection(), []).rows == ()
