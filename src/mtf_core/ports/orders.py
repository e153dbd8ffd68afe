"""What the core asks of the store of orders, and of the two small things that are kept outside of it.

Every method raises `StoreError` or one of its kinds, nothing else. A store belongs to one namespace and, once it was
bound, to one account. An intent is committed before anything of it is sent; commits are durable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from attrs import frozen

if TYPE_CHECKING:
    from mtf_core.market import Fill
    from mtf_core.orders.actions import Action
    from mtf_core.orders.intent import Intent
    from mtf_core.orders.lifecycle import Alarm, EventKind, LifecycleEvent
    from mtf_core.planning import Skip
    from mtf_core.ports.locks import Acquired
    from mtf_core.records import Page
    from mtf_core.risk import Books, Heartbeat, RiskLock, Standing, Switch


@frozen
class StoreIdentity:
    """Which store it is: its id, made with its tables, and what tells that it was restored to an earlier state."""

    store_id: str
    account: str
    """The account that it is bound to."""
    counter: int
    """How many intents it has ever committed."""
    database: str
    """What the database said of its own life (PostgreSQL: system id, timeline, database) when the store was bound, or
    confirmed since; empty where it said nothing."""
    database_now: str
    """What it says today."""
    outlives_process: bool
    """Whether what is committed is there after the process: not so in a database in memory."""

    @property
    def is_another_life(self) -> bool:
        """The database was restored, or is a copy: it may lack what was committed."""
        return self.database != self.database_now


@frozen
class StoredEvent:
    """A lifecycle event at its place in the story, with the run and the program's time."""

    number: int
    event: LifecycleEvent
    run_id: str
    program_ms: int


@frozen
class StoredAlarm:
    """An alarm, since when it stands, and when it ended; None: it stands."""

    alarm: Alarm
    raised_ms: int
    ended_ms: int | None


@frozen
class Request:
    """What an operator asked of a symbol's position; the supervisor carries it out.

    `kind` is `close`, `protect`, `targets` or `book`; the values are exact text.
    """

    number: int
    symbol: str
    kind: str
    values: Mapping[str, str]
    actor: str
    asked_ms: int
    outcome: str = ""
    """What became of it, for the operator; empty: nothing yet."""


@frozen
class StoreView:
    """What a look at every live intent needs of the store, all of it of one instant."""

    live: tuple[Intent, ...]
    """The oldest first."""
    standing: Standing
    requests: tuple[Request, ...]
    """Those to which nothing has become yet, in their order."""
    switches: tuple[Switch, ...]
    locks: tuple[RiskLock, ...]
    """Of every profile, those that may hold; lifted ones too."""


