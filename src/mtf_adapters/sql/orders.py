"""The store of orders in SQL: intents are committed under the lock of the account's book, evidence by version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import attrs
from attrs import evolve
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Update,
    bindparam,
    exists,
    insert,
    literal,
    not_,
    select,
    update,
)

from mtf_adapters.sql.database import Database
from mtf_adapters.sql.locks import check_fence, note_fence, renew_fence
from mtf_adapters.sql.order_books import (
    check_durability,
    identity_of,
    life_of,
    locked_book,
    read_books,
    read_heartbeat,
    standing_of,
)
from mtf_adapters.sql.order_rows import (
    alarm_row,
    client_id_row,
    entry_of,
    event_row,
    fill_of,
    fill_row,
    intent_of,
    intent_row,
    new_intent_row,
    request_of,
    steps,
    stored_alarm,
    stored_event,
)
from mtf_adapters.sql.order_views import StoreViews
from mtf_adapters.sql.paging import position, refuse_empty
from mtf_adapters.sql.prepared import changed_by, insert_rows, row_or_none_of, rows_of
from mtf_adapters.sql.schema import (
    order_alarms,
    order_books,
    order_client_ids,
    order_events,
    order_fills,
    order_intents,
    order_requests,
    order_supervisors,
)
from mtf_adapters.sql.transactions import all_rows, changing, row_or_none, value_or_none
from mtf_adapters.sql.upserts import insert_new, insert_new_and_tell, upsert
from mtf_core.market import Fill
from mtf_core.orders import (
    Alarm,
    EntryCause,
    EntryState,
    EventKind,
    Intent,
    LifecycleEvent,
    PositionState,
    entry_after,
)
from mtf_core.planning import Skip
from mtf_core.ports import (
    Acquired,
    Clock,
    IntentChangedError,
    Request,
    StoredAlarm,
    StoredEvent,
    StoreError,
    StoreIdentity,
    StoreNotOursError,
    StoreView,
)
from mtf_core.reasons import Reason
from mtf_core.records import Page
from mtf_core.risk import Books, Heartbeat, Standing

_INTENTS = order_intents.c
_WHOLE_INTENT = (_INTENTS.version, _INTENTS.content)
_FILL_COLUMNS = tuple(order_fills.c[field.name] for field in attrs.fields(Fill))
_REQUEST_COLUMNS = tuple(order_requests.c[field.name] for field in attrs.fields(Request))

BookGuard = Callable[[Books], Skip | None]


class SqlOrderStore:
    """The core's `OrderStore` of one namespace."""

    def __init__(
        self, database: Database, namespace: str, guarded_by: str, wall: Clock, new_id: Callable[[], str]
    ) -> None:
        """Switches and locks of days are those of the namespace `guarded_by`; `new_id` names a new store."""
        self._database = database
        self._namespace = namespace
        self._guarded_by = guarded_by
        self._wall = wall
        self._new_id = new_id
        self._views = StoreViews(namespace, guarded_by)

    async def bind(self, account: str) -> StoreIdentity:
        """Binds the store to the account at first use; raises `StoreNotOursError` where it is another's.

        Raises `StoreUnavailableError` where a commit may be lost after it was confirmed, or nothing can be written.
        """
        if not account:
            raise StoreError("a store of orders is bound to an account that has a name")
        new_book = _book_row(Standing()) | {"store_id": self._new_id(), "account": account, "counter": 0}

        def work(connection: Connection) -> tuple[Row[Any], str]:
            check_durability(connection, self._database)
            life = life_of(connection, self._database)
            row = self._row(new_book | {"database": life})
            connection.execute(insert_new(order_books, connection), row)
            return locked_book(connection, self._namespace), life

        stored, life = await self._database.write(work)
        if stored.account != account:
            raise StoreNotOursError(
                f"{self._database.location}: the orders stored here are of the account {stored.account!r}, not of"
                f" {account!r}; give each account a database of its own"
            )
        return self._identity(stored, life)

    async def confirm(self, counter: int) -> StoreIdentity:
        """The database's life of today counts from here on, and the counter is `counter` at least."""

        def work(connection: Connection) -> StoreIdentity:
            life = life_of(connection, self._database)
            book = locked_book(connection, self._namespace)
            self._change_book(connection, counter=max(counter, book.counter), database=life)
            return self._identity(locked_book(connection, self._namespace), life)

        return await self._database.write(work)

    def _identity(self, book: Row[Any], life: str) -> StoreIdentity:
        return identity_of(book, life, outlives_process=self._database.outlives_process)

    async def standing(self) -> Standing:
        """What was set last; normal in a store that is not bound yet."""
        book = await self._database.read(row_or_none(_BOOK, {"here": self._namespace}))
        return Standing() if book is None else standing_of(book)

    async def set_standing(self, standing: Standing, before: Standing | None = None) -> bool:
        """Whether it was set: not where the store has another one by now than `before`, from which it was concluded.

        Raises `StoreError` where the store is not bound yet.
        """

        def work(connection: Connection) -> bool:
            book = locked_book(connection, self._namespace)
            if before is not None and standing_of(book) != before:
                return False
            self._change_book(connection, **_book_row(standing))
            return True

        return await self._database.write(work)

    def _change_book(self, connection: Connection, **values: object) -> None:
        changed_by(connection, _CHANGE_BOOK, {"here": self._namespace, **values})

    async def reserve(
        self,
        profile: str,
        decision_key: str,
        now_ms: int,
        guard: BookGuard,
        make: Callable[[StoreIdentity], Intent],
        events: Callable[[Intent], Sequence[LifecycleEvent]],
    ) -> Skip | Intent:
        """Guards and intent in one transaction, under the lock of the account's book."""

        def work(connection: Connection) -> Skip | Intent:
            book = locked_book(connection, self._namespace)
            books = self._books(connection, book, profile, now_ms, new_key=decision_key)
            refused = guard(books)
            if refused is not None:
                return refused
            raised = evolve(self._identity(book, book.database), counter=book.counter + 1)
            intent = evolve(make(raised), version=1)
            _check_new(intent, decision_key, raised)
            if books.key_is_taken:
                return Skip(Reason.DUPLICATE_DECISION_KEY)
            if any(one.symbol == intent.symbol for one in books.live):
                return Skip(Reason.SYMBOL_BUSY)
            # An intent that was over may come to life this moment, without the book: the index alone sees that one.
            row = self._row(new_intent_row(intent, now_ms, self._wall.now_ms()))
            if row_or_none_of(connection, insert_new_and_tell(_INTENTS.counter, connection), row) is None:
                return Skip(Reason.SYMBOL_BUSY)
            self._change_book(connection, counter=intent.counter)
            self._commit_id(connection, intent)
            self._add_events(connection, events(intent), intent.terms.run_id)
            return intent

        return await self._database.write(work)

    async def further(self, intent: Intent, now_ms: int, guard: BookGuard, fence: Acquired | None) -> Skip | Intent:
        """The same for a further attempt, which `intent` holds as its current one; its own reservation is not counted.

        Whatever the guard says, the attempts before are final, and all of them together stay within the plan. Raises
        `IntentChangedError`, and `StoreError` for an intent that does not continue the stored one.
        """

        def work(connection: Connection) -> Skip | Intent:
            book = locked_book(connection, self._namespace)
            if fence is not None:
                check_fence(connection, fence)
            stored = self._stored(connection, intent)
            _check_continues(intent, intent_of(stored))
            if not entry_of(stored).is_final or stored.alive_steps:
                return Skip(Reason.SYMBOL_BUSY, (("entry", stored.entry),))
            planned, filled, alive = steps(intent)
            if filled + alive > planned:
                numbers = (("planned_steps", planned), ("filled_steps", filled), ("asked_steps", alive))
                return Skip(Reason.DUPLICATE_DECISION_KEY, numbers)
            books = self._books(connection, book, intent.terms.profile, now_ms, own_key=intent.decision_key)
            refused = guard(books)
            if refused is not None:
                return refused
            if any(one.symbol == intent.symbol for one in books.live):
                return Skip(Reason.SYMBOL_BUSY)
            changed = self._change(connection, intent)
            self._commit_id(connection, changed)
            return changed

        return await self._database.write(work)

    async def send(self, intent: Intent, now_ms: int, guard: BookGuard, fence: Acquired | None = None) -> Skip | Intent:
        """The last look before the bytes leave: the guards once more, and PLANNED becomes SUBMITTING, sent at `now_ms`.

        Where the guard refuses, the intent is stored as rejected and the skip returned. Raises `IntentChangedError`.
        """

        def work(connection: Connection) -> Skip | Intent:
            book = locked_book(connection, self._namespace)
            if fence is not None:
                check_fence(connection, fence)
            if intent.entry is not EntryState.PLANNED:
                raise IntentChangedError(f"{intent.decision_key}: the entry is {intent.entry} and not planned any more")
            books = self._books(connection, book, intent.terms.profile, now_ms, own_key=intent.decision_key)
            refused = guard(books)
            if refused is not None:
                self._change(connection, _moved(intent, EntryCause.GAVE_UP), from_entry=EntryState.PLANNED)
                return refused
            sent = evolve(_moved(intent, EntryCause.SENDING), attempt=evolve(intent.attempt, sent_ms=now_ms))
            return self._change(connection, sent, from_entry=EntryState.PLANNED)

        return await self._database.write(work)

    async def save(
        self,
        intent: Intent,
        events: Sequence[LifecycleEvent] = (),
        alarms: Sequence[Alarm] = (),
        fills: Sequence[Fill] = (),
        fence: Acquired | None = None,
    ) -> Intent:
        """Stores the intent as it is now, with what happened, if nobody changed it since that version was read.

        Raises `IntentChangedError`, also for an entry that would be planned or submitting only from here on, which is
        for `further` and `send`, and `LockLostError`; then nothing is stored.
        """

        def work(connection: Connection) -> Intent:
            if fence is not None:
                check_fence(connection, fence)
            changed = self._change(connection, intent, from_entry=_GUARDED.get(intent.entry))
            self._add_events(connection, events, intent.terms.run_id)
            self._add_alarms(connection, alarms, self._wall.now_ms())
            rows = [self._row(fill_row(fill, intent.decision_key)) for fill in fills]
            if rows:
                connection.execute(insert_new(order_fills, connection), rows)
            return changed

        return await self._database.write(work)

    def _books(self, connection: Connection, book: Row[Any], profile: str, now_ms: int, **keys: str) -> Books:
        return read_books(connection, book, profile, now_ms, guarded_by=self._guarded_by, **keys)

    def _stored(self, connection: Connection, intent: Intent) -> Any:
        """The intent's row, if it is as it was read; raises `IntentChangedError`."""
        which = {"here": self._namespace, "key": intent.decision_key, "known": intent.version}
        row = row_or_none_of(connection, _STORED, which)
        if row is None:
            raise _changed(intent)
        return row

    def _change(self, connection: Connection, intent: Intent, *, from_entry: EntryState | None = None) -> Intent:
        """Stores the next version of an intent; raises `IntentChangedError` where that of the store is another.

        So too where the entry that is stored is not `from_entry`.
        """
        following = evolve(intent, version=intent.version + 1)
        which = {"of_namespace": self._namespace, "of_key": intent.decision_key, "of_version": intent.version}
        if intent.is_live:
            which["of_symbol"] = intent.symbol
        if from_entry is not None:
            which["from_entry"] = from_entry.value
        changing = _CHANGES[intent.is_live, from_entry is not None]
        if changed_by(connection, changing, which | intent_row(following, self._wall.now_ms())) != 1:
            raise _changed(intent)
        return following

    def _commit_id(self, connection: Connection, intent: Intent) -> None:
        changed_by(connection, _INSERT[order_client_ids], self._row(client_id_row(intent, intent.attempt)))

    def _add_events(self, connection: Connection, events: Sequence[LifecycleEvent], run_id: str) -> None:
        self._add(connection, order_events, [event_row(one, run_id, self._wall.now_ms()) for one in events])

    def _add_alarms(self, connection: Connection, alarms: Sequence[Alarm], raised_ms: int) -> None:
        rows = [self._row(alarm_row(alarm, raised_ms)) for alarm in alarms]
        if rows:
            connection.execute(insert_new(order_alarms, connection), rows)

    def _add(self, connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
        insert_rows(connection, _INSERT[table], list(map(self._row, rows)))

    async def live(self) -> tuple[Intent, ...]:
        """Every intent without final evidence, the oldest first."""
        return await self._database.read(self._views.live)

    async def live_versions(self) -> Mapping[str, int]:
        """The version of every live intent, by its decision key."""
        return await self._database.read(self._views.versions)

    async def view(self, now_ms: int) -> StoreView:
        """What a look needs, all of one instant; raises `UnreadableRowError`."""
        return await self._database.read(partial(self._views.view, now_ms=now_ms))

    async def intent(self, decision_key: str) -> Intent | None:
        """The intent of that decision key; raises `UnreadableRowError`."""
        row = await self._database.read(row_or_none(_OF_KEY, {"here": self._namespace, "key": decision_key}))
        return None if row is None else intent_of(row)

    async def last_of(self, symbol: str) -> Intent | None:
        """The symbol's newest intent, live or over."""
        asked = {"here": self._namespace, "of": symbol}
        row = await self._database.read(lambda connection: row_or_none_of(connection, _LAST_OF, asked))
        return None if row is None else intent_of(row)

    async def history(self, limit: int, cursor: str | None = None, *, symbol: str | None = None) -> Page[Intent]:
        """A page of at least one intent, the newest first; raises `InvalidCursorError`."""
        query: Select[Any] = select(*_WHOLE_INTENT, _INTENTS.counter).where(self._here(order_intents))
        if symbol is not None:
            query = query.where(_INTENTS.symbol == symbol)
        rows, follows = await self._page(query, _INTENTS.counter, limit, cursor)
        return Page(tuple(intent_of(row) for row in rows), follows)

    async def events(self, decision_key: str) -> tuple[StoredEvent, ...]:
        """The story of an intent, in order."""
        query = select(order_events).where(self._here(order_events), order_events.c.decision_key == decision_key)
        rows = await self._database.read(all_rows(query.order_by(order_events.c.id)))
        return tuple(map(stored_event, rows))

    async def events_of(
        self, kind: EventKind, limit: int, cursor: str | None = None, *, symbol: str | None = None
    ) -> Page[StoredEvent]:
        """A page of at least one event of one kind, the newest first; raises `InvalidCursorError`."""
        query: Select[Any] = select(order_events).where(self._here(order_events), order_events.c.kind == kind.value)
        if symbol is not None:
            query = query.where(order_events.c.symbol == symbol)
        rows, follows = await self._page(query, order_events.c.id, limit, cursor)
        return Page(tuple(map(stored_event, rows)), follows)

    async def _page(
        self, query: Select[Any], number: ColumnElement[int], limit: int, cursor: str | None
    ) -> tuple[Sequence[Row[Any]], str | None]:
        """The rows of a page, and the cursor of the one that follows."""
        refuse_empty(limit)
        if cursor is not None:
            query = query.where(number < position(cursor))
        rows = await self._database.read(all_rows(query.order_by(number.desc()).limit(limit + 1)))
        follows = str(rows[limit - 1]._mapping[number]) if len(rows) > limit else None
        return rows[:limit], follows

    async def note(self, events: Sequence[LifecycleEvent], run_id: str, program_ms: int) -> None:
        """Stores events that belong to no stored intent, such as a refusal."""
        if not events:
            return
        rows = [event_row(event, run_id, program_ms) for event in events]
        await self._database.write(lambda connection: self._add(connection, order_events, rows))

    async def fills(self, symbol: str, since_ms: int) -> tuple[Fill, ...]:
        """Stored executions of a symbol from an instant on, the oldest first; of one instant as they were stored."""
        asked = {"here": self._namespace, "of": symbol, "since_ms": since_ms}
        rows = await self._database.read(all_rows(_FILLS_SINCE, asked))
        return tuple(map(fill_of, rows))

    async def raise_alarms(self, alarms: Sequence[Alarm], program_ms: int, fence: Acquired | None = None) -> None:
        """An alarm of the same kind and subject that stands stays as it is. Raises `LockLostError`."""
        if not alarms:
            return

        def work(connection: Connection) -> None:
            if fence is not None:
                note_fence(connection, fence)
            self._add_alarms(connection, alarms, program_ms)

        await self._database.write(work)

    async def end_alarms(self, standing: Sequence[Alarm], program_ms: int, fence: Acquired | None = None) -> None:
        """Ends every alarm that is not among those that still stand. Raises `LockLostError`."""
        kept = {(alarm.kind.value, alarm.subject) for alarm in standing}
        rows = await self._database.read(partial(rows_of, statement=_STANDING, values={"here": self._namespace}))
        over = [row.id for row in rows if (row.kind, row.subject) not in kept]
        if not over:
            return
        ending = update(order_alarms).where(order_alarms.c.id.in_(over), _STANDS).values(ended_ms=program_ms)

        def work(connection: Connection) -> None:
            if fence is not None:
                note_fence(connection, fence)
            connection.execute(ending)

        await self._database.write(work)

    async def alarms(self, *, standing: bool = True, limit: int = 100) -> tuple[StoredAlarm, ...]:
        """Those that stand, or all of them; the newest first."""
        refuse_empty(limit)
        query = select(order_alarms).where(self._here(order_alarms)).order_by(order_alarms.c.id.desc()).limit(limit)
        rows = await self._database.read(all_rows(query.where(_STANDS) if standing else query))
        return tuple(map(stored_alarm, rows))

    async def beat(self, heartbeat: Heartbeat, fence: Acquired, ttl_ms: int | None = None) -> bool:
        """The supervisor's sign of life; from here on lower tokens are refused. Raises `LockLostError`.

        Returns whether the lock is this database's own, and is held for `ttl_ms` from now on.
        """
        row = self._row(attrs.asdict(heartbeat) | {"lock": fence.name})

        def work(connection: Connection) -> bool:
            is_renewed = ttl_ms is not None and renew_fence(connection, fence, ttl_ms, self._wall)
            if not is_renewed:
                note_fence(connection, fence)
            changed_by(connection, upsert(order_supervisors, connection), row)
            return is_renewed

        return await self._database.write(work)

    async def heartbeat(self) -> Heartbeat | None:
        return await self._database.read(partial(read_heartbeat, namespace=self._namespace))

    async def ask(self, request: Request) -> Request:
        """Stores a request of an operator; returns it with its number."""
        row = {name: value for name, value in attrs.asdict(request, recurse=False).items() if name != "number"}
        row |= {"values": dict(request.values)}
        storing = insert(order_requests).values(self._row(row)).returning(order_requests.c.number)
        return evolve(request, number=await self._database.write(value_or_none(storing)))

    async def requests(self) -> tuple[Request, ...]:
        """The requests to which nothing has become yet, in their order."""
        query = select(*_REQUEST_COLUMNS).where(self._here(order_requests), _OPEN)
        rows = await self._database.read(all_rows(query.order_by(order_requests.c.number)))
        return tuple(map(request_of, rows))

    async def answer(self, number: int, outcome: str) -> None:
        """What became of a request; a request that has an outcome keeps it. Raises `StoreError` for an empty one."""
        if not outcome:
            raise StoreError(f"the outcome of request {number} is empty; say what became of it")
        answering = update(order_requests).where(self._here(order_requests), order_requests.c.number == number, _OPEN)
        await self._database.write(changing(answering.values(outcome=outcome)))

    async def request(self, number: int) -> Request | None:
        query = select(*_REQUEST_COLUMNS).where(self._here(order_requests), order_requests.c.number == number)
        row = await self._database.read(row_or_none(query))
        return None if row is None else request_of(row)

    def _row(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**values, "namespace": self._namespace}

    def _here(self, table: Table) -> ColumnElement[bool]:
        return table.c.namespace == self._namespace


_GUARDED = {state: state for state in (EntryState.PLANNED, EntryState.SUBMITTING)}
"""What an entry becomes under the guards alone: who saves finds it so, and cannot make it so."""


def _changes(*, lives: bool, from_entry: bool) -> Update:
    """Changes an intent of one version, and of one entry state where that counts.

    One that lives holds its symbol unless another one does; its columns are given when it is carried out.
    """
    others = order_intents.alias()
    held = exists().where(
        others.c.namespace == bindparam("of_namespace"),
        others.c.symbol == bindparam("of_symbol"),
        others.c.holds_symbol,
        others.c.decision_key != bindparam("of_key"),
    )
    same = (_INTENTS.decision_key == bindparam("of_key")) & (_INTENTS.version == bindparam("of_version"))
    changing = update(order_intents).where(_INTENTS.namespace == bindparam("of_namespace"), same)
    if from_entry:
        changing = changing.where(_INTENTS.entry == bindparam("from_entry"))
    return changing.values(holds_symbol=not_(held) if lives else literal(value=False))


_CHANGES = {
    (lives, from_entry): _changes(lives=lives, from_entry=from_entry)
    for lives in (True, False)
    for from_entry in (True, False)
}
_STANDS = order_alarms.c.ended_ms.is_(None)

# Put together once: doing so for each entry, or each look, takes longer than SQLite takes to answer.
_HERE: BindParameter[str] = bindparam("here")
_BOOK: Select[Any] = select(order_books).where(order_books.c.namespace == _HERE)
_CHANGE_BOOK = update(order_books).where(order_books.c.namespace == _HERE)
_INSERT = {table: insert(table) for table in (order_client_ids, order_events)}
_IS_KEY = (_INTENTS.namespace == _HERE) & (_INTENTS.decision_key == bindparam("key"))
_OF_KEY: Select[Any] = select(*_WHOLE_INTENT).where(_IS_KEY)
_STORED: Select[Any] = select(order_intents).where(_IS_KEY, _INTENTS.version == bindparam("known"))
"""The row of an intent in the version in which it was read."""
_LAST_OF: Select[Any] = (
    select(*_WHOLE_INTENT)
    .where(_INTENTS.namespace == _HERE, _INTENTS.symbol == bindparam("of"))
    .order_by(_INTENTS.counter.desc())
    .limit(1)
)
_FILLS_SINCE: Select[Any] = (
    select(*_FILL_COLUMNS)
    .where(
        order_fills.c.namespace == _HERE,
        order_fills.c.symbol == bindparam("of"),
        order_fills.c.time_ms >= bindparam("since_ms"),
    )
    .order_by(order_fills.c.time_ms, order_fills.c.id)
)
_STANDING: Select[Any] = select(order_alarms.c.id, order_alarms.c.kind, order_alarms.c.subject).where(
    order_alarms.c.namespace == _HERE, _STANDS
)
_OPEN = order_requests.c.outcome == ""


def _book_row(standing: Standing) -> dict[str, Any]:
    return attrs.asdict(standing) | {"condition": standing.condition.value}


def _moved(intent: Intent, cause: EntryCause) -> Intent:
    """A planned intent after a cause; raises `StoreError` where the table of states has no such move."""
    after = entry_after(intent.entry, cause)
    if after is None:
        raise StoreError(f"{intent.decision_key}: {cause} cannot follow {intent.entry}")
    return evolve(intent, entry=after)


def _changed(intent: Intent) -> IntentChangedError:
    return IntentChangedError(f"{intent.decision_key}: somebody changed the intent since version {intent.version}")


def _check_new(intent: Intent, decision_key: str, identity: StoreIdentity) -> None:
    """Raises `StoreError` for an intent that is not what was reserved: a bug of who made it."""
    found = (intent.decision_key, intent.account, intent.counter, intent.entry, intent.position, intent.earlier)
    wanted = (decision_key, identity.account, identity.counter, EntryState.PLANNED, PositionState.NONE, ())
    if found != wanted:
        raise StoreError(f"a new intent is {wanted}, not {found}")


def _check_continues(intent: Intent, stored: Intent) -> None:
    """Raises `StoreError` unless the intent is the stored one with one attempt more, which is planned."""
    continues = (
        intent.earlier == tuple(stored.attempts())
        and intent.attempt.number == stored.attempt.number + 1
        and (intent.wanted, intent.counter, intent.account) == (stored.wanted, stored.counter, stored.account)
        and intent.entry is EntryState.PLANNED
        and intent.attempt.filled == 0
    )
    if not continues:
        raise StoreError(f"{intent.decision_key}: a further attempt continues what is stored, and this one does not")
