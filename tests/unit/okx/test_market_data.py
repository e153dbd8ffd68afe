"""Contracts, candles and quotes out of OKX's answers."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.okx.market_data import STANDARD_FEES
from mtf_adapters.okx.products import XPERP
from mtf_adapters.okx.tiers import KEPT_MS
from mtf_core.market import BracketUnit, Candles, ContractStatus, InvalidCandlesError, Timeframe
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError
from tests.unit.bitmart.loopback import Answer, Asked
from tests.unit.okx.desk import NOW_MS, Desk, desk, ok, refused
from tests.unit.okx.payloads import BTC, FEES, INSTRUMENT, MARK, PREOPEN, TICKER, TIERS, XBTC, XPERP_INSTRUMENT

MINUTE = 60_000
LAST_CLOSED = NOW_MS - MINUTE


def tiers_of(asked: Asked) -> Answer:
    families = asked.params["instFamily"].split(",")
    return ok(*({**row, "instFamily": family} for family in families for row in TIERS))


def listing(at: Desk, *rows: dict[str, Any]) -> None:
    at.answer("instruments", ok(*(rows or (INSTRUMENT,))))
    at.answer("tickers", ok(TICKER))
    at.answer("position-tiers", tiers_of)
    at.answer("trade-fee", ok(FEES))


async def test_a_contract_is_read_with_its_grid_its_turnover_and_the_account_s_fees() -> None:
    async with desk() as at:
        listing(at)
        (contract,) = await at.market.contracts()
        (asked,) = at.of("instruments")
    assert asked.params == {"instType": "SWAP"}
    assert (contract.symbol, contract.base_currency, contract.quote_currency) == (BTC, "BTC", "USDT")
    assert (contract.status, contract.tick_size, contract.size_step) == (
        ContractStatus.TRADING,
        Decimal("0.1"),
        Decimal("0.01"),
    )
    assert (contract.contract_size, contract.min_size) == (Decimal("0.01"), Decimal("0.01"))
    assert (contract.max_size, contract.max_market_size, contract.max_leverage) == (100_000_000, 34_000, 100)
    assert (contract.maker_fee, contract.taker_fee) == (Decimal("0.0001"), Decimal("0.0004"))
    assert contract.turnover_24h == Decimal("18273.64") * Decimal("61250.5")
    assert (contract.opened_at_ms, contract.expires_at_ms) == (1573557408000, 0)
    assert contract.brackets_in is BracketUnit.CONTRACTS
    assert [(one.notional_floor, one.notional_cap) for one in contract.brackets] == [(0, 2000), (2000, 5000)]
    assert contract.brackets_at(Decimal(100))[0].notional_cap == 2000 * Decimal("0.01") * 100


async def test_a_contract_s_size_counts_its_multiplier() -> None:
    async with desk() as at:
        listing(at, {**INSTRUMENT, "ctVal": "10", "ctMult": "100"})
        (contract,) = await at.market.contracts()
    assert contract.contract_size == 1000


async def test_perpetuals_of_the_eea_are_futures_with_a_day_of_expiry() -> None:
    async with desk(product=XPERP) as at:
        listing(at, XPERP_INSTRUMENT, {**XPERP_INSTRUMENT, "ruleType": "normal", "instId": "BTC-USD-260327"})
        (contract,) = await at.market.contracts()
        assert {asked.params["instType"] for asked in at.exchange.asked} == {"FUTURES"}
    assert (contract.symbol, contract.quote_currency, contract.expires_at_ms) == (XBTC, "USD", 1964592000000)


async def test_only_linear_contracts_of_the_currency_are_listed_and_those_that_are_announced_are_skipped(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with desk() as at:
        listing(
            at,
            INSTRUMENT,
            PREOPEN,
            {**INSTRUMENT, "instId": "BTC-USD-SWAP", "ctType": "inverse", "settleCcy": "BTC"},
            {**INSTRUMENT, "instId": "BTC-USDC-SWAP", "settleCcy": "USDC"},
            {**INSTRUMENT, "instId": "BTC-USD_UM-SWAP", "settleCcy": "USD"},
        )
        assert [one.symbol for one in await at.market.contracts()] == [BTC]
    assert not caplog.text, "a row that is only announced is nothing odd"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("live", ContractStatus.TRADING),
        ("suspend", ContractStatus.UNKNOWN),
        ("post_only", ContractStatus.UNKNOWN),
        ("rebase", ContractStatus.UNKNOWN),
        ("settling", ContractStatus.UNKNOWN),
        ("test", ContractStatus.UNKNOWN),
        ("expired", ContractStatus.DELISTED),
        ("a new word", ContractStatus.UNKNOWN),
    ],
)
async def test_only_a_live_contract_can_be_traded(state: str, status: ContractStatus) -> None:
    async with desk() as at:
        listing(at, {**INSTRUMENT, "state": state})
        (contract,) = await at.market.contracts()
    assert contract.status is status
    assert contract.is_tradable(NOW_MS) == (state == "live")


async def test_a_contract_whose_time_has_not_come_is_not_open_yet_and_one_that_ends_says_when() -> None:
    async with desk() as at:
        listing(at, {**INSTRUMENT, "listTime": str(NOW_MS + 1000), "expTime": str(NOW_MS + 9000)})
        (contract,) = await at.market.contracts()
    assert (contract.status, contract.expires_at_ms) == (ContractStatus.PRE_LAUNCH, NOW_MS + 9000)


@pytest.mark.parametrize(
    "odd",
    [{"tickSz": "0"}, {"minSz": "x"}, {"ctVal": ""}, {"maxLmtSz": "1e999999"}, {"lever": ""}],
    ids=["a tick of zero", "a size that is no number", "no contract size", "a number out of this world", "no leverage"],
)
async def test_one_odd_listing_is_left_out_and_said_and_the_others_stay(
    odd: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    async with desk() as at:
        listing(at, INSTRUMENT, {**INSTRUMENT, "instId": "ODD-USDT-SWAP", **odd})
        assert [one.symbol for one in await at.market.contracts()] == [BTC]
    assert "ODD-USDT-SWAP" in caplog.text


async def test_a_contract_without_a_ticker_or_a_trade_has_no_turnover() -> None:
    async with desk() as at:
        listing(at, INSTRUMENT, {**INSTRUMENT, "instId": "ETH-USDT-SWAP"})
        at.answer("tickers", ok({**TICKER, "last": "", "askPx": "", "bidPx": "", "volCcy24h": ""}))
        assert [one.turnover_24h for one in await at.market.contracts()] == [0, 0]


async def test_without_a_key_the_fees_are_the_standard_ones_and_nobody_is_asked() -> None:
    async with desk(credentials=None) as at:
        listing(at)
        (contract,) = await at.market.contracts()
        assert at.of("trade-fee") == []
    assert (contract.maker_fee, contract.taker_fee) == (STANDARD_FEES.maker, STANDARD_FEES.taker)


async def test_a_contract_has_the_fees_of_its_group_and_the_standard_ones_where_its_group_is_not_told() -> None:
    async with desk() as at:
        listing(at, *({**INSTRUMENT, "instId": f"{group}-USDT-SWAP", "groupId": group} for group in "459"))
        first, second, third = await at.market.contracts()
    assert (first.maker_fee, first.taker_fee) == (Decimal("0.0001"), Decimal("0.0004"))
    assert (second.maker_fee, second.taker_fee) == (Decimal("-0.00005"), Decimal("0.0003")), "a rebate is negative"
    assert (third.maker_fee, third.taker_fee) == (STANDARD_FEES.maker, STANDARD_FEES.taker)


async def test_a_key_that_is_refused_leaves_the_standard_fees_and_fees_that_cannot_be_read_are_no_fees() -> None:
    async with desk() as at:
        listing(at)
        at.answer("trade-fee", refused("50119", "API key doesn't exist", 401))
        (contract,) = await at.market.contracts()
        assert contract.taker_fee == STANDARD_FEES.taker
        at.answer("trade-fee", refused("50001", "unavailable", 503))
        with pytest.raises(ExchangeUnavailableError, match="trade-fee"):
            await at.market.contracts()


def coins(count: int) -> list[dict[str, Any]]:
    return [{**INSTRUMENT, "instId": f"C{n:03}-USDT-SWAP", "instFamily": f"C{n:03}-USDT"} for n in range(count)]


async def test_tiers_are_asked_for_by_five_families_a_call() -> None:
    async with desk() as at:
        listing(at, *coins(12))
        contracts = await at.market.contracts()
        calls = [asked.params["instFamily"].split(",") for asked in at.of("position-tiers")]
    assert sorted(map(len, calls)) == [2, 5, 5]
    assert len({family for call in calls for family in call}) == 12
    assert all(len(contract.brackets) == 2 for contract in contracts)


async def test_tiers_are_kept_and_only_what_is_new_is_asked_for() -> None:
    async with desk() as at:
        listing(at, *coins(5))
        await at.market.contracts()
        listing(at, *coins(6))
        at.wall.set(NOW_MS + KEPT_MS - 1)
        assert all(contract.brackets for contract in await at.market.contracts())
        assert [asked.params["instFamily"] for asked in at.of("position-tiers")][1:] == ["C005-USDT"]
        at.wall.set(NOW_MS + KEPT_MS)
        await at.market.contracts()
        assert len(at.of("position-tiers")) == 3


async def test_tiers_that_were_read_before_a_list_failed_are_kept_for_the_next() -> None:
    async with desk() as at:
        listing(at, *coins(10))
        at.answer("position-tiers", tiers_of, *[refused("50001", "unavailable", 503)] * 3, tiers_of)
        with pytest.raises(ExchangeUnavailableError, match="position-tiers"):
            await at.market.contracts()
        before = len(at.of("position-tiers"))
        assert all(contract.brackets for contract in await at.market.contracts())
        assert len(at.of("position-tiers")) == before + 1


async def test_a_family_that_the_exchange_does_not_know_has_no_tiers_and_the_others_have(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def without_one(asked: Asked) -> Answer:
        return refused("51001", "no such instrument") if "C001-USDT" in asked.params["instFamily"] else tiers_of(asked)

    async with desk() as at:
        listing(at, *coins(3))
        at.answer("position-tiers", without_one)
        assert [len(one.brackets) for one in await at.market.contracts()] == [2, 0, 2]
    assert "C001-USDT" in caplog.text


async def test_a_family_that_is_left_out_of_an_answer_is_asked_for_by_itself() -> None:
    def only_the_first(asked: Asked) -> Answer:
        return ok(*({**row, "instFamily": asked.params["instFamily"].split(",")[0]} for row in TIERS))

    async with desk() as at:
        listing(at, *coins(3))
        at.answer("position-tiers", only_the_first)
        assert all(len(one.brackets) == 2 for one in await at.market.contracts())
        assert len(at.of("position-tiers")) == 3


async def test_tiers_of_another_family_are_no_answer() -> None:
    async with desk() as at:
        listing(at)
        at.answer("position-tiers", ok({**TIERS[0], "instFamily": "ETH-USDT"}))
        with pytest.raises(ExchangeUnavailableError, match="answered with ETH-USDT"):
            await at.market.contracts()


def row(open_ms: int, confirm: str = "1") -> list[str]:
    return [str(open_ms), "100.5", "101", "99", "100", str(open_ms // MINUTE % 1000), "7", "700", confirm]


class Bars:
    """An endpoint of candles that reads its ends in one of the ways it may, and holds every minute up to the running
    one."""

    def __init__(self, *, ends_included: bool = False, most: int = 300, since_ms: int = 0) -> None:
        self.ends_included, self.most, self.since_ms = ends_included, most, since_ms
        self.lengths: list[int] = []

    def __call__(self, asked: Asked) -> Answer:
        after, before, limit = (int(asked.params[name]) for name in ("after", "before", "limit"))
        assert asked.params["bar"] == "1m"
        newest = min(after if self.ends_included else after - 1, NOW_MS) // MINUTE * MINUTE
        least = max(before if self.ends_included else before + 1, self.since_ms)
        opens = list(range(newest, least - 1, -MINUTE))
        self.lengths.append(len(opens))
        return ok(*(row(open_ms, "0" if open_ms == NOW_MS else "1") for open_ms in opens[: min(limit, self.most)]))


async def minutes(at: Desk, first_ms: int, last_ms: int) -> Candles:
    return await at.market.candles(BTC, Timeframe.M1, first_ms, last_ms)


@pytest.mark.parametrize("ends_included", [True, False])
@pytest.mark.parametrize("most", [300, 100])
async def test_whatever_the_exchange_makes_of_ends_and_limit_each_closed_candle_comes_once(
    ends_included: bool, most: int
) -> None:
    bars, first = Bars(ends_included=ends_included, most=most), NOW_MS - 703 * MINUTE
    async with desk() as at:
        at.answer("candles", bars)
        at.wall.set(NOW_MS + 5)
        candles = await minutes(at, first, NOW_MS + 5 * MINUTE)
    assert candles.open_ms.tolist() == list(range(first, NOW_MS, MINUTE))
    assert candles.volume.tolist() == [float(open_ms // MINUTE % 1000) for open_ms in candles.open_ms.tolist()]
    assert max(bars.lengths) <= 300, "no more is asked for than an answer may hold"
    assert len(bars.lengths) == (3 if most == 300 else 8)


async def test_what_is_older_than_the_quick_list_reaches_comes_from_the_history() -> None:
    first = NOW_MS - 1500 * MINUTE
    async with desk() as at:
        at.answer("candles", Bars())
        at.answer("history-candles", Bars(most=100))
        at.wall.set(NOW_MS + 5)
        candles = await minutes(at, first, NOW_MS)
        assert candles.open_ms.tolist() == list(range(first, NOW_MS, MINUTE))
        oldest_asked = min(int(asked.params["before"]) for asked in at.of("candles"))
        assert oldest_asked >= NOW_MS - 1440 * MINUTE
        assert at.of("history-candles")


async def test_both_ends_of_a_span_are_always_said() -> None:
    """Without the newer end the exchange answers its newest page, whatever the older one is."""
    async with desk() as at:
        at.answer("candles", Bars())
        at.wall.set(NOW_MS + 5)
        await minutes(at, LAST_CLOSED - MINUTE, LAST_CLOSED)
        (asked,) = at.of("candles")
    assert asked.params["after"] == str(LAST_CLOSED + 1)
    assert asked.params["before"] == str(LAST_CLOSED - MINUTE - 1)


async def test_candles_before_the_listing_do_not_come_and_are_asked_for_once() -> None:
    bars = Bars(since_ms=NOW_MS - 10 * MINUTE)
    async with desk() as at:
        at.answer("candles", bars)
        at.wall.set(NOW_MS + 5)
        candles = await minutes(at, NOW_MS - 200 * MINUTE, NOW_MS)
    assert len(candles) == 10
    assert len(bars.lengths) == 1


async def test_a_candle_that_runs_is_dropped_by_its_word_and_by_the_clock() -> None:
    async with desk() as at:
        at.answer("candles", ok(row(NOW_MS, "0"), row(LAST_CLOSED, "0"), row(LAST_CLOSED - MINUTE)))
        at.wall.set(NOW_MS + 5)
        assert (await minutes(at, LAST_CLOSED - MINUTE, NOW_MS)).open_ms.tolist() == [LAST_CLOSED - MINUTE]
        at.answer("candles", ok(row(LAST_CLOSED), row(LAST_CLOSED - MINUTE)))
        at.clock.measured(NOW_MS - 1000, NOW_MS + 5, NOW_MS + 5)  # ours is a second ahead: its minute has not ended
        assert (await minutes(at, LAST_CLOSED - MINUTE, NOW_MS)).open_ms.tolist() == [LAST_CLOSED - MINUTE]


async def test_holes_stay_holes_and_rows_that_were_not_asked_for_are_dropped() -> None:
    async with desk() as at:
        wanted = [LAST_CLOSED - 4 * MINUTE, LAST_CLOSED - MINUTE]
        at.answer("candles", ok(*map(row, [wanted[1], wanted[0], wanted[0], LAST_CLOSED - 9 * MINUTE])))
        found = await minutes(at, LAST_CLOSED - 5 * MINUTE, LAST_CLOSED)
    assert found.open_ms.tolist() == wanted


@pytest.mark.parametrize(
    ("timeframe", "word"),
    [("1m", "1m"), ("5m", "5m"), ("15m", "15m"), ("1h", "1H"), ("4h", "4H"), ("1d", "1Dutc")],
)
async def test_bars_have_the_words_that_open_at_utc(timeframe: str, word: str) -> None:
    async with desk() as at:
        at.answer("history-candles", ok())
        at.answer("candles", ok())
        await at.market.candles(BTC, Timeframe(timeframe), NOW_MS - 3 * 86_400_000, NOW_MS)
        assert {asked.params["bar"] for asked in at.exchange.asked} == {word}


async def test_a_span_without_a_closed_candle_is_not_asked_for() -> None:
    async with desk() as at:
        assert len(await at.market.candles(BTC, Timeframe.H1, NOW_MS, NOW_MS + 3_600_000)) == 0
        assert at.exchange.asked == []


async def test_candles_of_an_unknown_symbol_are_told_as_such() -> None:
    async with desk() as at:
        at.wall.set(NOW_MS + 5)
        at.answer("candles", refused("51001", "Instrument ID does not exist"))
        with pytest.raises(UnknownSymbolError):
            await minutes(at, LAST_CLOSED, NOW_MS)


@pytest.mark.parametrize(
    "rows",
    [
        [[str(LAST_CLOSED), "100", "1", "99", "100", "1", "1", "1", "1"]],
        [row(LAST_CLOSED - 30_000)],
        [row(LAST_CLOSED, "2")],
        [row(LAST_CLOSED)[:6]],
        [{"ts": str(LAST_CLOSED)}],
        [[str(LAST_CLOSED), "", "101", "99", "100", "1", "1", "1", "1"]],
    ],
    ids=["a high below", "off the grid", "an unknown word", "too short", "no list", "no open"],
)
async def test_candles_that_cannot_be_are_an_error_not_candles(rows: Sequence[Any]) -> None:
    async with desk() as at:
        at.wall.set(NOW_MS + 5)
        at.answer("candles", ok(*rows))
        with pytest.raises(ExchangeError) as caught:
            await minutes(at, LAST_CLOSED - MINUTE, NOW_MS)
    assert not isinstance(caught.value, InvalidCandlesError)


async def test_a_page_that_does_not_get_older_is_no_answer() -> None:
    async with desk() as at:
        newest = [row(LAST_CLOSED - n * MINUTE) for n in range(100)]
        at.answer("candles", ok(*newest))
        at.wall.set(NOW_MS + 5)
        with pytest.raises(ExchangeUnavailableError, match="newer"):
            await minutes(at, LAST_CLOSED - 250 * MINUTE, NOW_MS)


async def test_one_quote_is_asked_for_by_itself() -> None:
    async with desk() as at:
        at.answer("ticker", ok(TICKER))
        at.answer("mark-price", ok(MARK))
        quote = (await at.market.quotes([BTC]))[BTC]
        assert {asked.path.rpartition("/")[2]: asked.params for asked in at.exchange.asked} == {
            "ticker": {"instId": BTC},
            "mark-price": {"instType": "SWAP", "instId": BTC},
        }
    assert not isinstance(quote, ExchangeError)
    assert (quote.book.best_bid, quote.book.best_ask) == (Decimal("61250.4"), Decimal("61250.6"))
    assert (quote.book.time_ms, quote.mark.price, quote.mark.time_ms) == (
        1767225600456,
        Decimal("61250.1"),
        1767225600500,
    )


async def test_many_quotes_are_two_calls_and_what_is_not_shown_is_that_symbol_s_error() -> None:
    eth, sol = "ETH-USDT-SWAP", "SOL-USDT-SWAP"
    async with desk() as at:
        at.answer("tickers", ok(TICKER, {**TICKER, "instId": eth}))
        at.answer("mark-price", ok(MARK, {**MARK, "instId": sol}))
        found = await at.market.quotes([BTC, eth, sol])
        assert sorted(asked.path.rpartition("/")[2] for asked in at.exchange.asked) == ["mark-price", "tickers"]
    assert not isinstance(found[BTC], ExchangeError)
    assert "mark price" in str(found[eth])
    assert "ticker" in str(found[sol])
    assert isinstance(found[sol], UnknownSymbolError)


async def test_no_symbol_is_no_call() -> None:
    async with desk() as at:
        assert await at.market.quotes([]) == {}
        assert at.exchange.asked == []


QUOTES: list[tuple[Answer, Answer]] = [
    (ok({**TICKER, "bidPx": ""}), ok(MARK)),
    (ok({**TICKER, "askPx": "0"}), ok(MARK)),
    (ok({**TICKER, "askPx": "1"}), ok(MARK)),
    (ok({**TICKER, "askPx": "x"}), ok(MARK)),
    (ok(), ok(MARK)),
    (ok(TICKER), ok()),
    (ok(TICKER), ok({**MARK, "markPx": ""})),
    (ok(TICKER), ok({**MARK, "instId": "ETH-USDT-SWAP"})),
    (ok({**TICKER, "instId": "ETH-USDT-SWAP"}), ok(MARK)),
    (ok(TICKER, TICKER), ok(MARK)),
    (refused("51001", "no such instrument"), ok(MARK)),
]


@pytest.mark.parametrize(
    ("ticker", "mark"),
    QUOTES,
    ids=[
        "no bid",
        "an ask of zero",
        "crossed",
        "a price that is none",
        "no ticker",
        "no mark",
        "an empty mark",
        "another's mark",
        "another's ticker",
        "two tickers",
        "no symbol",
    ],
)
async def test_a_quote_that_lacks_something_is_that_symbol_s_error(ticker: Answer, mark: Answer) -> None:
    async with desk() as at:
        at.answer("ticker", ticker)
        at.answer("mark-price", mark)
        found = await at.market.quotes([BTC])
    assert isinstance(found[BTC], ExchangeError)


async def test_many_quotes_fail_together_where_the_call_fails() -> None:
    async with desk() as at:
        at.answer("tickers", refused("50001", "unavailable", 503))
        at.answer("mark-price", ok(MARK))
        with pytest.raises(ExchangeUnavailableError, match="tickers"):
            await at.market.quotes([BTC, "ETH-USDT-SWAP"])
