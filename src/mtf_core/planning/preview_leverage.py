"""The leverage, cell by cell: configured and dynamic caps only, no contract, bracket or liquidation."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mtf_core.market.candles import Floats
from mtf_core.planning.facts import FactRole
from mtf_core.planning.preview_cells import Cells
from mtf_core.settings.trade_entry import RoundingMode

_ROUNDED = {RoundingMode.FLOOR: np.floor, RoundingMode.CEIL: np.ceil, RoundingMode.ROUND: np.rint}


def money_risk_ratio(cells: Cells) -> float:
    """Share of the budget that the stop may cost, taking the budget to be the initial margin."""
    ratio = float(cells.settings.risk_ratio(cells.inputs.execution_timeframe))
    most = float(cells.settings.leverage.max_loss_pct)
    return min(ratio, most) if most > 0 else ratio


def fixed_leverage(cells: Cells) -> Floats:
    """The leverage of a stop that comes from the risk: the target, else the floor, within the caps."""
    settings = cells.settings.leverage
    wanted = _ROUNDED[settings.rounding.mode](float(settings.target or settings.floor))
    cap = np.floor(np.minimum(float(settings.exchange_cap), cells.inputs.symbol_cap))
    leverage = np.minimum(wanted, np.broadcast_to(cap, cells.entry.shape))
    return np.where(leverage >= 1, leverage, np.nan)


def previewed_leverage(cells: Cells, distance: Floats, from_risk: NDArray[np.bool_]) -> Floats:
    """The whole leverage for a stop at `distance`; NaN where something that it needs is missing."""
    settings, inputs = cells.settings.leverage, cells.inputs
    stop_pct = distance / cells.entry
    caps = np.minimum(float(settings.exchange_cap), inputs.symbol_cap)
    high = np.floor(np.minimum(caps, float(cells.settings.defaults.k_dynamic) / stop_pct))
    low = np.minimum(np.ceil(float(settings.floor)), high)
    raw = np.where(from_risk, fixed_leverage(cells), _dynamic(cells, stop_pct))
    rounded = np.clip(_ROUNDED[settings.rounding.mode](raw), low, high)
    fees = inputs.entry_fee + inputs.exit_fee * (1 - cells.sign * stop_pct) if cells.settings.risk.include_fees else 0.0
    affordable = np.minimum(np.ceil(money_risk_ratio(cells) / (stop_pct + fees)), high)
    leverage = np.maximum(np.where(settings.toward_initial_margin, low, rounded), affordable)
    return np.where((high >= 1) & ~np.isnan(raw), leverage, np.nan)


def _dynamic(cells: Cells, stop_pct: Floats) -> Floats:
    """risk ratio / stop distance ratio, scaled by timeframe and by how calm 15m is."""
    settings, timeframe = cells.settings, cells.inputs.execution_timeframe
    base = float(settings.risk_ratio(timeframe)) / stop_pct
    multiplier = float(settings.leverage.leverage_by_timeframe.get(timeframe, 1))
    volatility = np.clip(1.25 - 75 * cells.positive(FactRole.LEVERAGE_ATR) / cells.entry, 0.5, 1.25)
    return base * multiplier * volatility
