"""What a look goes by beside the exchange: the account's standing, switches, locks of the day, the operator's wishes.

All of it is the store's. Where that does not answer, what it said last is gone by: nothing here opens anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from attrs import define, field, frozen

from mtf_core.execution.desk import Desk
from mtf_core.execution.waiting import Patience
from mtf_core.orders import Asked, AskedKind, Intent
from mtf_core.orders.supervise import Rules
from mtf_core.ports import PortError, Request, StoreView
from mtf_core.risk import AccountCondition, RiskLock, Standing, Switchboard, entries_must_end

_LONGEST_MS = 2_000.0
"""A read that hangs longer is made anew: it may hide an intent whose entry fills meanwhile."""


@frozen
class Background:
    """As the store said last."""

    standing: Standing = field(factory=Standing)
    switches: Switchboard = field(factory=lambda: Switchboard({}, 0))
    locks: Mapping[str, tuple[RiskLock, ...]] = field(factory=dict)
    """By profile, all of them: what its losses forbid."""
    requests: tuple[Request, ...] = ()
    is_known: bool = True
    """False until the store has said it once."""

    @property
    def in_recovery(self) -> bool:
        """Nothing but protection leaves, and nothing is cancelled; nor while nobody knows how the account stands."""
        return not self.is_known or self.standing.condition is AccountCondition.RECOVERY

    def asked_of(self, symbol: str) -> tuple[Asked, ...]:
        """What an operator asked of the symbol, in order; a kind that this version does not know waits for one that
        does."""
        return tuple(
            Asked(request.number, AskedKind(request.kind), request.values, request.actor, request.asked_ms)
            for request in self.requests
            if request.symbol == symbol and request.kind in set(AskedKind)
        )

    def held_locks(self, now_ms: int) -> tuple[RiskLock, ...]:
        """The locks of all profiles that forbid entries now."""
        return tuple(lock for locks in self.locks.values() for lock in locks if lock.holds_at(now_ms))

    def rules_for(self, intent: Intent, desk: Desk) -> Rules:
        """What a look at the intent goes by."""
        locks = self.locks.get(intent.terms.profile, ())
        ends = entries_must_end(self.switches, locks, self.standing, desk.now_ms)
        return Rules(
            capabilities=desk.capabilities,
            settings=desk.settings,
            entries_end="" if ends is None else ends.value,
            in_recovery=self.in_recovery,
        )


@define(eq=False)
class BackgroundReader:
    """Reads it for one look after the other."""

    desk: Desk
    last: Background = field(factory=lambda: Background(is_known=False), init=False)
    _reading: Patience[StoreView] = field(factory=lambda: Patience(longest_ms=_LONGEST_MS), init=False)

    async def read(self, wait_ms: float) -> tuple[Intent, ...] | None:
        """Reads it into `last`, and the live intents with it; waits no longer than given.

        None: the store says nothing, and what it said before stays.
        """
        view = None
        with suppress(PortError):
            view = await self._reading.result_of(self.desk.orders.view(self.desk.now_ms), wait_ms)
        if view is None:
            return None
        self.last = Background(
            view.standing, Switchboard.of(view.switches, self.desk.now_ms), _by_profile(view.locks), view.requests
        )
        return view.live

    def forget(self) -> None:
        """Another process supervised meanwhile: what the store said before is no more than that."""
        self.last = Background(is_known=False)

    async def end(self) -> None:
        await self._reading.end()


def _by_profile(locks: Iterable[RiskLock]) -> dict[str, tuple[RiskLock, ...]]:
    by_profile: dict[str, tuple[RiskLock, ...]] = {}
    for lock in locks:
        by_profile[lock.profile] = (*by_profile.get(lock.profile, ()), lock)
    return by_profile
