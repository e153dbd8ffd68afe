"""Thousands of lives under drawn troubles: reads that fail or lag, writes that are lost, hands, thin books, gaps.

At every step the laws of `desk.py` hold. Once the troubles are over everything is protected, or flat and closed.
"""

from __future__ import annotations

import os
from decimal import Decimal
from random import Random

import pytest
from attrs import evolve

from mtf_core.market import (
    FillCause,
    OrderType,
    OversizedExit,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
)
from mtf_core.orders import Asked, AskedKind, EntryState, Intent, PositionState, Wanted, WantedTarget
from tests.unit.orders.supervision.desk import REGIMES, Bench, bench, resting

BLOCKS = 8
SEEDS = int(os.environ.get("MTF_SUPERVISION_SEEDS", "480"))
"""How many lives are tried; ten thousand take about three minutes."""
PRICES = {
    Side.LONG: {"entry": Decimal(100), "stop": Decimal(95), "targets": (Decimal(110), Decimal(115))},
    Side.SHORT: {"entry": Decimal(100), "stop": Decimal(105), "targets": (Decimal(90), Decimal(85))},
}


def drawn(random: Random) -> Bench:
    capabilities = REGIMES[random.choice(list(REGIMES))]
    side = random.choice(list(Side))
    intent = resting(
        capabilities,
        break_even_after_tp1=random.random() < 0.5,
        target_order=random.choice(list(OrderType)),
        hard_time_stop_ms=random.choice([None, None, 60_000]),
    )
    intent = evolve(intent, wanted=wanted(intent, side, random.choice([1, 2])))
    one = bench(capabilities, intent)
    one.exchange.mode = random.choice(list(PositionMode))
    one.exchange.children_bear_ids = random.random() < 0.7
    return one


def wanted(intent: Intent, side: Side, targets: int) -> Wanted:
    prices = PRICES[side]
    shares = (Decimal(1),) if targets == 1 else (Decimal("0.5"), Decimal("0.5"))
    return evolve(
        intent.wanted,
        side=side,
        stop=TriggerLevel(prices["stop"], TriggerPrice.MARK),  # type: ignore[arg-type]
        targets=tuple(WantedTarget(price, share) for price, share in zip(prices["targets"], shares, strict=False)),  # type: ignore[arg-type]
    )


def happens(one: Bench, random: Random) -> None:
    """Something of the market, or of a hand."""
    (event,) = random.choices(list(EVENTS), weights=list(EVENTS.values()))
    event(one, random)


def nothing(one: Bench, random: Random) -> None:
    pass


def entry_fills(one: Bench, random: Random) -> None:
    if one.entry_id in one.exchange.live:
        one.exchange.fills_entry(one.entry_id, Decimal(random.randint(1, 10)))


def entry_is_cancelled(one: Bench, random: Random) -> None:
    if one.entry_id in one.exchange.live:
        one.exchange.ends_entry(one.entry_id)


def market_moves(one: Bench, random: Random) -> None:
    one.exchange.depth = Decimal(random.choice([1, 3, 1000]))
    one.exchange.moves_to(max(Decimal(80), one.exchange.mark + Decimal(random.randint(-30, 30)) / 10))


def hand_closes(one: Bench, random: Random) -> None:
    one.exchange.trades_by_hand(one.intent.side, Decimal(random.randint(1, 4)), opens=False)


def exchange_closes(one: Bench, random: Random) -> None:
    cause = random.choice([FillCause.ADL, FillCause.LIQUIDATION])
    one.exchange.trades_by_hand(one.intent.side, Decimal(random.randint(1, 10)), opens=False, cause=cause)


def hand_cancels_stop(one: Bench, random: Random) -> None:
    if stops := one.exchange.armed(one.intent.side):
        one.exchange.cancels_by_hand(random.choice(stops).order_id)


def hand_moves_stop(one: Bench, random: Random) -> None:
    if stops := one.exchange.armed(one.intent.side):
        one.exchange.moves_stop_by_hand(stops[0].order_id, stop_by_hand(one, random))


def hand_cancels_target(one: Bench, random: Random) -> None:
    stops = one.exchange.armed(one.intent.side)
    targets = [order for order in one.exchange.live.values() if order.reduce_only and order not in stops]
    if targets:
        one.exchange.cancels_by_hand(targets[0].order_id)


def stops_are_refused(one: Bench, random: Random) -> None:
    one.exchange.refuses_stops = not one.exchange.refuses_stops


def exits_are_refused(one: Bench, random: Random) -> None:
    one.exchange.refuses_exits = not one.exchange.refuses_exits


def operator_closes(one: Bench, random: Random) -> None:
    one.asked = (Asked(1, AskedKind.CLOSE),)


