"""What supervision decided, on its way into the store: in order, once, and without holding up what protects.

Memory is ahead of the store while that does not answer; it is what the next look goes on from. A save whose answer was
lost is looked up before it is made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Mapping
from enum import Enum

from attrs import define, evolve, field, frozen

from mtf_core.execution.waiting import Patience
from mtf_core.market import Fill
from mtf_core.orders.actions import Action, FurtherAttempt
from mtf_core.orders.intent import Intent, Sent
from mtf_core.orders.lifecycle import LifecycleEvent
from mtf_core.orders.supervision.zone_end import without_cancel
from mtf_core.ports import Acquired, IntentChangedError, LockLostError, OrderStore, StoreError


class Booked(Enum):
    """What became of a decision in the store."""

    STORED = "stored"
    BEHIND = "behind"
    """The store does not answer, or failed: memory keeps the decision, and it is tried again."""
    CHANGED = "changed"
    """Somebody else changed the intent: the decision is dropped, and the next look decides anew."""
    LOCK_LOST = "lock_lost"


@frozen
class Entries:
    """What is to be stored beside the intent itself."""

    events: tuple[LifecycleEvent, ...] = ()
    fills: tuple[Fill, ...] = ()

    def __add__(self, other: Entries) -> Entries:
        return Entries(self.events + other.events, self.fills + other.fills)

    def without(self, stored: Entries) -> Entries:
        """What came after these."""
        return Entries(self.events[len(stored.events) :], self.fills[len(stored.fills) :])

    def __bool__(self) -> bool:
        return bool(self.events or self.fills)


@frozen
class _Saved:
    """One attempt to save: what was to be stored, and what came of it."""

    intent: Intent
    entries: Entries
    booked: Booked
    found: Intent | None = None
    """The intent as the store has it now; None where it could not say."""


@define(eq=False)
class _Account:
    """One intent: as the store has it, as it was decided, and what lies between."""

    stored: Intent
    latest: Intent
    waiting: Entries = Entries()
    acted: bool = False
    """Something left that the store does not know of: the decision behind it is not dropped any more."""
    tried: _Saved | None = None
    """The last save, where it failed: it may have been made all the same."""
    saving: Patience[_Saved] = field(factory=Patience)

    @property
    def is_behind(self) -> bool:
        return self.acted or self.tried is not None or bool(self.waiting) or self.latest != self.stored


@define(eq=False)
class Bookkeeper:
    """The live intents of one account, as they were decided last."""

    orders: OrderStore
    _accounts: dict[str, _Account] = field(factory=dict, init=False)

    @property
    def live(self) -> tuple[Intent, ...]:
        """The live intents, the oldest first, whether or not the store knows of what was decided last."""
        return tuple(account.latest for account in self._accounts.values() if account.latest.is_live)

    @property
    def is_behind(self) -> bool:
        """Whether anything was decided that the store does not know yet, also of intents that are over by it."""
        return any(account.is_behind for account in self._accounts.values())

    @property
    def unbooked(self) -> tuple[Intent, ...]:
        """Those of which something left that the store does not know of."""
        return tuple(account.latest for account in self._accounts.values() if account.acted)

    def lacks(self, versions: Mapping[str, int]) -> bool:
        """Whether the store holds a live intent, by its version, that is not known here, or as it is not known."""
        known = {key: account.stored.version for key, account in self._accounts.items()}
        return any(known.get(key, -1) < version for key, version in versions.items())

    def refresh(self, live: Iterable[Intent]) -> None:
        """The live intents as the store has them now."""
        shown = {intent.decision_key: intent for intent in live}
        kept = {key: account for key, account in self._accounts.items() if account.is_behind}
        fresh = {key: kept.get(key) or _Account(intent, intent) for key, intent in shown.items()}
        self._accounts = fresh | {key: account for key, account in kept.items() if key not in fresh}

    def know(self, intent: Intent) -> None:
        """Another intent that is to be looked at, as the store has it: one that was believed to be over."""
        self._accounts.setdefault(intent.decision_key, _Account(intent, intent))

    async def book(self, intent: Intent, entries: Entries, fence: Acquired | None, wait_ms: float) -> Booked:
        """Stores an intent as it was decided, with what happened; waits no longer than given."""
        account = self._accounts.setdefault(intent.decision_key, _Account(intent, intent))
        account.latest, account.waiting = intent, account.waiting + entries
        return await self._push(account, fence, wait_ms)

    def latest(self, intent: Intent) -> Intent:
        """The intent as it was decided or stored last."""
        account = self._accounts.get(intent.decision_key)
        return intent if account is None else account.latest

    def acted(self, intent: Intent) -> None:
        """What was decided has left, and the store does not know of it yet."""
        self._accounts[intent.decision_key].acted = True

    async def catch_up(self, fence: Acquired | None, wait_ms: float, busy: Container[str] = ()) -> Booked:
        """Stores what is still missing, all of it at once; the worst of what came of it. `busy` are being looked at."""
        behind = [account for key, account in self._accounts.items() if account.is_behind and key not in busy]
        came = await asyncio.gather(*(self._push(account, fence, wait_ms) for account in behind))
        return max(came, key=list(Booked).index, default=Booked.STORED)

    def forget(self) -> None:
        """Another process supervises: what it stores counts."""
        self._accounts.clear()

    async def end(self) -> None:
        """Breaks off what still hangs."""
        await asyncio.gather(*(account.saving.end() for account in self._accounts.values()))

    async def _push(self, account: _Account, fence: Acquired | None, wait_ms: float) -> Booked:
        saved = await account.saving.result_of(self._save(account, fence), wait_ms)
        if saved is None:
            return Booked.BEHIND
        _take_in(account, saved)
        if saved.booked is Booked.STORED and account.is_behind:  # it was an earlier decision that had hung
            return await self._push(account, fence, wait_ms)
        return saved.booked

    async def _save(self, account: _Account, fence: Acquired | None) -> _Saved:
        intent, entries, tried = account.latest, account.waiting, account.tried
        try:
            found = await self.orders.intent(intent.decision_key) if tried is not None else None
            if tried is not None and found is not None and found != account.stored:
                return _Saved(tried.intent, tried.entries, _what_changed(found, tried.intent), found)
            stored = await self.orders.save(intent, entries.events, (), entries.fills, fence)
        except LockLostError:
            return _Saved(intent, entries, Booked.LOCK_LOST)
        except IntentChangedError:
            found = await self._found(intent.decision_key)
            return _Saved(intent, entries, Booked.BEHIND if found is None else _what_changed(found, intent), found)
        except StoreError:
            return _Saved(intent, entries, Booked.BEHIND)
        return _Saved(intent, entries, Booked.STORED, stored)

    async def _found(self, decision_key: str) -> Intent | None:
        try:
            return await self.orders.intent(decision_key)
        except StoreError:
            return None


def _what_changed(found: Intent, intent: Intent) -> Booked:
    """Whether the row that was found is the save whose answer was lost, or another's."""
    return Booked.STORED if evolve(found, version=intent.version) == intent else Booked.CHANGED


