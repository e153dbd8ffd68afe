"""Where an account stands with its limits on money: what was lost, what is open, what is left, and what locks it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from attrs import frozen

from mtf_core.execution.losses import lost_in_a_row, measure_losses
from mtf_core.market import AccountState, Side, format_instant
from mtf_core.ports import Environment, ExchangeError
from mtf_core.reasons import Reason
from mtf_core.risk import (
    Heartbeat,
    Losses,
    OpeningSource,
    Reservation,
    RiskLock,
    Span,
    SpanResult,
    Standing,
    Switchboard,
    limit_of,
    stakes,
    what_stops_entries,
)
from mtf_core.settings.profile import Profile
from mtf_core.settings.trade_entry import RiskSettings

_MOST_COUNTED = 100
"""Trades in a row that are counted where no limit says how many matter."""


@frozen
class OpenRisk:
    """Everything that is open or may come to be: positions, orders that open, live intents."""

    symbols: int
    long: int
    short: int
    notional: Decimal | None
    """None: something of it cannot be valued."""
    loss_at_stops: Decimal | None

    def to_json(self) -> dict[str, Any]:
        return {
            "symbols": self.symbols,
            "long": self.long,
            "short": self.short,
            "notional_usdt": _text(self.notional),
            "loss_at_stops_usdt": _text(self.loss_at_stops),
        }


@frozen
class SpanStanding:
    """A day or a week against its limit. Money is quote currency."""

    result: SpanResult
    source: OpeningSource
    """Where its baseline is known from."""
    limit: Decimal | None
    """None: no limit is set."""
    forgiven: Decimal
    """The loss at which an operator lifted its lock: the limit counts from there."""
    if_stopped: Decimal | None
    """The loss if every stop fired; None: something that is open cannot be valued."""

    @property
    def left(self) -> Decimal | None:
        """What may still be lost before it locks."""
        return None if self.limit is None else self.limit + self.forgiven - self.result.loss

    @property
    def left_for_entries(self) -> Decimal | None:
        """What new entries may still lose at their stops."""
        if self.limit is None or self.if_stopped is None:
            return None
        return self.limit + self.forgiven - self.if_stopped

    def to_json(self) -> dict[str, Any]:
        result = self.result
        return {
            "start": format_instant(result.start_ms),
            "baseline_usdt": _plain(result.baseline),
            "baseline_source": str(self.source),
            "realised_usdt": _plain(result.realised),
            "unrealised_usdt": _plain(result.unrealised),
            "result_usdt": _plain(result.result),
            "limit_usdt": _text(self.limit),
            "forgiven_usdt": _plain(self.forgiven),
            "left_usdt": _text(self.left),
            "loss_if_stopped_usdt": _text(self.if_stopped),
            "left_for_entries_usdt": _text(self.left_for_entries),
        }


@frozen(kw_only=True)
class RiskStanding:
    """All of it, at one instant of the exchange's clock."""

    now_ms: int
    profile: str
    risk: RiskSettings
    account_error: str | None
    """Why the account, or what it lost, is not known; then `spans` is empty and `open` None."""
    standing: Standing
    kill_switch_on: bool
    supervisor: Heartbeat | None
    refused_by: tuple[Reason, ...]
    """What stands against every real entry of the profile, whatever its symbol."""
    spans: Mapping[Span, SpanStanding]
    lost_in_a_row: int
    open: OpenRisk | None
    locks: tuple[RiskLock, ...]
    """Of all profiles, as far as they may hold now; lifted ones too."""

    def to_json(self) -> dict[str, Any]:
        """The document of `mtf risk show --json` and of the route."""
        day, week = (self.spans.get(span) for span in (Span.DAY, Span.WEEK))
        return {
            "now": format_instant(self.now_ms),
            "profile": self.profile,
            "account_error": self.account_error,
            "refused_by": [str(reason) for reason in self.refused_by],
            "standing": {
                "condition": str(self.standing.condition),
                "since": format_instant(self.standing.since_ms) if self.standing.since_ms else None,
                "why": self.standing.why,
            },
            "kill_switch_on": self.kill_switch_on,
            "supervisor": None if self.supervisor is None else _supervisor_to_json(self.supervisor),
            "day": None if day is None else day.to_json(),
            "week": None if week is None else week.to_json(),
            "lost_in_a_row": self.lost_in_a_row,
            "open": None if self.open is None else self.open.to_json(),
            "limits": {
                "max_consecutive_losses": self.risk.max_consecutive_losses,
                "max_concurrent_positions": self.risk.max_concurrent_positions,
                "max_same_side": self.risk.max_same_side,
                "max_symbol_notional_usdt": _plain(self.risk.max_symbol_notional_usdt),
                "max_notional_usdt": _plain(self.risk.max_notional_usdt),
            },
            "locks": [lock_to_json(lock, self.now_ms) for lock in self.locks],
        }


