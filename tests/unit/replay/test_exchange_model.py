"""The model of the exchange: what each kind of order gets from minutes that are written by hand.

Minute 0 begins with the decision, minute 1 is the one in which its order is live. Money is worked out beside each test.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import LeverageBracket, OrderType, Side, TimeInForce
from mtf_core.orders import ExitReason
from mtf_core.reasons import Reason
from mtf_core.replay.ledger import Fate
from mtf_core.settings.profile import Profile
from mtf_core.settings.replay import SpreadStep
from tests.unit.planning.examples import SETTINGS
from tests.unit.replay.recorded import a_profile, minute_of, replayed, supervision, the_row, the_trade

D = Decimal
RESTS = (100, 100.5)
"""The minute of the decision, and the one in which a long entry at 100.1 is live and not yet reached."""
TAKES = (100, 100)
"""The same for one that takes: it pays its own limit of 100.1 at most."""


# Entries


def test_a_resting_entry_that_is_only_touched_does_not_fill() -> None:
    ledger = replayed(*RESTS, (100.5, 100.6, 100.1, 100.4), 100.4, 100.4)
    assert the_row(ledger).fate is Fate.NOT_FILLED
    assert the_row(ledger).ended == "order_timeout"


def test_a_resting_entry_fills_at_its_price_once_a_minute_trades_one_tick_through_it() -> None:
    fill = the_trade(replayed(*RESTS, (100.5, 100.6, 100.0, 100.4), (100, 104, 100, 104))).fills[0]
    assert (fill.price, fill.size, fill.is_maker) == (D("100.1"), D(333), True)
    assert fill.fee == D("0.0666666")  # 100.1 x 3.33 x 0.0002
    assert 2 < minute_of(fill.time_ms) < 3, "at the very end of minute 2"


def test_a_short_entry_fills_once_the_price_goes_one_tick_above_it() -> None:
    touched = replayed(100, 99.6, (99.6, 100.0, 99.5, 99.6), 99.6, 99.6, side=Side.SHORT)
    assert the_row(touched).fate is Fate.NOT_FILLED
    through = the_trade(replayed(100, 99.6, (99.6, 100.1, 99.5, 99.6), (99.6, 99.6, 96.9, 97), side=Side.SHORT))
    assert through.fills[0].price == D("100.0")
    assert through.fills[0].is_maker


def test_how_far_a_price_has_to_trade_through_is_a_setting() -> None:
    touched = (100.5, 100.6, 100.1, 100.4)
    assert the_row(replayed(*RESTS, touched, 100.4, trade_through_ticks=0)).fate is Fate.STILL_OPEN
    three = (100.5, 100.6, 99.9, 100.4)
    assert the_row(replayed(*RESTS, three, 100.4, 100.4, trade_through_ticks=3)).fate is Fate.NOT_FILLED


def test_an_entry_is_not_filled_by_the_minute_before_it_is_live() -> None:
    """The price falls through it in minute 0, and never again."""
    ledger = replayed((100, 100.5, 99.5, 100.5), 100.5, 100.5, 100.5, 100.5)
    assert the_row(ledger).fate is Fate.NOT_FILLED


@pytest.mark.parametrize("delay", [0, 1, 3])
def test_an_entry_is_live_so_many_minutes_after_its_decision(delay: int) -> None:
    """It takes at the open of that minute; every minute opens elsewhere."""
    rows = (100.0, 99.9, 99.8, 99.7, 99.6, 99.5, 99.5)
    entry = the_trade(replayed(*rows, (99.5, 104, 99.5, 104), delay_minutes=delay)).fills[0]
    assert minute_of(entry.time_ms) == delay
    assert entry.price == D(str(rows[delay]))


def test_an_entry_that_takes_pays_the_open_half_the_spread_and_the_slippage() -> None:
    """A book of 20 bps: half of it and 2 bps of 99 are 0.1188, so 99.1188, and a whole tick against us: 99.2."""
    fill = the_trade(
        replayed(100, 99, (99, 104, 99, 104), spreads=(SpreadStep(D(0), D(20)),), slippage_bps=D(2))
    ).fills[0]
    assert (fill.price, fill.is_maker) == (D("99.2"), False)
    assert fill.fee == D("0.1982016")  # 99.2 x 3.33 x 0.0006


def test_an_entry_that_takes_never_pays_more_than_its_limit() -> None:
    """The open is 100.0; 50 bps of slippage would make it 100.5."""
    fill = the_trade(replayed(*TAKES, (100, 104, 100, 104), slippage_bps=D(50))).fills[0]
    assert (fill.price, fill.is_maker) == (D("100.1"), False)


def test_half_the_spread_decides_whether_an_entry_takes() -> None:
    """A book of 40 bps around 100 is decided on at 99.8 / 100.2: the entry at 99.9 rests where the price stays."""
    ledger = replayed(*TAKES, 100, 100, 100, spreads=(SpreadStep(D(0), D(40)),))
    row = the_row(ledger)
    assert row.plan is not None
    assert row.plan.entry_price == D("99.9")
    assert row.fate is Fate.NOT_FILLED


def post_only() -> Profile:
    return a_profile(defaults=evolve(SETTINGS.defaults, post_only=True))


def test_a_maker_only_entry_that_would_take_in_its_minute_is_tried_one_tick_farther_away() -> None:
    """Refused at 100.0 in minute 1, sent again at 99.9, live in minute 2 at an open of 100.3."""
    ledger = replayed(100, 100, 100.3, (100.3, 100.3, 99.8, 100), (100, 104, 100, 104), profile=post_only())
    fill = the_trade(ledger).fills[0]
    assert (fill.price, fill.is_maker) == (D("99.9"), True)


def test_a_maker_only_entry_that_would_take_twice_is_given_up() -> None:
    ledger = replayed(100, 100, 99, (100, 104, 98, 104), profile=post_only())
    assert the_row(ledger).fate is Fate.NOT_FILLED
    assert the_row(ledger).ended == "would_take"


def test_a_symbol_is_left_alone_for_a_while_once_an_order_of_it_was_taken_and_not_before() -> None:
    """Of the trade of minutes 0 to 3 it is off for 15 minutes; a maker's order that was refused twice leaves it on."""
    won = ((100.5, 100.5, 100, 100.4), (100.4, 103.1, 100.4, 103))
    taken = replayed(*RESTS, *won, *[100.0] * 20, at=(0, 10, 15))
    assert [row.reason for row in taken.ready] == [None, Reason.SYMBOL_SWITCHED_OFF, None]
    refused = replayed(100, 100, *[99.8] * 8, at=(0, 6), profile=post_only())
    assert [row.ended for row in refused.ready][:1] == ["would_take"]
    assert [row.reason for row in refused.ready] == [None, None]