def _take_in(account: _Account, saved: _Saved) -> None:
    """Brings memory to what the attempt says."""
    account.tried = saved if saved.booked is Booked.BEHIND else None
    if saved.found is None or saved.booked in {Booked.BEHIND, Booked.LOCK_LOST}:
        return
    since = account.waiting.without(saved.entries)
    if saved.booked is Booked.STORED:
        is_latest = account.latest == saved.intent
        account.stored, account.waiting = saved.found, since
        account.latest = saved.found if is_latest else evolve(account.latest, version=saved.found.version)
        account.acted = account.acted and not is_latest
        return
    account.stored = saved.found
    if account.acted:
        account.latest = merged(saved.found, account.latest)
    else:
        # What was decided is decided anew; executions are facts, whatever was decided of them.
        account.latest, account.waiting = saved.found, Entries(fills=account.waiting.fills)


def merged(stored: Intent, acted: Intent) -> Intent:
    """The intent as the store has it, with every order counted that left without its knowledge.

    States are left as they are stored: the next look derives them from what it reads. Counts only grow, so that no id
    is used for two orders.
    """
    is_another = acted.attempt.number != stored.attempt.number
    mine, theirs = without_cancel(acted.progress) if is_another else acted.progress, stored.progress
    first, second = (max(pair) for pair in zip(mine.target_generations, theirs.target_generations, strict=True))
    grown = {name: max(getattr(mine, name), getattr(theirs, name)) for name in _COUNTS}
    left = {name: _later(getattr(mine.sent, name), getattr(theirs.sent, name)) for name in _LEFT}
    progress = evolve(
        theirs,
        target_generations=(first, second),
        sent=Sent(**left),
        exit_reason=theirs.exit_reason or mine.exit_reason,
        **grown,
    )
    return evolve(stored, progress=progress)


def uncounted(decided: Intent, before: Intent, action: Action) -> Intent:
    """The decision without its order, which did not leave: what was counted for it is counted no more."""
    names = [*_COUNTS, *_ONCE, "target_generations", "sent"]
    if isinstance(action.write, FurtherAttempt):
        names.append("cancel_reason")  # by which it is decided once
    was = {name: getattr(before.progress, name) for name in names}
    return evolve(decided, progress=evolve(decided.progress, **was))


_COUNTS = (
    *("stop_generation", "stop_tries", "next_stop_ms"),
    *("target_tries", "next_target_ms"),
    *("close_generation", "close_cancels", "next_close_ms"),
    *("cancel_looks", "next_cancel_ms", "tidy_tries"),
)
"""What of an intent's progress counts orders, and says when the next one may leave."""
_ONCE = ("stop_restored", "fallback_asked")
"""What is done once."""
_LEFT = ("stop_ms", "targets_ms", "close_ms", "cancel_ms", "tidy_ms")


def _later(one: int | None, other: int | None) -> int | None:
    return max((each for each in (one, other) if each is not None), default=None)
