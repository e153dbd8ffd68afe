"""Which candles each value of a timeframe's trees rests on: worked out once for symbols whose candles are alike."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mtf_core.features.carrying import column_at
from mtf_core.features.names import history
from mtf_core.features.table import FeatureTable, Tables
from mtf_core.market import Timeframe
from mtf_core.rules.axis import home_timeframe
from mtf_core.rules.expressions import Feature
from mtf_core.validation.compiled_profile import TimeframePart
from mtf_core.validation.value_history import ValueHistory


def value_history(table: FeatureTable, name: str, row: int, column: int) -> ValueHistory:
    """What a feature of one symbol rests on at a column of its table's stack; −1: there is no such candle."""
    stack, step = table.stack, table.stack.timeframe.ms
    first = None if column < 0 else table.first_candle(name, row, column)
    return ValueHistory(
        timeframe=stack.timeframe,
        first_open_ms=first,
        candles=0 if first is None else (stack.first_open_ms + (column + 1) * step - first) // step,
        needed=history(name, table.tolerance).candles,
    )


def histories_of(part: TimeframePart, tables: Tables, row: int, pivot_timeframe: Timeframe) -> dict[str, ValueHistory]:
    """The history of every feature in the trees of a timeframe's last candle, by its name in them."""
    stack, found = tables[part.timeframe].stack, {}
    for feature in _features(part):
        if str(feature) in found:
            continue
        home = home_timeframe(feature, part.timeframe, pivot_timeframe)
        if home is part.timeframe:
            column = stack.count - 1 - feature.ago
        else:
            close = stack.end_ms - feature.ago * part.timeframe.ms
            column = int(column_at(tables[home].stack, np.array([close]))[0])
        found[str(feature)] = value_history(tables[home], feature.name, row, column)
    return found


def _features(part: TimeframePart) -> Iterator[Feature]:
    for template in (part.long, part.short, *part.filters):
        if template is not None:
            yield from (operand for operand in template.operands if isinstance(operand, Feature))
