"""Contracts, candles and quotes out of BitMart's answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.bitmart.market_data import STANDARD_FEES
from mtf_core.market import ContractStatus, InvalidCandlesError, Timeframe
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError
from tests.unit.bitmart.desk import NOW_MS, Desk, desk
from tests.unit.bitmart.loopback import Answer, Asked, ok, refused
from tests.unit.bitmart.payloads import BRACKETS, CONTRACT, DEPTH, FEES

MINUTE = 60_000
LAST_CLOSED = NOW_MS - MINUTE


def listing(at: Desk, *changes: dict[str, Any]) -> None:
    at.exchange.answer("details", ok({"symbols": [{**CONTRACT, **one} for one in changes or ({},)]}))
    at.exchange.answer("leverage-bracket", ok(BRACKETS))
    at.exchange.answer("trade-fee-rate", ok(FEES))


async def test_a_contract_is_read_with_its_grid_its_brackets_and_the_account_s_fees() -> None:
    async with desk() as at:
        listing(at)
        (contract,) = await at.market.contracts()
    assert (contract.symbol, contract.status) == ("BTCUSDT", ContractStatus.TRADING)
    assert (contract.tick_size, contract.size_step, contract.contract_size) == (
        Decimal("0.1"),
        Decimal(1),
        Decimal("0.001"),
    )
    assert (contract.max_size, contract.max_market_size, contract.max_leverage) == (500_000, 300_000, 100)
    assert (contract.maker_fee, contract.taker_fee) == (Decimal("0.0001"), Decimal("0.0005"))
    assert (contract.opened_at_ms, contract.expires_at_ms) == (1594080000000, 0)
    assert [(one.notional_floor, one.notional_cap, one.max_leverage) for one in contract.brackets] == [
        (0, 10_000, 50),
        (10_000, 100_000, 25),
    ]
    assert (contract.brackets[1].maintenance_margin_ratio, contract.brackets[1].maintenance_amount) == (
        Decimal("0.02"),
        100,
    )


async def test_without_a_key_the_fees_are_the_standard_ones_and_nobody_is_asked() -> None:
    async with desk(credentials=None) as at:
        listing(at)
        (contract,) = await at.market.contracts()
        assert at.exchange.of("trade-fee-rate") == []
    assert (contract.maker_fee, contract.taker_fee) == (STANDARD_FEES.maker, STANDARD_FEES.taker)


async def test_a_key_that_is_refused_leaves_the_standard_fees_and_fees_that_cannot_be_read_are_no_fees() -> None:
    async with desk() as at:
        listing(at)
        at.exchange.answer("trade-fee-rate", refused(30002, "unknown key", 401))
        (contract,) = await at.market.contracts()
        assert (contract.maker_fee, contract.taker_fee) == (STANDARD_FEES.maker, STANDARD_FEES.taker)
        at.exchange.answer("trade-fee-rate", refused(30014, status=503))
        with pytest.raises(ExchangeUnavailableError, match="trade-fee-rate"):
            await at.market.contracts()


async def test_only_perpetuals_in_usdt_are_listed_whatever_their_status() -> None:
    async with desk() as at:
        listing(
            at,
            {"symbol": "AUSDT"},
            {"symbol": "BUSDC", "quote_currency": "USDC"},
            {"symbol": "CUSDT", "product_type": 2},
            {"symbol": "DUSD", "quote_currency": "USD", "contract_size": None},
            {"symbol": "EUSDT", "status": "Delisted", "delist_time": 1767000000},
            {"symbol": "FUSDT", "status": "Paused"},
            {"symbol": "GUSDT", "open_timestamp": NOW_MS + 1000},
            {"symbol": "HUSDT", "product_type": "1", "expire_timestamp": None},
        )
        contracts = await at.market.contracts()
    assert {one.symbol: one.status for one in contracts} == {
        "AUSDT": ContractStatus.TRADING,
        "EUSDT": ContractStatus.DELISTED,
        "FUSDT": ContractStatus.UNKNOWN,
        "GUSDT": ContractStatus.PRE_LAUNCH,
        "HUSDT": ContractStatus.TRADING,
    }
    assert {one.symbol: one.expires_at_ms for one in contracts if one.expires_at_ms} == {"EUSDT": 1767000000_000}


@pytest.mark.parametrize(
    "odd",
    [{"price_precision": "0"}, {"min_volume": "x"}, {"contract_size": ""}, {"max_volume": "1e999999"}],
    ids=["a tick of zero", "a size that is no number", "no contract size", "a number out of this world"],
)
async def test_one_odd_listing_is_left_out_and_said_and_the_others_stay(
    odd: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as at:
        listing(at, {"symbol": "AUSDT"}, {"symbol": "BUSDT", **odd})
        contracts = await at.market.contracts()
    assert [one.symbol for one in contracts] == ["AUSDT"]
    assert "BUSDT" in caplog.text


async def test_numbers_may_come_as_numbers_or_as_text() -> None:
    async with desk() as at:
        text = json.dumps({**CONTRACT, "contract_size": 0.001, "min_leverage": 1, "open_timestamp": "1594080000000"})
        at.exchange.answer("details", Answer(f'{{"code":1000,"data":{{"symbols":[{text}]}}}}'.encode()))
        at.exchange.answer("leverage-bracket", ok({"rules": []}))
        at.exchange.answer("trade-fee-rate", ok(FEES))
        (contract,) = await at.market.contracts()
    assert (contract.contract_size, contract.opened_at_ms) == (Decimal("0.001"), 1594080000000)


async def test_contracts_without_their_brackets_are_no_answer() -> None:
    async with desk() as at:
        listing(at)
        at.exchange.answer("leverage-bracket", refused(30014, status=503))
        with pytest.raises(ExchangeUnavailableError, match="leverage-bracket"):
            await at.market.contracts()


def rows(opens_ms: Sequence[int], *, late_s: int = 0) -> list[dict[str, Any]]:
    return [
        {
            "timestamp": open_ms // 1000 + late_s,
            "open_price": "100.5",
            "high_price": "101",
            "low_price": 99,
            "close_price": "100",
            "volume": str(open_ms // MINUTE % 1000),
        }
        for open_ms in opens_ms
    ]


class Klines:
    """A kline endpoint that reads its ends in one of the ways it may, and holds every minute up to the forming one."""

    def __init__(self, *, first_included: bool, last_included: bool, late_s: int) -> None:
        self.first_included, self.last_included, self.late_s = first_included, last_included, late_s
        self.lengths: list[int] = []

    def answer(self, asked: Asked) -> Answer:
        start, end, step = (int(asked.params[name]) for name in ("start_time", "end_time", "step"))
        stamps = range(start - start % 60 - 60, end + 61, 60)
        found = []
        for open_s in stamps:
            stamp = open_s + self.late_s
            after = stamp >= start if self.first_included else stamp > start
            before = stamp <= end if self.last_included else stamp < end
            if after and before and open_s * 1000 <= NOW_MS:
                found.append(open_s * 1000)
        self.lengths.append(len(found))
        assert step == 1
        return ok(rows(found[:500], late_s=self.late_s))


@pytest.mark.parametrize("first_included", [True, False])
@pytest.mark.parametrize("last_included", [True, False])
@pytest.mark.parametrize("late_s", [0, 1])
async def test_whatever_the_exchange_makes_of_a_span_each_closed_candle_comes_once(
    first_included: bool, last_included: bool, late_s: int
) -> None:
    klines = Klines(first_included=first_included, last_included=last_included, late_s=late_s)
    first = NOW_MS - 1203 * MINUTE
    async with desk() as at:
        at.exchange.computed = klines.answer
        at.wall.set(NOW_MS + 5)
        candles = await at.market.candles("BTCUSDT", Timeframe.M1, first, NOW_MS + 5 * MINUTE)
    assert candles.open_ms.tolist() == list(range(first, NOW_MS, MINUTE))
    assert candles.volume.tolist() == [float(open_ms // MINUTE % 1000) for open_ms in candles.open_ms.tolist()]
    assert len(klines.lengths) == 3
    assert max(klines.lengths) <= 500, "no more is asked for than an answer may hold"


async def test_a_candle_that_is_forming_by_the_exchange_s_clock_is_dropped() -> None:
    async with desk() as at:
        at.exchange.answer("kline", ok(rows([LAST_CLOSED - MINUTE, LAST_CLOSED, NOW_MS])))
        at.wall.set(NOW_MS + 5)
        assert await closed(at) == [LAST_CLOSED - MINUTE, LAST_CLOSED]
        at.clock.measured(NOW_MS - 1000, NOW_MS + 5, NOW_MS + 5)  # ours is a second ahead: its minute has not ended
        assert await closed(at) == [LAST_CLOSED - MINUTE]


async def closed(at: Desk) -> list[int]:
    found = await at.market.candles("BTCUSDT", Timeframe.M1, LAST_CLOSED - MINUTE, NOW_MS)
    opens: list[int] = found.open_ms.tolist()
    return opens


async def test_a_candle_counts_as_closed_only_beyond_what_the_clock_may_err() -> None:
    async with desk() as at:
        at.exchange.answer("kline", ok(rows([LAST_CLOSED - MINUTE, LAST_CLOSED])))
        at.clock.measured(NOW_MS + 150, NOW_MS - 200, NOW_MS + 200)
        at.wall.set(NOW_MS)
        assert await closed(at) == [LAST_CLOSED - MINUTE]
        at.wall.set(NOW_MS + 100)
        assert await closed(at) == [LAST_CLOSED - MINUTE, LAST_CLOSED]


async def test_holes_stay_holes_and_rows_that_were_not_asked_for_are_dropped() -> None:
    async with desk() as at:
        asked = [LAST_CLOSED - 4 * MINUTE, LAST_CLOSED - MINUTE]
        at.exchange.answer("kline", ok(rows([LAST_CLOSED - 9 * MINUTE, *asked, asked[1]])))
        found = await at.market.candles("BTCUSDT", Timeframe.M1, LAST_CLOSED - 5 * MINUTE, LAST_CLOSED)
    assert found.open_ms.tolist() == asked


async def test_a_span_without_a_closed_candle_is_not_asked_for() -> None:
    async with desk() as at:
        assert len(await at.market.candles("BTCUSDT", Timeframe.H1, NOW_MS, NOW_MS + 3_600_000)) == 0
        assert at.exchange.asked == []


async def test_candles_of_an_unknown_symbol_are_told_as_such() -> None:
    async with desk() as at:
        at.exchange.answer("kline", refused(40034, "Symbol Not Exist"))
        with pytest.raises(UnknownSymbolError):
            await closed(at)


async def test_candles_that_cannot_be_are_an_error_not_candles() -> None:
    async with desk() as at:
        at.wall.set(NOW_MS + 5)
        at.exchange.answer("kline", ok([{**rows([LAST_CLOSED])[0], "high_price": "1"}]))
        with pytest.raises(ExchangeError, match="candles that cannot be") as caught:
            await closed(at)
    assert not isinstance(caught.value, InvalidCandlesError)


async def test_a_quote_is_the_top_of_the_book_and_the_newest_mark_price() -> None:
    async with desk() as at:
        at.exchange.answer("depth", ok(DEPTH))
        at.exchange.answer("markprice-kline", ok(rows([NOW_MS - 2 * MINUTE, LAST_CLOSED])))
        quote = (await at.market.quotes(["BTCUSDT"]))["BTCUSDT"]
    assert not isinstance(quote, ExchangeError)
    assert (quote.book.best_bid, quote.book.best_ask, quote.book.time_ms) == (
        Decimal("61250.4"),
        Decimal("61250.6"),
        1767225600456,
    )
    assert (quote.mark.price, quote.mark.time_ms) == (100, NOW_MS), "a candle that closed shows the mark of its end"


@pytest.mark.parametrize(
    ("depth", "marks"),
    [
        (ok({**DEPTH, "bids": None}), ok(rows([LAST_CLOSED]))),
        (ok({**DEPTH, "asks": []}), ok(rows([LAST_CLOSED]))),
        (ok({**DEPTH, "asks": [["1", "1"]]}), ok(rows([LAST_CLOSED]))),
        (ok({**DEPTH, "asks": [["x", "1"]]}), ok(rows([LAST_CLOSED]))),
        (ok(None), ok(rows([LAST_CLOSED]))),
        (ok(DEPTH), ok([])),
        (ok(DEPTH), ok(None)),
        (ok(DEPTH), ok([{**rows([LAST_CLOSED])[0], "close_price": "0"}])),
        (refused(40034, "Symbol Not Exist"), ok(rows([LAST_CLOSED]))),
    ],
    ids=[
        "no bids",
        "no asks",
        "crossed",
        "a price that is none",
        "no book",
        "no mark",
        "null marks",
        "a mark of zero",
        "no symbol",
    ],
)
async def test_a_quote_that_lacks_something_is_that_symbol_s_error(depth: Answer, marks: Answer) -> None:
    async with desk() as at:
        at.exchange.answer("depth", depth)
        at.exchange.answer("markprice-kline", marks)
        found = await at.market.quotes(["BTCUSDT"])
    assert isinstance(found["BTCUSDT"], ExchangeError)


async def test_a_mark_price_of_a_candle_that_closed_is_as_old_as_its_end() -> None:
    async with desk() as at:
        at.wall.set(NOW_MS + 40_000)
        at.exchange.answer("depth", ok(DEPTH))
        at.exchange.answer("markprice-kline", ok(rows([LAST_CLOSED])))
        closed_mark = (await at.market.quotes(["BTCUSDT"]))["BTCUSDT"]
        at.exchange.answer("markprice-kline", ok(rows([LAST_CLOSED, NOW_MS])))
        forming_mark = (await at.market.quotes(["BTCUSDT"]))["BTCUSDT"]
    assert not isinstance(closed_mark, ExchangeError)
    assert not isinstance(forming_mark, ExchangeError)
    assert (closed_mark.mark.time_ms, forming_mark.mark.time_ms) == (NOW_MS, NOW_MS + 40_000)


async def test_a_span_that_begins_within_a_candle_begins_with_the_next() -> None:
    async with desk() as at:
        at.wall.set(NOW_MS + 5)
        at.exchange.answer("kline", ok(rows([LAST_CLOSED - MINUTE, LAST_CLOSED])))
        found = await at.market.candles("BTCUSDT", Timeframe.M1, LAST_CLOSED - 30_000, NOW_MS)
    assert found.open_ms.tolist() == [LAST_CLOSED]
