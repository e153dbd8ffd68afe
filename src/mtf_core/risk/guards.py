"""The guards on money that stand before every entry, simulated or not; `force_run` and `skip_context` pass none."""

from __future__ import annotations

from attrs import define, field

from mtf_core.market import AccountState, Side, Timeframe
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.risk.day import DayLoss
from mtf_core.risk.switches import Switchboard
from mtf_core.settings.trade_entry import RiskSettings


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
    loss: DayLoss | None
    _entered: int = field(default=0, init=False)

    def refuse(self, symbol: str, timeframe: Timeframe, side: Side) -> Skip | None:
        """Why this entry may not be placed, in the fixed order of the guards; None when it may."""
        if self.account is None or self.loss is None:
            return Skip(Reason.ACCOUNT_STATE_UNKNOWN)
        if self.switchboard.kill_switch_on:
            return Skip(Reason.KILL_SWITCH_ON)
        busy = symbol in self.account.busy_symbols()
        # A switch that is off because the symbol is busy says no more than that it is.
        as_busy = busy and symbol in self.switchboard.off_as_busy
        if self.switchboard.is_off(symbol, timeframe) and not as_busy:
            return Skip(Reason.SYMBOL_SWITCHED_OFF, (("timeframe", str(timeframe)), ("side", str(side))))
        if self.loss.lock is not None:
            facts = (("baseline_usdt", self.loss.baseline), ("loss_usdt", self.loss.loss))
            return Skip(Reason.DAILY_LOSS_LIMIT_REACHED, facts)
        most, open_now = self.risk.max_concurrent_positions, _open(self.account) + self._entered
        if most and open_now >= most:
            return Skip(Reason.MAX_CONCURRENT_POSITIONS_REACHED, (("open", open_now), ("allowed", most)))
        if busy:
            return Skip(Reason.SYMBOL_BUSY)
        return None

    def entered(self) -> None:
        """One more entry was placed, or simulated."""
        self._entered += 1
