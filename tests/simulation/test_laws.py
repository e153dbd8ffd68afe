"""Every law can fail: each is shown a world in which it was broken, and one like it in which it was not."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from attrs import define, evolve

from mtf_adapters.sandbox.matching.commands import (
    Action,
    CancelOrder,
    Direction,
    Level,
    OpenAccount,
    PlaceOrder,
    PlaceTrigger,
    Preset,
    Tick,
)
from mtf_adapters.sandbox.matching.engine import MatchingEngine
from mtf_adapters.sandbox.matching.events import BalanceChanged, Filled, OrderChanged, Result
from mtf_adapters.sandbox.matching.rules import VenueRules
from mtf_core.market import (
    ClientIds,
    MarginMode,
    OrderType,
    OversizedExit,
    PositionMode,
    Side,
    TimeInForce,
    TriggerPrice,
    TriggerPurpose,
    UniqueFor,
)
from mtf_core.orders.client_ids import Purpose, mint, store_tag
from tests.simulation.books import Books, Change, FillRow, IntentRow
from tests.simulation.laws import Laws, Surroundings
from tests.simulation.market import SYMBOLS, WanderingMarket

SYMBOL, STORE, KEY, ENTRY_ID = SYMBOLS[0], "a store", "key-1", "entry1"
IDS = ClientIds("0-9a-z", 32, UniqueFor.ALWAYS, True, 1, 1)


@define
class Table:
    """An exchange, the books of a program that is not there, and the laws that watch both."""

    engine: MatchingEngine
    books: Books
    about: Surroundings
    laws: Laws
    at_ms: int = 1_000_000

    def happens(self, what: object) -> Result:
        result = self.engine.apply(what, self.at_ms)  # type: ignore[arg-type]
        for event in result.events:
            self.laws.on_event(self.at_ms, event)
        return result

    def commits(self, *what: IntentRow | FillRow | tuple[str, str, str]) -> None:
        """The database holds these from now on: intents, executions, alarms."""
        intents = [(self.books.intents.get(row.key), row) for row in what if isinstance(row, IntentRow)]
        fills = [row for row in what if isinstance(row, FillRow)]
        for _, row in intents:
            self.books.intents[row.key] = row
        for fill in fills:
            self.books.fills[(fill.symbol, fill.fill_id)] = fill
        alarms = tuple(alarm for alarm in what if isinstance(alarm, tuple))
        self.laws.on_commit(self.at_ms, Change(tuple(intents), tuple(fills), alarms))

    def passes(self, milliseconds: int) -> None:
        """Time, with someone who supervises all the while."""
        for _ in range(milliseconds // 1000):
            self.at_ms += 1000
            self.books.read_ms = self.at_ms
            self.laws.on_time(self.at_ms)

    def enters(self, client_order_id: str = ENTRY_ID, size: int = 10, **changes: object) -> Result:
        order = PlaceOrder("me", SYMBOL, Action.BUY, Decimal(size), OrderType.MARKET, None, TimeInForce.IOC)
        given = {"position_side": Side.LONG, "client_order_id": client_order_id, "margin_mode": MarginMode.ISOLATED}
        return self.happens(_with(order, **{**given, **changes}))

    def stops(self, size: int | None = 10, at: str = "900") -> Result:
        return self.happens(
            PlaceTrigger(
                "me",
                SYMBOL,
                Action.SELL,
                None if size is None else Decimal(size),
                TriggerPurpose.STOP,
                Decimal(at),
                TriggerPrice.MARK,
                Direction.FALLS,
                position_side=Side.LONG,
                client_order_id=exit_id(),
            )
        )

    @property
    def broken(self) -> list[str]:
        return [violation.law for violation in self.laws.found]


def _with(order: PlaceOrder, **changes: object) -> PlaceOrder:
    return evolve(order, **changes)


_generation = iter(range(1, 1000))


def exit_id(counter: int = 1) -> str:
    return mint(store_tag(STORE), counter, "me", KEY, 1, Purpose.STOP, next(_generation)).text(IDS)


def an_entry_id(counter: int, store: str = STORE) -> str:
    return mint(store_tag(store), counter, "me", KEY, 1, Purpose.ENTRY).text(IDS)


@pytest.fixture
def table() -> Table:
    return a_table()


def a_table(rules: VenueRules | None = None, mode: PositionMode = PositionMode.HEDGE) -> Table:
    engine = MatchingEngine(WanderingMarket(1, 0, 1_000_000_000).contracts(0), rules or VenueRules())
    row = IntentRow(KEY, 1, SYMBOL, "long", "resting", "none", True, 10, 0, 10)
    books = Books(intents={KEY: row}, entry_ids={ENTRY_ID: KEY}, tag_of=STORE, read_ms=1_000_000)
    about = Surroundings(supervised_since_ms=900_000)
    laws = Laws(lambda: books, about, {SYMBOL: Decimal(1)}, "me")
    one = Table(engine, books, about, laws)
    one.happens(OpenAccount("me", Decimal(10_000), mode))
    one.happens(tick())
    return one


def tick(price: int = 1000) -> Tick:
    far = Decimal(100_000)
    bids, asks = (Level(Decimal(price) - 1, far),), (Level(Decimal(price) + 1, far),)
    return Tick(SYMBOL, bids, asks, Decimal(price), Decimal(price))


def test_an_entry_that_is_protected_and_closed_breaks_no_law(table: Table) -> None:
    table.enters()
    table.stops()
    table.passes(30_000)
    table.happens(tick(890))
    table.passes(30_000)
    assert table.laws.held[(SYMBOL, "long")].size == 0
    assert table.broken == []


def test_an_order_that_opens_is_of_a_committed_intent(table: Table) -> None:
    table.enters("nobody")
    assert "entries" in table.broken


def test_two_attempts_of_a_key_are_never_alive_at_once(table: Table) -> None:
    table.books.entry_ids["entry2"] = KEY
    for name in (ENTRY_ID, "entry2"):
        table.enters(name, 5, order_type=OrderType.LIMIT, price=Decimal(950), time_in_force=TimeInForce.GTC)
    assert "entries" in table.broken


def test_what_filled_and_what_may_fill_never_exceeds_the_plan(table: Table) -> None:
    table.books.entry_ids["entry2"] = KEY
    table.enters(ENTRY_ID, 8)
    table.stops(8)
    assert table.broken == []
    table.enters("entry2", 3)
    assert "entries" in table.broken


def test_books_that_promise_more_than_was_planned_are_a_breach(table: Table) -> None:
    table.commits(IntentRow(KEY, 1, SYMBOL, "long", "resting", "none", True, 10, 6, 4))
    assert table.broken == []
    table.commits(IntentRow(KEY, 1, SYMBOL, "long", "resting", "none", True, 10, 6, 5))
    assert table.broken == ["entries"]


def test_a_position_without_a_stop_for_more_than_five_seconds_is_a_breach(table: Table) -> None:
    table.enters()
    table.passes(5_000)
    assert table.broken == []
    table.passes(5_000)
    assert table.broken == ["protection"]


def test_a_stop_over_a_part_is_none(table: Table) -> None:
    table.enters()
    table.stops(9)
    table.passes(10_000)
    assert table.broken == ["protection"]


@pytest.mark.parametrize("excuse", ["alarm", "nobody supervises"])
def test_an_alarm_is_asked_for_only_of_those_who_could_raise_it(table: Table, excuse: str) -> None:
    table.enters()
    if excuse == "alarm":
        table.books.alarms.add(("unprotected", KEY))
    else:
        table.about.supervised_since_ms = None
    table.passes(10_000)
    assert table.broken == []


def test_the_only_stop_of_an_open_position_is_not_cancelled(table: Table) -> None:
    table.enters()
    stop = table.stops().answer
    assert table.broken == []
    table.happens(CancelOrder("me", SYMBOL, stop.order_id))  # type: ignore[union-attr]
    assert table.broken == ["protection"]


def test_one_of_two_stops_may_be_cancelled_and_the_owner_may_cancel_any(table: Table) -> None:
    table.enters()
    first, second = (table.stops().answer.order_id for _ in range(2))  # type: ignore[union-attr]
    table.happens(CancelOrder("me", SYMBOL, first))
    table.about.by_hand = True
    table.happens(CancelOrder("me", SYMBOL, second))
    assert table.broken == []


def test_an_exit_that_opens_the_other_side_is_a_breach() -> None:
    table = a_table(VenueRules(oversized_exit=OversizedExit.REVERSES), PositionMode.ONE_WAY)
    table.enters(position_side=None)
    order = PlaceOrder("me", SYMBOL, Action.SELL, Decimal(25), OrderType.MARKET, None, TimeInForce.IOC)
    table.happens(_with(order, reduce_only=True, client_order_id=exit_id()))
    assert "exits" in table.broken


def test_an_exit_of_no_intent_is_a_breach(table: Table) -> None:
    table.enters()
    table.stops()
    order = PlaceOrder("me", SYMBOL, Action.SELL, Decimal(5), OrderType.MARKET, None, TimeInForce.IOC)
    table.happens(_with(order, reduce_only=True, position_side=Side.LONG, client_order_id=exit_id(counter=7)))
    assert table.broken == ["knowledge"]


def test_an_execution_that_never_was_is_not_booked(table: Table) -> None:
    table.enters()
    table.stops()
    price = Decimal(1001)
    table.commits(FillRow(KEY, SYMBOL, "77", "1", price, Decimal(10), price, price, True))
    assert table.broken == ["knowledge"]


def test_an_execution_is_booked_as_it_was(table: Table) -> None:
    filled = next(event for event in table.enters().events if isinstance(event, Filled)).fill
    table.stops()
    row = FillRow(KEY, SYMBOL, str(filled.fill_id), "1", filled.price, filled.size, filled.fee, Decimal(0), True)
    table.commits(row)
    assert table.broken == []
    other = FillRow(KEY, SYMBOL, str(filled.fill_id), "1", filled.price, filled.size, filled.fee / 2, Decimal(0), True)
    table.commits(other)
    assert "knowledge" in table.broken


def test_a_fault_that_the_program_tells_of_itself_is_a_breach(table: Table) -> None:
    table.commits(("foreign_order", SYMBOL, "by hand"))
    assert table.broken == []
    table.commits(("look_failed", KEY, "TypeError"))
    assert table.broken == ["faults"]


def test_money_that_no_row_explains_is_a_breach(table: Table) -> None:
    before = table.enters()
    balance = next(event for event in before.events if isinstance(event, BalanceChanged)).balance
    table.stops()
    assert table.broken == []
    table.laws.on_event(table.at_ms, BalanceChanged(_paid(balance)))
    assert table.broken == ["money"]


def _paid(balance: object) -> object:
    return evolve(balance, wallet=balance.wallet + Decimal("0.01"))  # type: ignore[attr-defined, misc]


def test_nothing_enters_while_the_kill_switch_is_on(table: Table) -> None:
    table.books.is_killed = True
    table.commits()
    table.passes(12_000)
    table.enters()
    assert table.broken == ["refusal"]


def test_nothing_enters_while_nobody_supervises(table: Table) -> None:
    table.at_ms += 60_000
    table.enters()
    assert table.broken == ["refusal"]


@pytest.mark.parametrize(
    ("lost", "was_sent", "counter", "is_refused"),
    [
        (an_entry_id(3), True, 3, True),
        (an_entry_id(3), True, 1, True),
        (an_entry_id(3), False, 3, False),
        (an_entry_id(3), True, 4, False),
        (an_entry_id(3, "another store"), True, 1, True),
        (an_entry_id(3, "another store"), True, 2, False),
    ],
)
def test_nothing_enters_from_a_database_that_lacks_what_was_sent_until_it_counts_on_from_there(
    table: Table, lost: str, was_sent: bool, counter: int, is_refused: bool
) -> None:
    table.books.entry_ids = {lost: KEY}
    if was_sent:
        table.enters(lost, size=4)
    table.laws.on_restored()
    table.books.intents[KEY] = evolve(table.books.intents[KEY], counter=counter)
    table.books.entry_ids = {"entry9": KEY}
    table.enters("entry9", 4)
    assert ("refusal" in table.broken) is is_refused


def test_the_owners_orders_are_left_alone(table: Table) -> None:
    table.about.by_hand = True
    placed = table.enters("hand1", 5, order_type=OrderType.LIMIT, price=Decimal(950), time_in_force=TimeInForce.GTC)
    table.about.by_hand = False
    table.happens(CancelOrder("me", SYMBOL, placed.answer.order_id))  # type: ignore[union-attr]
    assert table.broken == ["foreign"]


@pytest.mark.parametrize(
    ("entry", "position"), [("unknown", "none"), ("cancelling", "none"), ("done", "unprotected"), ("done", "stale")]
)
def test_at_rest_nothing_is_unresolved(table: Table, entry: str, position: str) -> None:
    table.books.intents[KEY] = IntentRow(KEY, 1, SYMBOL, "long", entry, position, True, 10, 0, 0)
    table.laws.at_rest(table.at_ms, evidence_was_lost=False)
    assert table.broken == ["liveness"]


def test_at_rest_every_execution_is_booked_and_every_position_known(table: Table) -> None:
    table.enters(stop=Preset(Decimal(900), TriggerPrice.MARK))
    table.books.intents[KEY] = IntentRow(KEY, 1, SYMBOL, "long", "done", "closed", False, 10, 0, 0)
    table.laws.at_rest(table.at_ms, evidence_was_lost=False)
    assert sorted(table.broken) == ["knowledge", "liveness"]


def test_a_stop_that_ended_protects_no_more(table: Table) -> None:
    table.enters()
    stop = table.stops().answer
    table.passes(10_000)
    table.about.by_hand = True
    table.happens(CancelOrder("me", SYMBOL, stop.order_id))  # type: ignore[union-attr]
    table.about.by_hand = False
    table.passes(11_000)
    assert table.broken == []
    table.passes(2_000)
    assert table.broken == ["protection"]


def test_what_a_restored_database_lost_of_executions_is_missing_again(table: Table) -> None:
    filled = next(event for event in table.enters().events if isinstance(event, Filled)).fill
    table.stops()
    row = FillRow(KEY, SYMBOL, str(filled.fill_id), "1", filled.price, filled.size, filled.fee, Decimal(0), True)
    table.commits(row, evolve(table.books.intents[KEY], entry="done", position="protected"))
    assert table.laws.unrest(evidence_was_lost=False) == []
    table.books.fills.clear()
    table.laws.on_restored()
    assert [law for law, _ in table.laws.unrest(evidence_was_lost=False)] == ["knowledge"]
    table.commits(row)
    assert table.laws.unrest(evidence_was_lost=False) == []


def test_an_intent_that_was_over_is_looked_at_when_it_changes(table: Table) -> None:
    over = IntentRow(KEY, 1, SYMBOL, "long", "done", "closed", False, 10, 10, 0)
    table.commits(over)
    assert table.broken == []
    table.commits(evolve(over, filled=11))
    assert table.broken == ["entries"]


def test_what_happens_to_another_account_breaks_no_law(table: Table) -> None:
    table.happens(OpenAccount("somebody", Decimal(5_000)))
    order = PlaceOrder("somebody", SYMBOL, Action.BUY, Decimal(5), OrderType.MARKET, None, client_order_id="theirs")
    table.happens(evolve(order, position_side=Side.LONG, margin_mode=MarginMode.ISOLATED))
    table.passes(30_000)
    table.enters()
    table.stops()
    table.passes(30_000)
    assert table.broken == []


@pytest.mark.parametrize("seed", range(20))
def test_what_is_kept_of_exits_is_what_a_look_through_all_orders_finds(seed: int) -> None:
    draw, table = random.Random(seed), a_table()
    for _ in range(60):
        match draw.randrange(5):
            case 0:
                table.enters(size=draw.randint(1, 9))
            case 1:
                table.stops(draw.choice((None, 3, 10)), str(draw.randint(850, 990)))
            case 2:
                table.happens(tick(draw.randint(900, 1100)))
            case 3:
                live = table.engine.orders_of("me", SYMBOL, table.at_ms)
                for order in live[:1]:
                    table.happens(CancelOrder("me", SYMBOL, order.order_id))
            case 4:
                table.passes(2_000)
        live_ids = [order.order_id for order in table.laws.orders.values() if not order.state.is_final]
        stops = [
            order.order_id
            for order in table.laws.orders.values()
            if order.purpose == "stop" and not order.state.is_final and order.position_side is Side.LONG
        ]
        assert sorted(table.laws.alive) == sorted(live_ids)
        assert sorted(order.order_id for order in table.laws.armed(SYMBOL, "long")) == sorted(stops)
        assert sorted(live_ids) == [order.order_id for order in table.engine.orders_of("me", SYMBOL, table.at_ms)]


def test_nothing_enters_beside_something_foreign_that_two_looks_have_shown(table: Table) -> None:
    table.about.by_hand = True
    table.enters("theirs", 5)
    table.about.by_hand = False
    table.passes(20_000)
    table.enters(order_type=OrderType.LIMIT, price=Decimal(950), time_in_force=TimeInForce.GTC)
    assert table.broken == []
    table.passes(10_000)
    table.books.entry_ids["entry2"] = "key-2"
    table.books.intents["key-2"] = IntentRow("key-2", 2, SYMBOL, "long", "resting", "none", True, 10, 0, 10)
    table.enters("entry2", order_type=OrderType.LIMIT, price=Decimal(950), time_in_force=TimeInForce.GTC)
    assert table.broken == ["refusal"]


def test_another_programs_orders_are_left_alone_whatever_their_names(table: Table) -> None:
    table.about.by_hand = True
    placed = table.enters("b7x", 5, order_type=OrderType.LIMIT, price=Decimal(950), time_in_force=TimeInForce.GTC)
    table.about.by_hand = False
    table.happens(CancelOrder("me", SYMBOL, placed.answer.order_id))  # type: ignore[union-attr]
    assert table.broken == ["foreign"]


def test_the_stop_of_another_programs_entry_is_its_own_though_it_bears_no_name(table: Table) -> None:
    table.about.by_hand = True
    placed = table.enters("b7x", 5, stop=Preset(Decimal(900), TriggerPrice.MARK))
    table.about.by_hand = False
    stop = next(
        event.order
        for event in placed.events
        if isinstance(event, OrderChanged) and event.order.parent_id == placed.answer.order_id  # type: ignore[union-attr]
    )
    table.happens(CancelOrder("me", SYMBOL, stop.order_id))
    assert table.broken == ["foreign"]
