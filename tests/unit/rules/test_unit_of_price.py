"""No condition changes its truth when every price is counted in another unit."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from attrs import evolve

from mtf_core.features.table import FeatureTable
from mtf_core.market import Candles, CandleStack, Timeframe
from mtf_core.market.candles import Floats
from mtf_core.rules import CONDITIONS, METRICS, BuildContext, Family
from mtf_core.rules.axis import CandleAxis
from mtf_core.rules.evaluate import Evaluator
from tests.market_strategies import moody_minutes

CANDLES = moody_minutes(2, 5, volatility=0.003)
UNITS = [2.0**-60, 2.0**-17, 2.0**40, 1e-7, 3.7e4]
"""Powers of two keep every bit; with the others results are rounded elsewhere, but no value here stands on an edge."""


@cache
def evaluator(unit: float) -> Evaluator:
    stack = CandleStack.of_series(in_unit(unit), "T")
    tables = {Timeframe.M1: FeatureTable(stack, stack.count)}
    return Evaluator(CandleAxis(tables, Timeframe.M1, stack.count, Timeframe.D1), metrics(unit))


def in_unit(unit: float) -> Candles:
    return evolve(CANDLES, **{name: getattr(CANDLES, name) * unit for name in ("open", "high", "low", "close")})


def metrics(unit: float) -> dict[str, Floats]:
    """Selector metrics that vary from candle to candle; entry and stop are prices, in the same unit."""
    random = np.random.default_rng(3)
    plain: dict[str, Floats] = {name: random.uniform(0.0, 25.0, (1, len(CANDLES))) for name in METRICS}
    entry = CANDLES.close[np.newaxis] * unit
    return {**plain, "entry_price": entry, "stop_loss": entry * random.uniform(0.997, 0.9999, entry.shape)}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_condition_means_the_same_in_every_unit_of_price(name: str) -> None:
    test = CONDITIONS[name].named({}, BuildContext())
    expected = evaluator(1.0).truth(test)
    for unit in UNITS:
        assert np.array_equal(evaluator(unit).truth(test), expected), unit


def test_these_candles_decide_every_condition_on_differences_of_prices_both_ways() -> None:
    """Else the law above would say little of them."""
    for name, condition in CONDITIONS.items():
        if condition.family in (Family.MACD, Family.AVERAGES, Family.STRUCTURE):
            truths = evaluator(1.0).truth(condition.named({}, BuildContext()))
            assert {-1, 1} <= set(np.unique(truths).tolist()), name
