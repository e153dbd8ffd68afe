"""What guards are asked with in tests: an entry of 100 USDT that may lose 5, on an account of 1000 in peace."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.market import (
    AccountState,
    ContractStatus,
    OpenOrder,
    OrderKind,
    Position,
    Side,
    Timeframe,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.risk import (
    Books,
    GuardFacts,
    Heartbeat,
    LiveFacts,
    Losses,
    ProposedEntry,
    Reservation,
    RiskLock,
    Span,
    SpanResult,
    Standing,
    Switch,
    Switchboard,
)
from mtf_core.settings.trade_entry import RiskSettings, StalenessSettings
from mtf_core.settings.trading import OrderSettings

NOW_MS = 1_772_452_800_000
"""A Monday, 12:00 UTC."""
DAY_START_MS, WEEK_START_MS = Span.DAY.start_of(NOW_MS), Span.WEEK.start_of(NOW_MS)
HERE = "sandbox"

ENTRY = ProposedEntry(
    symbol="AUSDT",
    timeframe=Timeframe.M5,
    side=Side.LONG,
    decision_key="A:5m:0:long",
    notional=Decimal(100),
    margin=Decimal(20),
    loss_at_stop=Decimal(5),
    namespace=HERE,
)


def usdt(**values: float) -> RiskSettings:
    return RiskSettings(**{name: Decimal(str(value)) for name, value in values.items()})


def position(symbol: str, side: Side = Side.LONG, **changes: object) -> Position:
    """One contract of one base coin, entered at 50."""
    held = Position(symbol, side, Decimal(1), Decimal(50), Decimal(5), Decimal(0), mark_price=Decimal(52))
    return evolve(held, **changes)


def order(symbol: str, *, reduce_only: bool = False, **changes: object) -> OpenOrder:
    live = OpenOrder(symbol, f"id-{symbol}", "", OrderKind.LIMIT, Side.LONG, Decimal(2), Decimal(50), reduce_only)
    return evolve(live, **changes)


def stop_of(symbol: str, price: int, **changes: object) -> OpenOrder:
    stop = order(
        symbol,
        reduce_only=True,
        kind=OrderKind.TRIGGER,
        trigger=TriggerLevel(Decimal(price), TriggerPrice.MARK),
        purpose=TriggerPurpose.STOP,
        size=None,
        price=None,
    )
    return evolve(stop, **changes)


def account(*held: Position | OpenOrder, time_ms: int = NOW_MS) -> AccountState:
    positions = tuple(one for one in held if isinstance(one, Position))
    orders = tuple(one for one in held if isinstance(one, OpenOrder))
    return AccountState(time_ms, Decimal(1000), Decimal(1000), positions, orders)


def result(realised: float = 0, unrealised: float = 0, before: float = 0, span: Span = Span.DAY) -> SpanResult:
    numbers = (Decimal(1000), *(Decimal(str(each)) for each in (realised, unrealised, before)))
    return SpanResult(span, DAY_START_MS if span is Span.DAY else WEEK_START_MS, *numbers)


def reservation(symbol: str, side: Side = Side.LONG, notional: int = 100, loss: int = 5, key: str = "") -> Reservation:
    return Reservation(key or f"{symbol}:5m", symbol, side, Decimal(notional), Decimal(20), Decimal(loss))


def off(key: str, reason: str = "operator") -> Switch:
    return Switch(key, False, None, reason, NOW_MS)


def board(*switches: Switch) -> Switchboard:
    return Switchboard.of(switches, NOW_MS)


def lock(span: Span = Span.DAY, loss: int = 30, **changes: object) -> RiskLock:
    made = RiskLock(span.start_of(NOW_MS), "scalper", Decimal(1000), Decimal(loss), NOW_MS, span)
    return evolve(made, **changes)


def facts(**changes: object) -> GuardFacts:
    """Of a simulated entry."""
    peace = GuardFacts(
        switchboard=board(),
        risk=RiskSettings(),
        account=account(),
        losses=Losses(result()),
        contract_sizes={symbol: Decimal(1) for symbol in ("AUSDT", "BUSDT", "CUSDT")},
    )
    return evolve(peace, **changes)


LIVE = LiveFacts(
    now_ms=NOW_MS,
    namespace=HERE,
    settings=OrderSettings(),
    staleness=StalenessSettings(),
    skew_ms=3,
    contract_status=ContractStatus.TRADING,
    supervisor=Heartbeat("one", NOW_MS - 1000, NOW_MS - 2000),
)


def books(**changes: object) -> Books:
    peace = Books(
        standing=Standing(),
        switchboard=board(),
        supervisor=LIVE.supervisor,
        locks=(),
        live=(),
        key_is_taken=False,
    )
    return evolve(peace, **changes)