def at_once() -> Profile:
    return a_profile(defaults=evolve(SETTINGS.defaults, time_in_force=TimeInForce.IOC))


def test_an_entry_that_does_not_wait_ends_where_the_minute_opens_beyond_its_limit() -> None:
    """The same minute falls back to 99 afterwards: too late."""
    ledger = replayed(100, (100.5, 100.5, 99, 99), (99, 104, 99, 104), profile=at_once())
    assert the_row(ledger).fate is Fate.NOT_FILLED
    assert the_row(ledger).known_ms == ledger.first_ms + 2 * 60_000


def test_an_entry_that_does_not_wait_ends_where_its_minute_is_missing() -> None:
    ledger = replayed(100, None, (99, 104, 99, 104), profile=at_once())
    assert the_row(ledger).fate is Fate.NOT_FILLED


# Deadlines: 120 s from the end of minute 0, when it is live, are the end of minute 2


def test_an_entry_may_still_fill_in_the_minute_at_whose_end_it_has_to_end() -> None:
    ledger = replayed(*RESTS, (100.5, 100.5, 100.0, 100.5), (100.5, 104, 100.5, 104))
    assert the_row(ledger).fate is Fate.TRADED


def test_an_entry_does_not_fill_in_the_minute_after_its_deadline() -> None:
    ledger = replayed(*RESTS, 100.5, (100.5, 104, 99, 104), (100.5, 104, 99, 104))
    assert the_row(ledger).fate is Fate.NOT_FILLED


