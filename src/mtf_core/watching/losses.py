"""What a day and a week have cost by the last equity that the store knows, beside what they may."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from attrs import frozen

from mtf_core.config_nodes import ConfigError
from mtf_core.ports import Environment
from mtf_core.risk import RiskLock, Span
from mtf_core.risk.losses import limit_of
from mtf_core.settings.profile import Profile


@frozen
class LossSeen:
    """What a day or a week has cost by the last equity that was seen, and what it may."""

    profile: str
    span: Span
    loss: Decimal
    """Below zero: money was won."""
    limit: Decimal | None
    """What an operator forgave is on top; None: the profile sets no limit."""


def enabled_profiles(environment: Environment) -> tuple[Profile, ...]:
    """Those of the configuration, without what cannot be read of it."""
    found = []
    try:
        entries = environment.profiles(None).trading.profiles
    except ConfigError:
        return ()
    for name, entry in entries.items():
        if entry.enabled:
            try:
                found.append(environment.profiles(name))
            except ConfigError:
                continue
    return tuple(found)


async def losses_seen(
    environment: Environment, profiles: Sequence[Profile], locks: Sequence[RiskLock], venue_ms: int
) -> tuple[LossSeen, ...]:
    """By the equity that supervision has seen last: what was paid in or out since the span began shows as well.

    A span of whose beginning the store knows nothing is left out. Raises `StoreError`.
    """
    store = environment.stores.risk
    mark = await store.mark()
    found = []
    for span in (Span.DAY, Span.WEEK):
        day = await store.day(span.start_of(venue_ms))
        if mark is None or day is None or mark.time_ms < day.start_ms:
            continue
        for profile in profiles:
            risk = profile.trade_entry.risk
            if risk.daily_loss_count_unrealized:
                loss = day.opening_equity - mark.equity
            else:
                loss = day.opening_balance - (mark.equity - mark.unrealised)
            limit = limit_of(risk, span, day.opening_equity)
            if limit is not None:
                name = profile.name, span, day.start_ms
                lifted = [lock.forgiven for lock in locks if (lock.profile, lock.span, lock.start_ms) == name]
                limit += max(lifted, default=Decimal(0))
            found.append(LossSeen(profile.name, span, loss, limit))
    return tuple(found)
