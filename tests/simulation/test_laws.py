"""Every law can fail: each is shown a world in which it was broken, and one like it in which it was not."""

from __future__ import annotations

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
from mtf_adapters.sandbox.matching.events import BalanceChanged, Filled, Result
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
from tests.simulation.books import Books, FillRow, IntentRow
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


@pytest.fixture
def table() -> Table:
    return a_table()


def a_table(rules: VenueRules | None = None, mode: PositionMode = PositionMode.HEDGE) -> Table:
    engine = MatchingEngine(WanderingMarket(1, 0, 1_000_000_000).contracts(0), rules or VenueRules())
    row = IntentRow(KEY, 1, SYMBOL, "long", "resting", "none", True, 10, 0, 10, True)
    books = Books(intents={KEY: row}, entry_ids={ENTRY_ID: KEY}, tag_of=STORE, read_ms=1_000_000)
    about = Surroundings(supervised_since_ms=900_000)
    laws = Laws(lambda: books, about, {SYMBOL: Decimal(1)})
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
    table.books.intents[KEY] = IntentRow(KEY, 1, SYMBOL, "long", "resting", "none", True, 10, 6, 5, True)
    table.laws.on_commit(table.at_ms)
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
    table.books.fills[(SYMBOL, "77")] = FillRow(KEY, SYMBOL, "77", "1", price, Decimal(10), price, price, True)
    table.laws.on_commit(table.at_ms)
    assert table.broken == ["knowledge"]


def test_an_execution_is_booked_as_it_was(table: Table) -> None:
    filled = next(event for event in table.enters().events if isinstance(event, Filled)).fill
    table.stops()
    row = FillRow(KEY, SYMBOL, str(filled.fill_id), "1", filled.price, filled.size, filled.fee, Decimal(0), True)
    table.books.fills[(SYMBOL, str(filled.fill_id))] = row
    table.laws.on_commit(table.at_ms)
    assert table.broken == []
    other = FillRow(KEY, SYMBOL, str(filled.fill_id), "1", filled.price, filled.size, filled.fee / 2, Decimal(0), True)
    table.books.fills = {(SYMBOL, str(filled.fill_id)): other, (SYMBOL, "more"): other}
    table.laws.on_commit(table.at_ms)
    assert "knowledge" in table.broken


def test_a_fault_that_the_program_tells_of_itself_is_a_breach(table: Table) -> None:
    table.books.raised.append(("foreign_order", SYMBOL, "by hand"))
    table.laws.on_commit(table.at_ms)
    assert table.broken == []
    table.books.raised.append(("look_failed", KEY, "TypeError"))
    table.laws.on_commit(table.at_ms)
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
    table.laws.on_commit(table.at_ms)
    table.passes(12_000)
    table.enters()
    assert table.broken == ["refusal"]


def test_nothing_enters_while_nobody_supervises(table: Table) -> None:
    table.at_ms += 60_000
    table.enters()
    assert table.broken == ["refusal"]


def test_nothing_enters_from_a_database_that_lacks_what_was_committed(table: Table) -> None:
    table.laws.on_restored()
    table.books.entry_ids = {"entry9": KEY}
    table.enters("entry9")
    assert table.broken == ["refusal"]


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
    table.books.intents[KEY] = IntentRow(KEY, 1, SYMBOL, "long", entry, position, True, 10, 0, 0, True)
    table.laws.at_rest(table.at_ms, evidence_was_lost=False)
    assert table.broken == ["liveness"]


def test_at_rest_every_execution_is_booked_and_every_position_known(table: Table) -> None:
    table.enters(stop=Preset(Decimal(900), TriggerPrice.MARK))
    table.books.intents[KEY] = IntentRow(KEY, 1, SYMBOL, "long", "done", "closed", False, 10, 0, 0, True)
    table.laws.at_rest(table.at_ms, evidence_was_lost=False)
    assert sorted(table.broken) == ["knowledge", "liveness"]
