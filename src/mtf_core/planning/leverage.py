"""The leverage: from risk, stop and volatility, within its caps, low enough that the stop comes before liquidation."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.market import on_grid_at_or_above
from mtf_core.planning.budget import Budget
from mtf_core.planning.caps import rounded
from mtf_core.planning.entry_price import Entry
from mtf_core.planning.exact import clamp, divide_up, whole_up
from mtf_core.planning.facts import FactRole
from mtf_core.planning.liquidation import Exposure, highest_safe_leverage, liquidation_price
from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.planning.size import SizedPosition
from mtf_core.planning.stop import Stop
from mtf_core.reasons import Reason

_CALM, _SLOPE, _LEAST = Decimal("1.25"), Decimal(75), Decimal("0.5")
_MONEY = Decimal("1e-8")
"""A margin is shown to this many USDT, rounded up."""


@frozen
class ChosenLeverage:
    """The final leverage and what follows from it."""

    leverage: int
    margin: Decimal
    liquidation_price: Decimal


def choose_leverage(
    request: PlanRequest, entry: Entry, stop: Stop, position: SizedPosition, budget: Budget, log: StepLog
) -> ChosenLeverage | Skip:
    """The leverage of a size_position position."""
    raw = _raw(request, entry, stop, budget, log)
    if isinstance(raw, Skip):
        return raw
    lowest, leverage = _within_caps(request, raw, position, budget, log)
    exposure = _exposure(request, entry, position)
    ratio = request.settings.risk.min_liquidation_ratio
    safe = highest_safe_leverage(exposure, lowest, leverage, stop.price, ratio)
    if safe is None:
        return log.skip(
            Reason.STOP_BEYOND_LIQUIDATION,
            lowest_leverage=lowest,
            liquidation_price=liquidation_price(exposure, lowest),
            stop=stop.price,
            entry=entry.price,
            min_liquidation_ratio=ratio,
        )
    margin = min(
        on_grid_at_or_above(position.notional / safe, _MONEY), budget.margin
    )  # the exact margin is within the budget
    result = ChosenLeverage(safe, margin, liquidation_price(exposure, safe))
    _log_result(result, position.notional, leverage, exposure, stop, ratio, log)
    return _outside_accepted(request, safe, log) or result


def _raw(request: PlanRequest, entry: Entry, stop: Stop, budget: Budget, log: StepLog) -> Decimal | Skip:
    """The leverage before rounding and caps."""
    if stop.fixed_leverage is not None:
        return Decimal(stop.fixed_leverage)
    atr, label = request.positive(FactRole.LEVERAGE_ATR), request.label(FactRole.LEVERAGE_ATR)
    if atr is None:
        return log.skip(Reason.ATR_REQUIRED_BUT_INVALID, needed_for="leverage", atr=None, atr_feature=label)
    volatility = clamp(_CALM - _SLOPE * atr / entry.price, _LEAST, _CALM)
    log.add(
        "volatility_factor",
        "clamp(1.25 − 75 · atr / entry, 0.5, 1.25)",
        volatility,
        "",
        atr=atr,
        atr_feature=label,
        entry=entry.price,
    )
    multiplier = request.settings.leverage.leverage_by_timeframe.get(request.timeframe, Decimal(1))
    raw = budget.risk_ratio * entry.price / stop.distance * multiplier * volatility
    log.add(
        "leverage_raw",
        "risk_ratio / stop_pct · leverage.leverage_by_timeframe[tf] · volatility_factor",
        raw,
        "",
        risk_ratio=budget.risk_ratio,
        stop_pct=stop.distance / entry.price,
        timeframe_multiplier=multiplier,
        volatility_factor=volatility,
    )
    return raw


def _within_caps(
    request: PlanRequest, raw: Decimal, position: SizedPosition, budget: Budget, log: StepLog
) -> tuple[int, int]:
    """(lowest leverage that the budget and the floor allow, the leverage): rounded, re-clamped, affordable."""
    settings, allowed = request.settings.leverage, position.range
    affordable = whole_up(divide_up(position.notional, budget.margin))
    lowest = max(allowed.low, affordable)
    whole = max(allowed.low, min(rounded(raw, settings.rounding.mode), allowed.high))
    # Margin never exceeds the initial margin, so the leverage nearest to it is the lowest that can be afforded.
    leverage = lowest if settings.toward_initial_margin else max(whole, affordable)
    log.add(
        "leverage_within_caps",
        "lowest affordable leverage (toward_initial_margin)"
        if settings.toward_initial_margin
        else "max(clamp(rounded leverage, floor, caps), notional_usdt / budget_usdt upward)",
        leverage,
        "",
        raw=raw,
        rounding=settings.rounding.mode.value,
        floor=allowed.low,
        cap=allowed.high,
        bracket_max=position.bracket.max_leverage,
        affordable=affordable,
    )
    return lowest, leverage


def _exposure(request: PlanRequest, entry: Entry, position: SizedPosition) -> Exposure:
    contract = request.contract
    return Exposure(
        side=request.side,
        entry=entry.price,
        quantity=position.size * contract.contract_size,
        bracket=position.bracket,
        taker_fee=contract.taker_fee,
        tick=contract.tick_size,
    )


def _log_result(
    result: ChosenLeverage, notional: Decimal, before: int, exposure: Exposure, stop: Stop, ratio: Decimal, log: StepLog
) -> None:
    log.add(
        "leverage",
        "highest leverage ≤ leverage_within_caps with |entry − liquidation| ≥ min_liquidation_ratio · |entry − stop|",
        result.leverage,
        "",
        leverage_within_caps=before,
        min_liquidation_ratio=ratio,
        stop_distance=stop.distance,
    )
    sign = "−" if exposure.side.sign > 0 else "+"
    log.add(
        "liquidation_price",
        f"(entry · (1 {sign} 1 / leverage) {sign} cum / quantity) / (1 {sign} mmr {sign} taker_fee), "
        "toward the entry to the tick",
        result.liquidation_price,
        "price",
        entry=exposure.entry,
        leverage=result.leverage,
        cum=exposure.bracket.maintenance_amount,
        quantity=exposure.quantity,
        mmr=exposure.bracket.maintenance_margin_ratio,
        taker_fee=max(exposure.taker_fee, Decimal(0)),
    )
    log.add(
        "margin_usdt",
        "notional_usdt / leverage, up to 1e-8",
        result.margin,
        "USDT",
        notional_usdt=notional,
        leverage=result.leverage,
    )


def _outside_accepted(request: PlanRequest, leverage: int, log: StepLog) -> Skip | None:
    accept = request.settings.leverage.accept
    if leverage >= accept.min and (accept.max is None or leverage <= accept.max):
        return None
    return log.skip(Reason.LEVERAGE_OUT_OF_BOUNDS, leverage=leverage, accept_min=accept.min, accept_max=accept.max)
