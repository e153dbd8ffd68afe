"""Losses, measured beside supervision: a limit that is reached while no run is going locks as well, and ends entries.

It also keeps the last equity that was seen, so that a day begins with it although nothing runs around midnight.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import define, field

from mtf_core.config_nodes import ConfigError
from mtf_core.execution.desk import Desk
from mtf_core.execution.losses import keep_equity, measure_losses
from mtf_core.market import AccountState

MEASURED_EVERY_MS = 15_000
"""While something is live; each measure reads the rows of the day once for each profile."""
KEPT_EVERY_MS = 60_000
"""The same while nothing is."""


@define(eq=False)
class LossWatch:
    """Measures when it is due, one measure at a time, whatever the exchange or the store take for an answer."""

    desk: Desk
    _measured_ms: int | None = field(default=None, init=False)
    _is_measuring: bool = field(default=False, init=False)

    def is_due(self, account: AccountState, profiles: Collection[str]) -> bool:
        """Whether a look would measure something, with live intents of these profiles."""
        every_ms = MEASURED_EVERY_MS if profiles else KEPT_EVERY_MS
        return not self._is_measuring and (self._measured_ms is None or account.time_ms - self._measured_ms >= every_ms)

    async def look(self, account: AccountState, profiles: Collection[str]) -> None:
        """Measures what the profiles of live intents have lost, if it is due. Raises `PortError`."""
        if not self.is_due(account, profiles):
            return
        self._measured_ms, self._is_measuring = account.time_ms, True
        try:
            await self._measure(account, sorted(set(profiles)))
        finally:
            self._is_measuring = False

    async def _measure(self, account: AccountState, profiles: Iterable[str]) -> None:
        await keep_equity(self.desk.environment, account)
        for name in profiles:
            try:
                risk = self.desk.environment.profiles(name).trade_entry.risk
            except ConfigError:
                continue  # its settings are gone: it enters nothing more, and what it holds is supervised all the same
            await measure_losses(self.desk.environment, risk, name, account)
