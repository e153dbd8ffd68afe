"""The day's loss, measured against a baseline that holds for all processes and across restarts."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import DAY_MS, AccountState, format_instant
from mtf_core.ports import AuditStore
from mtf_core.records import AuditEvent
from mtf_core.risk.guards import DailyLoss
from mtf_core.settings.trade_entry import RiskSettings

BASELINE = "daily_baseline"
LOCKED = "daily_loss_locked"
MOST_AT_ONCE = 100
"""More processes than ever begin a day together."""


async def daily_loss(risk: RiskSettings, account: AccountState, audit: AuditStore) -> DailyLoss:
    """The day's loss: the first equity seen in the UTC day (or available balance) less the present one.

    The baseline and the lock are audited, so they hold for all processes and across restarts; a lock stays for the
    day whatever the balance does.
    """
    day_start = account.time_ms - account.time_ms % DAY_MS
    now = account.equity if risk.daily_loss_count_unrealized else account.available_balance
    measure = "equity" if risk.daily_loss_count_unrealized else "available_balance"
    baseline = await _of_the_day(audit, f"{BASELINE}:{measure}", day_start)
    if baseline is None:
        details = {"value": str(now)}
        await audit.append([AuditEvent(account.time_ms, "run", f"{BASELINE}:{measure}", _day(day_start), details)])
        first = now
    else:
        first = Decimal(str(baseline.details["value"]))
    loss = first - now
    locked = await _of_the_day(audit, LOCKED, day_start) is not None
    if not locked and _reached(risk, first, loss):
        locked = True
        details = {"baseline": str(first), "loss": str(loss)}
        await audit.append([AuditEvent(account.time_ms, "run", LOCKED, _day(day_start), details)])
    return DailyLoss(first, loss, locked)


def _reached(risk: RiskSettings, baseline: Decimal, loss: Decimal) -> bool:
    """A limit of 0 is off."""
    by_amount = 0 < risk.daily_max_loss_usdt <= loss
    limit = baseline * risk.daily_max_loss_percent / 100
    return by_amount or (risk.daily_max_loss_percent > 0 and 0 < limit <= loss)


async def _of_the_day(audit: AuditStore, action: str, day_start: int) -> AuditEvent | None:
    """The first event of that action on the day; None when there is none. Several are there only where two processes
    began the day at the same moment."""
    events = await audit.page(MOST_AT_ONCE, before_ms=day_start + DAY_MS, action=action)
    return next((event for event in reversed(events) if event.time_ms >= day_start), None)


def _day(day_start: int) -> str:
    return format_instant(day_start)[:10]
