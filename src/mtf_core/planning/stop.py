"""The stop: from ATR, from a daily pivot level, or from the risk itself; at least the minimum distance away."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import on_grid_at_or_above, on_grid_at_or_below
from mtf_core.planning import formulas
from mtf_core.planning.budget import Budget
from mtf_core.planning.caps import fixed_leverage
from mtf_core.planning.entry import Entry
from mtf_core.planning.exact import divide_down, divide_up
from mtf_core.planning.facts import FactRole
from mtf_core.planning.order_limits import largest_size
from mtf_core.planning.outcome import Skip
from mtf_core.planning.pivots import Level, stop_level
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.reasons import Reason
from mtf_core.settings.trade_entry import StopFallback, StopFrom

MIN_DISTANCE = "min_distance"
"""The source of a stop whose distance `min_stop_distance_pct` (or the tick) sets."""


@frozen
class Stop:
    """The stop on the grid, on the losing side of the entry."""

    price: Decimal
    distance: Decimal
    """|entry − stop| after rounding."""
    source: str
    """What set the distance: `atr`, `pivot`, `risk`, or `min_distance` where none of them was far enough."""
    wanted_source: str
    """What the policy took it from."""
    wanted_distance: Decimal
    """How far away the policy wanted it, before the minimum and the grid."""
    fixed_leverage: int | None
    """The leverage that a stop from the risk was computed with."""


@frozen
class _Wanted:
    """How far the stop should be, before the minimum and the grid."""

    distance: Decimal
    source: str
    fixed_leverage: int | None = None


def place_stop(request: PlanRequest, entry: Entry, budget: Budget, log: StepLog) -> Stop | Skip:
    """The stop that the settings ask for, on the grid away from the entry."""
    match request.settings.defaults.stop_from:
        case StopFrom.ATR:
            wanted = _from_atr(request, log)
        case StopFrom.RISK:
            wanted = _from_risk(request, entry, budget, log)
        case StopFrom.PIVOT:
            wanted = _from_pivot(request, entry, budget, log)
    return wanted if isinstance(wanted, Skip) else _on_grid(request, entry, wanted, log)


def _on_grid(request: PlanRequest, entry: Entry, wanted: _Wanted, log: StepLog) -> Stop | Skip:
    share = request.settings.defaults.min_stop_distance_pct
    least = max(formulas.least_stop_distance(entry.price, share), request.tick)
    distance = max(wanted.distance, least)
    source = wanted.source if wanted.distance >= least else MIN_DISTANCE
    if request.is_long:
        price = on_grid_at_or_below(entry.price - distance, request.tick)
    else:
        price = on_grid_at_or_above(entry.price + distance, request.tick)
    log.add(
        "stop_price",
        "down(entry − max(distance, min_stop_distance_pct · entry, tick), tick)"
        if request.is_long
        else "up(entry + max(distance, min_stop_distance_pct · entry, tick), tick)",
        price,
        "price",
        entry=entry.price,
        distance=wanted.distance,
        wanted_source=wanted.source,
        source=source,
        min_stop_distance_pct=share,
        tick=request.tick,
    )
    if price <= 0:
        return log.skip(Reason.STOP_NOT_POSITIVE, entry=entry.price, distance=distance, stop_price=price)
    return Stop(price, abs(entry.price - price), source, wanted.source, wanted.distance, wanted.fixed_leverage)


def _from_atr(request: PlanRequest, log: StepLog) -> _Wanted | Skip:
    atr = request.positive(FactRole.STOP_ATR)
    label = request.label(FactRole.STOP_ATR)
    if atr is None:
        return log.skip(Reason.ATR_REQUIRED_BUT_INVALID, needed_for="stop", atr=None, atr_feature=label)
    atr_k = request.settings.defaults.atr_k
    distance = atr_k * atr
    log.add("stop_distance_atr", "atr_k · atr", distance, "price", atr_k=atr_k, atr=atr, atr_feature=label)
    return _Wanted(distance, "atr")


def _from_pivot(request: PlanRequest, entry: Entry, budget: Budget, log: StepLog) -> _Wanted | Skip:
    level = stop_level(request, entry.price)
    wanted = _pivot_distance(request, entry.price, level, log) if level else None
    farthest = request.settings.defaults.pivot_sl_max_distance_pct
    if wanted is not None and wanted.distance <= farthest * entry.price:
        return wanted
    fallback = request.settings.defaults.stop_fallback
    log.add(
        "stop_fallback",
        "stop_fallback",
        fallback.value,
        stop_fallback=fallback.value,
        because="no pivot level on the losing side" if wanted is None else "the pivot is too far away",
        distance=wanted.distance if wanted else None,
        entry=entry.price,
        pivot_sl_max_distance_pct=farthest,
    )
    match fallback:
        case StopFallback.ATR:
            return _from_atr(request, log)
        case StopFallback.RISK:
            return _from_risk(request, entry, budget, log)
        case StopFallback.NONE:
            return log.skip(
                Reason.STOP_NOT_AVAILABLE,
                policy=request.settings.defaults.pivot_sl_policy.value,
                level=level.price if level else None,
                distance=wanted.distance if wanted else None,
                pivot_sl_max_distance_pct=farthest,
            )


def _pivot_distance(request: PlanRequest, entry: Decimal, level: Level, log: StepLog) -> _Wanted:
    defaults = request.settings.defaults
    sign, shown = (1, "−") if request.is_long else (-1, "+")
    distance = formulas.pivot_stop_distance(
        entry, level.price, sign, defaults.pivot_sl_buffer_pct, defaults.pivot_sl_min_keep_ratio
    )
    log.add(
        "stop_distance_pivot",
        f"max(abs(entry − level · (1 {shown} pivot_sl_buffer_pct)), pivot_sl_min_keep_ratio · abs(entry − level))",
        distance,
        "price",
        entry=entry,
        level=level.price,
        level_feature=level.name,
        policy=defaults.pivot_sl_policy.value,
        pivot_sl_buffer_pct=defaults.pivot_sl_buffer_pct,
        pivot_sl_min_keep_ratio=defaults.pivot_sl_min_keep_ratio,
    )
    return _Wanted(distance, "pivot")


def _from_risk(request: PlanRequest, entry: Entry, budget: Budget, log: StepLog) -> _Wanted | Skip:
    """Leverage first: what the budget buys at it, and how far the price may go until the risk is used up."""
    leverage = fixed_leverage(request, budget.margin, entry.dearest_price, log)
    if isinstance(leverage, Skip):
        return leverage
    size = _bought(request, entry, budget, leverage, log)
    if isinstance(size, Skip):
        return size
    quantity = size * request.contract.contract_size
    sign, shown = (1, "−") if request.is_long else (-1, "+")
    entry_fee, exit_fee = entry.fees.entry_in_risk, entry.fees.exit_in_risk
    # Lost from the worst entry on: the way back to the planned one, and the fees, come off before the distance.
    lost = abs(entry.worst_price - entry.price) + entry_fee * entry.worst_price + exit_fee * entry.price
    per_unit = divide_up(budget.risk, quantity)
    distance = max(formulas.risk_stop_distance(per_unit, lost, sign, exit_fee), Decimal(0))
    log.add(
        "stop_distance_risk",
        "max((risk_usdt − size · contract_size · (abs(worst_entry − entry) + entry_fee · worst_entry + "
        f"exit_fee · entry)) / (size · contract_size · (1 {shown} exit_fee)), 0)",
        distance,
        "price",
        risk_usdt=budget.risk,
        size=size,
        contract_size=request.contract.contract_size,
        entry=entry.price,
        worst_entry=entry.worst_price,
        entry_fee=entry_fee,
        exit_fee=exit_fee,
    )
    return _Wanted(distance, "risk", leverage)


def _bought(request: PlanRequest, entry: Entry, budget: Budget, leverage: int, log: StepLog) -> Decimal | Skip:
    """What the budget buys at a leverage, within what one order may be for."""
    contract = request.contract
    most = largest_size(contract)
    size = divide_down(budget.margin * leverage, entry.dearest_price * contract.contract_size)
    size = on_grid_at_or_below(min(size, most), contract.size_step)
    if size < contract.min_size:
        return log.skip(Reason.SIZE_BELOW_MIN_VOLUME, size=size, min_size=contract.min_size, leverage=leverage)
    log.add(
        "size_for_risk",
        "down(min(budget_usdt · leverage / (dearest_entry · contract_size), max_size, max_market_size), size_step)",
        size,
        "contracts",
        budget_usdt=budget.margin,
        leverage=leverage,
        dearest_entry=entry.dearest_price,
        contract_size=contract.contract_size,
        max_size=contract.max_size,
        max_market_size=contract.max_market_size,
        size_step=contract.size_step,
    )
    return size
