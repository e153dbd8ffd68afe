"""The leverage, cell by cell: configured and dynamic caps only, no contract, bracket or liquidation."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from mtf_core.market.candles import Floats
from mtf_core.planning import formulas
from mtf_core.planning.facts import FactRole
from mtf_core.planning.preview.cells import Cells, number


def money_risk_ratio(cells: Cells) -> float:
    """Share of the budget that the stop may cost, taking the budget to be the initial margin."""
    ratio = float(cells.settings.risk_ratio(cells.inputs.execution_timeframe))
    most = float(cells.settings.leverage.max_loss_pct)
    return min(ratio, most) if most > 0 else ratio


def fixed_leverage(cells: Cells) -> Floats:
    """The leverage of a stop that comes from the risk: the target, else the floor, within the caps."""
    settings = cells.settings.leverage
    cap = np.broadcast_to(_configured_cap(cells), cells.entry.shape)
    leverage = formulas.fixed_leverage(number(settings.target or settings.floor), cap, settings.rounding.mode)
    return np.where(leverage >= 1, leverage, np.nan)


def _configured_cap(cells: Cells) -> Floats:
    return np.minimum(float(cells.settings.leverage.exchange_cap), cells.inputs.symbol_cap)


def previewed_leverage(cells: Cells, distance: Floats, from_risk: NDArray[np.bool_]) -> Floats:
    """The whole leverage for a stop at `distance`; NaN where something that it needs is missing."""
    settings, inputs = cells.settings.leverage, cells.inputs
    stop_pct = distance / cells.entry
    dynamic = formulas.dynamic_cap(number(cells.settings.defaults.k_dynamic), cells.entry, distance)
    low, high = formulas.leverage_limits(number(settings.floor), np.minimum(_configured_cap(cells), dynamic))
    raw = np.where(from_risk, fixed_leverage(cells), _dynamic(cells, distance))
    fees = inputs.entry_fee + inputs.exit_fee * (1 - cells.sign * stop_pct) if cells.settings.risk.include_fees else 0.0
    affordable = np.minimum(np.ceil(money_risk_ratio(cells) / (stop_pct + fees)), high)
    leverage = formulas.leverage_between(
        raw, low, high, affordable, settings.rounding.mode, toward_initial_margin=settings.toward_initial_margin
    )
    return np.where((high >= 1) & ~np.isnan(raw), leverage, np.nan)


def _dynamic(cells: Cells, distance: Floats) -> Floats:
    """The leverage before rounding and caps of a stop that the market places."""
    settings, timeframe = cells.settings, cells.inputs.execution_timeframe
    return formulas.dynamic_leverage(
        number(settings.risk_ratio(timeframe)),
        cells.entry,
        distance,
        number(settings.leverage.leverage_by_timeframe.get(timeframe, Decimal(1))),
        formulas.volatility_factor(cells.positive(FactRole.LEVERAGE_ATR), cells.entry),
    )