def test_a_deadline_that_passes_where_minutes_are_missing_counts() -> None:
    ledger = replayed(*RESTS, None, None, None, (100.5, 104, 99, 104), 104)
    assert the_row(ledger).fate is Fate.NOT_FILLED


def test_the_rest_of_an_entry_is_taken_before_its_zone_ends_where_that_is_set() -> None:
    """Nothing trades through 100.1 until the last minute ends at it, in the zone: it is taken at the next open."""
    taking = evolve(SETTINGS.fallback_end_of_zone, enabled=True, max_spread_bps=D(20))
    eager = a_profile(fallback_end_of_zone=taking)
    rows = (*RESTS, (100.5, 100.5, 100.1, 100.1), 100.1, (100.1, 104, 100.1, 104))
    assert the_row(replayed(*rows)).fate is Fate.NOT_FILLED
    fills = the_trade(replayed(*rows, profile=eager)).fills
    assert (fills[0].price, fills[0].is_maker, minute_of(fills[0].time_ms)) == (D("100.1"), False, 4)


# Exits


def test_a_trade_that_reaches_its_target_worked_out_by_hand() -> None:
    """Entry 100.1, maker 0.0666666. Target 103.1, taker 103.1 x 3.33 x 0.0006 = 0.2059938. Gross 3 x 3.33 = 9.99."""
    trade = the_trade(replayed(*RESTS, (100.5, 100.5, 100, 100.4), (100.4, 103.1, 100.4, 103))).trade
    assert trade.exit_reason is ExitReason.TARGET
    assert (trade.entry_price, trade.exit_price) == (D("100.1"), D("103.1"))
    assert trade.gross_usdt == D("9.99")
    assert trade.fees_usdt == D("0.2726604")
    assert trade.net_usdt == D("9.7173396")
    assert trade.r_gross == D(2)  # 9.99 / (1.5 x 3.33)


def test_a_trade_that_is_stopped_worked_out_by_hand() -> None:
    """Entry 100.1, maker 0.0666666. Stop 98.6, taker 98.6 x 3.33 x 0.0006 = 0.1970028. Gross -1.5 x 3.33 = -4.995."""
    trade = the_trade(replayed(*RESTS, (100.5, 100.5, 100, 100.4), (100.4, 100.4, 98.6, 99))).trade
    assert trade.exit_reason is ExitReason.STOP
    assert (trade.exit_price, trade.gross_usdt, trade.fees_usdt) == (D("98.6"), D("-4.995"), D("0.2636694"))
    assert trade.net_usdt == D("-5.2586694")
    assert trade.r_gross == D(-1)


def test_a_short_trade_worked_out_by_hand() -> None:
    """Entry 100.0, maker 0.0666. Target 97.0, taker 0.193806. Gross 3 x 3.33 = 9.99."""
    rows = (100, 99.6, (99.6, 100.1, 99.6, 99.6), (99.6, 99.6, 97.0, 97.2))
    trade = the_trade(replayed(*rows, side=Side.SHORT)).trade
    assert (trade.gross_usdt, trade.fees_usdt, trade.net_usdt) == (D("9.99"), D("0.260406"), D("9.729594"))


def test_a_target_that_waits_for_its_trigger_fills_where_it_is_reached_less_slippage() -> None:
    """100 bps of 103.1 are 1.031: 102.069, on the grid 102.0. Beyond the target it gets no better, either."""
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (105, 106, 105, 106))
    trade = the_trade(replayed(*rows, slippage_bps=D(100)))
    assert (trade.fills[-1].price, trade.fills[-1].is_maker) == (D("102.0"), False)
    assert trade.trade.exit_reason is ExitReason.TARGET


def limit_target() -> Profile:
    return a_profile(supervision=supervision(target_order=OrderType.LIMIT))


def test_a_target_that_rests_needs_a_trade_through_of_one_tick_and_pays_the_makers_fee() -> None:
    rows = (*RESTS, (100.5, 100.5, 100, 100.4))
    touched = replayed(*rows, (100.4, 103.1, 100.4, 103), profile=limit_target())
    assert the_row(touched).fate is Fate.STILL_OPEN
    fill = the_trade(replayed(*rows, (100.4, 103.2, 100.4, 103), profile=limit_target())).fills[-1]
    assert (fill.price, fill.is_maker) == (D("103.1"), True)
    assert fill.fee == D("0.0686646")  # 103.1 x 3.33 x 0.0002


