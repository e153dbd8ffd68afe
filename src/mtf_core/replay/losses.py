"""What days and weeks have cost a replayed account, and the locks that follow, measured as for real entries."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import define, evolve, field

from mtf_core.market import AccountState, CashFlow
from mtf_core.orders import Trade
from mtf_core.risk import Losses, RiskDay, RiskLock, Span, SpanResult, counts_weeks, losing_streak, new_locks
from mtf_core.risk.locks import BORDER_MS
from mtf_core.risk.losses import OpeningSource, result_by_rows, unrealised_of
from mtf_core.settings.trade_entry import RiskSettings


@define(eq=False)
class LossBook:
    """The rows that the stores of a real account keep, in memory."""

    risk: RiskSettings
    profile: str
    days: dict[int, RiskDay] = field(factory=dict)
    locks: list[RiskLock] = field(factory=list)
    _flows: dict[int, list[CashFlow]] = field(factory=dict)
    """By the day on which they were booked."""
    _sums: dict[int, CashFlow] = field(factory=dict)
    """All of a day as one row, of the time of the last one: a day's rows are added once."""
    _firsts: dict[tuple[Span, int], RiskDay | None] = field(factory=dict)
    _measured: tuple[AccountState, Losses] | None = None
    """What was measured last, and of which account; None: something was booked since."""
    _nets: list[Decimal] = field(factory=list)
    """What trades ended with, the newest first."""

    def open_day(self, start_ms: int, account: AccountState) -> None:
        """The day begins with the account as it is at its first instant; what is too old for any span is dropped."""
        balance = account.equity - unrealised_of(account)
        self.days[start_ms] = RiskDay(start_ms, account.equity, balance, start_ms, OpeningSource.SEEN_BEFORE)
        oldest_ms = Span.WEEK.start_of(start_ms - 1)
        self._flows = {day: flows for day, flows in self._flows.items() if day >= oldest_ms}
        self._sums = {day: flow for day, flow in self._sums.items() if day >= oldest_ms}
        self.days = {start: day for start, day in self.days.items() if start >= oldest_ms}
        self._firsts.clear()
        self._measured = None

    def book(self, flows: Iterable[CashFlow]) -> None:
        for flow in flows:
            self._measured = None
            day = Span.DAY.start_of(flow.time_ms)
            self._flows.setdefault(day, []).append(flow)
            before = self._sums.get(day)
            self._sums[day] = flow if before is None else _together(before, flow)

    def ended(self, trade: Trade) -> None:
        self._measured = None
        self._nets.insert(0, trade.net_usdt)
        del self._nets[max(1, self.risk.max_consecutive_losses) :]

    @property
    def counts_anything(self) -> bool:
        """Whether any limit on losses is set."""
        risk = self.risk
        return bool(
            risk.daily_max_loss_usdt or risk.daily_max_loss_percent or counts_weeks(risk) or risk.max_consecutive_losses
        )

    def measure(self, account: AccountState) -> Losses:
        """What the guards know of losses now; a limit that is reached locks."""
        known = self._measured
        if known is not None and known[0] is account:
            return known[1]
        losses = self._measure(account)
        self._measured = (account, losses)
        return losses

    def _measure(self, account: AccountState) -> Losses:
        now_ms = account.time_ms
        spans = (Span.DAY, Span.WEEK) if counts_weeks(self.risk) else (Span.DAY,)
        present = {span: self._result(span, span.start_of(now_ms), account) for span in spans}
        starts = [(span, span.start_of(now_ms)) for span in spans]
        lately = [(span, span.start_of(start - 1)) for span, start in starts if now_ms - start < BORDER_MS]
        losses = Losses(
            day=present[Span.DAY],
            week=present.get(Span.WEEK),
            losing_streak=losing_streak(self._nets) if self.risk.max_consecutive_losses else 0,
            ended=tuple(self._result(span, start, account) for span, start in lately if self._first(span, start)),
            locks=tuple(self.locks),
        )
        put = new_locks(self.risk, self.profile, losses, now_ms)
        if not put:
            return losses
        self.locks += put
        return self._measure(account)

    def _first(self, span: Span, start_ms: int) -> RiskDay | None:
        """The first day of a span, as it began: where nothing happened at its beginning, as the next day began on which
        something did; None: nothing happened in it."""
        key = (span, start_ms)
        if key not in self._firsts:
            end_ms = start_ms + (span.lasts_ms or 0)
            first_ms = min((start for start in self.days if start_ms <= start < end_ms), default=None)
            self._firsts[key] = None if first_ms is None else evolve(self.days[first_ms], start_ms=start_ms)
        return self._firsts[key]

    def _result(self, span: Span, start_ms: int, account: AccountState) -> SpanResult:
        first = self._first(span, start_ms)
        assert first is not None, "a day is opened before anything is measured"
        within: Iterable[CashFlow] = [flow for day, flow in self._sums.items() if day >= start_ms]
        if any(flow.time_ms > account.time_ms for flow in within):  # not all of that day counts yet
            within = (flow for day, flows in self._flows.items() if day >= start_ms for flow in flows)
        return result_by_rows(self.risk, span, first, account, within)


def _together(before: CashFlow, flow: CashFlow) -> CashFlow:
    """Two rows as one. A replay's account knows no transfers, which would not count as results."""
    return evolve(before, amount=before.amount + flow.amount, time_ms=max(before.time_ms, flow.time_ms))
