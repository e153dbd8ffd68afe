"""Public data: what a venue's adapter tells is what its market is."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import DAY_MS, ContractStatus, Timeframe
from mtf_core.ports import ExchangeError, UnknownSymbolError
from tests.venues.stages import AT_MS, Stage

KNOWN_EVERYWHERE = {"turnover_24h": Decimal(0), "min_notional": Decimal(0)}
"""Left out of the comparison: a turnover changes by the hour, and not every venue has a least notional."""


async def test_contracts_arrive_with_their_grids_limits_brackets_and_fees(stage: Stage) -> None:
    told = {one.symbol: one for one in await stage.market.contracts()}
    true = {one.symbol: one for one in stage.world.market.contracts(AT_MS)}
    assert len(told) == len(true) == 15
    for symbol, contract in true.items():
        known = {**KNOWN_EVERYWHERE, "quote_currency": stage.terms.quote_currency}
        assert told[symbol].quote_currency == stage.terms.quote_currency
        assert evolve(told[symbol], **known) == evolve(contract, **known)
        assert told[symbol].turnover_24h > 0
        assert told[symbol].status is ContractStatus.TRADING


@pytest.mark.parametrize(
    ("timeframe", "count"), [(Timeframe.M1, 1203), (Timeframe.M5, 501), (Timeframe.H4, 500), (Timeframe.D1, 3)]
)
async def test_candles_arrive_whole_closed_and_each_once(stage: Stage, timeframe: Timeframe, count: int) -> None:
    first = timeframe.last_closed_open(AT_MS) - (count - 1) * timeframe.ms
    told = await stage.market.candles(stage.symbol, timeframe, first, AT_MS + DAY_MS)
    true = stage.world.market.candles(stage.symbol, timeframe, first, AT_MS + DAY_MS, AT_MS)
    assert len(told) == count
    assert told.gaps() == ()
    for column in ("open_ms", "open", "high", "low", "close", "volume"):
        assert getattr(told, column).tolist() == getattr(true, column).tolist(), column


async def test_a_candle_is_told_when_it_has_closed_and_not_before(stage: Stage) -> None:
    minute = Timeframe.M1.open_at_or_before(AT_MS)
    await stage.step(59_000)
    assert len(await stage.market.candles(stage.symbol, Timeframe.M1, minute, AT_MS + DAY_MS)) == 0
    await stage.step(1_000)
    assert (await stage.market.candles(stage.symbol, Timeframe.M1, minute, AT_MS + DAY_MS)).open_ms.tolist() == [minute]


async def test_a_quote_is_the_book_and_the_mark_of_now(stage: Stage) -> None:
    quote = (await stage.market.quotes([stage.symbol]))[stage.symbol]
    true = stage.world.quote(stage.symbol)
    assert not isinstance(quote, ExchangeError)
    assert (quote.book.best_bid, quote.book.best_ask) == (true.bids[0].price, true.asks[0].price)
    assert quote.mark.price == true.mark
    assert AT_MS - 60_000 <= quote.mark.time_ms <= AT_MS
    assert quote.book.time_ms == AT_MS


async def test_a_symbol_that_is_not_listed_is_told_as_such(stage: Stage) -> None:
    with pytest.raises(UnknownSymbolError):
        await stage.market.candles(stage.terms.unlisted, Timeframe.M1, AT_MS - DAY_MS, AT_MS)
    assert isinstance((await stage.market.quotes([stage.terms.unlisted]))[stage.terms.unlisted], ExchangeError)


async def test_the_venue_s_clock_is_the_exchange_s(stage: Stage) -> None:
    await stage.step(90_000)
    assert await stage.market.server_time_ms() == AT_MS + 90_000
    assert stage.venue.clock.now_ms() == AT_MS + 90_000
