"""History of an exchange: only what is missing is asked for, and each month is kept before the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from attrs import define, evolve, field

from mtf_adapters.archive import Archive, ArchiveError
from mtf_adapters.archive.fetching import Fetched, FetchRequest, fetch
from mtf_adapters.archive.spans import Span, by_month
from mtf_adapters.sandbox.account import SandboxAccount
from mtf_adapters.sandbox.capabilities import CAPABILITIES
from mtf_adapters.sandbox.clock import SandboxClock
from mtf_adapters.sandbox.exchange import SandboxExchange
from mtf_adapters.sandbox.generated import GeneratedMarket
from mtf_core.market import MINUTE_MS, Candles, Contract, Quote, Timeframe, parse_instant, to_ms
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError, Venue
from tests.unit.archive.series import add, decimals, file_of, same, with_value


def at(text: str) -> int:
    return to_ms(parse_instant(text))


NOW_MS = at("2025-03-10T12:00:30Z")
NEWEST_MS = at("2025-03-10T11:59Z")
FIRST_MS = at("2024-12-20T00:00Z")
WHOLE = decimals((NEWEST_MS - FIRST_MS) // MINUTE_MS + 1, first_ms=FIRST_MS)
"""From 20 December to now: December, January, February and March."""
PLACE = "test-market"


@define(slots=False)
class Market:
    """An exchange that has these candles, and remembers what it was asked for."""

    series: dict[str, Candles]
    asked: list[tuple[str, Span]] = field(factory=list)
    fails: Callable[[str, Span], ExchangeError | None] = lambda symbol, span: None
    heard: Callable[[], None] = lambda: None

    async def server_time_ms(self) -> int:
        return NOW_MS

    async def contracts(self) -> tuple[Contract, ...]:
        model = GeneratedMarket(1, 12).contracts(NOW_MS)[0]
        return tuple(evolve(model, symbol=symbol) for symbol in sorted(self.series))

    async def candles(self, symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        span = Span(first_open_ms, last_open_ms)
        self.heard()
        self.asked.append((symbol, span))
        if (error := self.fails(symbol, span)) is not None:
            raise error
        if symbol not in self.series:
            raise UnknownSymbolError(f"{symbol} is not listed")
        await asyncio.sleep(0)
        return self.series[symbol].between(first_open_ms, last_open_ms)

    async def quotes(self, symbols: Sequence[str]) -> Mapping[str, Quote | ExchangeError]:
        raise NotImplementedError


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@pytest.fixture
def market() -> Market:
    return Market({"BTCUSDT": WHOLE})


def venue_of(market: Market, now_ms: int = NOW_MS, namespace: str = PLACE) -> Venue:
    clock = SandboxClock(now_ms)
    account = SandboxExchange(cast("Any", None), clock, SandboxAccount())
    return Venue(
        exchange="test",
        market_type="perpetual",
        label="the test's market",
        namespace=namespace,
        market=market,
        account=account,
        clock=clock,
        capabilities=CAPABILITIES,
    )


async def fetched(
    archive: Archive, market: Market, *symbols: str, since_ms: int = FIRST_MS, now_ms: int = NOW_MS, **request: Any
) -> tuple[Fetched, ...]:
    market.asked.clear()
    wanted = FetchRequest(symbols or ("BTCUSDT",), Span(since_ms, now_ms), **request)
    return await fetch(archive, venue_of(market, now_ms), wanted)


def spans(market: Market) -> list[Span]:
    return [span for _, span in market.asked]


async def test_the_newest_month_comes_first_and_each_is_kept_before_the_next(archive: Archive, market: Market) -> None:
    there: list[int] = []
    market.heard = lambda: there.append(len(archive.candles(PLACE, "BTCUSDT")) if market.asked else 0)
    (done,) = await fetched(archive, market)
    months = by_month(Span(FIRST_MS, NEWEST_MS))
    assert spans(market) == list(months[::-1])
    assert there == [0, *np.cumsum([month.minutes for month in months[::-1]])[:-1].tolist()]
    assert (done.done.added, done.asked, done.error) == (len(WHOLE), len(WHOLE), None)
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)


async def test_what_is_there_is_not_asked_for_again(archive: Archive, market: Market) -> None:
    await fetched(archive, market)
    before = archive.series()
    (done,) = await fetched(archive, market)
    assert (spans(market), done.asked, done.done.added) == ([], 0, 0)
    assert archive.series() == before


async def test_a_later_fetch_asks_for_the_minutes_since(archive: Archive, market: Market) -> None:
    early = at("2025-03-10T10:00Z")
    await fetched(archive, market, now_ms=early)
    await fetched(archive, market)
    assert spans(market) == [Span(early, NEWEST_MS)]
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)
    (source,) = archive.series()[0].sources
    assert (source.origin, source.label, source.added) == (PLACE, "the test's market", len(WHOLE))


async def test_holes_that_the_exchange_has_are_asked_for_once(archive: Archive, market: Market) -> None:
    market.series["BTCUSDT"] = WHOLE[np.r_[0:5000, 6000 : len(WHOLE)]]
    (done,) = await fetched(archive, market)
    assert done.done.added == len(WHOLE) - 1000
    await fetched(archive, market)
    assert spans(market) == []
    await fetched(archive, market, again=True)
    assert spans(market) == [Span(int(WHOLE.open_ms[5000]), int(WHOLE.open_ms[5999]))]
    market.series["BTCUSDT"] = WHOLE
    await fetched(archive, market, again=True)
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)


async def test_minutes_of_the_last_hour_that_are_missing_may_come_yet(archive: Archive, market: Market) -> None:
    market.series["BTCUSDT"] = WHOLE[:-30]
    await fetched(archive, market)
    market.series["BTCUSDT"] = WHOLE
    await fetched(archive, market)
    assert spans(market) == [Span(NEWEST_MS - 29 * MINUTE_MS, NEWEST_MS)]
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)


async def test_a_month_without_candles_before_all_others_ends_the_search_for_good(
    archive: Archive, market: Market
) -> None:
    since = at("2020-01-01T00:00Z")
    await fetched(archive, market, since_ms=since)
    november = Span(at("2024-11-01T00:00Z"), at("2024-11-30T23:59Z"))
    assert spans(market)[-1] == november
    assert len(market.asked) == 5
    await fetched(archive, market, since_ms=since)
    assert spans(market) == []


async def test_a_few_days_without_candles_do_not_end_the_search(archive: Archive, market: Market) -> None:
    """Nor does a month without any after some that are there."""
    quiet = WHOLE.between(0, at("2025-01-15T00:00Z"))
    market.series["BTCUSDT"] = quiet
    now_ms = at("2025-02-03T00:00Z")
    await fetched(archive, market, now_ms=now_ms)
    assert same(archive.candles(PLACE, "BTCUSDT"), quiet)
    market.series["BTCUSDT"] = WHOLE.between(at("2024-12-25T00:00Z"), NEWEST_MS)
    other = Archive(archive.root / "other")
    (done,) = await fetched(other, market, since_ms=at("2024-12-24T00:00Z"), now_ms=at("2024-12-26T00:00Z"))
    assert done.done.added == 1440


async def test_a_symbol_that_never_traded_leaves_nothing_but_the_answer(archive: Archive, market: Market) -> None:
    market.series["NEWUSDT"] = WHOLE[:0]
    (done,) = await fetched(archive, market, "NEWUSDT")
    assert (done.done.added, done.first_open_ms, done.error) == (0, None, None)
    assert archive.series() == ()
    with pytest.raises(ArchiveError, match="has no candles of NEWUSDT"):
        archive.candles(PLACE, "NEWUSDT")


async def test_holes_of_imported_files_are_filled_in_as_few_calls_as_it_takes(archive: Archive, market: Market) -> None:
    january = WHOLE.between(at("2025-01-01T00:00Z"), at("2025-01-31T23:59Z"))
    lacking = np.ones(len(january), dtype=np.bool_)
    lacking[[100, 200, 30_000]] = False
    add(archive, "BTCUSDT", january[lacking], venue=PLACE)
    await fetched(archive, market, since_ms=int(january.open_ms[0]), now_ms=january.end_ms)
    opens = january.open_ms
    assert spans(market) == [Span(int(opens[100]), int(opens[200])), Span(int(opens[30_000]), int(opens[30_000]))]
    assert same(archive.candles(PLACE, "BTCUSDT"), january)


async def test_other_candles_than_the_archives_are_refused_and_stop_no_other_symbol(
    archive: Archive, market: Market
) -> None:
    january = WHOLE.between(at("2025-01-01T00:00Z"), at("2025-01-31T23:59Z"))
    apart = january[np.r_[0:10, 11:12, 13:14]]
    add(archive, "BTCUSDT", with_value(apart, "low", 10, 1.0), venue=PLACE)
    market.series |= {"BTCUSDT": january, "ETHUSDT": january}
    since, now_ms = int(january.open_ms[0]), int(january.open_ms[25]) + MINUTE_MS
    bitcoin, ether = await fetched(archive, market, "BTCUSDT", "ETHUSDT", since_ms=since, now_ms=now_ms)
    assert bitcoin.error is not None
    assert bitcoin.error.startswith("the candle of 2025-01-01T00:11:00Z has another low than the one in the archive")
    assert "fetch into another folder with --venue" in bitcoin.error
    assert len(archive.candles(PLACE, "BTCUSDT")) == len(apart)
    assert (ether.error, ether.done.added) == (None, 26)


async def test_what_came_before_an_error_stays_and_the_others_go_on(archive: Archive, market: Market) -> None:
    market.series |= dict.fromkeys(("ADAUSDT", "ETHUSDT", "LTCUSDT", "SOLUSDT", "XRPUSDT"), WHOLE)
    january = at("2025-01-01T00:00Z")

    def broken(symbol: str, span: Span) -> ExchangeError | None:
        is_january = symbol == "BTCUSDT" and span.first_open_ms == january
        return ExchangeUnavailableError("no answer within 10 s") if is_january else None

    market.fails = broken
    done = {one.symbol: one for one in await fetched(archive, market, *sorted(market.series))}
    assert {name: one.error for name, one in done.items() if one.error} == {"BTCUSDT": "no answer within 10 s"}
    assert done["BTCUSDT"].first_open_ms == at("2025-02-01T00:00Z")
    assert len(archive.candles(PLACE, "XRPUSDT")) == len(WHOLE)
    market.fails = lambda symbol, span: None
    await fetched(archive, market)
    assert [span.first_open_ms for span in spans(market)] == [january, FIRST_MS]
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)


async def test_a_symbol_that_is_not_listed_is_told_and_leaves_no_folder(archive: Archive, market: Market) -> None:
    (done,) = await fetched(archive, market, "NOUSDT")
    assert done.error == "NOUSDT is not listed"
    assert not (archive.root / PLACE).exists()


async def test_candles_of_another_world_are_not_mixed_in(archive: Archive, market: Market) -> None:
    await fetched(archive, market)
    request = FetchRequest(("BTCUSDT",), Span(FIRST_MS - 10 * MINUTE_MS, NOW_MS), venue=PLACE)
    (done,) = await fetch(archive, venue_of(market, namespace="other-market"), request)
    assert done.error == f"{PLACE} holds candles of {PLACE}, not of other-market; give another --venue"


async def test_a_year_whose_file_was_removed_is_asked_for_again_with_its_holes(
    archive: Archive, market: Market
) -> None:
    market.series["BTCUSDT"] = WHOLE[np.r_[0:5000, 6000 : len(WHOLE)]]
    await fetched(archive, market)
    file_of(archive, "BTCUSDT", 2024, PLACE).unlink()
    await fetched(archive, market)
    assert spans(market) == [Span(FIRST_MS, at("2024-12-31T23:59Z"))]
    assert same(archive.candles(PLACE, "BTCUSDT"), market.series["BTCUSDT"])


async def test_the_contract_is_kept_beside_its_candles(archive: Archive, market: Market) -> None:
    await fetched(archive, market)
    assert archive.series()[0].contract == (await market.contracts())[0]


async def test_nothing_to_fetch_is_said(archive: Archive, market: Market) -> None:
    with pytest.raises(ArchiveError, match="has not closed yet"):
        await fetched(archive, market, since_ms=NOW_MS)


async def test_who_is_cancelled_leaves_what_is_done(archive: Archive, market: Market) -> None:
    february = at("2025-02-01T00:00Z")
    stuck = asyncio.Event()
    real = market.candles

    async def slow(symbol: str, timeframe: Timeframe, first_open_ms: int, last_open_ms: int) -> Candles:
        if first_open_ms == february:
            stuck.set()
            await asyncio.Event().wait()
        return await real(symbol, timeframe, first_open_ms, last_open_ms)

    market.candles = slow  # type: ignore[method-assign]
    task = asyncio.create_task(fetched(archive, market))
    await stuck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert archive.series()[0].first_open_ms == at("2025-03-01T00:00Z")
    market.candles = real  # type: ignore[method-assign]
    await fetched(archive, market)
    assert same(archive.candles(PLACE, "BTCUSDT"), WHOLE)


async def test_progress_counts_months_to_their_end(archive: Archive, market: Market) -> None:
    told: list[tuple[str, int, int]] = []
    request = FetchRequest(("BTCUSDT",), Span(at("2020-01-01T00:00Z"), NOW_MS))
    await fetch(archive, venue_of(market), request, lambda *one: told.append(one))
    assert told[0] == ("months", 1, 63)
    assert told[-1] == ("months", 63, 63)