def test_a_minute_that_reaches_stop_and_target_hits_the_stop() -> None:
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (100.4, 104, 98, 104))
    assert the_trade(replayed(*rows)).trade.exit_reason is ExitReason.STOP
    assert the_trade(replayed(*rows, stop_before_target=False)).trade.exit_reason is ExitReason.TARGET


def test_entry_and_stop_in_one_minute_are_a_loss() -> None:
    """It is known to have gone against it by the way to the stop, and never for it."""
    trade = the_trade(replayed(*RESTS, (100.5, 103.5, 98.5, 103.5))).trade
    assert trade.exit_reason is ExitReason.STOP
    assert trade.gross_usdt == D("-4.995")
    assert (trade.mfe_price, trade.mae_price, trade.holding_ms) == (D(0), D("-1.5"), 0)


def test_entry_and_target_in_one_minute_do_not_fill_the_target() -> None:
    """It rises to 103.5 in the minute that filled it and never again."""
    ledger = replayed(*RESTS, (100.5, 103.5, 100, 103), 101, 101, 101)
    assert the_row(ledger).fate is Fate.STILL_OPEN


def test_an_entry_that_took_at_the_open_may_reach_its_target_in_that_minute() -> None:
    """Its position stood from the minute's first instant on."""
    trade = the_trade(replayed(100, (100, 103.1, 100, 103))).trade
    assert (trade.exit_reason, trade.holding_ms) == (ExitReason.TARGET, 59_999)


def test_an_entry_that_took_at_the_open_may_be_stopped_in_that_minute() -> None:
    trade = the_trade(replayed(100, (100, 103.5, 98.6, 103))).trade
    assert trade.exit_reason is ExitReason.STOP


def test_a_stop_slips() -> None:
    """2 bps of 98.6 are 0.01972: 98.58028, on the grid 98.5."""
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (100.4, 100.4, 98.6, 99))
    assert the_trade(replayed(*rows, slippage_bps=D(2))).fills[-1].price == D("98.5")


def test_a_minute_that_opens_beyond_the_stop_fills_it_at_its_open() -> None:
    """97.0 less 2 bps is 96.9806, on the grid 96.9: -3.2 x 3.33, of which 1.7 x 3.33 was not planned."""
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (97, 103.5, 96, 103.5))
    trade = the_trade(replayed(*rows, slippage_bps=D(2)))
    assert trade.fills[-1].price == D("96.9")
    assert trade.trade.gross_usdt == D("-10.656")
    assert trade.slippage_usdt == D("5.661")


def test_the_book_has_no_part_in_what_a_stop_gets_beside_its_slippage() -> None:
    rows = (100, 100.3, (100.3, 100.3, 99.7, 100.3), (100.3, 100.3, 98, 99))
    trade = the_trade(replayed(*rows, spreads=(SpreadStep(D(0), D(40)),)))
    assert trade.fills[-1].price == trade.trade.planned_stop == D("98.4")


def test_a_hard_time_stop_closes_at_the_next_open_half_the_spread_and_the_slippage_worse() -> None:
    """Filled at the end of minute 2, 5 minutes later is the end of minute 7: sent then, live at the open of minute 9.

    101.0 less 20 bps (half the spread) and 10 bps (slippage) is 100.697, on the grid 100.6."""
    crash = evolve(SETTINGS.risk.crash_mode, enabled=True, hard_time_stop_minutes=D(5), risk_pct_multiplier=D(1))
    profile = a_profile(risk=evolve(a_profile().trade_entry.risk, crash_mode=crash))
    rows = (100, 100.3, (100.3, 100.3, 99.7, 100.3), 100.4, 100.4, 100.4, 100.4, 100.4, 100.9, 101.0, 99, 99)
    trade = the_trade(replayed(*rows, profile=profile, spreads=(SpreadStep(D(0), D(40)),), slippage_bps=D(10)))
    assert trade.trade.exit_reason is ExitReason.TIME_STOP
    assert (trade.fills[-1].price, minute_of(trade.fills[-1].time_ms)) == (D("100.6"), 9)
    assert not trade.fills[-1].is_maker


