"""The reads of a look: how old a view is, how long a contract is taken as it was read, and what has come so far."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, cast

import pytest
from attrs import define, evolve, field

from mtf_core.execution.reading import CONTRACTS_KEPT_MS, Reader, Sight
from mtf_core.market import AccountState, CashFlow, Contract, FlowKind, MarkPrice, Quote, TopOfBook
from mtf_core.orders import ReadsWanted
from mtf_core.orders.evidence import Read
from mtf_core.ports import ExchangeUnavailableError, Priority
from tests.unit.orders.intents import SYMBOL
from tests.unit.orders.supervision.exchange import CONTRACT
from tests.unit.virtual_time import in_time

NOTHING = ReadsWanted(False, False, False, False, 4_000)
D = Decimal


@define(eq=False)
class Place:
    """An exchange with its clock, and a machine with its own: desk, environment and venue in one."""

    now_ms: int = 10_000
    timer_s: float = 50.0
    account_ms: int = 9_990
    takes_s: float = 0.0
    is_away: bool = False
    quote: Quote | ExchangeUnavailableError | None = None
    listed: Sequence[Contract] = (CONTRACT,)
    asked: list[tuple[str, Any]] = field(factory=list)

    @property
    def environment(self) -> Place:
        return self

    @property
    def venue(self) -> Place:
        return self

    @property
    def market(self) -> Place:
        return self

    @property
    def trading(self) -> Place:
        return self

    def timer(self) -> float:
        return self.timer_s

    async def sync(self, *, priority: Priority) -> AccountState:
        return await self._answer("sync", priority, AccountState(self.account_ms, D(0), D(0), (), ()))

    async def order_history(self, symbol: str, since_ms: int, until_ms: int, *, priority: Priority) -> tuple[()]:
        return await self._answer("order_history", (symbol, since_ms, until_ms, priority), ())

    async def fills(self, symbol: str, since_ms: int, until_ms: int, *, priority: Priority) -> tuple[()]:
        return await self._answer("fills", (symbol, since_ms, until_ms, priority), ())

    async def cash_flows(self, since_ms: int, until_ms: int, *, priority: Priority) -> tuple[CashFlow, ...]:
        rows = tuple(CashFlow(name, FlowKind.FEE, name, D(-1), 5_000) for name in (SYMBOL, "ETHUSDT"))
        return await self._answer("cash_flows", (since_ms, until_ms, priority), rows)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Any]:
        return await self._answer("quotes", list(symbols), {} if self.quote is None else {SYMBOL: self.quote})

    async def contracts(self) -> Sequence[Contract]:
        return await self._answer("contracts", None, self.listed)

    async def _answer(self, name: str, how: Any, value: Any) -> Any:
        self.asked.append((name, how))
        await asyncio.sleep(self.takes_s)
        if self.is_away:
            raise ExchangeUnavailableError("away")
        return value

    def times(self, name: str) -> int:
        return sum(one == name for one, _ in self.asked)


def reader(place: Place) -> Reader:
    return Reader(cast(Any, place))


def test_a_view_is_as_old_as_the_clock_says_that_says_more_and_of_no_age_where_one_went_back() -> None:
    place = Place()
    one, begun = reader(place), Sight(10_000, 50.0)
    assert one.sight() == begun
    place.now_ms, place.timer_s = 10_300, 50.7
    assert one.age_ms(begun) == pytest.approx(700)
    place.now_ms = 11_000
    assert one.age_ms(begun) == 1000
    place.now_ms = 9_999
    assert one.age_ms(begun) == float("inf")
    place.now_ms, place.timer_s = 11_000, 49.9
    assert one.age_ms(begun) == float("inf")


def test_the_account_is_of_when_the_read_began_or_of_when_the_exchange_says_if_that_is_earlier() -> None:
    place = Place()

    async def story() -> None:
        for account_ms, begun_ms in ((9_990, 9_990), (10_500, 10_000)):
            place.account_ms = account_ms
            read = await reader(place).account(Priority.EXIT)
            assert read is not None
            assert read.begun_venue_ms == begun_ms
        place.is_away = True
        assert await reader(place).account(Priority.EXIT) is None

    in_time(story())


def test_a_read_that_takes_too_long_has_failed() -> None:
    place = Place(takes_s=10.5)

    async def story() -> None:
        assert await reader(place).account(Priority.EXIT) is None
        assert asyncio.get_running_loop().time() == 10
        place.takes_s = 9.5
        assert await reader(place).account(Priority.EXIT) is not None

    in_time(story())


def test_contracts_are_read_once_an_hour_and_anew_after_a_refusal_but_not_each_second() -> None:
    place = Place()
    one = reader(place)

    async def story() -> None:
        assert dict(await one.contracts()) == {SYMBOL: CONTRACT}
        place.now_ms += CONTRACTS_KEPT_MS - 1
        await one.contracts()
        assert place.times("contracts") == 1
        place.now_ms += 1
        await one.contracts()
        assert place.times("contracts") == 2
        place.now_ms += 59_999
        one.doubt_contracts()
        await one.contracts()
        assert place.times("contracts") == 2
        place.now_ms += 1
        one.doubt_contracts()
        await one.contracts()
        assert place.times("contracts") == 3

    in_time(story())


def test_contracts_stay_as_they_were_read_where_the_exchange_lists_none_or_does_not_answer() -> None:
    place = Place()
    one = reader(place)

    async def story() -> None:
        one.doubt_contracts()
        await one.contracts()
        place.now_ms += CONTRACTS_KEPT_MS
        place.listed = ()
        assert dict(await one.contracts()) == {SYMBOL: CONTRACT}
        place.is_away = True
        assert dict(await one.contracts()) == {SYMBOL: CONTRACT}
        place.is_away, place.listed = False, (evolve(CONTRACT, tick_size=D(1)),)
        assert (await one.contracts())[SYMBOL].tick_size == 1, "they are asked for again at once"

    in_time(story())


def test_only_what_is_wanted_is_read_side_by_side_from_then_until_shortly_after_now() -> None:
    place = Place(takes_s=1.0, quote=Quote(TopOfBook(SYMBOL, D(99), D(101), 9_900), MarkPrice(SYMBOL, D(100), 9_900)))
    one = reader(place)

    async def story() -> None:
        reading = one.begin(SYMBOL, None, NOTHING, Priority.EXIT)
        await reading.wait()
        assert [name for name, _ in place.asked] == ["contracts"]
        place.asked.clear()
        account = Read(AccountState(1, D(0), D(0), (), ()), 9_000)
        reading = one.begin(SYMBOL, account, ReadsWanted(True, True, True, True, 4_000), Priority.EXIT)
        view, market = reading.so_far()
        assert not reading.is_whole
        assert (view.account, view.ended, view.fills, view.flows) == (account, None, None, None)
        assert (market.quote, market.contract) == (None, None), "nothing has come yet, contracts neither"
        await reading.wait(500)
        assert not reading.is_whole
        await reading.wait(501)
        assert reading.is_whole
        view, market = reading.so_far()
        assert dict(place.asked) == {
            "order_history": (SYMBOL, 4_000, 15_000, Priority.EXIT),
            "fills": (SYMBOL, 4_000, 15_000, Priority.EXIT),
            "cash_flows": (4_000, 15_000, Priority.EXIT),
            "quotes": [SYMBOL],
        }
        assert (view.ended, view.fills, view.since_ms) == (Read((), 10_000), Read((), 10_000), 4_000)
        assert view.flows is not None
        assert [flow.symbol for flow in view.flows.value] == [SYMBOL]
        assert (market.quote, market.contract) == (place.quote, CONTRACT)
        assert asyncio.get_running_loop().time() == 2, "one second for contracts before, one for all of them"

    in_time(story())


@pytest.mark.parametrize("quote", [None, ExchangeUnavailableError("halted")])
def test_a_quote_that_the_exchange_does_not_give_is_not_read(quote: ExchangeUnavailableError | None) -> None:
    async def story() -> None:
        reading = reader(Place(quote=quote)).begin(SYMBOL, None, evolve(NOTHING, quote=True), Priority.EXIT)
        await reading.wait()
        assert reading.so_far()[1].quote is None

    in_time(story())


def test_what_has_not_come_is_broken_off_with_the_look() -> None:
    place = Place(takes_s=5.0)

    async def story() -> None:
        reading = reader(place).begin(SYMBOL, None, evolve(NOTHING, fills=True), Priority.EXIT)
        await reading.wait(100)
        reading.end()
        await asyncio.sleep(0)
        assert reading.fills.cancelled()

    in_time(story())
