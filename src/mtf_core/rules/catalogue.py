"""The catalogue of built-in conditions, by name, in the order of its chapters."""

from __future__ import annotations

from collections.abc import Mapping

from mtf_core.rules.conditions.averages import AVERAGES
from mtf_core.rules.conditions.condition import Condition
from mtf_core.rules.conditions.macd import MACD
from mtf_core.rules.conditions.rsi import RSI
from mtf_core.rules.conditions.selector import METRICS, SELECTOR
from mtf_core.rules.conditions.structure import STRUCTURE
from mtf_core.rules.conditions.volatility import VOLATILITY

CONDITIONS: Mapping[str, Condition] = {
    condition.name: condition for condition in (*AVERAGES, *STRUCTURE, *MACD, *RSI, *VOLATILITY, *SELECTOR)
}

__all__ = ["CONDITIONS", "METRICS"]
