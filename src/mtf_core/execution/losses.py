"""The losses of an account, measured with one account sync: what the guards of dry runs and of real entries look at.

Days and locks are rows of their own: they hold for all processes, across restarts, whatever the account does then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from attrs import evolve

from mtf_core.market import AccountState, CashFlow
from mtf_core.orders import EventKind
from mtf_core.ports import Environment, OrderStore, RiskStore, Trading
from mtf_core.records import AuditEvent
from mtf_core.risk import (
    EquityMark,
    Losses,
    RiskDay,
    RiskLock,
    Span,
    SpanResult,
    counts_weeks,
    day_as_seen,
    day_from_mark,
    day_from_rows,
    losing_streak,
    mark_of,
    new_locks,
    result_by_equity,
    result_by_rows,
)
from mtf_core.risk.locks import BORDER_MS
from mtf_core.settings.trade_entry import RiskSettings

_MARK_LIFE_MS = 3_600_000
"""An equity that was seen longer before a day began says too little of what was unrealised when it did."""
_PAGE = 50


async def measure_losses(environment: Environment, risk: RiskSettings, profile: str, account: AccountState) -> Losses:
    """What day, week and trades have cost, and the locks of the profile, those that this measure put on it too.

    `account` is a sync of now. Raises `ExchangeError` where the exchange's rows cannot be read, and `StoreError`: then
    nothing is known of losses, and entries refuse.
    """
    store, orders = environment.stores.risk, environment.stores.orders
    spans = [*_present(risk, account.time_ms), *await _just_ended(risk, account.time_ms, store)]
    days, flows = await _days(store, environment.venue.trading, account, sorted({start for _, start in spans}))
    results = {(span, start): _result(risk, span, days[start], account, flows) for span, start in spans}
    locks = await store.locks_of(profile, account.time_ms)
    losses = Losses(
        day=results.pop((Span.DAY, Span.DAY.start_of(account.time_ms))),
        week=results.pop((Span.WEEK, Span.WEEK.start_of(account.time_ms)), None),
        losing_streak=await lost_in_a_row(orders, profile, risk.max_consecutive_losses, locks),
        ended=tuple(results.values()),
        locks=locks,
    )
    put = [await _locked(environment, lock) for lock in new_locks(risk, profile, losses, account.time_ms)]
    stands = {(lock.span, lock.start_ms): lock for lock in (*locks, *put)}
    return evolve(losses, locks=tuple(stands.values()))


async def _locked(environment: Environment, lock: RiskLock) -> RiskLock:
    """The lock as it is stored; whoever put it, and nobody else, has it audited. It stands whatever the audit does."""
    stored = await environment.stores.risk.put_lock(lock)
    if stored.locked_ms == lock.locked_ms and stored.loss == lock.loss:
        details = {"span": str(lock.span), "loss": str(lock.loss), "baseline_usdt": str(lock.baseline)}
        event = AuditEvent(environment.wall.now_ms(), "mtf", "risk_lock_put", lock.profile, details)
        await environment.stores.audit.append([event])
    return stored


async def keep_equity(environment: Environment, account: AccountState) -> None:
    """Opens the day if nobody did, and keeps the equity for the next one; raises as `measure_losses` does."""
    today = Span.DAY.start_of(account.time_ms)
    store, trading = environment.stores.risk, environment.venue.trading
    if trading is None or await store.day(today) is None:
        await _days(store, trading, account, [today])
    else:
        await store.put_mark(mark_of(account))


def _present(risk: RiskSettings, now_ms: int) -> list[tuple[Span, int]]:
    """Each span that counts, by its beginning."""
    counted = (Span.DAY, Span.WEEK) if counts_weeks(risk) else (Span.DAY,)
    return [(span, span.start_of(now_ms)) for span in counted]


async def _just_ended(risk: RiskSettings, now_ms: int, store: RiskStore) -> list[tuple[Span, int]]:
    """Just after a border the spans that ended there, as far as somebody saw them begin."""
    ended = [(span, span.start_of(start - 1)) for span, start in _present(risk, now_ms) if now_ms - start < BORDER_MS]
    return [(span, start) for span, start in ended if await store.day(start) is not None]


async def _days(
    store: RiskStore, trading: Trading | None, account: AccountState, starts: Sequence[int]
) -> tuple[Mapping[int, RiskDay], tuple[CashFlow, ...] | None]:
    """The days that start then, opened where they are not stored, and the rows since the first; None: there are none.

    The mark is kept only after the day: else what is seen in a day would count as seen before it.
    """
    days = {start: day for start in starts if (day := await store.day(start)) is not None}
    if trading is None:
        for start in starts:
            if start not in days:
                days[start] = await store.open_day(day_as_seen(start, account))
        return days, None
    missing = [start for start in starts if start not in days]
    mark = await store.mark() if missing else None
    seen = {start: mark for start in missing if mark is not None and 0 < start - mark.time_ms <= _MARK_LIFE_MS}
    since_ms = min(*starts, *(mark.time_ms for mark in seen.values())) if seen else min(starts)
    flows = await trading.cash_flows(since_ms, account.time_ms)
    for start in missing:
        days[start] = await store.open_day(_opened(start, seen.get(start), account, flows))
    await store.put_mark(mark_of(account))
    return days, flows


def _opened(start_ms: int, mark: EquityMark | None, account: AccountState, flows: Sequence[CashFlow]) -> RiskDay:
    if mark is not None:
        return day_from_mark(start_ms, mark, flows, account.time_ms)
    return day_from_rows(start_ms, account, flows)


def _result(
    risk: RiskSettings, span: Span, first: RiskDay, account: AccountState, flows: Sequence[CashFlow] | None
) -> SpanResult:
    if flows is None:
        return result_by_equity(risk, span, first, account)
    return result_by_rows(risk, span, first, account, flows)


async def lost_in_a_row(orders: OrderStore, profile: str, most: int, locks: Sequence[RiskLock]) -> int:
    """Trades of the profile that were lost one after the other, at most so many.

    Those before an operator lifted its lock, which is one of `locks`, do not count.
    """
    if not most:
        return 0
    since_ms = max((lock.lifted_ms or 0 for lock in locks if lock.span is Span.STREAK), default=0)
    nets: list[Decimal] = []
    async for net in _nets(orders, profile, since_ms):
        nets.append(net)
        if net >= 0 or len(nets) >= most:
            break
    return losing_streak(nets)


async def _nets(orders: OrderStore, profile: str, since_ms: int) -> AsyncIterator[Decimal]:
    """What the profile's trades ended with, the newest first, each by its last word; unknown ones are left out."""
    told: set[str] = set()
    cursor: str | None = None
    while True:
        page = await orders.events_of(EventKind.CLOSED, _PAGE, cursor)
        for event in (stored.event for stored in page.items):
            if event.venue_ms <= since_ms:
                return
            net = _amount(event.details.get("net_usdt"))
            is_its = event.details.get("profile", profile) == profile
            if is_its and net is not None and event.decision_key not in told:
                told.add(event.decision_key)
                yield net
        if page.next is None:
            return
        cursor = page.next


def _amount(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None
