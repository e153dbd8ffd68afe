"""The distance of the stop, cell by cell; the plan's section on stops in float64."""

from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from mtf_core.market.candles import Floats
from mtf_core.planning import formulas
from mtf_core.planning.facts import FactRole
from mtf_core.planning.pivots import stop_candidates
from mtf_core.planning.preview.cells import Cells, first_known, number
from mtf_core.planning.preview.leverage import fixed_leverage, money_risk_ratio
from mtf_core.settings.trade_entry import PivotStopPolicy, StopFallback, StopFrom


@frozen(eq=False)
class PreviewedStop:
    """Distance from the entry in quote currency, and where it came from the risk (the leverage is fixed there)."""

    distance: Floats
    from_risk: NDArray[np.bool_]


def previewed_stop(cells: Cells) -> PreviewedStop:
    """At least the minimum distance away; NaN where no stop can be had."""
    defaults = cells.settings.defaults
    fixed = np.full(cells.entry.shape, defaults.stop_from is StopFrom.RISK)
    match defaults.stop_from:
        case StopFrom.ATR:
            raw = _atr_distance(cells)
        case StopFrom.RISK:
            raw = _risk_distance(cells)
        case StopFrom.PIVOT:
            raw = _pivot_distance(cells)
            near = raw <= float(defaults.pivot_sl_max_distance_pct) * cells.entry
            raw = np.where(near, raw, _fallback_distance(cells))
            fixed = ~near & (defaults.stop_fallback is StopFallback.RISK)
    distance: Floats = np.maximum(
        raw, formulas.least_stop_distance(cells.entry, number(defaults.min_stop_distance_pct))
    )
    positive = distance < cells.entry if cells.is_long else np.isfinite(distance)
    return PreviewedStop(np.where(positive, distance, np.nan), fixed)


def _fallback_distance(cells: Cells) -> Floats:
    match cells.settings.defaults.stop_fallback:
        case StopFallback.ATR:
            return _atr_distance(cells)
        case StopFallback.RISK:
            return _risk_distance(cells)
        case StopFallback.NONE:
            return cells.missing()


def _atr_distance(cells: Cells) -> Floats:
    return float(cells.settings.defaults.atr_k) * cells.positive(FactRole.STOP_ATR)


def _risk_distance(cells: Cells) -> Floats:
    inputs, counted = cells.inputs, cells.settings.risk.include_fees
    exit_fee = np.asarray(inputs.exit_fee if counted else 0.0)
    lost = cells.entry * (inputs.entry_fee + inputs.exit_fee if counted else 0.0)
    risk = cells.entry * (money_risk_ratio(cells) / fixed_leverage(cells))
    # Below zero the fees alone use up the risk; the minimum distance takes over.
    return np.maximum(formulas.risk_stop_distance(risk, lost, cells.sign, exit_fee), 0.0)


def _pivot_distance(cells: Cells) -> Floats:
    defaults = cells.settings.defaults
    level = _pivot_level(cells)
    buffer, keep = number(defaults.pivot_sl_buffer_pct), number(defaults.pivot_sl_min_keep_ratio)
    return formulas.pivot_stop_distance(cells.entry, level, cells.sign, buffer, keep)


def _pivot_level(cells: Cells) -> Floats:
    policy = cells.settings.defaults.pivot_sl_policy
    levels = [_losing(cells, role) for role in stop_candidates(policy, is_long=cells.is_long)]
    if policy is PivotStopPolicy.NEAREST:
        return np.asarray((np.fmax if cells.is_long else np.fmin).reduce(np.stack(levels), axis=0))
    return first_known(levels)


def _losing(cells: Cells, role: FactRole) -> Floats:
    """A daily level where it lies on the losing side of the entry, else NaN."""
    level = cells.positive(role)
    return np.where((cells.entry - level) * cells.sign > 0, level, np.nan)
