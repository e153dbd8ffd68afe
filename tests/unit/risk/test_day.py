"""The risk day: what a loss is measured against, and when it locks the day."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mtf_core.market import AccountState
from mtf_core.risk import DayLock, RiskDay, day_loss, loss_lock
from mtf_core.settings.trade_entry import RiskSettings

DAY = RiskDay(0, Decimal(1000), Decimal(800), 5)


def account(equity: int, available: int) -> AccountState:
    return AccountState(60_000, Decimal(available), Decimal(equity), (), ())


def locked(risk: RiskSettings, equity: int, available: int = 800) -> DayLock | None:
    return loss_lock(risk, "scalper", DAY, day_loss(risk, DAY, account(equity, available), None), 60_000)


@pytest.mark.parametrize(("equity", "is_locked"), [(976, False), (975, True), (974, True), (2000, False)])
def test_a_limit_in_money_locks_at_the_limit_itself(equity: int, is_locked: bool) -> None:
    assert (locked(RiskSettings(daily_max_loss_usdt=Decimal(25)), equity) is not None) is is_locked


@pytest.mark.parametrize(("equity", "is_locked"), [(951, False), (950, True)])
def test_a_limit_in_percent_is_of_what_the_day_began_with(equity: int, is_locked: bool) -> None:
    assert (locked(RiskSettings(daily_max_loss_percent=Decimal(5)), equity) is not None) is is_locked


def test_limits_of_zero_never_lock() -> None:
    assert locked(RiskSettings(), 0) is None


def test_without_unrealised_profit_the_available_balance_counts_and_equity_does_not() -> None:
    risk = RiskSettings(daily_max_loss_usdt=Decimal(25), daily_loss_count_unrealized=False)
    assert locked(risk, 0) is None
    assert locked(risk, 1000, available=775) == DayLock(0, "scalper", Decimal(800), Decimal(25), 60_000)


def test_a_day_that_is_locked_gets_no_second_lock() -> None:
    risk = RiskSettings(daily_max_loss_usdt=Decimal(25))
    lock = locked(risk, 900)
    again = day_loss(risk, DAY, account(2000, 800), lock)
    assert again.lock == lock, "whatever the balance does later"
    assert loss_lock(risk, "scalper", DAY, again, 120_000) is None
