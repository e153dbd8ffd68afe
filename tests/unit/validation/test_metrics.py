"""Metrics of the trade that would be made, on hand-made feature values."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import numpy as np
from attrs import evolve

from mtf_core.market.candles import Floats
from mtf_core.rules.expressions import Feature
from mtf_core.settings.trade_entry import SymbolCap
from mtf_core.validation.metrics import metrics
from mtf_core.validation.outcome import Outcome
from tests.unit.validation.profiles import M5, profile_of


def axis_of(symbols: tuple[str, ...]) -> Any:
    """One instant at which every ATR is 1 and every other feature 100."""

    def value(feature: Feature, ago: int) -> Floats:
        return np.full((len(symbols), 1), 1.0 if feature.name == "atr" else 100.0)

    tables = {M5: SimpleNamespace(stack=SimpleNamespace(symbols=symbols))}
    return SimpleNamespace(timeframe=M5, shape=(len(symbols), 1), value=value, tables=tables)


def test_the_leverage_metric_obeys_the_caps_of_each_symbol() -> None:
    base = profile_of()
    caps = (SymbolCap("^BTC", Decimal(9)), SymbolCap("usdt$", Decimal(11)), SymbolCap("^BT", Decimal(5)))
    leverage = evolve(base.trade_entry.leverage, floor=Decimal(12), per_symbol_caps=caps)
    profile = evolve(base, trade_entry=evolve(base.trade_entry, leverage=leverage))
    axis = axis_of(("BTCUSDT", "ETHUSDT", "ETHUSDC"))
    sides = np.full((3, 1), Outcome.LONG, dtype=np.int8)
    shown = metrics(profile, frozenset({"leverage"}), axis, sides, None)
    assert shown["leverage"].ravel().tolist() == [5.0, 11.0, 12.0]
