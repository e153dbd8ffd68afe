"""The alarms of one account: raised once, stored, told, and ended when they stand no more. A side job."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from attrs import define, field

from mtf_core.execution.waiting import Patience
from mtf_core.orders.lifecycle import Alarm
from mtf_core.ports import Acquired, Environment, OrderStore, PortError

Heard = Callable[[Alarm], None]


@define(eq=False)
class AlarmBoard:
    """Which alarms stand, as this process sees it; `heard` is told of each new one at once.

    Whoever raises alarms has a group of its own, and shows all of its alarms that stand.
    """

    environment: Environment
    orders: OrderStore
    heard: Heard
    _shown: dict[str, tuple[Alarm, ...]] = field(factory=dict, init=False)
    _changes: int = field(default=1, init=False)
    """How often what stands has changed; what an earlier process left standing counts as a change."""
    _stored: int = field(default=0, init=False)
    """Of these, how many the store knows of."""
    _storing: Patience[int] = field(factory=Patience, init=False)

    @property
    def standing(self) -> tuple[Alarm, ...]:
        return tuple({_name(alarm): alarm for alarms in self._shown.values() for alarm in alarms}.values())

    def show(self, group: str, alarms: Iterable[Alarm]) -> None:
        """All alarms of the group that stand now: new ones are told, and those that are not among them have ended."""
        before = {_name(alarm): alarm for alarm in self.standing}
        was = self._shown.pop(group, ())
        # One that stood before is kept as it was first told.
        now = tuple(before.get(_name(alarm), alarm) for alarm in alarms)
        if now:
            self._shown[group] = now
        if now != was:
            self._changes += 1
        for alarm in now:
            if _name(alarm) not in before:
                self.heard(alarm)

    def keep_groups(self, groups: Iterable[str]) -> None:
        """Ends the alarms of all other groups."""
        for group in self._shown.keys() - set(groups):
            self.show(group, ())

    async def store(self, fence: Acquired | None, wait_ms: float) -> None:
        """Has the store hold what stands, and nothing else; what it does not take in time is tried at the next look.

        `fence`: of whoever supervises, so that what hung here ends no alarm of the one who took over meanwhile.
        """
        if self._stored == self._changes:
            return
        with suppress(PortError):
            self._stored = await self._storing.result_of(self._store(fence), wait_ms) or self._stored

    def forget(self) -> None:
        """Another process supervises, and says what stands."""
        self._shown.clear()
        self._changes += 1

    async def end(self) -> None:
        """Breaks off what still hangs."""
        await self._storing.end()

    async def _store(self, fence: Acquired | None) -> int:
        changes, program_ms, standing = self._changes, self.environment.wall.now_ms(), self.standing
        await self.orders.raise_alarms(standing, program_ms, fence)
        await self.orders.end_alarms(standing, program_ms, fence)
        return changes


def _name(alarm: Alarm) -> tuple[str, str]:
    return alarm.kind.value, alarm.subject
