"""The risk day: what an account began a UTC day with, and the lock that a loss puts on it.

A record of its own, never derived from the audit trail: purging or editing that trail reopens nothing.
"""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve, frozen

from mtf_core.market import AccountState
from mtf_core.settings.trade_entry import RiskSettings


@frozen
class RiskDay:
    """What the account held when the day was first seen; money in quote currency, times UTC milliseconds."""

    start_ms: int
    """00:00 UTC of the day."""
    opening_equity: Decimal
    opening_balance: Decimal
    opened_ms: int


@frozen
class DayLock:
    """A profile's limit was reached on this day: no more entries of it until the day ends."""

    start_ms: int
    profile: str
    baseline: Decimal
    loss: Decimal
    locked_ms: int


@frozen
class DayLoss:
    """The day's loss against its baseline, in quote currency, and the lock if there is one."""

    baseline: Decimal
    loss: Decimal
    lock: DayLock | None

    def locked_by(self, lock: DayLock) -> DayLoss:
        return evolve(self, lock=lock)


def day_loss(risk: RiskSettings, day: RiskDay, account: AccountState, lock: DayLock | None) -> DayLoss:
    """What the day has cost so far: in equity, or in available balance where unrealised profit is not to count."""
    if risk.daily_loss_count_unrealized:
        return DayLoss(day.opening_equity, day.opening_equity - account.equity, lock)
    return DayLoss(day.opening_balance, day.opening_balance - account.available_balance, lock)


def loss_lock(risk: RiskSettings, profile: str, day: RiskDay, loss: DayLoss, now_ms: int) -> DayLock | None:
    """The lock that this loss puts on the day; None when no limit is reached, or the day is locked already."""
    if loss.lock is not None or not _reached(risk, loss):
        return None
    return DayLock(day.start_ms, profile, loss.baseline, loss.loss, now_ms)


def _reached(risk: RiskSettings, day: DayLoss) -> bool:
    """A limit of 0 is off."""
    limit = day.baseline * risk.daily_max_loss_percent / 100
    by_amount = 0 < risk.daily_max_loss_usdt <= day.loss
    return by_amount or (risk.daily_max_loss_percent > 0 and 0 < limit <= day.loss)
