"""Timeframes, instants, contracts, quotes and accounts as values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import (
    DAY_MS,
    AccountState,
    BracketUnit,
    Contract,
    ContractStatus,
    InvalidContractError,
    InvalidInstantError,
    InvalidQuoteError,
    LeverageBracket,
    MarkPrice,
    OpenOrder,
    OrderKind,
    Position,
    Side,
    Timeframe,
    TopOfBook,
    UnknownTimeframeError,
    format_instant,
    from_ms,
    highest_first,
    on_grid_at_or_above,
    on_grid_at_or_below,
    parse_instant,
    to_ms,
)
from tests.market_strategies import START_MS

CONTRACT = Contract(
    symbol="TESTUSDT",
    base_currency="TEST",
    quote_currency="USDT",
    status=ContractStatus.TRADING,
    tick_size=Decimal("0.05"),
    size_step=Decimal(3),
    contract_size=Decimal("0.001"),
    min_size=Decimal(3),
    max_size=Decimal(3000),
    max_market_size=Decimal(300),
    min_leverage=Decimal(1),
    max_leverage=Decimal(50),
    maker_fee=Decimal("0.0002"),
    taker_fee=Decimal("0.0006"),
    turnover_24h=Decimal(10**7),
    opened_at_ms=0,
)


# --- timeframes -----------------------------------------------------------------------------------------------
def test_timeframes_are_ordered_and_each_divides_the_day() -> None:
    assert [timeframe.minutes for timeframe in Timeframe] == [1, 5, 15, 60, 240, 1440]
    assert all(DAY_MS % timeframe.ms == 0 for timeframe in Timeframe)
    assert highest_first((Timeframe.M1, Timeframe.H4, Timeframe.M1)) == (Timeframe.H4, Timeframe.M1)


def test_an_unknown_timeframe_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(UnknownTimeframeError, match="unknown timeframe '3m'; allowed: 1m, 5m, 15m, 1h, 4h, 1d"):
        Timeframe.parse("3m")


@given(st.sampled_from(list(Timeframe)), st.integers(DAY_MS, 2 * START_MS))
def test_the_last_closed_candle_ends_at_or_before_now_and_the_next_one_after(timeframe: Timeframe, now: int) -> None:
    last = timeframe.last_closed_open(now)
    assert last % timeframe.ms == 0
    assert last + timeframe.ms <= now < last + 2 * timeframe.ms


# --- instants -------------------------------------------------------------------------------------------------
@given(st.integers(0, 4 * START_MS))
def test_an_instant_survives_being_written_and_read(ms: int) -> None:
    assert to_ms(parse_instant(format_instant(ms))) == ms
    assert format_instant(np.int64(ms)) == format_instant(from_ms(ms)) == format_instant(ms)  # type: ignore[arg-type]


def test_an_instant_of_another_timezone_is_the_same_instant_in_utc() -> None:
    assert parse_instant("2022-01-31T19:30+05:30") == datetime(2022, 1, 31, 14, tzinfo=UTC)
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert format_instant(datetime(2022, 1, 31, 19, 30, tzinfo=kolkata)) == "2022-01-31T14:00:00Z"


@pytest.mark.parametrize("text", ["2022-01-31T14:00", "2022-01-31", "soon", "", "0001-01-01T00:00+10:00"])
def test_what_is_no_instant_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInstantError, match="write it like 2022-01-31T14:00Z"):
        parse_instant(text)


def test_a_datetime_without_a_timezone_is_refused() -> None:
    with pytest.raises(InvalidInstantError, match="has no timezone"):
        to_ms(datetime(2022, 1, 31))  # noqa: DTZ001


# --- contracts ------------------------------------------------------------------------------------------------
@given(
    st.integers(0, 10**12).map(lambda n: Decimal(n).scaleb(-7)),
    st.sampled_from(["0.05", "0.001", "3", "0.25", "1e-8", "7e-5"]).map(Decimal),
)
def test_the_grid_brackets_a_number_from_both_sides(raw: Decimal, step: Decimal) -> None:
    below, above = on_grid_at_or_below(raw, step), on_grid_at_or_above(raw, step)
    assert below <= raw <= above
    assert raw - below < step
    assert above - raw < step
    assert below % step == 0
    assert above % step == 0


def test_prices_go_to_ticks_and_sizes_down_to_steps() -> None:
    assert on_grid_at_or_below(Decimal("100.09"), CONTRACT.tick_size) == Decimal("100.05")
    assert on_grid_at_or_above(Decimal("100.06"), CONTRACT.tick_size) == Decimal("100.10")
    assert on_grid_at_or_below(Decimal("11.9"), CONTRACT.size_step) == 9


def test_the_value_of_a_position_is_in_quote_currency() -> None:
    assert CONTRACT.notional(Decimal(9), Decimal("100.05")) == Decimal("0.90045")


def _bracket(floor: int, cap: int, amount: int = 0) -> LeverageBracket:
    return LeverageBracket(Decimal(floor), Decimal(cap), Decimal(20), Decimal("0.01"), Decimal(amount))


def test_brackets_in_notional_are_the_same_at_every_price() -> None:
    contract = evolve(CONTRACT, brackets=[_bracket(0, 500), _bracket(500, 9000, amount=5)])
    assert contract.brackets_at(Decimal(7)) is contract.brackets


def test_brackets_in_contracts_are_worth_their_contracts_at_a_price() -> None:
    """500 contracts of 0.001 are worth 100 at a price of 200; leverage and ratio stay."""
    contract = evolve(CONTRACT, brackets=[_bracket(0, 500), _bracket(500, 9000)], brackets_in=BracketUnit.CONTRACTS)
    assert contract.brackets_at(Decimal(200)) == (_bracket(0, 100), _bracket(100, 1800))


def test_an_amount_off_the_margin_has_no_place_where_brackets_are_in_contracts() -> None:
    with pytest.raises(InvalidContractError, match="brackets in contracts have a maintenance amount, which must be 0"):
        evolve(CONTRACT, brackets=[_bracket(0, 500, amount=1)], brackets_in=BracketUnit.CONTRACTS)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tick_size": Decimal(0)}, "tick_size must be above zero, found 0"),
        ({"size_step": Decimal(-1)}, "size_step must be above zero, found -1"),
        ({"contract_size": Decimal("NaN")}, "contract_size must be above zero, found NaN"),
        ({"min_size": Decimal("Infinity")}, "min_size must be above zero"),
        ({"min_size": Decimal("NaN")}, "min_size must be above zero"),
        ({"max_size": Decimal(2)}, "max_size 2 is below min_size 3"),
        ({"max_size": Decimal("NaN")}, "max_size NaN is below min_size 3"),
        ({"max_leverage": Decimal("0.5")}, "max_leverage 0.5 is below min_leverage 1"),
        ({"max_leverage": Decimal("NaN")}, "max_leverage NaN is below min_leverage 1"),
    ],
)
def test_a_contract_that_cannot_be_traded_is_refused(changes: dict[str, Decimal], said: str) -> None:
    with pytest.raises(InvalidContractError, match=said):
        evolve(CONTRACT, **changes)


def test_every_problem_of_a_contract_is_reported_at_once() -> None:
    with pytest.raises(InvalidContractError, match=r"TESTUSDT: tick_size .*; contract_size .*; max_size"):
        evolve(CONTRACT, tick_size=Decimal(0), contract_size=Decimal(0), max_size=Decimal(1))


# --- quotes and the account -----------------------------------------------------------------------------------
def test_the_spread_is_relative_to_the_middle() -> None:
    book = TopOfBook("T", Decimal(99), Decimal(101), 0)
    assert book.mid == 100
    assert book.spread_ratio == Decimal("0.02")


@pytest.mark.parametrize(
    ("bid", "ask"),
    [("100", "100"), ("101", "100"), ("0", "1"), ("-1", "1"), ("NaN", "1"), ("1", "NaN"), ("1", "Infinity")],
)
def test_a_book_that_cannot_be_is_refused(bid: str, ask: str) -> None:
    with pytest.raises(InvalidQuoteError, match="need 0 < bid < ask"):
        TopOfBook("T", Decimal(bid), Decimal(ask), 0)


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity"])
def test_a_mark_price_must_be_above_zero_and_finite(price: str) -> None:
    with pytest.raises(InvalidQuoteError, match="mark price"):
        MarkPrice("T", Decimal(price), 0)


def test_a_symbol_with_a_position_or_any_live_order_is_busy() -> None:
    one = Decimal(1)
    position = Position("A", Side.LONG, one, one, one, one)
    order = OpenOrder("B", "1", "", OrderKind.TRIGGER, Side.SHORT, one, None, reduce_only=True)
    account = AccountState(0, one, one, (position,), (order, evolve(order, symbol="A")))
    assert account.busy_symbols() == {"A", "B"}


def test_sides_are_opposite_in_name_and_sign() -> None:
    assert [side.opposite for side in (Side.LONG, Side.SHORT)] == [Side.SHORT, Side.LONG]
    assert [side.sign for side in (Side.LONG, Side.SHORT)] == [1, -1]


@pytest.mark.parametrize("status", [status for status in ContractStatus if status is not ContractStatus.TRADING])
def test_only_a_contract_that_trades_may_be_entered(status: ContractStatus) -> None:
    assert CONTRACT.is_tradable(0)
    assert not evolve(CONTRACT, status=status).is_tradable(0)


def test_a_contract_may_not_be_entered_when_it_expires_before_the_trade_can_end() -> None:
    dated = evolve(CONTRACT, expires_at_ms=1000)
    assert dated.is_tradable(999)
    assert not dated.is_tradable(1000)
    assert not dated.is_tradable(0, until_ms=1000)
    assert dated.is_tradable(0, until_ms=999)
