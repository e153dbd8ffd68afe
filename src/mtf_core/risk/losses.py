"""What a day and a week have cost an account so far, and when that locks a profile.

The result of a span is what was realised in it (profit, fees, funding: transfers never count), and the change of
unrealised profit where the profile counts that. Money is quote currency, times milliseconds of the exchange's clock.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from itertools import takewhile

from attrs import frozen

from mtf_core.market import AccountState, CashFlow, FlowKind
from mtf_core.risk.locks import RiskLock, Span
from mtf_core.settings.trade_entry import RiskSettings


class OpeningSource(StrEnum):
    """Where what an account held at the beginning of a span is known from."""

    SEEN_BEFORE = "seen_before"
    """From the last equity that was seen before it, and what was booked since."""
    REBUILT = "rebuilt"
    """Nobody looked shortly before it: from what is there now less what was booked since. Unrealised profit of that
    time is not known and counts as none."""
    FIRST_SEEN = "first_seen"
    """The exchange books no rows that could be read: what was there when the span was first looked at."""


@frozen
class EquityMark:
    """The last equity that was seen, kept so that the next day can begin with it."""

    time_ms: int
    equity: Decimal
    unrealised: Decimal


@frozen
class RiskDay:
    """What the account held at 00:00 UTC of a day, of a Monday for the week; the first one stored counts for all."""

    start_ms: int
    opening_equity: Decimal
    opening_balance: Decimal
    """The equity without unrealised profit; never what is available."""
    opened_ms: int
    source: OpeningSource = OpeningSource.FIRST_SEEN

    @property
    def unrealised(self) -> Decimal:
        return self.opening_equity - self.opening_balance


@frozen
class SpanResult:
    """What a day or a week has brought so far."""

    span: Span
    start_ms: int
    baseline: Decimal
    """The equity at its beginning."""
    realised: Decimal
    """Profit, fees and funding since then."""
    unrealised: Decimal
    """By how much unrealised profit has changed; 0 where the profile does not count it."""
    unrealised_before: Decimal
    """Unrealised profit at its beginning: once everything is closed it is part of `realised`; 0 where not counted."""

    @property
    def result(self) -> Decimal:
        return self.realised + self.unrealised

    @property
    def loss(self) -> Decimal:
        """Above zero when money was lost."""
        return -self.result

    def loss_if_stopped(self, loss_at_stops: Decimal) -> Decimal:
        """The loss once every open position lost what its stop lets it lose, counted from its entry.

        What is unrealised now does not count: the stops decide what becomes of it.
        """
        return loss_at_stops - (self.realised - self.unrealised_before)


@frozen
class Losses:
    """What the guards know of losses, all from one account sync."""

    day: SpanResult
    week: SpanResult | None = None
    """None where no limit asks for it."""
    losing_streak: int = 0
    """Trades of the profile that ended with a net loss, one after the other, up to the newest."""
    ended: tuple[SpanResult, ...] = ()
    """Spans that have ended so lately that they still may lock: rows come late, and clocks differ."""
    locks: tuple[RiskLock, ...] = ()
    """Of the profile, lifted ones too."""

    def forgiven(self, span: Span, start_ms: int) -> Decimal:
        """The loss at which an operator lifted the lock of this span; 0 where none was."""
        found = (lock.forgiven for lock in self.locks if (lock.span, lock.start_ms) == (span, start_ms))
        return max(found, default=Decimal(0))

    @property
    def spans(self) -> tuple[SpanResult, ...]:
        return (self.day,) if self.week is None else (self.day, self.week)


def unrealised_of(account: AccountState) -> Decimal:
    return sum((position.unrealised_profit for position in account.positions), Decimal(0))


def mark_of(account: AccountState) -> EquityMark:
    return EquityMark(account.time_ms, account.equity, unrealised_of(account))


def realised_in(flows: Iterable[CashFlow], from_ms: int, until_ms: int) -> Decimal:
    """Profit, fees and funding that were booked within [from, until]; transfers never count."""
    return _booked((flow for flow in flows if flow.kind is not FlowKind.TRANSFER), from_ms, until_ms)


def day_from_mark(start_ms: int, mark: EquityMark, flows: Iterable[CashFlow], now_ms: int) -> RiskDay:
    """The day by the last equity seen before it; what was booked in between, transfers too, was there by then."""
    equity = mark.equity + _booked(flows, mark.time_ms + 1, start_ms - 1)
    return RiskDay(start_ms, equity, equity - mark.unrealised, now_ms, OpeningSource.SEEN_BEFORE)


def day_from_rows(start_ms: int, account: AccountState, flows: Iterable[CashFlow]) -> RiskDay:
    """The day by what is there now, without unrealised profit, less everything that was booked since it began.

    An account that was empty then begins with what was paid in before anything else happened.
    """
    since = [flow for flow in flows if start_ms <= flow.time_ms <= account.time_ms]
    equity = account.equity - unrealised_of(account) - _sum(since)
    if equity <= 0:
        in_order = sorted(since, key=lambda flow: flow.time_ms)
        equity += _sum(takewhile(lambda flow: flow.kind is FlowKind.TRANSFER, in_order))
    return RiskDay(start_ms, equity, equity, account.time_ms, OpeningSource.REBUILT)


def day_as_seen(start_ms: int, account: AccountState) -> RiskDay:
    """The day where no rows can be read: the account as it is first seen."""
    balance = account.equity - unrealised_of(account)
    return RiskDay(start_ms, account.equity, balance, account.time_ms, OpeningSource.FIRST_SEEN)


def result_by_rows(
    risk: RiskSettings, span: Span, first: RiskDay, account: AccountState, flows: Iterable[CashFlow]
) -> SpanResult:
    """The result by the rows that the exchange booked since the span's first day began."""
    return _result(risk, span, first, account, realised_in(flows, first.start_ms, account.time_ms))


