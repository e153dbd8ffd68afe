"""Switches: who may be entered at all, as they stand at one instant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from mtf_core.market import MINUTE_MS, Timeframe
from mtf_core.settings.trading import SwitchSettings

SOON_MS = MINUTE_MS
"""A switch that comes back on within a run's period counts as about to expire."""

BUSY, ORDERED, CANCELLED = "busy", "order", "cancelled"
"""Why a program turned a switch off: the symbol was busy, an order of it left, an unfilled entry was cancelled."""


@frozen
class Switch:
    """On/off for everything (`global`), one symbol (`BTCUSDT`) or one symbol and timeframe (`BTCUSDT:5m`)."""

    key: str
    on: bool
    until_ms: int | None
    """When an off switch comes back on by itself; None: never."""
    reason: str
    changed_ms: int

    def is_off(self, now_ms: int) -> bool:
        return not self.on and (self.until_ms is None or now_ms < self.until_ms)


@frozen
class SwitchChange:
    """What a switch is to become, and what it was when that was decided (None: it was not stored).

    Who decides by what was read must not undo what an operator did since.
    """

    before: Switch | None
    after: Switch


@frozen
class QueuedSymbol:
    """The next run looks at this symbol whatever the universe says, once; who asked for it, and when."""

    symbol: str
    queued_ms: int
    actor: str


GLOBAL_SWITCH = "global"


def switch_key(symbol: str, timeframe: Timeframe | None = None) -> str:
    """The key of a symbol's switch, or of a symbol's on one timeframe."""
    return f"{symbol}:{timeframe}" if timeframe else symbol


@frozen
class Switchboard:
    """The stored switches and the instant at which they are read."""

    switches: Mapping[str, Switch]
    now_ms: int

    @classmethod
    def of(cls, switches: Iterable[Switch], now_ms: int) -> Switchboard:
        return cls({switch.key: switch for switch in switches}, now_ms)

    def changed(self, switches: Iterable[Switch]) -> Switchboard:
        """The board once these switches are stored."""
        return evolve(self, switches={**self.switches, **{switch.key: switch for switch in switches}})

    def change_to(self, switch: Switch) -> SwitchChange:
        """The change from the switch on this board."""
        return SwitchChange(self.switches.get(switch.key), switch)

    @property
    def kill_switch_on(self) -> bool:
        """The global switch is off: no new entries."""
        return self.key_is_off(GLOBAL_SWITCH)

    def is_off(self, symbol: str, timeframe: Timeframe | None = None) -> bool:
        """The symbol's switch is off, or the one of this symbol and timeframe."""
        return self.key_is_off(switch_key(symbol)) or (
            timeframe is not None and self.key_is_off(switch_key(symbol, timeframe))
        )

    def comes_back_soon(self, symbol: str) -> bool:
        """The symbol is off, and comes back on within the next minute."""
        switch = self.switches.get(switch_key(symbol))
        if switch is None or switch.until_ms is None or not switch.is_off(self.now_ms):
            return False
        return switch.until_ms - self.now_ms <= SOON_MS

    def turned_off_as_busy(self, symbol: str, settings: SwitchSettings) -> Switch | None:
        """The switch of a symbol found busy: off for a while, less if it was off for that already.

        None when it stays as it is: one that is off for another reason is not ours to change, and one that is off for
        longer is not cut short.
        """
        current = self.switches.get(switch_key(symbol))
        off = current is not None and current.is_off(self.now_ms)
        minutes = settings.busy_again_minutes if off else settings.busy_minutes
        until_ms = self.now_ms + minutes * MINUTE_MS
        if current is not None and off:
            lasts = current.until_ms is None or current.until_ms >= until_ms
            if current.reason != BUSY or lasts:
                return None
        return Switch(switch_key(symbol), on=False, until_ms=until_ms, reason=BUSY, changed_ms=self.now_ms)

    def turned_on_as_free(self, symbol: str) -> Switch | None:
        """The switch of a symbol that was off because it was busy and is free again; None when there is none such."""
        current = self.switches.get(switch_key(symbol))
        if current is None or current.on or current.reason != BUSY:
            return None
        return Switch(switch_key(symbol), on=True, until_ms=None, reason="free again", changed_ms=self.now_ms)

    @property
    def off_as_busy(self) -> tuple[str, ...]:
        """The symbols whose stored switch says that they are busy."""
        return tuple(key for key, switch in self.switches.items() if not switch.on and switch.reason == BUSY)

    def key_is_off(self, key: str) -> bool:
        """The switch of that key alone."""
        switch = self.switches.get(key)
        return switch is not None and switch.is_off(self.now_ms)
