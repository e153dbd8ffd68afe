"""A store of orders for tests: bound, with the drafts that are reserved in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import count

from attrs import evolve

from mtf_adapters.sql import Database, SqlOrderStore
from mtf_core.market import Fill, Side
from mtf_core.orders import Alarm, AlarmKind, Attempt, EntryState, EventKind, Intent, LifecycleEvent, PositionState
from mtf_core.planning import Skip
from mtf_core.ports import Acquired, StoreIdentity
from mtf_core.risk import Books
from tests.integration.sql.examples import WORLD
from tests.unit.orders.intents import ACCOUNT, an_attempt, an_intent

NOW_MS = 1_700_000_000_000
WALL_MS = NOW_MS + 7

Guard = Callable[[Books], Skip | None]


class StillClock:
    """This program's time, which stands."""

    def now_ms(self) -> int:
        return WALL_MS


def store_on(database: Database, namespace: str = WORLD, guarded_by: str = WORLD) -> SqlOrderStore:
    numbers = count(1)
    return SqlOrderStore(database, namespace, guarded_by, StillClock(), lambda: f"store-{next(numbers)}")


async def bound_store(database: Database) -> SqlOrderStore:
    store = store_on(database)
    await store.bind(ACCOUNT)
    return store


def yes(_: Books) -> None:
    """A guard that allows everything: whatever is refused is refused by the store itself."""


def draft(key: str, symbol: str = "BTCUSDT", **changes: object) -> Callable[[StoreIdentity], Intent]:
    """What a submitter makes of a plan once it knows its number."""

    def make(identity: StoreIdentity) -> Intent:
        intent = an_intent(
            attempt=an_attempt(client_order_id=f"{identity.store_id}-{identity.counter}"),
            decision_key=key,
            counter=identity.counter,
            account=identity.account,
            **changes,
        )
        return evolve(intent, wanted=evolve(intent.wanted, symbol=symbol))

    return make


def planned(intent: Intent) -> Sequence[LifecycleEvent]:
    return (event(intent, EventKind.PLANNED),)


def event(intent: Intent, kind: EventKind, venue_ms: int = NOW_MS, **details: str) -> LifecycleEvent:
    return LifecycleEvent(intent.decision_key, intent.symbol, intent.attempt.number, kind, venue_ms, details)


async def reserved(store: SqlOrderStore, key: str = "k1", symbol: str = "BTCUSDT", guard: Guard = yes) -> Intent:
    """An intent that was committed; fails where the store refuses."""
    outcome = await reserve(store, key, symbol, guard)
    assert isinstance(outcome, Intent), outcome
    return outcome


async def reserve(
    store: SqlOrderStore, key: str = "k1", symbol: str = "BTCUSDT", guard: Guard = yes, now_ms: int = NOW_MS
) -> Skip | Intent:
    return await store.reserve("scalper_micro", key, now_ms, guard, draft(key, symbol), planned)


async def sent(store: SqlOrderStore, intent: Intent) -> Intent:
    outcome = await store.send(intent, NOW_MS + 1, yes)
    assert isinstance(outcome, Intent), outcome
    return outcome


def over(intent: Intent, filled: Decimal = Decimal(0)) -> Intent:
    """The intent once its entry ended and nothing is left of its position."""
    position = PositionState.CLOSED if filled else PositionState.NONE
    return evolve(intent, entry=EntryState.DONE, position=position, attempt=evolve(intent.attempt, filled=filled))


def with_further_attempt(intent: Intent, size: Decimal, client_order_id: str = "further") -> Intent:
    """The intent with one attempt more, which is planned."""
    attempt: Attempt = evolve(
        an_attempt(), number=intent.attempt.number + 1, size=size, client_order_id=client_order_id
    )
    return evolve(intent, attempt=attempt, earlier=tuple(intent.attempts()), entry=EntryState.PLANNED)


def a_fill(fill_id: str, time_ms: int = NOW_MS, **changes: object) -> Fill:
    fill = Fill(
        symbol="BTCUSDT",
        fill_id=fill_id,
        order_id="o1",
        side=Side.LONG,
        opens=True,
        price=Decimal("100.10"),
        size=Decimal(3),
        fee=Decimal("-0.000000000000000001"),
        realised_profit=Decimal(0),
        is_maker=True,
        time_ms=time_ms,
        client_order_id="c1",
    )
    return evolve(fill, **changes)


def an_alarm(subject: str = "BTCUSDT", kind: AlarmKind = AlarmKind.STALE, text: str = "look") -> Alarm:
    return Alarm(kind, subject, text, NOW_MS)


def fence(token: int, owner: str = "supervisor-1", name: str = "supervise") -> Acquired:
    return Acquired(name, owner, token)
