"""Scripted decisions: what a run would have planned, of every kind of entry, from the market as it is.

Every process decides the same at the same time, as processes with the same configuration and candles do: the same key,
the same side. What they plan of it follows from the quote that each of them read.
"""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

from attrs import evolve, frozen

from mtf_core.market import (
    Contract,
    MarginMode,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerPrice,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.planning.outcome import OrderPlan, PlanCosts, SizeLimit, Supervision, TakeProfit
from mtf_core.planning.zone_event import EntryZone
from mtf_core.settings.trade_entry import TradeEntrySettings


@frozen
class Decision:
    key: str
    symbol: str
    side: Side
    kind: str
    """`rest`, `maker`, `take` or `market`."""
    seed: str


def decided(seed: int, number: int, symbols: tuple[str, ...], *, may_rest: bool) -> tuple[Decision, ...]:
    """What is decided at the number-th time: nothing, one entry, or several at once."""
    kinds = ("rest", "rest", "maker", "take", "market") if may_rest else ("take", "take", "market", "rest")
    draw = random.Random(f"decisions {seed} {number}")
    chosen = draw.sample(symbols, draw.choice((0, 1, 1, 2)))
    return tuple(
        Decision(
            key=f"{symbol}:5m:{number}",
            symbol=symbol,
            side=draw.choice((Side.LONG, Side.SHORT)),
            kind=draw.choice(kinds),
            seed=f"{seed} {number} {symbol}",
        )
        for symbol in chosen
    )


def settings_of(seed: int, given: TradeEntrySettings, margin_mode: MarginMode) -> TradeEntrySettings:
    """The profile's settings with what an episode draws of them."""
    draw = random.Random(f"settings {seed}")
    supervision = evolve(
        given.supervision,
        order_timeout_sec=draw.choice((20, 40, 90)),
        out_of_zone_after_sec=draw.choice((5, 30)),
        target_order=draw.choice((OrderType.MARKET, OrderType.LIMIT)),
        tp_proximity_skip_pct=draw.choice((Decimal("0.0005"), Decimal("0.003"))),
    )
    end = evolve(given.fallback_end_of_zone, enabled=draw.random() < 0.6)
    risk = evolve(
        given.risk, max_concurrent_positions=3, daily_max_loss_usdt=Decimal(2000), daily_max_loss_percent=Decimal(0)
    )
    defaults = evolve(given.defaults, margin_mode=margin_mode)
    return evolve(given, defaults=defaults, supervision=supervision, fallback_end_of_zone=end, risk=risk)


def planned(decision: Decision, contract: Contract, quote: Quote, settings: TradeEntrySettings, now_ms: int) -> Any:
    """An order plan as the planner's end has it; None where its numbers do not make one."""
    draw = random.Random(decision.seed)
    sign, tick = Decimal(decision.side.sign), contract.tick_size
    touch = quote.book.best_ask if sign > 0 else quote.book.best_bid
    waits = decision.kind in {"rest", "maker"}
    away = Decimal(draw.choice((2, 8, 20))) / 10_000 if waits else Decimal(0)
    down, up = on_grid_at_or_below, on_grid_at_or_above
    into = down if sign > 0 else up
    entry = into(touch * (1 - sign * away), tick)
    worst = entry if waits else into(touch * (1 + sign * Decimal(draw.choice((0, 5, 20))) / 10_000), tick)
    stop_far = Decimal(draw.choice((8, 20, 50))) / 10_000
    stop = into(entry * (1 - sign * stop_far), tick)
    distance = abs(entry - stop)
    if distance <= 0:
        return None
    size = contract.size_step * draw.choice((1, 3, 10, 40, 120))
    size = max(size, contract.min_size)
    minutes = draw.choice((None, None, Decimal(3), Decimal(1)))
    zone = EntryZone(
        low=entry * Decimal("0.9985"),
        high=entry * Decimal("1.0015"),
        anchor=entry,
        anchor_source="5m.vwap",
        expires_at_ms=now_ms + draw.choice((30, 90, 240)) * 1000,
    )
    targets = _targets(draw, entry, distance, sign, size, contract)
    notional = contract.notional(size, max(entry, worst))
    fee = contract.notional(size, entry) * contract.taker_fee
    loss = contract.notional(size, abs(worst - stop)) + 2 * fee
    net = PlanCosts(fee, fee, Decimal(0), loss, Decimal(1), Decimal("0.5"))
    timeout_ms = settings.supervision.order_timeout_sec * 1000
    return OrderPlan(
        symbol=decision.symbol,
        side=decision.side,
        execution_timeframe=Timeframe.M5,
        decision_key=decision.key,
        planned_at_ms=now_ms,
        order_type=OrderType.MARKET if decision.kind == "market" else OrderType.LIMIT,
        time_in_force=TimeInForce.GTC if waits else TimeInForce.IOC,
        post_only=decision.kind == "maker",
        margin_mode=settings.defaults.margin_mode,
        entry_price=entry,
        worst_entry_price=worst,
        stop_price=stop,
        stop_source="risk",
        stop_wanted_source="risk",
        stop_wanted_distance=distance,
        stop_trigger=draw.choice((TriggerPrice.MARK, TriggerPrice.LAST)),
        take_profits=targets,
        size=size,
        size_limited_by=SizeLimit.RISK,
        contract_size=contract.contract_size,
        tick_size=tick,
        size_step=contract.size_step,
        leverage=draw.choice((5, 10, 20)),
        notional_usdt=notional,
        margin_usdt=notional / 5,
        budget_usdt=Decimal(2000),
        risk_usdt=loss * Decimal("1.05"),
        loss_at_stop_usdt=loss,
        costs=net,
        liquidation_price=Decimal(0),
        zone=zone,
        best_bid=quote.book.best_bid,
        best_ask=quote.book.best_ask,
        mark_price=quote.mark.price,
        supervision=Supervision(
            order_deadline_ms=now_ms + timeout_ms if waits else None,
            out_of_zone_from_ms=now_ms + settings.supervision.out_of_zone_after_sec * 1000 if waits else None,
            end_of_zone=settings.fallback_end_of_zone if waits and settings.fallback_end_of_zone.enabled else None,
            break_even_after_tp1=len(targets) == 2 and draw.random() < 0.5,
            hard_time_stop_minutes=minutes,
        ),
        zone_event=None,
        steps=(),
    )


def _targets(
    draw: random.Random, entry: Decimal, distance: Decimal, sign: Decimal, size: Decimal, contract: Contract
) -> tuple[TakeProfit, ...]:
    """One, or two where the size can be split."""
    near = Decimal(draw.choice((8, 13, 25))) / 10
    steps = int(size / contract.size_step)
    if steps < 2 or draw.random() < 0.5:
        parts = ((near, size),)
    else:
        first = contract.size_step * draw.randint(1, steps - 1)
        parts = ((near, first), (near * 2, size - first))
    outward = on_grid_at_or_above if sign > 0 else on_grid_at_or_below
    return tuple(
        TakeProfit(
            price=outward(entry + sign * distance * r, contract.tick_size),
            size=part,
            share=part / size,
            r=r,
            fee_usdt=Decimal(0),
            net_gain_usdt=Decimal(1),
            net_r=r,
        )
        for r, part in parts
    )