def lock_to_json(lock: RiskLock, now_ms: int) -> dict[str, Any]:
    """A lock; `loss` is money, or a number of trades for a streak."""
    lasts_ms = lock.span.lasts_ms
    return {
        "profile": lock.profile,
        "span": str(lock.span),
        "start": None if lasts_ms is None else format_instant(lock.start_ms),
        "end": None if lasts_ms is None else format_instant(lock.start_ms + lasts_ms),
        "holds": lock.holds_at(now_ms),
        "loss": _plain(lock.loss),
        "baseline_usdt": _plain(lock.baseline),
        "locked_at": format_instant(lock.locked_ms),
        "lifted_at": None if lock.lifted_ms is None else format_instant(lock.lifted_ms),
        "forgiven_usdt": _plain(lock.forgiven),
    }


async def risk_standing(environment: Environment, profile: Profile) -> RiskStanding:
    """Reads account and store, and measures losses as a run does: a limit that is found reached locks here, too.

    Raises `StoreError`; an account that cannot be read is told.
    """
    stores, now_ms = environment.stores, environment.venue.clock.now_ms()
    risk = profile.trade_entry.risk
    account, losses, error = await _account(environment, profile)
    reservations = tuple(map(Reservation.of, await stores.orders.live()))
    opened = None if account is None else await _open(environment, account, reservations)
    board = Switchboard.of(await stores.switches.all(), now_ms)
    standing, supervisor = await stores.orders.standing(), await stores.orders.heartbeat()
    locks = await stores.risk.locks(now_ms)
    its = tuple(lock for lock in locks if lock.profile == profile.name)
    alive_ms = profile.trading.orders.heartbeat_sec * 1000 if environment.venue.trading is not None else None
    refused_by = what_stops_entries(standing, board, supervisor, alive_ms, its, now_ms)
    return RiskStanding(
        now_ms=now_ms,
        profile=profile.name,
        risk=risk,
        account_error=error,
        standing=standing,
        kill_switch_on=board.kill_switch_on,
        supervisor=supervisor,
        refused_by=((Reason.ACCOUNT_STATE_UNKNOWN, *refused_by) if losses is None else refused_by),
        spans={} if losses is None else await _spans(environment, risk, losses, opened),
        lost_in_a_row=await lost_in_a_row(stores.orders, profile.name, _MOST_COUNTED, its),
        open=opened,
        locks=locks,
    )


async def _account(environment: Environment, profile: Profile) -> tuple[AccountState | None, Losses | None, str | None]:
    try:
        account = await environment.venue.account.account_state()
    except ExchangeError as error:
        return None, None, str(error)
    try:
        losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
    except ExchangeError as error:
        return account, None, f"what was lost is not known: {error}"
    return account, losses, None


async def _open(environment: Environment, account: AccountState, reservations: Iterable[Reservation]) -> OpenRisk:
    contracts = await environment.stores.contracts.all()
    sizes = {contract.symbol: contract.contract_size for contract in contracts}
    found = stakes(account, reservations, sizes).values()
    return OpenRisk(
        symbols=len(found),
        long=sum(Side.LONG in stake.sides for stake in found),
        short=sum(Side.SHORT in stake.sides for stake in found),
        notional=_total(stake.notional for stake in found),
        loss_at_stops=_total(stake.loss_at_stop for stake in found),
    )


async def _spans(
    environment: Environment, risk: RiskSettings, losses: Losses, opened: OpenRisk | None
) -> dict[Span, SpanStanding]:
    found = {}
    at_stops = opened.loss_at_stops if opened is not None else None
    for result in losses.spans:
        day = await environment.stores.risk.day(result.start_ms)
        found[result.span] = SpanStanding(
            result=result,
            source=day.source if day is not None else OpeningSource.FIRST_SEEN,
            limit=limit_of(risk, result.span, result.baseline),
            forgiven=losses.forgiven(result.span, result.start_ms),
            if_stopped=None if at_stops is None else result.loss_if_stopped(at_stops),
        )
    return found


def _supervisor_to_json(beat: Heartbeat) -> dict[str, Any]:
    return {
        "owner": beat.owner,
        "heard_at": format_instant(beat.beat_ms),
        "read_at": format_instant(beat.read_ms),
    }


def _total(values: Iterable[Decimal | None]) -> Decimal | None:
    known = list(values)
    return None if None in known else sum((value for value in known if value is not None), Decimal(0))


def _text(value: Decimal | None) -> str | None:
    return None if value is None else _plain(value)


def _plain(value: Decimal) -> str:
    """Exact, and never with an exponent."""
    return f"{value:f}"
