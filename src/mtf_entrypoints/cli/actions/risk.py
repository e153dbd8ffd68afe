"""`mtf risk`: the limits on money as they stand, and the lifting of locks."""

from __future__ import annotations

import asyncio
import getpass
from decimal import Decimal

from mtf_core.execution.lifting import lift_locks
from mtf_core.inquiry.risk import OpenRisk, RiskStanding, SpanStanding, lock_to_json, risk_standing
from mtf_core.market import format_instant
from mtf_core.risk import RiskLock, Span
from mtf_entrypoints.cli import output
from mtf_entrypoints.cli.exits import CommandError
from mtf_entrypoints.cli.options import World
from mtf_entrypoints.cli.working import working


def show(world: World, as_json: bool) -> None:
    """Everything that the guards on money know before a plan is there."""
    found = asyncio.run(_standing(world))
    if as_json:
        output.write_json(found.to_json())
        return
    refused = ", ".join(map(str, found.refused_by))
    output.write_line(f"{found.profile} at {format_instant(found.now_ms)}")
    output.write_line(f"against real entries: {refused or 'nothing'}")
    output.write_line(f"account: {found.standing.condition}{f', {found.standing.why}' if found.standing.why else ''}")
    beat = found.supervisor
    heard = "nobody was ever heard of" if beat is None else f"{beat.owner}, heard of {format_instant(beat.beat_ms)}"
    output.write_line(f"supervisor: {heard}")
    if found.account_error is not None:
        output.warn(f"the account is not known: {found.account_error}")
    _show_spans(found)
    output.write_line(f"trades lost in a row: {found.lost_in_a_row}{_of(found.risk.max_consecutive_losses)}")
    if found.open is not None:
        output.write_line(_open_words(found, found.open))
    _show_locks(found.locks, found.now_ms)


def reset(world: World, reason: str, confirm: bool, as_json: bool) -> None:
    """Lifts what holds, or says what that would be."""
    profile, lifted, held = asyncio.run(_reset(world, reason, confirm))
    if held and not confirm:
        spans = ", ".join(lock.span for lock in held)
        count = output.counted(len(held), "lock")
        raise CommandError(f"{count} of {profile} would be lifted ({spans}); nothing was: --confirm does it")
    if as_json:
        output.write_json({"profile": profile, "lifted": [lock_to_json(lock, lock.locked_ms) for lock in lifted]})
    elif not lifted:
        output.write_line(f"no lock holds {profile}")
    else:
        for lock in lifted:
            again = "" if lock.span is Span.STREAK else f"; its limit counts on from a loss of {lock.forgiven} USDT"
            output.write_line(f"the lock of {profile} for the {lock.span} is lifted{again}")


async def _standing(world: World) -> RiskStanding:
    async with working(world) as environment:
        return await risk_standing(environment, environment.profiles(None))


async def _reset(world: World, reason: str, confirm: bool) -> tuple[str, tuple[RiskLock, ...], tuple[RiskLock, ...]]:
    async with working(world) as environment:
        profile = environment.profiles(None)
        if confirm:
            return profile.name, await lift_locks(environment, profile, _actor(), reason), ()
        now_ms = environment.venue.clock.now_ms()
        locks = await environment.stores.risk.locks_of(profile.name, now_ms)
        return profile.name, (), tuple(lock for lock in locks if lock.holds_at(now_ms))


def _show_spans(found: RiskStanding) -> None:
    if not found.spans:
        return
    numbers = ("equity at its start", "realised", "unrealised", "result", "limit", "left", "if all stops fire")
    table = output.table("span", *numbers, right=numbers, optional=("realised", "unrealised"))
    for span, standing in found.spans.items():
        table.add_row(span, *_numbers(standing))
    output.console().print(table)
    rebuilt = [span for span, one in found.spans.items() if one.source != "seen_before"]
    if rebuilt:
        output.write_line(f"the equity at the start of the {' and the '.join(rebuilt)} was not seen before it began")


def _numbers(standing: SpanStanding) -> tuple[str, ...]:
    result = standing.result
    if_stopped = None if standing.if_stopped is None else -standing.if_stopped
    numbers = (
        result.baseline,
        result.realised,
        result.unrealised,
        result.result,
        standing.limit,
        standing.left,
        if_stopped,
    )
    return tuple(map(_money, numbers))


def _open_words(found: RiskStanding, opened: OpenRisk) -> str:
    risk = found.risk
    symbols = f"open: {output.counted(opened.symbols, 'symbol')}{_of(risk.max_concurrent_positions)}"
    sides = f"{opened.long} long and {opened.short} short{_of(risk.max_same_side)}"
    worth = f"notional {_money(opened.notional)} USDT{_of(risk.max_notional_usdt)}"
    return f"{symbols}, {sides}; {worth}; {_money(opened.loss_at_stops)} USDT lost if all stops fire"


def _show_locks(locks: tuple[RiskLock, ...], now_ms: int) -> None:
    if not locks:
        return
    columns = ("profile", "span", "from", "loss", "locked", "state")
    table = output.table(*columns, right=("loss",), optional=("from", "locked"))
    for lock in locks:
        begins = "" if lock.span is Span.STREAK else format_instant(lock.start_ms)
        if lock.lifted_ms is not None:
            state = f"lifted {format_instant(lock.lifted_ms)}"
        else:
            state = "locked" if lock.holds_at(now_ms) else "over"
        table.add_row(lock.profile, lock.span, begins, _money(lock.loss), format_instant(lock.locked_ms), state)
    output.console().print(table)


def _of(limit: Decimal | int) -> str:
    return f" of {limit} allowed" if limit else ""


def _money(amount: Decimal | None) -> str:
    return "unknown" if amount is None else f"{amount:.2f}"


def _actor() -> str:
    """Who sits at this machine, as far as it knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without a user database
        return "operator"
