"""What an open position pays at funding times, what fees are multiplied by, and what a liquidation costs."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import (
    MINUTE_MS,
    BracketUnit,
    EntryOrder,
    FillCause,
    FlowKind,
    LeverageBracket,
    MarginMode,
    OrderType,
    PositionMode,
    Side,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    parse_instant,
    to_ms,
)
from mtf_core.replay.exchange import ModelExchange
from mtf_core.replay.minutes import Minutes
from tests.unit.planning.examples import SETTINGS
from tests.unit.replay.recorded import (
    DECIDED_MS,
    SYMBOL,
    Row,
    a_profile,
    market_of,
    model,
    replayed,
    the_trade,
)

D = Decimal
EIGHT_MS = to_ms(parse_instant("2026-01-06T08:00Z"))
FILLED: tuple[Row, ...] = (100, 100.5, (100.5, 100.5, 100, 100.4))
"""The entry at 100.1 fills in minute 2."""
OUT: Row = (101, 103.1, 101, 103)
"""The target is reached."""


def funded(*rows: Row, minutes_before_eight: int, side: Side = Side.LONG, **settings: object) -> Decimal:
    ledger = replayed(
        *rows,
        side=side,
        decided_ms=EIGHT_MS - minutes_before_eight * MINUTE_MS,
        **{"funding_hours": 8, "funding_rate": D("0.0001"), **settings},
    )
    return the_trade(ledger).trade.funding_usdt


def test_who_holds_a_position_at_a_funding_time_pays_of_its_value_then() -> None:
    """Minute 4 ends at 08:00 at 101: 101 x 3.33 x 0.0001."""
    assert funded(*FILLED, 101, 101, 101, OUT, minutes_before_eight=5) == D("0.033633")


def test_a_short_pays_as_well() -> None:
    """Minute 4 ends at 99: 99 x 3.33 x 0.0001."""
    rows: tuple[Row, ...] = (100, 99.6, (99.6, 100.1, 99.6, 99.6), 99, 99, (99, 99, 97, 97))
    assert funded(*rows, minutes_before_eight=5, side=Side.SHORT) == D("0.032967")


def test_a_position_that_was_entered_in_the_last_minute_before_pays() -> None:
    """At the close of that minute: 100.4 x 3.33 x 0.0001."""
    assert funded(*FILLED, OUT, minutes_before_eight=3) == D("0.0334332")


def test_a_position_that_was_left_in_the_last_minute_before_pays_nothing() -> None:
    assert funded(*FILLED, OUT, 103, minutes_before_eight=4) == 0


def test_a_position_that_is_entered_in_the_first_minute_after_pays_nothing() -> None:
    assert funded(*FILLED, OUT, minutes_before_eight=2) == 0


def test_a_position_that_is_closed_at_the_open_of_the_funding_time_held_until_then_and_pays() -> None:
    """Filled in minute 2, a time stop of 2 minutes is sent at the end of minute 4, live at the open of minute 6."""
    crash = evolve(SETTINGS.risk.crash_mode, enabled=True, hard_time_stop_minutes=D(2), risk_pct_multiplier=D(1))
    profile = a_profile(risk=evolve(a_profile().trade_entry.risk, crash_mode=crash))
    rows: tuple[Row, ...] = (*FILLED, 101, 101, 101, 102, 102)
    assert funded(*rows, minutes_before_eight=6, profile=profile) == D("0.033633")
    assert funded(*rows, minutes_before_eight=7, profile=profile) == 0


@pytest.mark.parametrize(("hours", "times"), [(0, 0), (1, 2), (8, 0), (24, 0)])
def test_funding_comes_so_often(hours: int, times: int) -> None:
    """Held from 01:03 until after 03:00."""
    rows = (*FILLED, *[101.0] * 120, OUT)
    ledger = replayed(*rows, funding_hours=hours, funding_rate=D("0.0001"), decided_ms=DECIDED_MS)
    assert the_trade(ledger).trade.funding_usdt == times * D("0.033633")


def test_funding_is_paid_where_minutes_are_missing_and_after_a_symbols_last_one() -> None:
    """At the last price there was; the row stays open and the account has paid."""
    rows = (*FILLED, 101, *[None] * 20, 101)
    ledger = replayed(*rows, decided_ms=EIGHT_MS - 10 * MINUTE_MS, funding_hours=8, funding_rate=D("0.0001"))
    assert ledger.equity[-1].balance == D(10_000) - D("0.0666666") - D("0.033633")


def test_fees_are_multiplied_and_rebates_are_not() -> None:
    """A maker's rebate of 0.01 % stays 100.1 x 3.33 x 0.0001 = 0.0333333; the taker's 0.2059938 counts three times."""
    rows = (*FILLED, OUT)
    rebate = {"maker_fee": D("-0.0001")}
    assert the_trade(replayed(*rows, contract=rebate)).trade.fees_usdt == D("0.2059938") - D("0.0333333")
    dear = the_trade(replayed(*rows, contract=rebate, fee_factor=D(3))).trade.fees_usdt
    assert dear == D("0.6179814") - D("0.0333333")
    assert the_trade(replayed(*rows, fee_factor=D(0))).trade.fees_usdt == 0


# Liquidation, with orders that no plan would be: leverage 10, 1 % of maintenance margin, 0.06 % to close


def a_position(side: Side, stop: str, *rows: Row, **contract: object) -> ModelExchange:
    """One that was entered at the open of the first minute, at 100, and has gone through all of them."""
    contract = {"brackets": (LeverageBracket(D(0), D(10**9), D(50), D("0.01"), D(0)),)} | contract
    market = market_of(rows, DECIDED_MS, **contract)
    exchange = ModelExchange({SYMBOL: Minutes.of(market, model())}, model(delay_minutes=0), PositionMode.HEDGE)
    order = EntryOrder(
        symbol=SYMBOL,
        side=side,
        size=D(100),
        order_type=OrderType.LIMIT,
        price=D(100),
        time_in_force=TimeInForce.IOC,
        post_only=False,
        leverage=D(10),
        margin_mode=MarginMode.ISOLATED,
        client_order_id="entry",
        not_after_ms=DECIDED_MS + MINUTE_MS,
        stop=TriggerLevel(D(stop), TriggerPrice.MARK),
    )
    exchange.enter(order, DECIDED_MS)
    exchange.arrive(SYMBOL, DECIDED_MS)
    for place in range(len(rows)):
        exchange.pass_minute(SYMBOL, place)
    return exchange


def test_the_liquidation_price_is_the_brackets() -> None:
    """Long (100 x 0.9) / (1 - 0.0106) = 90.964, up to 91.0; short (100 x 1.1) / 1.0106 = 108.846, down to 108.8."""
    for side, price in ((Side.LONG, D("91.0")), (Side.SHORT, D("108.8"))):
        (position,) = a_position(side, "99" if side is Side.LONG else "101", 100).positions(DECIDED_MS + MINUTE_MS)
        assert position.liquidation_price == price


@pytest.mark.parametrize(("cap", "price"), [(100, "91.0"), (99, "95.9")])
def test_the_liquidation_price_is_of_the_bracket_that_as_many_contracts_fall_into(cap: int, price: str) -> None:
    """The position has 100: with 6 % of maintenance margin (100 x 0.9) / (1 - 0.0606) = 95.806, up to 95.9."""
    brackets = (
        LeverageBracket(D(0), D(cap), D(50), D("0.01"), D(0)),
        LeverageBracket(D(cap), D(10**9), D(50), D("0.06"), D(0)),
    )
    exchange = a_position(Side.LONG, "99", 100, brackets=brackets, brackets_in=BracketUnit.CONTRACTS)
    (position,) = exchange.positions(DECIDED_MS + MINUTE_MS)
    assert position.liquidation_price == D(price)


@pytest.mark.parametrize(
    ("side", "stop", "row", "gone"),
    [
        (Side.LONG, "90", (100, 100, 89, 95), "90.0"),
        (Side.SHORT, "112", (100, 113, 100, 105), "110.0"),
    ],
)
def test_a_stop_that_stands_beyond_the_liquidation_does_not_save_the_margin(
    side: Side, stop: str, row: Row, gone: str
) -> None:
    """All of the margin, 10 % of 100 USDT, is lost, and 0.06 % of what is closed besides."""
    exchange = a_position(side, stop, 100, row)
    fill = exchange.desks[SYMBOL].fills[-1]
    assert exchange.liquidations == 1
    assert (fill.cause, fill.price, fill.realised_profit) == (FillCause.LIQUIDATION, D(gone), D(-10))
    assert exchange.wallet == D(10_000) - D(10) - D("0.06") - D(gone) * D("0.0006")
    assert exchange.positions(DECIDED_MS) == ()
    assert exchange.desks[SYMBOL].live == {}, "its stop is gone with it"


def test_a_stop_before_the_liquidation_saves_it_unless_the_minute_begins_beyond_both() -> None:
    falls = a_position(Side.LONG, "95", 100, (100, 100, 80, 80))
    assert (falls.liquidations, falls.desks[SYMBOL].fills[-1].price) == (0, D("95.0"))
    begins = a_position(Side.LONG, "95", 100, (80, 80, 80, 80))
    assert (begins.liquidations, begins.desks[SYMBOL].fills[-1].price) == (1, D("90.0"))


def test_nothing_is_liquidated_that_does_not_reach_its_price() -> None:
    exchange = a_position(Side.LONG, "90", 100, (100, 100, 91.1, 95))
    assert exchange.liquidations == 0
    assert len(exchange.positions(DECIDED_MS + 2 * MINUTE_MS)) == 1


def test_money_moves_by_rows_alone() -> None:
    exchange = a_position(Side.LONG, "90", 100, (100, 100, 89, 95))
    assert exchange.wallet == D(10_000) + sum(flow.amount for flow in exchange.news)
    assert {flow.kind for flow in exchange.news} == {FlowKind.FEE, FlowKind.REALISED_PROFIT}
