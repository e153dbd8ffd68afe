"""Lifting locks: an operator's word, audited. The limit counts on from the loss at which it was said."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.execution.losses import measure_losses
from mtf_core.ports import Environment, ExchangeError
from mtf_core.problems import FieldProblem, InvalidRequestError
from mtf_core.records import AuditEvent
from mtf_core.risk import Losses, RiskLock
from mtf_core.settings.profile import Profile


async def lift_locks(environment: Environment, profile: Profile, actor: str, reason: str) -> tuple[RiskLock, ...]:
    """Lifts every lock that holds for a profile; returns them as they are now, none where none held.

    What was lost by now is forgiven: the profile locks again once as much as the limit is lost beyond it. Raises
    `InvalidRequestError` without a reason. A lock that somebody else lifts or puts meanwhile stays as it is.
    """
    if not reason.strip():
        raise InvalidRequestError(
            (FieldProblem("reason", "say why the lock is lifted; it is kept in the audit trail"),)
        )
    losses = await _losses(environment, profile)
    now_ms = environment.venue.clock.now_ms()
    locks = await environment.stores.risk.locks_of(profile.name, now_ms)
    lifted = []
    for lock in locks:
        if lock.holds_at(now_ms):
            changed = evolve(lock, lifted_ms=now_ms, forgiven=_forgiven(lock, losses))
            if await environment.stores.risk.lift(lock, changed):
                await environment.stores.audit.append([_event(environment, changed, actor, reason)])
                lifted.append(changed)
    return tuple(lifted)


async def _losses(environment: Environment, profile: Profile) -> Losses | None:
    """What was lost by now; None where that cannot be read: then what the lock says counts."""
    try:
        account = await environment.venue.account.account_state()
        return await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
    except ExchangeError:
        return None


def _forgiven(lock: RiskLock, losses: Losses | None) -> Decimal:
    """Never less than what was forgiven before; a streak begins anew by the time at which it was lifted."""
    if lock.span.lasts_ms is None:
        return lock.forgiven
    results = () if losses is None else (*losses.spans, *losses.ended)
    now = (result.loss for result in results if (result.span, result.start_ms) == (lock.span, lock.start_ms))
    return max(lock.forgiven, next(now, lock.loss))


def _event(environment: Environment, lock: RiskLock, actor: str, reason: str) -> AuditEvent:
    details = {
        "reason": reason,
        "span": str(lock.span),
        "loss": str(lock.loss),
        "baseline_usdt": str(lock.baseline),
        "forgiven_usdt": str(lock.forgiven),
    }
    return AuditEvent(environment.wall.now_ms(), actor, "risk_lock_lifted", lock.profile, details)
