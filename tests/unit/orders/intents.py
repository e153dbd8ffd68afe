"""Intents for tests: a long entry of ten contracts at 100, its stop at 95 and its target at 110."""

from __future__ import annotations

from decimal import Decimal

from attrs import evolve

from mtf_core.market import (
    MarginMode,
    OrderType,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
)
from mtf_core.orders import Attempt, Intent, Terms, Wanted, WantedTarget

SYMBOL, KEY, ACCOUNT = "BTCUSDT", "BTCUSDT:5m:0:long", "account"
CREATED_MS, NOT_AFTER_MS = 1_000_000, 1_060_000
STOP = TriggerLevel(Decimal(95), TriggerPrice.MARK)


def an_attempt(**changes: object) -> Attempt:
    attempt = Attempt(
        number=1,
        size=Decimal(10),
        order_type=OrderType.LIMIT,
        price=Decimal(100),
        time_in_force=TimeInForce.GTC,
        post_only=False,
        carries_stop=True,
        client_order_id="entry-1",
        created_ms=CREATED_MS,
        not_after_ms=NOT_AFTER_MS,
    )
    return evolve(attempt, **changes)


def terms(**changes: object) -> Terms:
    given = Terms(
        profile="scalper_micro",
        run_id="run",
        execution_timeframe=Timeframe.M5,
        contract_size=Decimal("0.001"),
        size_step=Decimal(1),
        min_size=Decimal(1),
        tick_size=Decimal("0.1"),
        planned_entry=Decimal(100),
        risk_usdt=Decimal("0.06"),
        fees_in_risk=True,
        one_r_fees_usdt=Decimal("0.0012"),
        notional_usdt=Decimal(1),
        margin_usdt=Decimal("0.2"),
        loss_at_stop_usdt=Decimal("0.0512"),
        min_net_r=Decimal(0),
        zone=None,
        zone_was_touched=False,
        max_deviation=Decimal("0.02"),
        order_timeout_ms=120_000,
        out_of_zone_after_ms=30_000,
        end_of_zone=None,
        break_even_after_tp1=False,
        hard_time_stop_ms=None,
        protection_timeout_ms=5_000,
        target_order=OrderType.MARKET,
        target_proximity=Decimal("0.003"),
        after_cancel_minutes=1,
    )
    return evolve(given, **changes)


def an_intent(stop: TriggerLevel = STOP, attempt: Attempt | None = None, **changes: object) -> Intent:
    wanted = Wanted(
        symbol=SYMBOL,
        side=Side.LONG,
        size=Decimal(10),
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        stop=stop,
        targets=(WantedTarget(Decimal(110), Decimal(1)),),
    )
    intent = Intent(
        account=ACCOUNT,
        decision_key=KEY,
        tag=1,
        counter=1,
        wanted=wanted,
        terms=terms(),
        attempt=attempt or an_attempt(),
    )
    return evolve(intent, **changes)
