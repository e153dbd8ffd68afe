"""The exchange's own timer that cancels resting orders when nobody renews it: only where it surely leaves stops."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from mtf_core.execution.desk import Desk
from mtf_core.market import Proven, TimedCancelAll
from mtf_core.orders.intent import Intent
from mtf_core.ports import TradingRefusedError
from mtf_core.reasons import Reason


@define(eq=False)
class DeadManSwitch:
    """Armed for each symbol of which an entry may rest, renewed at every look, and disarmed when none does."""

    desk: Desk
    seconds: int
    """0: it is not asked for, and nothing is ever armed."""
    _armed: set[str] = field(factory=set, init=False)

    @classmethod
    def of(cls, desk: Desk) -> DeadManSwitch:
        """As the settings ask for; raises `TradingRefusedError` where it might cancel stops, or cannot be armed so."""
        seconds, timed = desk.settings.dead_man_switch_sec, desk.capabilities.timed_cancel_all
        problem = _problem(seconds, timed) if seconds else ""
        if problem:
            raise TradingRefusedError(
                Reason.DEAD_MAN_SWITCH_UNSAFE, f"orders.dead_man_switch_sec is {seconds}: {problem}"
            )
        return cls(desk, seconds)

    async def renew(self, live: Iterable[Intent]) -> None:
        """Arms it anew where entries may rest, and disarms it where none does any more."""
        if not self.seconds:
            return
        resting = {intent.symbol for intent in live if intent.entry.may_be_alive}
        for symbol in sorted(resting):
            if (await self.desk.trading.cancel_all_after(symbol, self.seconds)).is_done:
                self._armed.add(symbol)
        for symbol in sorted(self._armed - resting):
            await self._disarm(symbol)

    async def disarm(self) -> None:
        """Everywhere: the process ends in good order."""
        for symbol in sorted(self._armed):
            await self._disarm(symbol)

    async def _disarm(self, symbol: str) -> None:
        if (await self.desk.trading.cancel_all_after(symbol, 0)).is_done:
            self._armed.discard(symbol)


def _problem(seconds: int, timed: TimedCancelAll | None) -> str:
    if timed is None:
        return "this exchange has no such timer; set it to 0"
    if timed.keeps_protection is not Proven.YES:
        return "it is not proven that this exchange's timer leaves stops alone; set it to 0"
    if seconds < timed.least_seconds or (timed.most_seconds is not None and seconds > timed.most_seconds):
        return f"this exchange takes {timed.least_seconds} to {timed.most_seconds or 'any number of'} seconds"
    return ""