class OrderStore(Protocol):
    """Intents, their stories, fills, alarms, requests of the operator, and who supervises.

    Events that come with an intent are stored with the run of its terms and this program's time.
    """

    async def bind(self, account: str) -> StoreIdentity:
        """Binds the store to the account at first use; raises `StoreNotOursError` where it is another's.

        Raises `StoreUnavailableError` where a commit may be lost after it was confirmed, or nothing can be written.
        """
        ...

    async def confirm(self, counter: int) -> StoreIdentity:
        """An operator says that the store knows everything: the database's life of today counts from here on, and the
        counter is `counter` at least, so that no id is given out again."""
        ...

    async def standing(self) -> Standing: ...

    async def set_standing(self, standing: Standing, before: Standing | None = None) -> bool:
        """Whether it was set: not where the store has another one by now than `before`, from which it was concluded."""
        ...

    async def reserve(
        self,
        profile: str,
        decision_key: str,
        now_ms: int,
        guard: Callable[[Books], Skip | None],
        make: Callable[[StoreIdentity], Intent],
        events: Callable[[Intent], Sequence[LifecycleEvent]],
    ) -> Skip | Intent:
        """Guards and intent in one transaction, under the lock of the account's risk row.

        `guard` is asked once with what the store holds, perhaps in a thread of the store's: it reads nothing but clocks
        of what changes meanwhile. Where it refuses, its skip is returned and nothing is stored. Else the store's
        counter is raised, `make` gives the intent, and it is committed. The store itself refuses a second live intent
        of a symbol, and a second one of a decision key, whatever `guard` says.
        """
        ...

    async def further(
        self, intent: Intent, now_ms: int, guard: Callable[[Books], Skip | None], fence: Acquired | None
    ) -> Skip | Intent:
        """The same for a further attempt, which `intent` holds as its current one; its own reservation is not counted.

        The store refuses it unless the attempts before are final and all of them together stay within the plan.
        """
        ...

    async def send(
        self, intent: Intent, now_ms: int, guard: Callable[[Books], Skip | None], fence: Acquired | None = None
    ) -> Skip | Intent:
        """The last look before the bytes leave: the guards once more, and PLANNED becomes SUBMITTING, sent at `now_ms`.

        The intent's own reservation is not counted. Where the guard refuses, the intent is stored as rejected and the
        skip returned. An intent that is not planned any more raises `IntentChangedError`: somebody else may have sent
        it.
        """
        ...

    async def save(
        self,
        intent: Intent,
        events: Sequence[LifecycleEvent] = (),
        alarms: Sequence[Alarm] = (),
        fills: Sequence[Fill] = (),
        fence: Acquired | None = None,
    ) -> Intent:
        """Stores the intent as it is now, with what happened, if nobody changed it since that version was read.

        Returns it with its new version. Raises `IntentChangedError`, and `LockLostError` where `fence` is another's by
        now; then nothing is stored. A fill is stored once, by its key. Only `reserve` and `further` make an entry
        planned, and only `send` makes it submitting: the guards are asked there.
        """
        ...

    async def live(self) -> tuple[Intent, ...]:
        """Every intent without final evidence, the oldest first."""
        ...

    async def live_versions(self) -> Mapping[str, int]:
        """The version of every live intent, by its decision key: a small question, for whoever asks it often."""
        ...

    async def view(self, now_ms: int) -> StoreView:
        """What a look needs, in one reading; switches and locks are those that the guards go by."""
        ...

    async def intent(self, decision_key: str) -> Intent | None: ...

    async def last_of(self, symbol: str) -> Intent | None:
        """The symbol's newest intent, live or over."""
        ...

    async def history(self, limit: int, cursor: str | None = None, *, symbol: str | None = None) -> Page[Intent]:
        """A page of intents, the newest first; raises `InvalidCursorError`."""
        ...

    async def events(self, decision_key: str) -> tuple[StoredEvent, ...]:
        """The story of an intent, in order."""
        ...

    async def events_of(
        self, kind: EventKind, limit: int, cursor: str | None = None, *, symbol: str | None = None
    ) -> Page[StoredEvent]:
        """A page of events of one kind, the newest first; raises `InvalidCursorError`."""
        ...

    async def note(self, events: Sequence[LifecycleEvent], run_id: str, program_ms: int) -> None:
        """Stores events that belong to no stored intent, such as a refusal."""
        ...

    async def fills(self, symbol: str, since_ms: int) -> tuple[Fill, ...]:
        """Stored executions of a symbol from an instant on, the oldest first."""
        ...

    async def raise_alarms(self, alarms: Sequence[Alarm], program_ms: int, fence: Acquired | None = None) -> None:
        """An alarm of the same kind and subject that stands stays as it is; raises `LockLostError`."""
        ...

    async def end_alarms(self, standing: Sequence[Alarm], program_ms: int, fence: Acquired | None = None) -> None:
        """Ends every alarm that is not among those that still stand; raises `LockLostError`."""
        ...

    async def alarms(self, *, standing: bool = True, limit: int = 100) -> tuple[StoredAlarm, ...]: ...

    async def beat(self, heartbeat: Heartbeat, fence: Acquired, ttl_ms: int | None = None) -> bool:
        """The supervisor's sign of life; raises `LockLostError`.

        With `ttl_ms` it renews the lock as well, in the same write, where the lock is kept beside the orders; returns
        whether it did. A lock of another service is renewed there.
        """
        ...

    async def heartbeat(self) -> Heartbeat | None: ...

    async def ask(self, request: Request) -> Request:
        """Stores a request of an operator; returns it with its number."""
        ...

    async def requests(self) -> tuple[Request, ...]:
        """The requests to which nothing has become yet, in their order."""
        ...

    async def answer(self, number: int, outcome: str) -> None: ...

    async def request(self, number: int) -> Request | None: ...


@frozen
class Noted:
    """A protective action that left before the store knew of it."""

    decision_key: str
    intent: Intent
    """As it was to be committed."""
    action: Action
    venue_ms: int


class ActionJournal(Protocol):
    """A small local log of protective actions, for the time in which the store does not answer.

    Raises `StoreError` where it cannot be read or written.
    """

    def note(self, noted: Noted) -> None:
        """Durable when it returns."""
        ...

    def noted(self) -> tuple[Noted, ...]:
        """What was noted and not forgotten, the oldest first."""
        ...

    def forget(self) -> None:
        """The store knows everything."""
        ...


@frozen
class Mark:
    """Whose an account was last, and how many intents that store had committed."""

    store_id: str
    counter: int


class HighWater(Protocol):
    """A mark for each account, kept outside of its store: a restored store is behind it, and a store that was made anew
    finds that the account is another's.

    An account is named by `Desk.account_key`. Raises `StoreError` where what is kept cannot be read or written.
    """

    async def read(self, account: str) -> Mark | None:
        """None: nothing was ever noted of the account."""
        ...

    async def raise_to(self, account: str, mark: Mark) -> None:
        """Durable when it returns; a lower number than what is there changes nothing.

        Raises `StoreNotOursError` where the mark of another store stands.
        """
        ...

    async def hand_over(self, account: str, mark: Mark) -> None:
        """The account is this store's from here on, whosever it was: an operator said so."""
        ...
