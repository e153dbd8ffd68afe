"""The guards on money that stand before every entry, simulated or not; `force_run` and `skip_context` pass none.

A guard is a function of the entry and of what is known when it is asked. `GUARDS` names them in the order in which they
are asked; the first refusal counts.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, frozen

from mtf_core.market import AccountState, Side, Timeframe
from mtf_core.planning import Skip
from mtf_core.reasons import Reason
from mtf_core.risk.day import DayLoss
from mtf_core.risk.switches import Switchboard
from mtf_core.settings.trade_entry import RiskSettings


@frozen
class ProposedEntry:
    """An entry that is about to be placed."""

    symbol: str
    timeframe: Timeframe
    side: Side


@frozen
class GuardFacts:
    """What the guards look at, all from one account sync; `account` and `loss` are None when it failed.

    `entered` counts the entries of this run so far: each stands as a position for those after it.
    """

    switchboard: Switchboard
    risk: RiskSettings
    account: AccountState | None
    loss: DayLoss | None
    entered: int = 0

    def with_one_more(self) -> GuardFacts:
        """The facts once one more entry was placed, or simulated."""
        return evolve(self, entered=self.entered + 1)

    def is_busy(self, symbol: str) -> bool:
        return self.account is not None and symbol in self.account.busy_symbols()


Guard = Callable[[ProposedEntry, GuardFacts], Skip | None]
"""Why this entry may not be placed; None when nothing stands against it. What cannot be evaluated refuses."""


def account_is_known(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    known = facts.account is not None and facts.loss is not None
    return None if known else Skip(Reason.ACCOUNT_STATE_UNKNOWN)


def kill_switch_is_off(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    return Skip(Reason.KILL_SWITCH_ON) if facts.switchboard.kill_switch_on else None


def symbol_is_on(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """A switch that is off because the symbol is busy says no more than that it is: that is another guard's."""
    board = facts.switchboard
    as_busy = facts.is_busy(entry.symbol) and entry.symbol in board.off_as_busy
    if as_busy or not board.is_off(entry.symbol, entry.timeframe):
        return None
    return Skip(Reason.SYMBOL_SWITCHED_OFF, (("timeframe", str(entry.timeframe)), ("side", str(entry.side))))


def day_is_not_locked(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    if facts.loss is None or facts.loss.lock is None:
        return None
    numbers = (("baseline_usdt", facts.loss.baseline), ("loss_usdt", facts.loss.loss))
    return Skip(Reason.DAILY_LOSS_LIMIT_REACHED, numbers)


def a_position_is_free(_: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """A limit of 0 is off."""
    allowed = facts.risk.max_concurrent_positions
    live = (facts.account.live_symbols() if facts.account else 0) + facts.entered
    if not allowed or live < allowed:
        return None
    return Skip(Reason.MAX_CONCURRENT_POSITIONS_REACHED, (("open", live), ("allowed", allowed)))


def symbol_is_free(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    return Skip(Reason.SYMBOL_BUSY) if facts.is_busy(entry.symbol) else None


GUARDS: tuple[Guard, ...] = (
    account_is_known,
    kill_switch_is_off,
    symbol_is_on,
    day_is_not_locked,
    a_position_is_free,
    symbol_is_free,
)


def refusal(entry: ProposedEntry, facts: GuardFacts) -> Skip | None:
    """The first guard's no, with the numbers behind it; None when the entry may be placed."""
    return next((skip for guard in GUARDS if (skip := guard(entry, facts)) is not None), None)
