"""The universe that a generated exchange lists, and its books."""

from decimal import Decimal
from itertools import pairwise

import pytest

from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_adapters.sandbox.listing import invented_name, listings
from mtf_core.market import DAY_MS, Contract, MarkPrice, Timeframe, TopOfBook
from mtf_core.ports import UnknownSymbolError

NOON_MS = REFERENCE_MS + DAY_MS // 2
MARKET = GeneratedMarket(5)
CONTRACTS = MARKET.contracts(NOON_MS)
HOURS_880_MS = 880 * 3_600_000


def test_all_contracts_are_listed_sorted_by_symbol():
    symbols = [contract.symbol for contract in CONTRACTS]
    assert len(set(symbols)) == 300
    assert symbols == sorted(symbols)
    assert {"BTCUSDT", "ETHUSDT"} <= set(symbols)


def test_most_contracts_pass_the_shipped_selection_and_some_fail_each_filter():
    """Thresholds of `mtf_contracts`: USDT, trading, turnover above 8 million, older than 880 hours."""
    assert sum(_selected(contract) for contract in CONTRACTS) > 200
    assert any(contract.quote_currency != "USDT" for contract in CONTRACTS)
    assert {contract.status for contract in CONTRACTS} == {"trading", "close_only", "delisted"}
    assert any(0 < contract.expires_at_ms < NOON_MS for contract in CONTRACTS)
    assert any(NOON_MS - contract.opened_at_ms < HOURS_880_MS for contract in CONTRACTS)
    assert any(contract.turnover_24h < 1_500_000 for contract in CONTRACTS)
    assert any(1_500_000 <= contract.turnover_24h <= 8_000_000 for contract in CONTRACTS)


def _selected(contract: Contract) -> bool:
    return (
        contract.quote_currency == "USDT"
        and contract.status == "trading"
        and not 0 < contract.expires_at_ms <= NOON_MS
        and contract.turnover_24h > 8_000_000
        and NOON_MS - contract.opened_at_ms >= HOURS_880_MS
    )


def test_price_levels_ticks_and_contract_sizes_span_many_decades():
    levels = [listing.price_level for listing in listings(5, 300, REFERENCE_MS)]
    assert min(levels) < 1e-5
    assert max(levels) > 1e4
    assert len({contract.tick_size for contract in CONTRACTS}) > 8
    assert sum(contract.contract_size != 1 for contract in CONTRACTS) > 200
    assert {contract.size_step for contract in CONTRACTS} == {Decimal(1), Decimal(10)}


def test_limits_lie_on_the_size_grid():
    for contract in CONTRACTS:
        for size in (contract.min_size, contract.max_size, contract.max_market_size):
            assert size % contract.size_step == 0
        assert contract.min_size < contract.max_market_size < contract.max_size


def test_brackets_follow_on_each_other_with_continuous_margin():
    for contract in CONTRACTS:
        brackets = contract.brackets
        assert 5 <= len(brackets) <= 8
        assert brackets[0].notional_floor == 0
        assert brackets[0].max_leverage == contract.max_leverage
        for lower, upper in pairwise(brackets):
            edge = lower.notional_cap
            assert upper.notional_floor == edge
            assert upper.max_leverage < lower.max_leverage
            assert upper.maintenance_margin_ratio > lower.maintenance_margin_ratio
            margin_below = edge * lower.maintenance_margin_ratio - lower.maintenance_amount
            assert edge * upper.maintenance_margin_ratio - upper.maintenance_amount == margin_below


def test_a_longer_universe_begins_with_the_shorter_one():
    assert listings(5, 100, REFERENCE_MS)[:40] == listings(5, 40, REFERENCE_MS)


def test_invented_names_never_repeat():
    assert len({invented_name(number) for number in range(2000)}) == 2000


def test_the_turnover_is_what_the_last_24_hours_traded():
    """Typical price times contracts times contract size over 24 closed hourly candles, asked independently as one."""
    day = MARKET.candles("SOLUSDT", Timeframe.H1, NOON_MS - DAY_MS, NOON_MS - 1, NOON_MS)
    assert len(day) == 24
    sol = next(contract for contract in CONTRACTS if contract.symbol == "SOLUSDT")
    between = (float(day.low.min()), float(day.high.max()))
    contracts = float(day.volume.sum()) * float(sol.contract_size)
    assert contracts * between[0] < float(sol.turnover_24h) < contracts * between[1]


def test_books_are_narrow_on_the_grid_and_around_the_price():
    for contract in CONTRACTS:
        quote = MARKET.prices(contract.symbol, NOON_MS + 12_345)
        book = TopOfBook(contract.symbol, quote.bid, quote.ask, NOON_MS)
        MarkPrice(contract.symbol, quote.mark, NOON_MS)
        assert all(price % contract.tick_size == 0 for price in (quote.bid, quote.ask, quote.mark))
        assert quote.bid <= quote.last <= quote.ask
        assert quote.ask - quote.bid == contract.tick_size or book.spread_ratio < Decimal("0.001")
        assert abs(quote.mark / book.mid - 1) < Decimal("0.002")


def test_the_liquid_have_narrower_books_than_the_thin():
    by_turnover = sorted(CONTRACTS, key=lambda contract: contract.turnover_24h)
    spreads = [_spread(contract.symbol) for contract in by_turnover]
    assert sum(spreads[:50]) > 2 * sum(spreads[-50:])


def _spread(symbol: str) -> float:
    quote = MARKET.prices(symbol, NOON_MS)
    return float((quote.ask - quote.bid) / quote.last)


def test_the_price_at_the_turn_of_a_minute_is_the_close_of_the_candle_before():
    last = MARKET.candles("ETHUSDT", Timeframe.M1, NOON_MS - 60_000, NOON_MS - 60_000, NOON_MS)
    assert float(MARKET.prices("ETHUSDT", NOON_MS).last) == last.close[-1]


def test_the_price_within_a_minute_stays_within_the_candle_it_becomes():
    candle = MARKET.candles("ETHUSDT", Timeframe.M1, NOON_MS, NOON_MS, NOON_MS + 60_000)
    prices = [float(MARKET.prices("ETHUSDT", NOON_MS + ms).last) for ms in range(0, 60_000, 1_000)]
    assert candle.low[0] <= min(prices)
    assert max(prices) <= candle.high[0]
    assert len(set(prices)) > 10


def test_an_unknown_symbol_is_named():
    with pytest.raises(UnknownSymbolError, match="'NOPEUSDT'"):
        MARKET.prices("NOPEUSDT", NOON_MS)
