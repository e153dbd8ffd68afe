"""Quotients of movements in markets that hardly move: a value is right within the tolerance, or missing."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mtf_core.features.names import history
from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.market.candles import Floats
from tests.market_strategies import START_MS, walk

TOLERANCE = 0.01
QUOTIENTS = ("rsi", "rsi_5", "plus_di", "minus_di", "adx", "stoch_rsi_k", "stoch_rsi_d")
LENGTH = 900


def drawn(moves: Floats, reach: Floats, price: float = 2.5) -> Candles:
    """Candles whose closes move by `moves` (shares of the price) and whose shadows are `reach` long."""
    close = price * (1 + np.cumsum(moves))
    open_ = np.concatenate([[price], close[:-1]])
    high = np.maximum(open_, close) + price * reach
    low = np.minimum(open_, close) - price * reach
    times = START_MS + np.arange(len(close), dtype=np.int64) * 60_000
    return Candles.checked(Timeframe.M1, times, open_, high, low, close, np.ones(len(close)))


@cache
def patchy(seed: int, lively: float, quiet_share: float) -> Candles:
    """Moves that are lively for a while, then smaller by any factor or none at all, in patches of any length."""
    random = np.random.default_rng(seed)
    size = np.empty(0)
    while len(size) < LENGTH:
        scale = 0.0 if random.random() < quiet_share else lively * 10.0 ** -random.integers(0, 6)
        size = np.concatenate([size, np.full(random.integers(1, 120), scale)])
    moves, reach = random.normal(0, 1, LENGTH) * size[:LENGTH], np.abs(random.normal(0, 0.3, LENGTH)) * size[:LENGTH]
    return drawn(np.clip(moves, -0.0005, 0.0005), np.clip(reach, 0, 0.0005))


def at_end(candles: Candles, name: str) -> float:
    return float(FeatureTable(CandleStack.of_series(candles, "T"), 1, tolerance=TOLERANCE).feature(name)[0, 0])


WITHIN = {"adx": 6.0}
"""By how much values from different first candles may differ: 2, as RSI and ±DI are the seed's value and the rest's,
mixed in the seed's share, so each is right within 1; a DX within 2, and an average of them within 1 more."""


@example(seed=0, lively=1e-4, quiet_share=0.9, end=899, first=0)
@given(
    seed=st.integers(0, 40),
    lively=st.sampled_from([1e-4, 1e-5]),
    quiet_share=st.sampled_from([0.1, 0.5, 0.9]),
    end=st.integers(400, LENGTH - 1),
    first=st.integers(0, 380),
)
def test_values_from_different_first_candles_agree_within_the_tolerance_however_quiet_the_market_is(
    seed: int, lively: float, quiet_share: float, end: int, first: int
) -> None:
    candles = patchy(seed, lively, quiet_share)
    for name in QUOTIENTS:
        need = history(name, TOLERANCE).candles
        for start in (first, max(0, end - need)):
            one, other = at_end(candles[:end], name), at_end(candles[start:end], name)
            if not (np.isnan(one) or np.isnan(other)):
                assert abs(one - other) <= WITHIN.get(name, 2.0) + 1e-9, (name, start)
                assert 0 <= one <= 100


@pytest.mark.parametrize("name", QUOTIENTS)
@pytest.mark.parametrize("price", [2.5, 2.5e-9, 67_000.0])
def test_after_a_halt_longer_than_the_history_the_value_is_missing_and_never_zero(name: str, price: float) -> None:
    """900 lively minutes and a halt. Seen from the first candle the value stands still where TA-Lib's 1e-14 would make
    it 0; where all that is looked at is the halt, it is missing."""
    lively = walk(Timeframe.M1, 900, 3)
    moves = np.concatenate([np.diff(np.log(lively.close), prepend=np.log(lively.close[0])), np.zeros(700)])
    candles = drawn(moves, np.concatenate([np.full(900, 0.0004), np.zeros(700)]), price)
    stack = CandleStack.of_series(candles, "T")
    values = FeatureTable(stack, stack.count).feature(name)[0]
    assert np.isnan(at_end(candles[890:], name))
    assert np.isnan(values[1599])
    assert not (values[900:] == 0).any()


def test_an_average_of_quotients_is_missing_until_the_undefined_ones_weigh_less_than_the_tolerance() -> None:
    """The directional movement is defined again soon after a standstill; the ADX remembers what was not for longer."""
    still = np.concatenate([np.full(10, 1e-4), np.zeros(200), np.tile([1e-5, 2e-5, -1e-5], 60)])
    table = FeatureTable(stack := CandleStack.of_series(drawn(still, np.abs(still)), "T"), stack.count)
    up, adx = (np.flatnonzero(~np.isnan(table.feature(name)[0][210:])) for name in ("plus_di", "adx"))
    assert adx[0] - up[0] >= history("atr_14", TOLERANCE).candles - 16
    assert adx[-1] == 179


@pytest.mark.parametrize("name", QUOTIENTS)
def test_one_trade_in_110_minutes_gives_no_value(name: str) -> None:
    """All movement that there is lies in the seed, or at one minute long after a seed without any."""
    for minute in (5, 60):
        moves = np.zeros(110)
        moves[minute] = 0.001
        assert np.isnan(at_end(drawn(moves, np.abs(moves)), name)) or minute > 14
    moves = np.zeros(400)
    moves[3] = 0.001
    assert np.isnan(at_end(drawn(moves, np.abs(moves)), name))


def test_a_place_within_a_range_of_the_rsi_is_missing_where_the_seed_may_have_made_a_part_of_that_range() -> None:
    """A fall at the start, then calm moves a thousandth as large: their RSI still leans to the fall, a little."""
    random = np.random.default_rng(4)
    calm = random.normal(0, 1e-7, 170)
    fallen = drawn(np.concatenate([np.full(20, -1e-4), calm]), np.zeros(190))
    assert not np.isnan(at_end(fallen, "rsi"))
    assert np.isnan(at_end(fallen, "stoch_rsi_k"))
    longer = [drawn(np.concatenate([np.full(20, move), np.tile(calm, 2)]), np.zeros(360)) for move in (-1e-4, 1e-4)]
    one, other = (at_end(candles, "stoch_rsi_k") for candles in longer)
    assert one == pytest.approx(other, abs=2 * 100 * TOLERANCE)
