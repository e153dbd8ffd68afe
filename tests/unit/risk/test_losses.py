"""The losses of a day and a week: what they are measured against, what counts, and when they lock."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from mtf_core.market import DAY_MS, AccountState, CashFlow, FlowKind
from mtf_core.risk import (
    EquityMark,
    Losses,
    OpeningSource,
    RiskDay,
    RiskLock,
    Span,
    counts_weeks,
    day_as_seen,
    day_from_mark,
    day_from_rows,
    limit_of,
    mark_of,
    new_locks,
    result_by_equity,
    result_by_rows,
)
from mtf_core.settings.trade_entry import RiskSettings
from tests.unit.risk.facts import DAY_START_MS, NOW_MS, WEEK_START_MS, lock, position, result, usdt

DAY = RiskDay(DAY_START_MS, Decimal(1000), Decimal(1000), DAY_START_MS + 5)
WITHOUT_UNREALISED = RiskSettings(daily_loss_count_unrealized=False)
MINUTE_MS = 60_000


def account(equity: float, unrealised: float = 0, available: float = 0, time_ms: int = NOW_MS) -> AccountState:
    held = (position("BUSDT", unrealised_profit=Decimal(str(unrealised))),) if unrealised else ()
    return AccountState(time_ms, Decimal(str(available)), Decimal(str(equity)), held, ())


def flow(amount: float, time_ms: int, kind: FlowKind = FlowKind.REALISED_PROFIT) -> CashFlow:
    return CashFlow(f"{time_ms}", kind, "BUSDT", Decimal(str(amount)), time_ms)


# --- what counts ----------------------------------------------------------------------------------------------
def test_profit_fees_and_funding_since_midnight_count_and_transfers_never_do() -> None:
    rows = (
        flow(-1000, DAY_START_MS - 1),
        flow(-20, DAY_START_MS),
        flow(-3, NOW_MS - 2, FlowKind.FEE),
        flow(1, NOW_MS - 1, FlowKind.FUNDING),
        flow(-4, NOW_MS, FlowKind.LIQUIDATION),
        flow(-500, NOW_MS - 3, FlowKind.TRANSFER),
        flow(-1000, NOW_MS + 1),
    )
    found = result_by_rows(RiskSettings(), Span.DAY, DAY, account(474), rows)
    assert (found.realised, found.loss, found.baseline) == (-26, 26, 1000)


def test_unrealised_profit_counts_by_its_change_and_only_if_the_profile_says_so() -> None:
    """It was 20 ahead at midnight, and is 10 behind now."""
    day = evolve(DAY, opening_balance=Decimal(980))
    now = account(970, unrealised=-10)
    assert result_by_rows(RiskSettings(), Span.DAY, day, now, ()).loss == 30
    assert result_by_rows(WITHOUT_UNREALISED, Span.DAY, day, now, ()).loss == 0


@pytest.mark.parametrize("available", [0, 10, 10_000])
def test_the_available_balance_says_nothing(available: int) -> None:
    """Margin of a new position is no loss."""
    now = account(990, available=available)
    assert result_by_equity(WITHOUT_UNREALISED, Span.DAY, DAY, now).loss == 10


def test_without_rows_the_change_of_the_account_counts() -> None:
    now = account(950, unrealised=-30)
    assert result_by_equity(RiskSettings(), Span.DAY, DAY, now).loss == 50
    assert result_by_equity(WITHOUT_UNREALISED, Span.DAY, DAY, now).loss == 20


amounts = st.decimals(-1000, 1000, places=2)


@given(st.lists(amounts), st.lists(amounts), amounts, amounts)
def test_rows_and_the_account_itself_give_the_same_result_whatever_was_transferred(
    booked: list[Decimal], transfers: list[Decimal], before: Decimal, now: Decimal
) -> None:
    """The law of money: equity = opening + everything booked + the change of what is unrealised."""
    day = RiskDay(DAY_START_MS, 5000 + before, Decimal(5000), DAY_START_MS)
    rows = [flow(0, NOW_MS - 1)]
    rows += [CashFlow("p", FlowKind.FUNDING, "", amount, NOW_MS) for amount in booked]
    rows += [CashFlow("t", FlowKind.TRANSFER, "", amount, NOW_MS) for amount in transfers]
    held = (position("BUSDT", unrealised_profit=now),)
    shown = AccountState(NOW_MS, Decimal(0), 5000 + sum(booked) + sum(transfers) + now, held, ())
    by_rows = result_by_rows(RiskSettings(), Span.DAY, day, shown, rows)
    by_equity = result_by_equity(RiskSettings(), Span.DAY, day, shown)
    assert by_rows.result == sum(booked) + now - before
    assert by_rows.result == by_equity.result - sum(transfers)


# --- what it is measured against ------------------------------------------------------------------------------
def test_a_day_begins_with_the_last_equity_seen_before_it_and_what_was_booked_since() -> None:
    mark = EquityMark(DAY_START_MS - MINUTE_MS, Decimal(1000), Decimal(30))
    rows = (
        flow(-1, mark.time_ms),
        flow(5, mark.time_ms + 1),
        flow(100, DAY_START_MS - 1, FlowKind.TRANSFER),
        flow(7, DAY_START_MS),
    )
    day = day_from_mark(DAY_START_MS, mark, rows, NOW_MS)
    assert day == RiskDay(DAY_START_MS, Decimal(1105), Decimal(1075), NOW_MS, OpeningSource.SEEN_BEFORE)
    assert day.unrealised == 30


def test_a_day_that_nobody_saw_begin_is_rebuilt_from_rows() -> None:
    """1000 now, 20 of it unrealised; 40 lost and 200 paid in since midnight: it began with 820."""
    rows = (flow(-40, NOW_MS - 5), flow(200, DAY_START_MS, FlowKind.TRANSFER), flow(9, DAY_START_MS - 1))
    day = day_from_rows(DAY_START_MS, account(1000, unrealised=20), rows)
    assert (day.opening_equity, day.unrealised, day.source) == (820, 0, OpeningSource.REBUILT)


def test_an_account_that_was_empty_at_midnight_begins_with_what_was_paid_in_first() -> None:
    """5000 came, 40 were lost, 300 came later."""
    paid_in = flow(5000, DAY_START_MS + 9, FlowKind.TRANSFER)
    rows = (flow(300, NOW_MS, FlowKind.TRANSFER), flow(-40, NOW_MS - 5), paid_in)
    assert day_from_rows(DAY_START_MS, account(5260), rows).opening_equity == 5000
    assert day_from_rows(DAY_START_MS, account(5260 + 1), rows).opening_equity == 1, "it was not empty"


def test_without_rows_a_day_begins_as_it_is_first_seen() -> None:
    day = day_as_seen(DAY_START_MS, account(1000, unrealised=20))
    assert (day.opening_equity, day.opening_balance, day.source) == (1000, 980, OpeningSource.FIRST_SEEN)


def test_a_mark_keeps_equity_and_what_of_it_is_unrealised() -> None:
    assert mark_of(account(1000, unrealised=-3)) == EquityMark(NOW_MS, Decimal(1000), Decimal(-3))


def test_days_begin_at_midnight_and_weeks_on_monday() -> None:
    assert (DAY_START_MS, WEEK_START_MS) == (1_772_409_600_000, 1_772_409_600_000), "2026-03-02 is a Monday"
    for day in range(7):
        assert Span.WEEK.start_of(NOW_MS + day * DAY_MS) == WEEK_START_MS
    assert Span.WEEK.start_of(WEEK_START_MS - 1) == WEEK_START_MS - 7 * DAY_MS


# --- limits ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("loss", "is_locked"), [(24, False), (25, True), (26, True), (-1000, False)])
def test_a_limit_in_money_locks_at_the_limit_itself(loss: int, is_locked: bool) -> None:
    locks = new_locks(usdt(daily_max_loss_usdt=25), "scalper", Losses(result(realised=-loss)), NOW_MS)
    expected = RiskLock(DAY_START_MS, "scalper", Decimal(1000), Decimal(loss), NOW_MS)
    assert locks == ((expected,) if is_locked else ())


@pytest.mark.parametrize(("loss", "is_locked"), [(49, False), (50, True)])
def test_a_limit_in_percent_is_of_what_the_day_began_with(loss: int, is_locked: bool) -> None:
    risk = usdt(daily_max_loss_percent=5)
    assert bool(new_locks(risk, "scalper", Losses(result(realised=-loss)), NOW_MS)) is is_locked


def test_of_two_limits_the_nearer_one_counts() -> None:
    both = usdt(daily_max_loss_usdt=25, daily_max_loss_percent=5)
    assert limit_of(both, Span.DAY, Decimal(1000)) == 25
    assert limit_of(both, Span.DAY, Decimal(100)) == 5
    assert limit_of(both, Span.WEEK, Decimal(100)) is None


def test_limits_of_zero_never_lock() -> None:
    lost = Losses(result(realised=-1000), result(realised=-1000, span=Span.WEEK), losing_streak=99)
    assert new_locks(RiskSettings(), "scalper", lost, NOW_MS) == ()


@pytest.mark.parametrize("limit", ["weekly_max_loss_usdt", "weekly_max_loss_percent"])
def test_weeks_are_counted_where_one_has_a_limit_however_small(limit: str) -> None:
    assert counts_weeks(usdt(**{limit: 0.5}))
    assert not counts_weeks(usdt(daily_max_loss_usdt=30))


def test_a_week_and_a_streak_lock_beside_the_day() -> None:
    risk = evolve(usdt(daily_max_loss_usdt=25, weekly_max_loss_usdt=60), max_consecutive_losses=3)
    lost = Losses(result(realised=-30), result(realised=-70, span=Span.WEEK), losing_streak=3)
    locks = new_locks(risk, "scalper", lost, NOW_MS)
    assert [(one.span, one.start_ms, one.loss) for one in locks] == [
        (Span.DAY, DAY_START_MS, 30),
        (Span.WEEK, WEEK_START_MS, 70),
        (Span.STREAK, 0, 3),
    ]
    assert new_locks(risk, "scalper", evolve(lost, locks=locks), NOW_MS + 1) == (), "each is put once"


def test_after_a_lock_was_lifted_the_limit_counts_from_there() -> None:
    risk = usdt(daily_max_loss_usdt=25)
    lifted = lock(forgiven=Decimal(30), lifted_ms=NOW_MS)
    assert new_locks(risk, "scalper", Losses(result(realised=-54), locks=(lifted,)), NOW_MS) == ()
    (again,) = new_locks(risk, "scalper", Losses(result(realised=-55), locks=(lifted,)), NOW_MS)
    assert (again.loss, again.lifted_ms) == (55, None)


# --- locks ----------------------------------------------------------------------------------------------------
@given(st.integers(-2 * DAY_MS, 9 * DAY_MS), st.sampled_from((Span.DAY, Span.WEEK)))
def test_a_lock_holds_for_its_span_and_five_seconds_to_both_sides(offset_ms: int, span: Span) -> None:
    """So that near the border both days must allow an entry, whichever clock is ahead."""
    lasts_ms = span.lasts_ms
    assert lasts_ms is not None
    assert lock(span).holds_at(WEEK_START_MS + offset_ms) is (-5000 <= offset_ms < lasts_ms + 5000)


@given(st.integers(0, 4_000_000_000_000))
def test_a_streak_is_locked_until_an_operator_lifts_it(now_ms: int) -> None:
    assert lock(Span.STREAK).holds_at(now_ms)
    assert not lock(Span.STREAK, lifted_ms=1).holds_at(now_ms)