# Gaps and the end


def test_nothing_happens_in_a_minute_that_is_missing_and_a_stop_fires_after_it() -> None:
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), None, None, None, (97, 97, 97, 97))
    fill = the_trade(replayed(*rows)).fills[-1]
    assert (fill.price, minute_of(fill.time_ms) > 6) == (D("97.0"), True)


def test_a_close_at_market_waits_for_the_next_minute_there_is() -> None:
    crash = evolve(SETTINGS.risk.crash_mode, enabled=True, hard_time_stop_minutes=D(1), risk_pct_multiplier=D(1))
    profile = a_profile(risk=evolve(a_profile().trade_entry.risk, crash_mode=crash))
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), 100.4, None, None, None, 101, 101)
    trade = the_trade(replayed(*rows, profile=profile))
    assert (trade.fills[-1].price, minute_of(trade.fills[-1].time_ms)) == (D("101.0"), 7)
    assert trade.trade.exit_reason is ExitReason.TIME_STOP


def test_a_target_that_could_not_be_placed_in_a_gap_is_placed_after_it() -> None:
    """The entry fills where the minute before is missing: the supervisor has no price until the minute ends."""
    profile = at_once()
    rows = (None, 100, 100.4, 100.4, (100.4, 103.1, 100.4, 103), 103)
    quiet, each = (replayed(*rows, profile=profile, each_minute=each) for each in (False, True))
    assert the_trade(quiet).trade.exit_reason is ExitReason.TARGET
    assert repr(quiet.trades) == repr(each.trades)


def test_what_is_open_when_the_candles_end_is_no_trade() -> None:
    """It has neither won nor lost; the last point of the account values it, and its costs so far are paid."""
    ledger = replayed(*RESTS, (100.5, 100.5, 100, 100.4), 102.1)
    row, last = the_row(ledger), ledger.equity[-1]
    assert (row.fate, row.known_ms, ledger.trades) == (Fate.STILL_OPEN, None, ())
    assert last.balance == D(10_000) - D("0.0666666")
    assert last.equity == last.balance + D(2) * D("3.33")
    assert last.at_risk == D("102.1") * D("3.33")


def test_a_deadline_counts_where_the_last_minutes_are_missing_as_it_does_where_others_follow() -> None:
    """Minutes 2 to 9 are missing. Whether there are candles after them cannot change what was known in minute 3."""
    followed = the_row(replayed(*RESTS, *[None] * 8, 100.5, at=(0,)))
    ended = replayed(*RESTS, at=(0, 5)).ready[0]
    assert repr(followed) == repr(ended)
    assert followed.known_ms is not None
    assert minute_of(followed.known_ms) == 3


def test_an_entry_that_rests_when_the_candles_end_is_still_open() -> None:
    assert the_row(replayed(*RESTS)).fate is Fate.STILL_OPEN


# Liquidation: 10 x leverage in a bracket with 1 % of maintenance margin


def thin() -> dict[str, object]:
    return {"brackets": (LeverageBracket(D(0), D(10**9), D(50), D("0.01"), D(0)),)}


def test_a_position_whose_minute_opens_beyond_its_liquidation_loses_its_whole_margin_and_is_counted() -> None:
    """Leverage 4: liquidated at 100.1 x (1 - 1/4) / (1 - 0.01 - 0.0006) = 75.87, on the grid 75.9. Its margin ends at
    100.1 x 3/4 = 75.075, on the grid 75.0: -25.1 x 3.33."""
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (70, 104, 70, 104))
    ledger = replayed(*rows, contract=thin())
    trade = the_trade(ledger).trade
    assert ledger.liquidations == 1
    assert trade.exit_reason is ExitReason.LIQUIDATION
    assert (trade.exit_price, trade.gross_usdt) == (D("75.0"), D("-83.583"))


def test_a_stop_that_stands_before_the_liquidation_price_is_hit_first() -> None:
    rows = (*RESTS, (100.5, 100.5, 100, 100.4), (100.4, 104, 60, 104))
    ledger = replayed(*rows, contract=thin())
    assert ledger.liquidations == 0
    assert the_trade(ledger).fills[-1].price == D("98.6")
