"""The plan's R, zone width and leverage over whole arrays, for the selection of an execution timeframe.

Same formulas as the plan, in float64, with the close as the entry: no book, no grid, no contract, no account. NaN is
missing, and whatever depends on a missing number is NaN.
"""

from __future__ import annotations

import numpy as np
from attrs import frozen

from mtf_core.market.candles import Floats
from mtf_core.planning import formulas
from mtf_core.planning.facts import PIVOT_COUNT, FactRole, daily_pivot, fallback_pivot
from mtf_core.planning.preview.cells import Cells, PreviewInputs, first_known, number
from mtf_core.planning.preview.leverage import previewed_leverage
from mtf_core.planning.preview.stop import previewed_stop
from mtf_core.settings.trade_entry import TargetPolicy, TradeEntrySettings, ZoneAnchor

__all__ = ["Preview", "PreviewInputs", "preview"]


@frozen(eq=False)
class Preview:
    """The previewed numbers, in the shape of the close."""

    entry_price: Floats
    stop_loss: Floats
    expected_r_multiple: Floats
    """R of the (first) target."""
    entry_zone_width_pct: Floats
    """Percent of the anchor: 1.2 means 1.2 %."""
    leverage: Floats


def preview(settings: TradeEntrySettings, inputs: PreviewInputs) -> Preview:
    """The previewed numbers of every cell."""
    close = np.asarray(inputs.close, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        cells = Cells(settings, inputs, np.where(np.isfinite(close) & (close > 0), close, np.nan))
        stop = previewed_stop(cells)
        return Preview(
            entry_price=cells.entry,
            stop_loss=cells.entry - cells.sign * stop.distance,
            expected_r_multiple=_effective_r(cells, stop.distance),
            entry_zone_width_pct=_zone_width_pct(cells),
            leverage=previewed_leverage(cells, stop.distance, stop.from_risk),
        )


def _zone_width_pct(cells: Cells) -> Floats:
    """100 · 2·half / anchor."""
    zone = cells.settings.zone
    anchor = first_known(
        [
            cells.positive(FactRole.ANCHOR_VWAP if kind is ZoneAnchor.VWAP else FactRole.ANCHOR_AVERAGE)
            for kind in zone.anchors
        ]
    )
    half = formulas.zone_half_width(
        number(zone.k_atr), cells.positive(FactRole.ZONE_ATR), anchor, number(zone.w_min), number(zone.w_max)
    )
    return 200 * half / anchor


def _effective_r(cells: Cells, distance: Floats) -> Floats:
    settings, defaults = cells.settings, cells.settings.defaults
    if defaults.targets == 2 and settings.tp1_r is not None:
        return _reachable(cells, np.where(np.isnan(distance), np.nan, float(settings.tp1_r)), distance)
    wanted = settings.r_multiple(cells.inputs.execution_timeframe)
    base = np.where(np.isnan(distance), np.nan, float(wanted))
    if defaults.tp_policy is TargetPolicy.R_MULTIPLE:
        return _reachable(cells, base, distance)
    level = _next_level(cells, cells.entry + cells.sign * base * distance)
    ahead = (formulas.before_level(level, cells.sign, number(defaults.tp_buffer_pct)) - cells.entry) * cells.sign
    keep, extra = number(defaults.tp_min_keep_ratio), number(defaults.tp_max_extra_r)
    aligned = formulas.aligned_distance(ahead, number(wanted), distance, keep, extra) / distance
    return _reachable(cells, np.where(np.isnan(level), base, aligned), distance)


def _reachable(cells: Cells, r: Floats, distance: Floats) -> Floats:
    """NaN where a short's target would lie at or below a price of zero."""
    return r if cells.is_long else np.where(r * distance < cells.entry, r, np.nan)


def _next_level(cells: Cells, base: Floats) -> Floats:
    """The nearest pivot level at or beyond the base target; on 15m where every daily level is missing."""
    letter, numbers = "r" if cells.is_long else "s", range(1, PIVOT_COUNT + 1)
    daily = np.stack([cells.positive(daily_pivot(letter, number)) for number in numbers])
    quarter = np.stack([cells.positive(fallback_pivot(letter, number)) for number in numbers])
    levels = np.where(np.isnan(daily).all(axis=0), quarter, daily)
    beyond = np.where((levels - base) * cells.sign >= 0, levels, np.nan)
    return np.asarray((np.fmin if cells.is_long else np.fmax).reduce(beyond, axis=0))
