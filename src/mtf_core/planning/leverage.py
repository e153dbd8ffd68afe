"""The leverage: from risk, stop and volatility, within its caps, low enough that the stop comes before liquidation."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import Contract, Side, on_grid_at_or_above
from mtf_core.planning import formulas
from mtf_core.planning.budget import Budget
from mtf_core.planning.caps import ROUNDED_WORDS
from mtf_core.planning.entry import Entry
from mtf_core.planning.exact import divide_up, whole_up
from mtf_core.planning.facts import FactRole
from mtf_core.planning.liquidation import Exposure, exposure_at, liquidation_price, safe_liquidation
from mtf_core.planning.outcome import Skip
from mtf_core.planning.position import Position
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason

_MONEY = Decimal("1e-8")
"""A margin is shown to this many USDT, rounded up."""


@frozen
class ChosenLeverage:
    """The final leverage and what follows from it."""

    leverage: int
    margin: Decimal
    """At the dearest price at which the entry may fill."""
    liquidation_price: Decimal
    """At the planned entry."""


def choose_leverage(
    request: PlanRequest, entry: Entry, stop: Stop, position: Position, budget: Budget, log: StepLog
) -> ChosenLeverage | Skip:
    """The leverage of a position that has its size; it may come out lower so that the stop comes before liquidation."""
    raw = _raw(request, entry, stop, budget, log)
    if isinstance(raw, Skip):
        return raw
    within_caps = _within_caps(request, raw, entry, position, budget, log)
    leverage = min(within_caps, position.highest_safe)
    _log_safe(request, entry, stop, position, within_caps, leverage, log)
    contract = request.contract
    dearest = contract.notional(position.size, entry.dearest_price)
    # The exact margin is within the budget; only its last digit may be rounded beyond it.
    margin = min(on_grid_at_or_above(divide_up(dearest, Decimal(leverage)), _MONEY), budget.margin)
    exposure = exposure_at(contract, request.side, entry.price, position.bracket)
    quantity = position.size * contract.contract_size
    chosen = ChosenLeverage(leverage, margin, liquidation_price(exposure, quantity, leverage))
    _log_result(chosen, exposure, quantity, entry, budget, contract, position.size, log)
    return _outside_accepted(request, leverage, log) or chosen


def _raw(request: PlanRequest, entry: Entry, stop: Stop, budget: Budget, log: StepLog) -> Decimal | Skip:
    """The leverage before rounding and caps."""
    if stop.fixed_leverage is not None:
        return Decimal(stop.fixed_leverage)
    atr, label = request.positive(FactRole.LEVERAGE_ATR), request.label(FactRole.LEVERAGE_ATR)
    if atr is None:
        return log.skip(Reason.ATR_REQUIRED_BUT_INVALID, needed_for="leverage", atr=None, atr_feature=label)
    volatility = formulas.volatility_factor(atr, entry.price)
    log.add(
        "volatility_factor",
        "clamp(5 / 4 − 75 · atr / entry, 1 / 2, 5 / 4)",
        volatility,
        "",
        atr=atr,
        atr_feature=label,
        entry=entry.price,
    )
    multiplier = request.settings.leverage.leverage_by_timeframe.get(request.timeframe, Decimal(1))
    raw = formulas.dynamic_leverage(budget.risk_ratio, entry.price, stop.distance, multiplier, volatility)
    log.add(
        "leverage_raw",
        "risk_ratio · entry / stop_distance · leverage_by_timeframe · volatility_factor",
        raw,
        "",
        risk_ratio=budget.risk_ratio,
        entry=entry.price,
        stop_distance=stop.distance,
        leverage_by_timeframe=multiplier,
        volatility_factor=volatility,
    )
    return raw


def _within_caps(
    request: PlanRequest, raw: Decimal, entry: Entry, position: Position, budget: Budget, log: StepLog
) -> int:
    """Rounded, within caps and floor, and high enough for the budget to cover the margin."""
    settings, allowed = request.settings.leverage, position.allowed
    notional = request.contract.notional(position.size, entry.dearest_price)
    affordable = whole_up(divide_up(notional, budget.margin))
    leverage = int(
        formulas.leverage_between(
            raw,
            Decimal(allowed.low),
            Decimal(allowed.high),
            Decimal(affordable),
            settings.rounding.mode,
            toward_initial_margin=settings.toward_initial_margin,
        )
    )
    affordable_words = "whole_up(dearest_notional / budget_usdt)"
    rounded_words = ROUNDED_WORDS[settings.rounding.mode].format("raw")
    log.add(
        "leverage_within_caps",
        f"max(floor, {affordable_words})"
        if settings.toward_initial_margin
        else f"max(clamp({rounded_words}, floor, cap), {affordable_words})",
        leverage,
        "",
        raw=raw,
        rounding=settings.rounding.mode.value,
        toward_initial_margin=settings.toward_initial_margin,
        floor=allowed.low,
        cap=allowed.high,
        bracket_max=position.bracket.max_leverage,
        dearest_notional=notional,
        budget_usdt=budget.margin,
    )
    return leverage


def _log_safe(
    request: PlanRequest, entry: Entry, stop: Stop, position: Position, within_caps: int, leverage: int, log: StepLog
) -> None:
    """The price that liquidation must not come nearer than, and the leverage that follows."""
    ratio, worst = request.settings.risk.min_liquidation_ratio, entry.worst_price
    exposure = exposure_at(request.contract, request.side, worst, position.bracket)
    log.add(
        "safe_liquidation",
        "min(down(worst_entry − min_liquidation_ratio · (worst_entry − stop), tick), stop − tick)"
        if request.is_long
        else "max(up(worst_entry + min_liquidation_ratio · (stop − worst_entry), tick), stop + tick)",
        safe_liquidation(exposure, stop.price, ratio),
        "price",
        worst_entry=worst,
        stop=stop.price,
        min_liquidation_ratio=ratio,
        tick=request.tick,
    )
    log.add(
        "leverage",
        "min(leverage_within_caps, highest_safe_leverage)",
        leverage,
        "",
        leverage_within_caps=within_caps,
        highest_safe_leverage=position.highest_safe,
    )


def _log_result(
    chosen: ChosenLeverage,
    exposure: Exposure,
    quantity: Decimal,
    entry: Entry,
    budget: Budget,
    contract: Contract,
    size: Decimal,
    log: StepLog,
) -> None:
    log.add(
        "liquidation_price",
        "max(up((entry · (1 − 1 / leverage) − cum / quantity) / (1 − mmr − taker_fee), tick), 0)"
        if exposure.side is Side.LONG
        else "down((entry · (1 + 1 / leverage) + cum / quantity) / (1 + mmr + taker_fee), tick)",
        chosen.liquidation_price,
        "price",
        entry=exposure.entry,
        leverage=chosen.leverage,
        cum=exposure.bracket.maintenance_amount,
        quantity=quantity,
        mmr=exposure.bracket.maintenance_margin_ratio,
        taker_fee=exposure.taker_fee,
        tick=exposure.tick,
    )
    log.add(
        "margin_usdt",
        "min(up(size · contract_size · dearest_entry / leverage, 0.00000001), budget_usdt)",
        chosen.margin,
        "USDT",
        size=size,
        contract_size=contract.contract_size,
        dearest_entry=entry.dearest_price,
        leverage=chosen.leverage,
        budget_usdt=budget.margin,
    )


def _outside_accepted(request: PlanRequest, leverage: int, log: StepLog) -> Skip | None:
    accept = request.settings.leverage.accept
    if leverage >= accept.min and (accept.max is None or leverage <= accept.max):
        return None
    return log.skip(Reason.LEVERAGE_OUT_OF_BOUNDS, leverage=leverage, accept_min=accept.min, accept_max=accept.max)
