"""What closed trades add up to."""

from __future__ import annotations

import json
from decimal import Decimal

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.inquiry.trades import TradeSelection, totals_of, trade_to_json
from mtf_core.market import Side, Timeframe
from mtf_core.orders import ExitReason, Trade

D = Decimal
TRADE = Trade(
    decision_key="BTCUSDT:5m:0:long",
    symbol="BTCUSDT",
    side=Side.LONG,
    profile="scalper_micro",
    run_id="run",
    execution_timeframe=Timeframe.M5,
    contract_size=D("0.001"),
    planned_size=D(10),
    size=D(10),
    closed_size=D(10),
    planned_entry=D(100),
    planned_stop=D(95),
    entry_price=D(100),
    exit_price=D(110),
    gross_usdt=D("0.1"),
    fees_usdt=D("0.01"),
    funding_usdt=D("0.002"),
    net_usdt=D("0.088"),
    entry_slippage=D(0),
    entry_slippage_usdt=D("0.001"),
    exit_slippage=None,
    exit_slippage_usdt=None,
    r_gross=D(2),
    r_net=D("1.7"),
    mfe_price=None,
    mfe_percent=None,
    mfe_r=None,
    mae_price=None,
    mae_percent=None,
    mae_r=None,
    opened_ms=1_000,
    closed_ms=61_000,
    holding_ms=60_000,
    exit_reason=ExitReason.TARGET,
)


def net(amount: object, **changes: object) -> Trade:
    return evolve(TRADE, net_usdt=D(str(amount)), **changes)


def test_wins_losses_expectancy_and_profit_factor() -> None:
    totals = totals_of([net(3, r_net=D(1)), net(-1, r_net=D(-1)), net(-1, r_net=None), net(0, r_net=D(0))])
    assert (totals.trades, totals.won, totals.lost) == (4, 1, 2)
    assert (totals.net_usdt, totals.won_usdt, totals.lost_usdt) == (1, 3, -2)
    assert (totals.expectancy_usdt, totals.expectancy_r) == (D("0.25"), 0)
    assert (totals.win_rate, totals.profit_factor) == (0.25, 1.5)
    assert (totals.best_usdt, totals.worst_usdt) == (3, -1)
    assert totals.slippage_usdt == D("0.004")
    assert totals.holding_ms == 60_000


def test_no_trades_have_no_averages() -> None:
    totals = totals_of([])
    assert (totals.trades, totals.net_usdt) == (0, 0)
    averages = (totals.expectancy_usdt, totals.expectancy_r, totals.win_rate, totals.profit_factor, totals.holding_ms)
    assert averages == (None,) * 5
    json.dumps(totals.to_json(), allow_nan=False)


@given(st.lists(st.integers(-(10**9), 10**9)), st.randoms())
def test_the_order_of_trades_does_not_matter_and_no_digit_is_lost(grains: list[int], random: object) -> None:
    trades = [net(D(grain) * D("1e-8")) for grain in grains]
    totals = totals_of(trades)
    random.shuffle(trades)  # type: ignore[attr-defined]
    assert totals_of(trades) == totals
    assert totals.net_usdt == D(sum(grains)) * D("1e-8") == totals.won_usdt + totals.lost_usdt


def test_a_selection_is_by_symbol_profile_and_end() -> None:
    assert TradeSelection().has(TRADE)
    assert TradeSelection("BTCUSDT", "scalper_micro", 61_000).has(TRADE)
    for other in (TradeSelection("ETHUSDT"), TradeSelection(profile="regular"), TradeSelection(since_ms=61_001)):
        assert not other.has(TRADE)


def test_a_trade_as_json_has_exact_money_and_plain_numbers() -> None:
    document = trade_to_json(TRADE)
    assert (document["net_usdt"], document["r_net"], document["holding_seconds"]) == ("0.088", 1.7, 60.0)
    assert (document["closed_at"], document["exit_reason"]) == ("1970-01-01T00:01:01Z", "target")
    json.dumps(document, allow_nan=False)
