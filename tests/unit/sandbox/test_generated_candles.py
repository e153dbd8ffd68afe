"""Laws of generated candles: determinism in any order, agreement of all timeframes, grid, shape."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtf_adapters.sandbox.character import MarketCharacter
from mtf_adapters.sandbox.generated import REFERENCE_MS, GeneratedMarket
from mtf_adapters.sandbox.listing import listings
from mtf_core.market import COLUMNS, DAY_MS, MINUTE_MS, Candles, Timeframe
from mtf_core.ports import UnknownSymbolError

SEED = 11
FAR_FUTURE_MS = REFERENCE_MS + 1000 * DAY_MS
MARKET = GeneratedMarket(SEED, symbols=60)
SYMBOLS = [contract.symbol for contract in MARKET.contracts(REFERENCE_MS)]
SYMBOLS_AS_LISTED = [listing.symbol for listing in listings(SEED, 60, REFERENCE_MS)]

symbols = st.sampled_from(SYMBOLS)
timeframes = st.sampled_from(list(Timeframe))
instants = st.integers(REFERENCE_MS - 300 * DAY_MS, REFERENCE_MS + 300 * DAY_MS)


def window(market: GeneratedMarket, symbol: str, timeframe: Timeframe, start_ms: int, count: int) -> Candles:
    first = timeframe.open_at_or_before(start_ms)
    return market.candles(symbol, timeframe, first, first + (count - 1) * timeframe.ms, FAR_FUTURE_MS)


def identical(left: Candles, right: Candles) -> bool:
    return all(np.array_equal(getattr(left, name), getattr(right, name)) for name in ("open_ms", *COLUMNS))


@given(symbols, timeframes, instants, st.integers(1, 300), st.data())
def test_a_part_of_a_window_is_the_same_as_that_part_asked_alone(symbol, timeframe, start_ms, count, data):
    whole = window(GeneratedMarket(SEED, symbols=60), symbol, timeframe, start_ms, count)
    if not len(whole):
        return  # the window lies before the contract opened
    first = data.draw(st.integers(0, len(whole) - 1))
    length = data.draw(st.integers(1, len(whole) - first))
    alone = window(MARKET, symbol, timeframe, int(whole.open_ms[first]), length)
    assert identical(alone, whole[first : first + length])


def test_the_order_of_questions_changes_no_answer():
    questions = [
        (symbol, timeframe, REFERENCE_MS - day * DAY_MS)
        for symbol in SYMBOLS[:3]
        for timeframe in Timeframe
        for day in (1, 50, 100, 600)
    ]
    forwards, backwards = GeneratedMarket(SEED, symbols=60), GeneratedMarket(SEED, symbols=60)
    there = [window(forwards, *question, 40) for question in questions]
    back = [window(backwards, *question, 40) for question in reversed(questions)]
    assert all(identical(one, other) for one, other in zip(there, reversed(back), strict=True))


@given(symbols, timeframes, instants, st.sampled_from([1, 20, 33]))
def test_a_symbol_computed_alone_is_the_same_as_among_all_others(symbol, timeframe, start_ms, count):
    size = SYMBOLS_AS_LISTED.index(symbol) + 1
    smaller = GeneratedMarket(SEED, symbols=size)
    assert identical(
        window(smaller, symbol, timeframe, start_ms, count), window(MARKET, symbol, timeframe, start_ms, count)
    )


def test_stored_periods_stay_few_and_come_back_the_same():
    market = GeneratedMarket(SEED, symbols=1)
    before = window(market, "BTCUSDT", Timeframe.M5, REFERENCE_MS, 50)
    for day in range(0, 1200, 40):
        for count in (1, 100):
            window(market, "BTCUSDT", Timeframe.M5, REFERENCE_MS - day * DAY_MS, count)
    assert (len(market._alone["BTCUSDT"]._stored), len(market._all._stored)) == (12, 2)
    assert len(market._windows) == 16
    assert identical(window(market, "BTCUSDT", Timeframe.M5, REFERENCE_MS, 50), before)


@given(symbols, timeframes, instants)
def test_every_timeframe_is_the_exact_aggregation_of_every_lower_one(symbol, timeframe, start_ms):
    higher = window(MARKET, symbol, timeframe, start_ms, 2)
    for lower in Timeframe:
        if lower.ms < timeframe.ms and len(higher):
            parts = MARKET.candles(symbol, lower, int(higher.open_ms[0]), higher.end_ms - lower.ms, FAR_FUTURE_MS)
            assert identical(parts.aggregated(timeframe), higher)


@given(symbols, timeframes, instants, st.integers(1, 400))
def test_candles_are_valid_and_without_gaps(symbol, timeframe, start_ms, count):
    candles = window(MARKET, symbol, timeframe, start_ms, count)
    Candles.checked(timeframe, candles.open_ms, *(getattr(candles, name) for name in COLUMNS))
    assert candles.gaps() == ()


@given(symbols, instants)
def test_a_candle_opens_where_the_one_before_closed(symbol, start_ms):
    candles = window(MARKET, symbol, Timeframe.M1, start_ms, 2000)
    assert np.array_equal(candles.open[1:], candles.close[:-1])


@given(symbols, timeframes, instants)
def test_every_price_is_the_float_of_a_decimal_on_the_tick_grid(symbol, timeframe, start_ms):
    tick = next(contract.tick_size for contract in MARKET.contracts(REFERENCE_MS) if contract.symbol == symbol)
    candles = window(MARKET, symbol, timeframe, start_ms, 20)
    for name in COLUMNS[:4]:
        for price in getattr(candles, name):
            exact = round(Decimal(repr(float(price))) / tick) * tick
            assert float(exact) == float(price)


@given(symbols, timeframes, instants)
def test_volumes_are_whole_contracts(symbol, timeframe, start_ms):
    volume = window(MARKET, symbol, timeframe, start_ms, 50).volume
    assert np.array_equal(volume, np.rint(volume))


def test_another_seed_is_another_market():
    other = GeneratedMarket(SEED + 1, symbols=60)
    mine, theirs = (window(market, "BTCUSDT", Timeframe.H1, REFERENCE_MS, 50) for market in (MARKET, other))
    assert not np.array_equal(mine.close, theirs.close)


def test_a_symbol_does_not_depend_on_how_many_are_listed():
    few = GeneratedMarket(SEED, symbols=20)
    symbol = few.contracts(REFERENCE_MS)[0].symbol
    assert identical(
        window(few, symbol, Timeframe.M5, REFERENCE_MS, 100), window(MARKET, symbol, Timeframe.M5, REFERENCE_MS, 100)
    )


def test_only_closed_candles_are_served():
    now_ms = REFERENCE_MS + 90_500
    candles = MARKET.candles("BTCUSDT", Timeframe.M1, REFERENCE_MS, REFERENCE_MS + DAY_MS, now_ms)
    assert candles.open_ms.tolist() == [REFERENCE_MS]
    at_close = MARKET.candles(
        "BTCUSDT", Timeframe.M1, REFERENCE_MS, REFERENCE_MS + DAY_MS, REFERENCE_MS + 2 * MINUTE_MS
    )
    assert len(at_close) == 2


def test_a_window_whose_end_lies_before_its_start_is_empty():
    assert len(MARKET.candles("BTCUSDT", Timeframe.M1, REFERENCE_MS, REFERENCE_MS - DAY_MS, FAR_FUTURE_MS)) == 0


def test_no_candle_begins_before_its_contract_opened():
    young = max(MARKET.contracts(REFERENCE_MS), key=lambda contract: contract.opened_at_ms)
    for timeframe in Timeframe:
        candles = MARKET.candles(young.symbol, timeframe, 0, REFERENCE_MS, REFERENCE_MS)
        assert int(candles.open_ms[0]) >= young.opened_at_ms
        assert int(candles.open_ms[0]) - young.opened_at_ms < timeframe.ms


def test_a_contract_is_unknown_before_it_opened():
    young = max(MARKET.contracts(REFERENCE_MS), key=lambda contract: contract.opened_at_ms)
    before_ms = young.opened_at_ms - 1
    assert young.symbol not in {contract.symbol for contract in MARKET.contracts(before_ms)}
    with pytest.raises(UnknownSymbolError, match=young.symbol):
        MARKET.candles(young.symbol, Timeframe.M1, 0, before_ms, before_ms)


def test_an_instant_long_before_1970_works_like_any_other():
    """Periods are counted from 1970 in both directions; no history is walked through."""
    market = GeneratedMarket(SEED, symbols=1, reference_ms=-20 * 365 * DAY_MS)
    candles = window(market, "BTCUSDT", Timeframe.H1, -21 * 365 * DAY_MS, 500)
    assert len(candles) == 500
    assert identical(
        candles.aggregated(Timeframe.H4),
        window(market, "BTCUSDT", Timeframe.H4, int(candles.open_ms[0]), 125),
    )


class TestStatistics:
    """The markets must look enough like real ones for rules to mean something on them."""

    @pytest.fixture
    def hours(self) -> list[Candles]:
        return [window(MARKET, symbol, Timeframe.H1, REFERENCE_MS - 200 * DAY_MS, 4800) for symbol in SYMBOLS[:30]]

    def test_the_true_range_of_a_minute_is_plausible(self):
        """Real BTC in January 2022: 0.075–0.17 % of the price; small coins move several times that."""
        for symbol in ("BTCUSDT", "ETHUSDT", *SYMBOLS[:20]):
            minutes = window(MARKET, symbol, Timeframe.M1, REFERENCE_MS, 1440)
            percent = float(((minutes.high - minutes.low) / minutes.close).mean()) * 100
            assert 0.02 < percent < 1.0, symbol

    def test_large_moves_cluster(self, hours):
        together = []
        for candles in hours:
            size = np.abs(np.diff(np.log(candles.close)))
            together.append(np.corrcoef(size[1:], size[:-1])[0, 1])
        assert np.median(together) > 0.15

    def test_tails_are_fatter_than_normal(self, hours):
        moves = [np.diff(np.log(candles.close)) for candles in hours]
        assert np.median([float((move**4).mean() / (move**2).mean() ** 2) for move in moves]) > 4

    def test_trends_and_ranges_both_occur(self, hours):
        efficiency = []
        for candles in hours:
            days = candles.close[: len(candles) // 48 * 48].reshape(-1, 48)
            way = np.abs(np.diff(days, axis=1)).sum(axis=1)
            efficiency += (np.abs(days[:, -1] - days[:, 0]) / way).tolist()
        assert np.mean(np.array(efficiency) > 0.35) > 0.05
        assert np.mean(np.array(efficiency) < 0.1) > 0.1

    def test_symbols_move_together(self, hours):
        moves = np.array([np.diff(np.log(candles.close)) for candles in hours if len(candles) == 4800])
        correlations = np.corrcoef(moves)[np.triu_indices(len(moves), 1)]
        assert 0.05 < np.median(correlations) < 0.8

    def test_european_afternoons_trade_more_than_asian_mornings(self, hours):
        """HOURLY_ACTIVITY peaks at 14 UTC and is lowest around 5."""
        btc = hours[SYMBOLS.index("BTCUSDT")]
        hour = btc.open_ms // 3_600_000 % 24
        assert btc.volume[hour == 14].mean() > 1.3 * btc.volume[hour == 5].mean()

    def test_prices_stay_within_sight_of_their_level(self):
        weeks = window(MARKET, "BTCUSDT", Timeframe.D1, REFERENCE_MS - 360 * DAY_MS, 1200)
        assert weeks.low.min() > 6_400
        assert weeks.high.max() < 640_000

    def test_trend_strength_makes_longer_legs(self):
        """The variance ratio of 12-hour and 1-hour moves is 1 for a random walk and larger where moves go on."""
        ratios = []
        for strength in (0.0, 1.0):
            character = MarketCharacter(trend_strength=strength, chop_strength=0.0)
            market = GeneratedMarket(SEED, symbols=15, character=character)
            found = []
            for contract in market.contracts(REFERENCE_MS):
                close = np.log(window(market, contract.symbol, Timeframe.H1, REFERENCE_MS - 200 * DAY_MS, 4800).close)
                found.append(np.var(close[12:] - close[:-12]) / np.var(np.diff(close)) / 12)
            ratios.append(np.mean(found))
        assert ratios[0] < 1.05
        assert ratios[1] > ratios[0] + 0.1
