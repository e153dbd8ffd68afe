"""How long from a plan in hand to the first byte of its entry on the wire: the program's share, and the exchange's.

On loopback, against the sandbox's BitMart face as a program of its own, with a real SQLite file whose
commits are synced. What is waited for the exchange on the way (the leverage, which stands first) is told apart.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from attrs import evolve
from benchmarks.wire import face

from mtf_adapters.bitmart import rest
from mtf_core.execution import Desk, Ground, MarketQuality, Submitted, guards_for, open_desk, submit
from mtf_core.execution.guarding import by_symbol
from mtf_core.execution.losses import measure_losses
from mtf_core.market import (
    Contract,
    MarginMode,
    OrderKind,
    OrderType,
    Quote,
    Side,
    Timeframe,
    TimeInForce,
    TriggerLevel,
    TriggerPrice,
    on_grid_at_or_above,
    on_grid_at_or_below,
)
from mtf_core.orders import Attempt, Draft, EntryState, Terms, Wanted, WantedTarget
from mtf_core.ports import Acquired
from mtf_core.risk import Heartbeat
from mtf_entrypoints.container import opened
from mtf_entrypoints.settings import read_settings

ROUNDS = int(os.environ.get("ROUNDS", "100"))
SYMBOL = "BTCUSDT"
MOST_MEDIAN_MS, MOST_P99_MS = 5.0, 20.0


class Watch:
    """When the bytes of a request began to leave, and how long the exchange was waited for before."""

    def __init__(self) -> None:
        self.left_s = 0.0
        self.waited_s = 0.0

    def install(self) -> None:
        real, watch = rest._Departure.__call__, self

        async def noted(departure: Any, step: str, info: object) -> None:
            await real(departure, step, info)
            if step.endswith("send_request_headers.started"):
                watch.left_s = time.perf_counter()

        rest._Departure.__call__ = noted  # type: ignore[method-assign, assignment]


class Waited:
    """The exchange, whose answers before the order are timed."""

    def __init__(self, trading: Any, watch: Watch) -> None:
        self._trading, self._watch = trading, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._trading, name)

    async def set_leverage(self, *args: Any) -> Any:
        began = time.perf_counter()
        try:
            return await self._trading.set_leverage(*args)
        finally:
            self._watch.waited_s = time.perf_counter() - began


def draft_of(contract: Contract, quote: Quote, key: str, now_ms: int, namespace: str) -> Draft:
    """A long limit worth some 60 USDT, two percent below the market."""
    price = on_grid_at_or_below(quote.mark.price * Decimal("0.98"), contract.tick_size)
    stop = on_grid_at_or_below(quote.mark.price * Decimal("0.95"), contract.tick_size)
    size = max(contract.min_size, on_grid_at_or_above(60 / contract.notional(Decimal(1), price), contract.size_step))
    attempt = Attempt(
        number=1,
        size=size,
        order_type=OrderType.LIMIT,
        price=price,
        time_in_force=TimeInForce.GTC,
        post_only=True,
        carries_stop=False,
        client_order_id="",
        created_ms=now_ms,
        not_after_ms=now_ms + 10_000,
    )
    wanted = Wanted(
        symbol=contract.symbol,
        side=Side.LONG,
        size=size,
        leverage=Decimal(5),
        margin_mode=MarginMode.ISOLATED,
        stop=TriggerLevel(stop, TriggerPrice.MARK),
        targets=(WantedTarget(quote.mark.price, Decimal(1)),),
    )
    notional = contract.notional(size, price)
    terms = Terms(
        profile="scalper_micro",
        run_id="latency",
        execution_timeframe=Timeframe.M5,
        contract_size=contract.contract_size,
        size_step=contract.size_step,
        min_size=contract.min_size,
        tick_size=contract.tick_size,
        planned_entry=price,
        risk_usdt=notional,
        fees_in_risk=True,
        one_r_fees_usdt=notional / 1000,
        notional_usdt=notional,
        margin_usdt=notional / 5,
        loss_at_stop_usdt=notional / 30,
        min_net_r=Decimal(0),
        zone=None,
        zone_was_touched=False,
        max_deviation=Decimal("0.05"),
        order_timeout_ms=120_000,
        out_of_zone_after_ms=30_000,
        end_of_zone=None,
        break_even_after_tp1=False,
        hard_time_stop_ms=None,
        protection_timeout_ms=5000,
        target_order=OrderType.MARKET,
        target_proximity=Decimal("0.003"),
        after_cancel_minutes=1,
    )
    return Draft(
        decision_key=key,
        wanted=wanted,
        terms=terms,
        attempt=attempt,
        planned_ms=now_ms,
        expires_ms=now_ms + 15_000,
        namespace=namespace,
    )


async def one(desk: Desk, watch: Watch, number: int, contracts: Any, ground: Ground) -> tuple[float, float]:
    """Milliseconds of the program and of the exchange; the entry is ended before the next one."""
    environment, now_ms = desk.environment, desk.now_ms
    lock = (await environment.locks.acquire(["latency"], "latency", 60_000))["latency"]
    assert isinstance(lock, Acquired)
    await desk.orders.beat(Heartbeat("latency", now_ms, now_ms), lock)
    quote = (await environment.venue.market.quotes([SYMBOL]))[SYMBOL]
    assert isinstance(quote, Quote)
    began = time.perf_counter()
    draft = draft_of(
        contracts[SYMBOL], quote, f"{SYMBOL}:5m:{number}:long", desk.now_ms, desk.environment.stores.namespace
    )
    guards = guards_for(desk, draft, environment.profiles(None), ground)
    outcome = await submit(desk, draft, guards, MarketQuality.of(quote), switch_minutes=0)
    assert isinstance(outcome, Submitted), outcome
    assert outcome.intent.entry is EntryState.RESTING, outcome
    await desk.trading.cancel(SYMBOL, outcome.intent.attempt.order_id, OrderKind.LIMIT)
    await desk.orders.save(evolve(outcome.intent, entry=EntryState.DONE))
    return (watch.left_s - began - watch.waited_s) * 1000, watch.waited_s * 1000


async def measured() -> list[tuple[float, float]]:
    watch = Watch()
    watch.install()
    async with opened(read_settings()) as container:
        opened_desk = await open_desk(container.environment())
        desk = evolve(opened_desk, trading=Waited(opened_desk.trading, watch))
        environment, profile = desk.environment, desk.environment.profiles(None)
        listed = await environment.venue.market.contracts()
        await environment.stores.contracts.replace_all(listed, environment.wall.now_ms())
        found = []
        for number in range(ROUNDS + 5):
            account = await desk.trading.sync()
            losses = await measure_losses(environment, profile.trade_entry.risk, profile.name, account)
            contracts = by_symbol(listed)
            found.append(await one(desk, watch, number, contracts, Ground(account, losses, contracts)))
    return found[5:]


def main() -> int:
    with face("--universe-size", "15") as there, tempfile.TemporaryDirectory() as folder:
        os.environ.update(there.environment(DATABASE_URL=f"sqlite:///{folder}/mtf.db", XDG_DATA_HOME=folder))
        found = asyncio.run(measured())
    ours, theirs = (sorted(values) for values in zip(*found, strict=True))
    p99 = ours[min(len(ours) - 1, int(len(ours) * 0.99))]
    median = statistics.median(ours)
    print(
        f"{len(ours)} entries: the program {median:.2f} ms median, {p99:.2f} ms p99; the exchange before it "
        f"{statistics.median(theirs):.2f} ms median; allowed {MOST_MEDIAN_MS} and {MOST_P99_MS} ms"
    )
    return 0 if median <= MOST_MEDIAN_MS and p99 <= MOST_P99_MS else 1


if __name__ == "__main__":
    sys.exit(main())
