"""The guards on money that stand before every entry, simulated or not; `force_run` and `skip_context` pass none."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from attrs import define, field, frozen

from mtf_core.market import DAY_MS, AccountState, Side, Timeframe, format_instant
from mtf_core.ports import AuditEvent, AuditStore
from mtf_core.reasons import Reason
from mtf_core.runs.switchboard import Switchboard
from mtf_core.settings.trade_entry import RiskSettings

BASELINE = "daily_baseline"
LOCKED = "daily_loss_locked"
MOST_AT_ONCE = 100
"""More processes than ever begin a day together."""


@frozen
class Refusal:
    """A guard's no, with the numbers behind it."""

    reason: Reason
    facts: Mapping[str, str] = field(factory=dict)


@frozen
class DailyLoss:
    """The day's loss against its baseline, in USDT; `locked` once a limit has been reached on this UTC day."""

    baseline: Decimal
    loss: Decimal
    locked: bool


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


def _open(account: AccountState) -> int:
    """Positions, and symbols without one that an order is about to open one in."""
    held = {position.symbol for position in account.positions}
    return len(account.positions) + len({one.symbol for one in account.open_orders if not one.reduce_only} - held)


@define
class MoneyGuards:
    """Asked for each entry in turn; an entry that passes counts as a position for those after it."""

    switchboard: Switchboard
    risk: RiskSettings
    account: AccountState | None
    loss: DailyLoss | None
    _entered: int = field(default=0, init=False)

    def refuse(self, symbol: str, timeframe: Timeframe, side: Side) -> Refusal | None:
        """Why this entry may not be placed, in the fixed order of the guards; None when it may."""
        if self.account is None or self.loss is None:
            return Refusal(Reason.ACCOUNT_STATE_UNKNOWN)
        if self.switchboard.kill_switch_on:
            return Refusal(Reason.KILL_SWITCH_ON)
        busy = symbol in self.account.busy_symbols()
        # A switch that is off because the symbol is busy says no more than that it is.
        as_busy = busy and symbol in self.switchboard.off_as_busy
        if self.switchboard.is_off(symbol, timeframe) and not as_busy:
            return Refusal(Reason.SYMBOL_SWITCHED_OFF, {"timeframe": str(timeframe), "side": str(side)})
        if self.loss.locked:
            facts = {"baseline_usdt": str(self.loss.baseline), "loss_usdt": str(self.loss.loss)}
            return Refusal(Reason.DAILY_LOSS_LIMIT_REACHED, facts)
        most, open_now = self.risk.max_concurrent_positions, _open(self.account) + self._entered
        if most and open_now >= most:
            facts = {"open": str(open_now), "allowed": str(most)}
            return Refusal(Reason.MAX_CONCURRENT_POSITIONS_REACHED, facts)
        if busy:
            return Refusal(Reason.SYMBOL_BUSY)
        return None

    def entered(self) -> None:
        """One more entry was placed, or simulated."""
        self._entered += 1
