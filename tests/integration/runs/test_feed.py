"""Each candle is fetched once: what memory or the store has is never asked for, whatever happened before."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping

import numpy as np
import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.candle_files import CandleFileMarket
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sql import Database
from mtf_core.features.history import History
from mtf_core.market import COLUMNS, Candles, CandleStack, Contract, Gap, Timeframe
from mtf_core.ports import ExchangeUnavailableError, StoreUnavailableError, UnknownSymbolError
from mtf_core.rules.needs import Need, Needs
from mtf_core.runs.metering import MeteredExchange
from mtf_core.upkeep.feed import CandleFeed, missing_from
from mtf_core.validation.window import Window
from mtf_entrypoints.stores import build_stores
from tests.market_strategies import START_MS, walk, without

M1, M5 = Timeframe.M1, Timeframe.M5
NEEDS: Needs = {M1: Need(History(30), 1, 30), M5: Need(History(12), 1, 12)}
NOW_MS = START_MS + 400 * M1.ms
WHOLE = {symbol: walk(M1, 500, seed) for seed, symbol in enumerate(("AAA", "BBB", "CCC"))}


class Desk:
    """A feed on an exchange of candle files, with a database in memory."""

    def __init__(self, database: Database, files: Mapping[str, Candles] | None = None) -> None:
        self.clock = SandboxClock(NOW_MS)
        self.exchange = SandboxExchange(CandleFileMarket(files or WHOLE), self.clock, SandboxAccount())
        self.metered = MeteredExchange(self.exchange, self.exchange)
        self.store = build_stores(database, "feed").candles
        self.feed = CandleFeed(self.metered, self.store, "UTC")

    @property
    def calls(self) -> int:
        """Candle requests since last asked."""
        return self.metered.calls.pop("candles", 0)

    async def contracts(self, *symbols: str) -> tuple[Contract, ...]:
        return tuple(one for one in await self.exchange.contracts() if not symbols or one.symbol in symbols)

    async def stacks(self, *symbols: str, needs: Needs = NEEDS) -> Mapping[Timeframe, CandleStack]:
        fed = await self.feed.stacks(needs, await self.contracts(*symbols), self.clock.now_ms())
        assert not fed.failures
        return fed.stacks

    def minute(self, count: int = 1) -> None:
        self.clock.advance(count * M1.ms)


def same(one: CandleStack, other: CandleStack) -> bool:
    """The same window and the same candles of the same symbols."""
    there = other.rows(one.symbols)
    return (one.first_open_ms, one.lead, one.segments) == (there.first_open_ms, there.lead, there.segments) and all(
        np.array_equal(getattr(one, name), getattr(there, name), equal_nan=True) for name in COLUMNS
    )


async def test_nothing_is_fetched_twice() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        first = await desk.stacks()
        assert desk.calls == 6  # three symbols on two timeframes
        assert await desk.stacks() == first
        assert desk.calls == 0


async def test_a_new_process_reads_what_the_store_has_and_fetches_nothing() -> None:
    async with Database.open("memory") as database:
        first = await Desk(database).stacks()
        again = Desk(database)
        assert all(same(stack, first[timeframe]) for timeframe, stack in (await again.stacks()).items())
        assert again.calls == 0


async def test_a_second_minute_fetches_one_candle_of_each_symbol_and_reads_no_more_from_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        first = await desk.stacks()
        desk.metered.calls.clear()
        reads = []
        read = desk.store.read

        async def noted(symbols: list[str], timeframe: Timeframe, first_ms: int, last_ms: int) -> dict[str, Candles]:
            reads.append((timeframe, (last_ms - first_ms) // timeframe.ms + 1))
            return await read(symbols, timeframe, first_ms, last_ms)

        monkeypatch.setattr(desk.store, "read", noted)
        written = {(one[0], one[1]): one[4] for one in await desk.store.spans()}
        desk.minute()
        second = await desk.stacks()
        assert desk.calls == 3
        assert reads == [(M1, 1)]
        assert second[M5] is first[M5], "the window of 5m has not moved"
        assert second[M1] is not first[M1]
        assert {(one[0], one[1]): one[4] - written[one[0], one[1]] for one in await desk.store.spans()} == {
            (symbol, timeframe): int(timeframe is M1) for symbol in WHOLE for timeframe in NEEDS
        }


async def test_after_many_minutes_the_window_is_that_of_a_fresh_fetch() -> None:
    async with Database.open("memory") as database, Database.open("memory") as other:
        desk, fresh = Desk(database), Desk(other)
        for step in (1, 1, 3, 1, 17, 4, 1, 40):
            desk.minute(step)
            found = await desk.stacks()
        fresh.clock = fresh.exchange.clock = desk.clock
        expected = await fresh.stacks()
        assert all(same(found[timeframe], expected[timeframe]) for timeframe in NEEDS)


async def test_a_hole_that_the_exchange_cannot_fill_is_asked_for_once() -> None:
    files = {**WHOLE, "BBB": without(WHOLE["BBB"], [380, 381, 390])}
    async with Database.open("memory") as database:
        desk = Desk(database, files)
        await desk.stacks(needs={M1: NEEDS[M1]})
        assert desk.calls == 3, "the whole window of each"
        desk.minute()
        await desk.stacks(needs={M1: NEEDS[M1]})
        assert desk.calls == 3, "each new candle"
        again = Desk(database, files)
        again.minute()
        await again.stacks(needs={M1: NEEDS[M1]})
        assert again.calls == 2, "a new process knows no more than the store: both holes"
        for _ in range(5):
            again.minute()
            stack = (await again.stacks(needs={M1: NEEDS[M1]}))[M1]
            assert again.calls == 3
        assert len(stack.segments[1]) == 3


async def test_history_that_the_exchange_does_not_have_is_asked_for_once_while_the_window_moves() -> None:
    files = {**WHOLE, "BBB": WHOLE["BBB"][385:]}
    async with Database.open("memory") as database:
        desk = Desk(database, files)
        old = [evolve(one, opened_at_ms=START_MS) for one in await desk.contracts()]
        for minute in range(4):
            await desk.feed.stacks({M1: NEEDS[M1]}, old, desk.clock.now_ms())
            assert desk.calls == 3, f"minute {minute}"
            desk.minute()


async def test_nothing_is_asked_for_before_a_symbol_was_listed() -> None:
    files = {**WHOLE, "BBB": WHOLE["BBB"][387:]}
    async with Database.open("memory") as database:
        desk = Desk(database, files)
        young = [evolve(one, opened_at_ms=START_MS + 387 * M1.ms - 1) for one in await desk.contracts("BBB")]
        stacks = (await desk.feed.stacks(NEEDS, young, NOW_MS)).stacks
        assert stacks[M1].segments == (((17, 30),),)
        assert desk.calls == 1, "its 5m candles are built from those of 1m"
        again = Desk(database, files)
        await again.feed.stacks(NEEDS, young, NOW_MS)
        assert again.calls == 0


async def test_a_symbol_listed_after_the_last_candle_has_no_candles_and_is_not_asked_for() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        contracts = await desk.contracts("AAA", "BBB")
        young = (contracts[0], evolve(contracts[1], opened_at_ms=NOW_MS - 10))
        fed = await desk.feed.stacks({M1: NEEDS[M1]}, young, NOW_MS)
        assert desk.calls == 1
        assert fed.stacks[M1].segments[1] == ()


async def test_a_candle_that_the_exchange_publishes_late_is_fetched_although_no_new_one_is_due() -> None:
    late = {**WHOLE, "BBB": without(WHOLE["BBB"], [399])}
    async with Database.open("memory") as database:
        desk = Desk(database, late)
        first = (await desk.stacks())[M1]
        assert first.segments[1] == ((0, 29),)
        assert desk.calls == 6
        assert (await desk.stacks())[M1] is first, "nothing came: the very same stack"
        desk.exchange.market = CandleFileMarket(WHOLE)
        second = await desk.stacks()
        assert second[M1].segments[1] == ((0, 30),)


async def test_what_was_fetched_is_no_hole_that_is_kept_in_mind() -> None:
    def gaps() -> int:
        gc.collect()
        return sum(isinstance(one, Gap) for one in gc.get_objects())

    async with Database.open("memory") as database:
        desk = Desk(database)
        await desk.stacks()
        before = gaps()
        for _ in range(20):
            desk.minute()
            await desk.stacks()
        assert desk.calls >= 60  # each minute's candle was asked for
        assert gaps() == before


async def test_a_hole_that_was_filled_in_the_store_is_seen_by_a_process_that_stays_up() -> None:
    files = {**WHOLE, "BBB": without(WHOLE["BBB"], [390])}
    async with Database.open("memory") as database:
        desk = Desk(database, files)
        await desk.stacks()
        await desk.store.write({("BBB", M1): WHOLE["BBB"][390:391]})
        desk.minute()
        assert (await desk.stacks())[M1].segments[1] == ((0, 30),)


async def test_a_symbol_that_fails_is_left_out_and_its_next_success_needs_only_what_is_missing() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        desk.exchange.faults["candles:BBB"] = ExchangeUnavailableError("timed out")
        fed = await desk.feed.stacks(NEEDS, await desk.contracts(), NOW_MS)
        assert list(fed.failures) == ["BBB"]
        assert all(stack.symbols == ("AAA", "CCC") for stack in fed.stacks.values())
        desk.metered.calls.clear()
        del desk.exchange.faults["candles:BBB"]
        assert (await desk.stacks())[M1].symbols == ("AAA", "BBB", "CCC")
        assert desk.calls == 2


async def test_with_every_symbol_failing_there_are_no_stacks() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        desk.exchange.faults["candles"] = ExchangeUnavailableError("down")
        fed = await desk.feed.stacks(NEEDS, await desk.contracts(), NOW_MS)
        assert set(fed.failures) == set(WHOLE)
        assert not fed.stacks


async def test_a_symbol_that_the_exchange_does_not_know_fails_alone() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        stranger = evolve((await desk.contracts("AAA"))[0], symbol="ZZZ")
        fed = await desk.feed.stacks(NEEDS, (*await desk.contracts(), stranger), NOW_MS)
        assert isinstance(fed.failures["ZZZ"], UnknownSymbolError)
        assert fed.stacks[M1].symbols == ("AAA", "BBB", "CCC")


async def test_symbols_may_come_and_go_between_runs() -> None:
    async with Database.open("memory") as database, Database.open("memory") as other:
        desk = Desk(database)
        for symbols in (("AAA",), ("AAA", "BBB"), ("CCC",), ("BBB", "CCC"), ("AAA", "BBB", "CCC")):
            desk.minute(2)
            fresh = Desk(other)
            fresh.clock.advance(desk.clock.now_ms() - NOW_MS)
            found, expected = await desk.stacks(*symbols), await fresh.stacks(*symbols)
            for timeframe in NEEDS:
                assert set(symbols) <= set(found[timeframe].symbols)
                assert same(expected[timeframe], found[timeframe])


async def test_fewer_symbols_on_an_unmoved_window_use_the_stack_that_is_there() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        whole = await desk.stacks()
        assert (await desk.stacks("BBB"))[M1] is whole[M1]


async def test_what_the_store_refused_is_fetched_again_by_the_next_run(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        write = desk.store.write

        async def refuse(_: object) -> int:
            raise StoreUnavailableError("disk full")

        monkeypatch.setattr(desk.store, "write", refuse)
        with pytest.raises(StoreUnavailableError):
            await desk.stacks()
        monkeypatch.setattr(desk.store, "write", write)
        assert all(stack.segments == (((0, stack.count),),) * 3 for stack in (await desk.stacks()).values())


async def test_a_fetch_that_is_cancelled_leaves_nothing_out_of_the_next_one() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        reached = asyncio.Event()

        class Hanging(MeteredExchange):
            async def candles(self, symbol: str, *rest: object) -> Candles:
                if symbol == "CCC":
                    reached.set()
                    await asyncio.sleep(3600)
                return await super().candles(symbol, *rest)  # type: ignore[arg-type]

        desk.feed.market = Hanging(desk.exchange, desk.exchange)
        running = asyncio.create_task(desk.stacks())
        await reached.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        desk.feed.market = desk.metered
        assert all(stack.segments == (((0, stack.count),),) * 3 for stack in (await desk.stacks()).values())


Rows = st.sets(st.integers(360, 399)), st.sets(st.integers(60, 79))


@settings(max_examples=40)
@given(
    stored=st.dictionaries(st.sampled_from(sorted(WHOLE)), st.tuples(*Rows)),
    missing=st.dictionaries(st.sampled_from(sorted(WHOLE)), st.sets(st.integers(365, 399), max_size=5)),
    steps=st.lists(st.integers(0, 7), max_size=3),
)
def test_whatever_was_stored_before_the_result_is_that_of_a_fresh_fetch(
    stored: dict[str, tuple[set[int], set[int]]], missing: dict[str, set[int]], steps: list[int]
) -> None:
    """Any candles may be there already, in any order; the exchange may lack some; the feed may have worked before."""
    files = {symbol: without(candles, sorted(missing.get(symbol, ()))) for symbol, candles in WHOLE.items()}

    async def check() -> None:
        async with Database.open("memory") as database, Database.open("memory") as other:
            desk, fresh = Desk(database, files), Desk(other, files)
            for symbol, rows in stored.items():
                for timeframe, places in zip((M1, M5), rows, strict=True):
                    series = files[symbol].aggregated(timeframe)
                    chosen = [START_MS + place * timeframe.ms for place in places]
                    gone = np.flatnonzero(~np.isin(series.open_ms, chosen)).tolist()
                    await desk.store.write({(symbol, timeframe): without(series, gone)})
            for step in steps:
                await desk.stacks()
                desk.minute(step)
            found = await desk.stacks()
            fresh.clock.advance(desk.clock.now_ms() - NOW_MS)
            expected = await fresh.stacks()
            for timeframe in NEEDS:
                assert same(found[timeframe], expected[timeframe])

    asyncio.run(check())


def test_holes_are_before_between_and_after_the_candles() -> None:
    candles = without(walk(M1, 10, 1), [0, 4, 5, 9])
    window = Window(M1, START_MS, START_MS + 9 * M1.ms, START_MS)
    minute = [START_MS + place * M1.ms for place in range(10)]
    assert missing_from(candles, window, 0) == (
        Gap.spanning(minute[0], minute[0], M1),
        Gap.spanning(minute[4], minute[5], M1),
        Gap.spanning(minute[9], minute[9], M1),
    )


@pytest.mark.parametrize(("listed", "first"), [(START_MS - 5, 0), (START_MS + 1, 1), (START_MS + 3 * M1.ms, 3)])
def test_the_first_candle_of_a_listing_is_the_first_that_opens_after_it(listed: int, first: int) -> None:
    window = Window(M1, START_MS, START_MS + 9 * M1.ms, START_MS)
    expected = Gap.spanning(START_MS + first * M1.ms, START_MS + 9 * M1.ms, M1)
    assert missing_from(Candles.empty(M1), window, listed) == (expected,)


async def test_once_the_history_is_there_a_symbol_costs_one_call_a_minute_whatever_closes() -> None:
    """Everything above the shortest timeframe is built, and is what the exchange itself would have answered."""
    needs: Needs = {**NEEDS, Timeframe.M15: Need(History(8), 1, 8), Timeframe.H1: Need(History(3), 1, 3)}
    async with Database.open("memory") as database, Database.open("memory") as other:
        desk, fresh = Desk(database), Desk(other)
        await desk.stacks(needs=needs)
        assert desk.calls == 12
        for _ in range(65):
            desk.minute()
            found = await desk.stacks(needs=needs)
            assert desk.calls == 3
        fresh.clock = fresh.exchange.clock = desk.clock
        assert all(same(stack, found[timeframe]) for timeframe, stack in (await fresh.stacks(needs=needs)).items())
        restarted = Desk(database)
        restarted.clock = restarted.exchange.clock = desk.clock
        assert all(same(stack, found[timeframe]) for timeframe, stack in (await restarted.stacks(needs=needs)).items())
        assert restarted.calls == 0, "what was built is stored"


async def test_a_candle_that_lacks_a_part_is_asked_of_the_exchange() -> None:
    """A minute in which nothing was traded has no candle, but the five minutes around it do."""
    quiet = {"AAA": without(WHOLE["AAA"], [402])}
    async with Database.open("memory") as database:
        desk = Desk(database, quiet)
        await desk.stacks()
        desk.metered.calls.clear()
        for _ in range(5):
            desk.minute()
            await desk.stacks()
        # A call a minute, one more for the minute that is late for good, one for the five minutes.
        assert 6 <= desk.calls <= 8
        spans = {(symbol, timeframe): last for symbol, timeframe, _, last, _ in await desk.store.spans()}
        assert spans["AAA", M1] == START_MS + 404 * M1.ms


class Wrong(SandboxExchange):
    """Its last 5m candle closes higher than the last of its minutes."""

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        found = await super().candles(symbol, timeframe, first_open_ms, last_open_ms)
        if timeframe is M1 or symbol != "BBB":
            return found
        columns = [getattr(found, name).copy() for name in COLUMNS]
        columns[1][-1] = columns[3][-1] = columns[1][-1] + 1.0
        return Candles.checked(timeframe, found.open_ms, *columns)


async def test_candles_that_their_own_parts_do_not_make_up_are_told_and_kept_as_the_exchange_has_them() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        wrong = Wrong(desk.exchange.market, desk.clock, desk.exchange.account)
        feed = CandleFeed(MeteredExchange(wrong, wrong), desk.store, "UTC")
        fed = await feed.stacks(NEEDS, await desk.contracts(), NOW_MS)
        (difference,) = fed.differences
        right = WHOLE["BBB"].aggregated(M5).between(NOW_MS - M5.ms, NOW_MS)
        assert (difference.symbol, difference.timeframe, difference.open_ms) == ("BBB", M5, NOW_MS - M5.ms)
        assert difference.column == "high"
        assert difference.exchange == difference.built + 1.0 == float(right.high[0]) + 1.0
        stored = await desk.store.read(["BBB"], M5, NOW_MS - M5.ms, NOW_MS)
        assert float(stored["BBB"].high[0]) == difference.exchange


async def test_what_was_corrected_in_the_store_is_read_again_where_that_can_be() -> None:
    async with Database.open("memory") as database:
        desk = Desk(database)
        desk.feed = CandleFeed(desk.metered, desk.store, "UTC", reread_ms=10 * M1.ms)
        first = await desk.stacks()
        last = (await desk.store.read(["AAA"], M1, NOW_MS - 3 * M1.ms, NOW_MS - 3 * M1.ms))["AAA"]
        higher = Candles.checked(M1, last.open_ms, last.open, last.high * 2, last.low, last.close, last.volume)
        await desk.store.write({("AAA", M1): higher})
        desk.minute()
        second = await desk.stacks()
        row = second[M1].symbols.index("AAA")
        assert second[M1].high[row][-4] == higher.high[0]
        assert first[M1].high[row][-3] == last.high[0]
