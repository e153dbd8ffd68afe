"""Budget and risk: what a trade may bind, and what it may lose."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen

from mtf_core.planning.outcome import Skip
from mtf_core.planning.request import PlanRequest, StepLog
from mtf_core.reasons import Reason


@frozen
class Budget:
    """Money of one trade, in quote currency."""

    margin: Decimal
    """Most margin that the trade may bind."""
    risk_ratio: Decimal
    risk: Decimal
    """Most that the stop may cost."""


def budget_of(request: PlanRequest, log: StepLog) -> Budget | Skip:
    """min(initial margin, available), and the share of it that may be lost."""
    settings, available = request.settings, request.facts.available_balance
    defaults = settings.defaults
    if defaults.initial_margin_usdt > 0:
        margin = min(defaults.initial_margin_usdt, available)
        log.add(
            "budget_usdt",
            "min(initial_margin_usdt, available)",
            margin,
            "USDT",
            initial_margin_usdt=defaults.initial_margin_usdt,
            available=available,
        )
    else:
        # The plain risk, without multipliers: these scale the risk once, in risk_ratio, not twice.
        margin = min(defaults.fallback_account_balance * defaults.risk_pct_percent / 100, available)
        log.add(
            "budget_usdt",
            "min(fallback_account_balance · risk_pct_percent / 100, available)",
            margin,
            "USDT",
            fallback_account_balance=defaults.fallback_account_balance,
            risk_pct_percent=defaults.risk_pct_percent,
            available=available,
        )
    if margin <= 0:
        return log.skip(Reason.INSUFFICIENT_MARGIN, budget_usdt=margin, available=available)
    ratio = _risk_ratio(request, log)
    return Budget(margin, ratio, _risk(request, margin, ratio, log))


def _risk_ratio(request: PlanRequest, log: StepLog) -> Decimal:
    settings = request.settings
    ratio = settings.risk_ratio(request.timeframe)
    fixed, crash = settings.risk.fixed_risk_percent, settings.risk.crash_mode
    if fixed is not None:
        log.add("risk_ratio", "fixed_risk_percent / 100", ratio, "ratio", fixed_risk_percent=fixed)
    else:
        log.add(
            "risk_ratio",
            "risk_pct_percent / 100 · risk_by_timeframe · crash_multiplier",
            ratio,
            "ratio",
            risk_pct_percent=settings.defaults.risk_pct_percent,
            tf=request.timeframe.value,
            risk_by_timeframe=settings.risk.risk_by_timeframe.get(request.timeframe, Decimal(1)),
            crash_multiplier=crash.risk_pct_multiplier if crash.enabled else Decimal(1),
        )
    return ratio


def _risk(request: PlanRequest, margin: Decimal, ratio: Decimal, log: StepLog) -> Decimal:
    initial = request.settings.defaults.initial_margin_usdt
    share = request.settings.leverage.max_loss_pct
    risk = margin * ratio
    if share > 0 and initial > 0:
        risk = min(risk, share * initial)
        log.add(
            "risk_usdt",
            "min(budget_usdt · risk_ratio, max_loss_pct · initial_margin_usdt)",
            risk,
            "USDT",
            budget_usdt=margin,
            risk_ratio=ratio,
            max_loss_pct=share,
            initial_margin_usdt=initial,
        )
    else:
        log.add("risk_usdt", "budget_usdt · risk_ratio", risk, "USDT", budget_usdt=margin, risk_ratio=ratio)
    return risk
