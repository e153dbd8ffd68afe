"""The entry zone: a band around VWAP or a moving average in which an entry is acceptable."""

from __future__ import annotations

from decimal import Decimal

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning import formulas
from mtf_core.planning.exact import divide_up
from mtf_core.planning.facts import FactRole
from mtf_core.planning.outcome import Skip, StepValue
from mtf_core.planning.price_range import PriceRange
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.zone_check import skip_out_of_zone
from mtf_core.planning.zone_event import EntryZone, ZoneCheck
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import ZoneAnchor


def entry_zone(request: PlanRequest, log: StepLog) -> EntryZone | Skip | None:
    """The zone in effect; None when it is open because the settings allow that; a skip when it is missing or far."""
    anchored = _anchor(request)
    atr = request.positive(FactRole.ZONE_ATR)
    if anchored is None or atr is None:
        if request.settings.zone.allow_open_zone:
            log.add("zone", "'open'", "open", anchor=anchored[1] if anchored else None, atr=atr, allow_open_zone=True)
            return None
        return log.skip(
            Reason.ENTRY_ZONE_NO_ANCHOR,
            anchor=anchored[1] if anchored else None,
            atr=atr,
            atr_feature=request.label(FactRole.ZONE_ATR),
        )
    role, anchor = anchored
    half = _half(request, role, anchor, atr, log)
    low, high = _bounds(request, anchor, half, log)
    expires_at = request.now_ms + request.settings.zone.ttl_sec * 1000
    zone = EntryZone(low, high, anchor, request.label(role), expires_at)
    return _too_far(request, zone, log) or zone


def _anchor(request: PlanRequest) -> tuple[FactRole, Decimal] | None:
    for kind in request.settings.zone.anchors:
        role = FactRole.ANCHOR_VWAP if kind is ZoneAnchor.VWAP else FactRole.ANCHOR_AVERAGE
        value = request.positive(role)
        if value is not None:
            return role, value
    return None


def _half(request: PlanRequest, role: FactRole, anchor: Decimal, atr: Decimal, log: StepLog) -> Decimal:
    zone = request.settings.zone
    half = formulas.zone_half_width(zone.k_atr, atr, anchor, zone.w_min, zone.w_max)
    log.add(
        "zone_half_width",
        "clamp(k_atr · atr, anchor · w_min, anchor · w_max)",
        half,
        "price",
        anchor=anchor,
        anchor_feature=request.label(role),
        atr=atr,
        atr_feature=request.label(FactRole.ZONE_ATR),
        k_atr=zone.k_atr,
        w_min=zone.w_min,
        w_max=zone.w_max,
    )
    return half


def _bounds(request: PlanRequest, anchor: Decimal, half: Decimal, log: StepLog) -> tuple[Decimal, Decimal]:
    """Around the anchor, shifted by the bias toward the better price, outward onto the grid, above zero."""
    zone, tick = request.settings.zone, request.tick
    cheap, dear = half * (1 + zone.asym_bias), half * (1 - zone.asym_bias)
    below, above = (cheap, dear) if request.is_long else (dear, cheap)
    low, high = anchor - below, anchor + above
    if zone.quantize_to_exchange_step:
        low, high = max(on_grid_at_or_below(low, tick), tick), on_grid_at_or_above(high, tick)
    bias_low, bias_high = ("+", "−") if request.is_long else ("−", "+")
    formulas = f"anchor − half · (1 {bias_low} asym_bias)", f"anchor + half · (1 {bias_high} asym_bias)"
    if zone.quantize_to_exchange_step:
        formulas = f"max(down({formulas[0]}, tick), tick)", f"up({formulas[1]}, tick)"
    names: dict[str, StepValue] = {"half": half, "anchor": anchor, "asym_bias": zone.asym_bias, "tick": tick}
    log.add("zone_low", formulas[0], low, "price", **names)
    log.add("zone_high", formulas[1], high, "price", **names)
    return low, high


def _too_far(request: PlanRequest, zone: EntryZone, log: StepLog) -> Skip | None:
    reference, limit = request.reference_price, request.settings.defaults.zone_max_deviation_pct
    farthest = max(abs(zone.low - reference), abs(zone.high - reference))
    deviation = divide_up(farthest, reference)
    log.add(
        "zone_deviation",
        "max(abs(zone_low − reference), abs(zone_high − reference)) / reference",
        deviation,
        "ratio",
        zone_low=zone.low,
        zone_high=zone.high,
        reference=reference,
        reference_is=request.reference_name,
        zone_max_deviation_pct=limit,
    )
    if farthest <= limit * reference:
        return None
    nearest = PriceRange(zone.low, zone.high).nearest(reference)
    return skip_out_of_zone(
        request, zone, ZoneCheck.ZONE_MAX_DEVIATION, log, candidate=nearest, away=farthest, allowed=limit
    )
