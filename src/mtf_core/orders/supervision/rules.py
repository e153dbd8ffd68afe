"""What a look goes by beside what was read: what the exchange can do, the settings, and what was switched off."""

from __future__ import annotations

from attrs import frozen

from mtf_core.market import Capabilities, OversizedExit
from mtf_core.settings.trading import OrderSettings

_MARGIN_MS = 250
"""Beyond the exchange's lag, until a read is taken to show what was sent before it."""
_LONGEST_PAUSE_MS = 30_000


@frozen(kw_only=True)
class Rules:
    """The same for every intent of an account."""

    capabilities: Capabilities
    settings: OrderSettings
    entries_end: str = ""
    """Why unfilled entries are to end now (`kill_switch_on`, a loss limit); empty: they are not."""
    in_recovery: bool = False
    """The store may be behind: nothing but protection is sent, and nothing is cancelled."""

    @property
    def settle_ms(self) -> int:
        """How long after a write a read may not show it yet."""
        return self.capabilities.visibility_lag_ms + _MARGIN_MS

    @property
    def settled_after_ms(self) -> int:
        """The same after an entry's last instant, with the tolerated skew of the clocks."""
        return self.capabilities.visibility_lag_ms + self.settings.clock_skew_ms

    @property
    def soon_ms(self) -> int:
        return self.settings.look_soon_sec * 1000

    @property
    def trims(self) -> bool:
        """Whether an exit that is too large is proven to close no more than there is."""
        return self.capabilities.oversized_exit is OversizedExit.TRIMMED

    @property
    def has_whole_stop(self) -> bool:
        protection = self.capabilities.position_protection
        return protection is not None and protection.whole_position

    @property
    def one_whole_at_a_time(self) -> bool:
        """Whether a second stop of the whole position is refused while one stands, whoever's that is."""
        protection = self.capabilities.position_protection
        return protection is not None and protection.one_whole_at_a_time

    def pause_ms(self, times: int) -> int:
        """A pause that doubles with each time, from the least that shows what was sent."""
        return max(self.settle_ms, min(_LONGEST_PAUSE_MS, 1000 << min(max(times - 1, 0), 10)))
