"""The loop that watches a venue's store from outside, tells receivers, and calls an outside service while somebody
supervises."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import define, field, frozen

from mtf_core.ending import ended
from mtf_core.market import HOUR_MS, MINUTE_MS
from mtf_core.ports import Disks, Environment, Ping, PortError, Receiver, ReceiverError
from mtf_core.records import Message
from mtf_core.settings.alerts import AlertSettings
from mtf_core.watching.conditions import Condition, conditions_of, is_supervised, store_unreachable
from mtf_core.watching.facts import Facts, Pulse, read_facts
from mtf_core.watching.ledger import Due, Ledger
from mtf_core.watching.remembered import Remembered

_LOOK_S = 10.0
"""A store that takes longer counts as one that does not answer."""
_STORE_S = 5.0
_TELL_S = 30.0
_BLIND_S = 20.0
"""After so long without an answer the store itself is an alert."""
_LONGEST_PAUSE_S = 60.0
_REMEMBERED_MS = HOUR_MS
"""What ended longer ago before the start is not told any more."""


@frozen
class Told:
    """A receiver has confirmed a message."""

    receiver: str
    message: Message


@frozen
class Troubled:
    """Something could not be told or called; it is tried again."""

    who: str
    why: str


WatchNews: TypeAlias = Told | Troubled


@define(eq=False)
class Watcher:
    """Watches until it is told to stop. `news` hears what was told, and what was not."""

    environment: Environment
    settings: AlertSettings
    receivers: Sequence[Receiver]
    disks: Disks
    ping: Ping | None = None
    news: Callable[[WatchNews], None] = lambda _: None
    _ledger: Ledger = field(init=False)
    _pulse: Pulse = field(factory=Pulse, init=False)
    _remembered: Remembered = field(factory=Remembered, init=False)
    _remembers: bool = field(default=False, init=False)
    """What an earlier process stored was read: before that nothing is told, for it may have been told already."""
    _facts: Facts | None = field(default=None, init=False)
    _seen_s: float = field(init=False)
    """When the store last answered."""
    _looked: dict[str, asyncio.Event] = field(init=False)

    def __attrs_post_init__(self) -> None:
        venue = self.environment.venue
        self._ledger = Ledger(f"{venue.exchange} ({venue.namespace})", self.environment.wall.now_ms())
        self._seen_s = self.environment.timer()
        self._looked = {receiver.name: asyncio.Event() for receiver in self.receivers}

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. What a receiver was not told by then, the next process tells."""
        tasks = [asyncio.create_task(self._serve(receiver)) for receiver in self.receivers]
        tasks.append(asyncio.create_task(self._keep_calling()))
        try:
            while not stopping.is_set():
                await self.look()
                for task in tasks:
                    if task.done():
                        task.result()  # a bug in it ends the process loudly
                await self._pause(stopping)
        finally:
            await ended(*tasks)
            await self._store()

    async def look(self) -> None:
        """One look at the store; receivers are told beside it."""
        try:
            async with asyncio.timeout(_LOOK_S):
                await self._remember()
                facts = await read_facts(self.environment, self._pulse, self.disks, self._remembered)
        except (PortError, TimeoutError) as error:
            self._look_blindly(str(error) or f"no answer within {_LOOK_S:.0f} s")
        else:
            self._facts, self._seen_s = facts, self.environment.timer()
            self._ledger.look(conditions_of(facts, self.settings), facts.now_ms)
        await self._store()
        for event in self._looked.values():
            event.set()

    def _look_blindly(self, why: str) -> None:
        """What stood, stands; after a while, that nothing can be seen is an alert itself."""
        if self.environment.timer() - self._seen_s <= _BLIND_S:
            return
        stood = [Condition(one.word, one.subject, one.text) for one in self._ledger.standing]
        self._ledger.look([*stood, store_unreachable(why.splitlines()[0])], self.environment.wall.now_ms())

    async def _remember(self) -> None:
        if not self._remembers:
            store, since_ms = self.environment.stores.alerts, self._ledger.begun_ms - _REMEMBERED_MS
            self._ledger.remember(await store.alerts(since_ms), await store.receipts(since_ms))
            self._remembers = True

    async def _store(self) -> None:
        alerts, receipts = self._ledger.unstored()
        try:
            async with asyncio.timeout(_STORE_S):
                await self.environment.stores.alerts.write(alerts, receipts)
        except (PortError, TimeoutError):
            return  # tried again after the next look
        self._ledger.stored(alerts, receipts)

    async def _serve(self, receiver: Receiver) -> None:
        """Tells one receiver what it is due, one message after the other, until cancelled."""
        sent: deque[float] = deque()
        failures = 0
        while True:
            due = self._next(receiver.name, sent)
            if due is None:
                self._looked[receiver.name].clear()
                await self._looked[receiver.name].wait()
                continue
            try:
                async with asyncio.timeout(_TELL_S):
                    await receiver.tell(due.message)
            except Exception as error:  # whatever breaks here, the other receivers are told, and this one again
                failures += 1
                self.news(Troubled(receiver.name, _why(error)))
                patience_s = error.again_after_s if isinstance(error, ReceiverError) else 0.0
                await self.environment.sleep(max(patience_s, min(_LONGEST_PAUSE_S, 2.0 ** min(failures, 10))))
                continue
            failures = 0
            sent.append(self.environment.timer())
            self._ledger.told(due.receipts)
            self.news(Told(receiver.name, due.message))
            await self._store()

    def _next(self, receiver: str, sent: deque[float]) -> Due | None:
        now_s = self.environment.timer()
        while sent and now_s - sent[0] >= 60:
            sent.popleft()
        room, remind_ms = self.settings.per_minute - len(sent), self.settings.remind_minutes * MINUTE_MS
        return self._ledger.next_for(receiver, self.environment.wall.now_ms(), room=room, remind_ms=remind_ms)

    async def _keep_calling(self) -> None:
        while self.ping is not None:
            if self._is_well():
                try:
                    async with asyncio.timeout(_TELL_S):
                        await self.ping.call()
                except Exception as error:  # as for receivers
                    self.news(Troubled("ping", _why(error)))
                await self.environment.sleep(self.settings.ping_sec)
            else:
                await self.environment.sleep(1)

    def _is_well(self) -> bool:
        """Whether somebody supervises, as far as a look that is not old says."""
        is_fresh = self.environment.timer() - self._seen_s <= 3 * self.settings.look_sec
        return self._facts is not None and is_fresh and is_supervised(self._facts)

    async def _pause(self, stopping: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(self._sleep())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        await ended(*waits)

    async def _sleep(self) -> None:
        await self.environment.sleep(self.settings.look_sec)


def _why(error: Exception) -> str:
    if isinstance(error, ReceiverError):
        return str(error)
    return f"no answer within {_TELL_S:.0f} s" if isinstance(error, TimeoutError) else f"a fault: {error!r}"