def hand_opens(one: Bench, random: Random) -> None:
    """Somebody adds to the same position."""
    one.exchange.trades_by_hand(one.intent.side, Decimal(random.randint(1, 4)), opens=True)


def hand_opens_the_other_side(one: Bench, random: Random) -> None:
    if one.exchange.mode is PositionMode.HEDGE or not one.held:
        one.exchange.trades_by_hand(one.intent.side.opposite, Decimal(random.randint(1, 4)), opens=True)


def answer_is_forgotten(one: Bench, random: Random) -> None:
    """The process died while it sent the entry: nobody knows what became of it."""
    if one.intent.entry is EntryState.RESTING and not one.intent.attempt.filled:
        attempt = evolve(one.intent.attempt, order_id="", accepted_ms=None)
        one.intent = evolve(one.intent, entry=EntryState.UNKNOWN, attempt=attempt)


EVENTS = {
    nothing: 14,
    hand_opens: 1,
    hand_opens_the_other_side: 1,
    answer_is_forgotten: 1,
    entry_fills: 25,
    market_moves: 35,
    hand_closes: 4,
    exchange_closes: 2,
    hand_cancels_stop: 4,
    hand_moves_stop: 4,
    entry_is_cancelled: 2,
    stops_are_refused: 2,
    exits_are_refused: 2,
    operator_closes: 1,
    hand_cancels_target: 2,
}


def stop_by_hand(one: Bench, random: Random) -> Decimal:
    """Between the planned stop's far side and the mark's."""
    step = Decimal(random.randint(1, 30)) / 10
    level = one.intent.wanted.stop.price + random.choice([-1, 1]) * step
    is_beyond = (one.exchange.mark - level) * one.intent.side.sign <= 0
    return one.intent.wanted.stop.price if is_beyond else level


def looks(one: Bench, random: Random) -> None:
    fails = {name for name in ("account", "ended", "fills", "flows") if random.random() < 0.12}
    lies = frozenset(name for name in ("orders", "ended", "fills", "sizes") if random.random() < 0.04)
    one.was_lied_to |= bool(lies)
    most = one.rules.capabilities.visibility_lag_ms
    one.look(
        lag_ms=random.choice([0, 0, random.randint(0, most)]),
        fails=frozenset(fails),
        lies=lies,
        leaves=lambda _: random.random() > 0.1,
        answers=lambda _: random.random() > 0.1,
        no_market=random.random() < 0.05,
    )


def lives(seed: int) -> Bench:
    random = Random(seed)
    one = drawn(random)
    for _ in range(random.randint(5, 40)):
        one.passes(random.choice([100, 300, 1000, 3000]))
        happens(one, random)
        looks(one, random)
    one.exchange.refuses_stops = one.exchange.refuses_exits = False
    one.exchange.depth = Decimal(1000)
    return one


def settle(one: Bench) -> None:
    """Two minutes without troubles; less where nothing is to be done any more."""
    quiet = 0
    for _ in range(120):
        one.passes(1000)
        before = one.intent
        quiet = quiet + 1 if one.look().action is None and one.intent == before else 0
        is_protected = one.intent.entry.is_final and one.intent.position is PositionState.PROTECTED
        if not one.intent.is_live or (is_protected and quiet > 5):
            return


@pytest.mark.parametrize("block", range(BLOCKS))
def test_every_life_ends_protected_or_flat(block: int) -> None:
    for seed in range(block, SEEDS, BLOCKS):
        one = lives(seed)
        settle(one)
        check_settled(one, seed)


def check_settled(one: Bench, seed: int) -> None:
    exchange, intent = one.exchange, one.intent
    told = f"seed {seed}: {one.state}, {exchange.sizes}, held {intent.progress.held}, {one.wrote[-6:]}, {one.alarms}"
    is_trimmed = one.rules.capabilities.oversized_exit is not OversizedExit.REVERSES
    assert not exchange.reversed or not is_trimmed, f"{told}: an exit opened a position"
    assert (
        intent.entry in {EntryState.DONE, EntryState.REJECTED} or exchange.now_ms < intent.attempt.created_ms + 120_000
    ), told
    assert one.entry_id not in exchange.live, told
    held = intent.progress.held
    if held:
        assert intent.position is PositionState.PROTECTED, told
        covered = [stop.size for stop in exchange.armed(intent.side)]
        assert None in covered or sum(size for size in covered if size) >= held, told
    else:
        assert intent.position.is_over, told
        # What a list that lied did not show at the end is an orphan, which reconciliation finds.
        assert one.was_lied_to or not [order for order in exchange.live.values() if order.reduce_only], told
    assert intent.progress.opened - intent.progress.closed == held <= one.held, told
    by_hand = any(fill.order_id.startswith("hand") and fill.opens for fill in exchange.fills)
    assert by_hand or held == one.held, told
