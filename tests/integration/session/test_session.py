"""A short session: every entry at most once, every position with its stop, and the account's books to the last digit.

What the exchange did is read from its engine, second by second, by code that knows nothing of intents and supervisors.
"""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from attrs import define, field

from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import Event, OrderCause, OrderChanged, OrderFamily
from mtf_adapters.sandbox.native import NativeExchange
from mtf_adapters.sandbox.world import World
from mtf_adapters.sandbox.world_clock import SteppedClock
from mtf_core.market import OrderState, TriggerPurpose
from mtf_core.orders import EventKind
from mtf_core.run_request import RunRequest
from mtf_entrypoints.container import Container
from mtf_entrypoints.sandbox_options import DEFAULT_INSTANT_MS
from mtf_entrypoints.session import (
    MEMORY,
    Session,
    SessionPlan,
    UsedDatabaseError,
    in_stepped_time,
    opened_in_stepped_time,
    trade,
)
from mtf_entrypoints.settings import SandboxOptions, Settings

PLAN = SessionPlan(seed=1, start_ms=DEFAULT_INSTANT_MS, minutes=16, settle_minutes=4)
SYMBOLS = 60


@define(eq=False)
class Witness:
    """Sees what the exchange does."""

    engine: MatchingEngine
    account: str
    entries: Counter[str] = field(factory=Counter)
    """How often an order that opens was taken, by its client id."""
    unprotected: list[tuple[int, str]] = field(factory=list)
    """Seconds in which a position stood without an armed stop over all of it."""
    most_held: int = 0

    def hear(self, _: int, event: Event) -> None:
        if isinstance(event, OrderChanged) and event.cause is OrderCause.PLACED and not event.order.reduce_only:
            self.entries[event.order.client_order_id] += 1

    def look(self, now_ms: int) -> None:
        held = self.engine.positions(self.account)
        self.most_held = max(self.most_held, len(held))
        for position in held:
            stops = [
                order
                for order in self.engine.orders_of(self.account, position.symbol, now_ms)
                if order.family is OrderFamily.TRIGGER
                and order.purpose is TriggerPurpose.STOP
                and order.state is OrderState.LIVE
            ]
            if len(stops) != 1 or (stops[0].size is not None and stops[0].size != position.size):
                self.unprotected.append((now_ms, position.symbol))


class WatchedClock(SteppedClock):
    """Before time passes, the witness looks."""

    witness: Witness | None = None

    def advance(self, milliseconds: int) -> None:
        if self.witness is not None:
            self.witness.look(self.now_ms())
        super().advance(milliseconds)


def witness_of(container: Container) -> Witness:
    exchange = container.venue().trading
    assert isinstance(exchange, NativeExchange)
    world: World = exchange._world
    witness = Witness(world.engine, exchange._account)
    world.listen(witness.hear)
    return witness


@define(eq=False)
class Watched:
    """A session and what was seen of it from outside."""

    session: Session
    witness: Witness
    sent: Counter[str]
    """Entries that the store says were sent, by decision key."""


def settings(database: str = MEMORY) -> Settings:
    return Settings(database_url=database, sandbox=SandboxOptions(seed=1, universe_size=SYMBOLS), stays=True)


@pytest.fixture(scope="module")
def watched() -> Watched:
    clock = WatchedClock(PLAN.start_ms)

    async def work() -> Watched:
        async with opened_in_stepped_time(settings(), clock, PLAN.seed) as container:
            witness = clock.witness = witness_of(container)
            session = await trade(container, clock, PLAN, RunRequest(dry_run=False))
            page = await container.stores().orders.events_of(EventKind.SUBMITTED, 1000)
            return Watched(session, witness, Counter(stored.event.decision_key for stored in page.items))

    return in_stepped_time(clock, work)


def test_it_enters_and_holds_positions(watched: Watched) -> None:
    """Without entries nothing below would be proven."""
    entries = watched.session.outcome.entries
    assert watched.session.runs == PLAN.minutes
    assert entries.filled >= 1
    assert entries.submitted >= 3
    assert watched.witness.most_held >= 1


def test_every_entry_reached_the_exchange_at_most_once(watched: Watched) -> None:
    assert set(watched.witness.entries.values()) == {1}
    assert set(watched.sent.values()) == {1}
    assert sum(watched.witness.entries.values()) == sum(watched.sent.values())


def test_every_position_had_exactly_one_stop_over_all_of_it_at_every_second(watched: Watched) -> None:
    assert watched.witness.unprotected == []


def test_the_balance_is_what_it_began_with_and_its_rows_to_the_last_digit(watched: Watched) -> None:
    money, trades = watched.session.outcome.money, watched.session.outcome.trades
    assert money.difference == 0
    assert money.balance != Decimal(10_000), "something was booked"
    if not watched.session.outcome.holdings.positions:
        assert trades.totals.net_usdt == money.balance - Decimal(10_000)


def test_nothing_called_for_help(watched: Watched) -> None:
    assert [stored.alarm for stored in watched.session.outcome.alarms] == []


def test_a_database_that_was_used_before_is_refused(tmp_path: Path) -> None:
    clock = SteppedClock(PLAN.start_ms)
    short = SessionPlan(seed=1, start_ms=PLAN.start_ms, minutes=1, settle_minutes=0)
    kept = settings(f"sqlite:///{tmp_path / 'session.db'}")

    async def work() -> Session:
        async with opened_in_stepped_time(kept, clock, 1) as container:
            return await trade(container, clock, short, RunRequest(dry_run=False))

    assert in_stepped_time(clock, work).runs == 1
    with pytest.raises(UsedDatabaseError, match="begins with an empty one"):
        in_stepped_time(clock, work)