def result_by_equity(risk: RiskSettings, span: Span, first: RiskDay, account: AccountState) -> SpanResult:
    """The result by the change of the account itself, where no rows can be read; here transfers count."""
    return _result(risk, span, first, account, account.equity - unrealised_of(account) - first.opening_balance)


def limit_of(risk: RiskSettings, span: Span, baseline: Decimal) -> Decimal | None:
    """The loss at which a span locks, in quote currency: the nearer of both limits; None: neither is set, or the one
    in percent is of nothing (`lacks_its_baseline`)."""
    amount, percent = _limits_of(risk, span)
    limits = [limit for limit in (amount, baseline * percent / 100) if limit > 0]
    return min(limits, default=None)


def lacks_its_baseline(risk: RiskSettings, span: Span, baseline: Decimal) -> bool:
    """Whether a limit in percent is set, and there is nothing that it could be a part of: it cannot be evaluated."""
    _, percent = _limits_of(risk, span)
    return percent > 0 >= baseline


def _limits_of(risk: RiskSettings, span: Span) -> tuple[Decimal, Decimal]:
    """In quote currency, and in percent; 0 where it is off."""
    if span is Span.DAY:
        return risk.daily_max_loss_usdt, risk.daily_max_loss_percent
    return risk.weekly_max_loss_usdt, risk.weekly_max_loss_percent


def losing_streak(nets: Iterable[Decimal | None]) -> int:
    """How many trades in a row were lost, from their nets, the newest first; one whose net is unknown says nothing."""
    known = (net for net in nets if net is not None)
    return sum(1 for _ in takewhile(lambda net: net < 0, known))


def counts_weeks(risk: RiskSettings) -> bool:
    return risk.weekly_max_loss_usdt > 0 or risk.weekly_max_loss_percent > 0


def new_locks(risk: RiskSettings, profile: str, losses: Losses, now_ms: int) -> tuple[RiskLock, ...]:
    """The locks that these losses put on a profile and that do not stand yet."""
    found = [
        RiskLock(result.start_ms, profile, result.baseline, result.loss, now_ms, result.span)
        for result in (*losses.spans, *losses.ended)
        if (limit := limit_of(risk, result.span, result.baseline)) is not None
        and result.loss - losses.forgiven(result.span, result.start_ms) >= limit
    ]
    if 0 < risk.max_consecutive_losses <= losses.losing_streak:
        found.append(RiskLock(0, profile, Decimal(0), Decimal(losses.losing_streak), now_ms, Span.STREAK))
    standing = {(lock.span, lock.start_ms) for lock in losses.locks if lock.lifted_ms is None}
    return tuple(lock for lock in found if (lock.span, lock.start_ms) not in standing)


def _booked(flows: Iterable[CashFlow], from_ms: int, until_ms: int) -> Decimal:
    return _sum(flow for flow in flows if from_ms <= flow.time_ms <= until_ms)


def _sum(flows: Iterable[CashFlow]) -> Decimal:
    return sum((flow.amount for flow in flows), Decimal(0))


def _result(risk: RiskSettings, span: Span, first: RiskDay, account: AccountState, realised: Decimal) -> SpanResult:
    counted = risk.daily_loss_count_unrealized
    before = first.unrealised if counted else Decimal(0)
    change = unrealised_of(account) - before if counted else Decimal(0)
    return SpanResult(span, first.start_ms, first.opening_equity, realised, change, before)
