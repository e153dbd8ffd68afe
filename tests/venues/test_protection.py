"""Stops: travelling inside an entry, standing for themselves, and what a venue declares of both."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_core.market import (
    Amendment,
    ArmsAt,
    FillCause,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderState,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
    on_grid_at_or_below,
)
from tests.venues.stages import AT_MS, Stage


async def armed(stage: Stage) -> list[OpenOrder]:
    """The stops that stand now."""
    orders = await stage.trading.open_orders(stage.symbol)
    return [one for one in orders if one.purpose is TriggerPurpose.STOP and one.state is OrderState.LIVE]


async def test_a_stop_inside_an_entry_stands_when_the_entry_is_filled(stage: Stage) -> None:
    await stage.levers()
    level = stage.price("0.95")
    await stage.trading.submit_entry(stage.entry(6, stop=level))
    (stop,) = await armed(stage)
    assert stop.trigger == TriggerLevel(level, TriggerPrice.MARK)
    assert (stop.kind, stop.side, stop.reduce_only) == (OrderKind.TRIGGER, Side.LONG, True)
    assert stop.size in {6, None}, "what the entry filled, or the whole position"


async def test_a_part_that_fills_is_protected_as_declared_and_by_a_stop_of_its_own_else(stage: Stage) -> None:
    """A venue whose stops arm with the full fill proves what it declares instead: a stop of its own, at once."""
    await stage.levers()
    price, level = stage.price(), stage.price("0.95")
    if not stage.shows_sizes:
        pytest.skip("an order there does not meet the sizes of the market")
    stage.show(price, depth=4)
    entry = await stage.trading.submit_entry(stage.entry(6, price + stage.contract.tick_size, stop=level))
    (position,) = (await stage.trading.sync()).positions
    assert position.size == 4
    declared = stage.venue.capabilities.entry_protection
    assert declared is not None
    if declared.arms_at is ArmsAt.FIRST_FILL:
        (stop,) = await armed(stage)
        assert stop.size == 4
    if not await armed(stage):
        own = await stage.trading.submit_protection(stage.stop(level, 4))
        assert own.is_done
        (stop,) = await armed(stage)
        assert (stop.order_id, stop.size) == (own.order_id, 4)
    assert (await stage.trading.cancel(stage.symbol, entry.order_id, OrderKind.LIMIT)).is_done
    # The travelling stop may arm now, beside the own one: whoever supervises reads, and leaves exactly one.
    *surplus, kept = await armed(stage)
    for one in surplus:
        assert (await stage.trading.cancel(stage.symbol, one.order_id, OrderKind.TRIGGER)).is_done
    assert await armed(stage) == [kept]


async def test_a_stop_of_its_own_fires_and_closes_what_it_was_for(stage: Stage) -> None:
    await stage.holds(6)
    outcome = await stage.trading.submit_protection(stage.stop(stage.price("0.95"), 6))
    assert outcome.is_done
    stage.show(stage.price("0.94"))
    assert stage.accounts.engine.positions(stage.account) == ()
    assert (await stage.trading.sync()).positions == ()
    *_, closing = await stage.trading.fills(stage.symbol, AT_MS - 1000, AT_MS + 60_000)
    assert (closing.opens, closing.size) == (False, 6)
    fired = await stage.trading.order(stage.symbol, outcome.order_id)
    assert fired is not None
    assert fired.state in {OrderState.TRIGGERED, OrderState.FILLED}


async def test_a_stop_of_the_whole_position_covers_what_is_added(stage: Stage) -> None:
    declared = stage.venue.capabilities.position_protection
    assert declared is not None
    assert declared.whole_position
    await stage.holds(4)
    order = stage.stop(stage.price("0.95"))
    await stage.trading.submit_protection(order)
    (stop,) = await armed(stage)
    assert (stop.size, stop.reduce_only) == (None, True)
    if declared.client_ids:
        assert stop.client_order_id == order.client_order_id
    await stage.trading.submit_entry(stage.entry(3))
    stage.show(stage.price("0.94"))
    assert (await stage.trading.sync()).positions == ()


async def test_a_stop_is_moved_in_place_and_stays_what_it_was(stage: Stage) -> None:
    for size in (None, 4):
        await stage.holds(4)
        outcome = await stage.trading.submit_protection(stage.stop(stage.price("0.95"), size))
        (before,) = await armed(stage)
        level = TriggerLevel(stage.price("0.97"), TriggerPrice.MARK)
        moved = await stage.trading.amend(
            Amendment(stage.symbol, outcome.order_id, trigger=level, purpose=TriggerPurpose.STOP)
        )
        assert moved.is_done
        (after,) = await armed(stage)
        assert (after.order_id, after.trigger) == (before.order_id, level)
        assert (after.size, after.price, after.side) == (before.size, before.price, before.side)
        await stage.trading.cancel(stage.symbol, after.order_id, OrderKind.TRIGGER)
        await stage.trading.submit_exit(stage.exit(4))


async def test_a_stop_is_cancelled_by_its_id_alone_and_others_stay(stage: Stage) -> None:
    await stage.holds(6)
    first = await stage.trading.submit_protection(stage.stop(stage.price("0.95"), 3))
    second = await stage.trading.submit_protection(stage.stop(stage.price("0.94"), 3))
    assert (await stage.trading.cancel(stage.symbol, first.order_id, OrderKind.TRIGGER)).is_done
    assert [one.order_id for one in await armed(stage)] == [second.order_id]


async def test_cancelling_an_entry_leaves_the_stop_of_the_position(stage: Stage) -> None:
    await stage.holds(6)
    await stage.trading.submit_protection(stage.stop(stage.price("0.95")))
    entry = await stage.trading.submit_entry(stage.entry(price=stage.price("0.97")))
    assert (await stage.trading.cancel(stage.symbol, entry.order_id, OrderKind.LIMIT)).is_done
    assert len(await armed(stage)) == 1


async def test_a_stop_on_the_wrong_side_of_the_market_is_refused(stage: Stage) -> None:
    await stage.holds(6)
    outcome = await stage.trading.submit_protection(stage.stop(stage.price("1.05"), 6))
    assert not outcome.is_done
    assert await armed(stage) == []


async def test_a_target_fires_on_the_winning_side_and_closes_its_part(stage: Stage) -> None:
    await stage.holds(6)
    target = evolve(stage.stop(stage.price("1.03"), 2), purpose=TriggerPurpose.TARGET)
    assert (await stage.trading.submit_protection(target)).is_done
    (waiting,) = await stage.trading.open_orders(stage.symbol)
    assert (waiting.purpose, waiting.size, waiting.reduce_only) == (TriggerPurpose.TARGET, 2, True)
    stage.show(stage.price("1.04"))
    (position,) = (await stage.trading.sync()).positions
    assert position.size == 4
    *_, closing = await stage.trading.fills(stage.symbol, AT_MS - 1000, AT_MS + 60_000)
    assert closing.realised_profit > 0


async def test_a_stop_of_a_short_position_lies_above_it_whatever_the_mode(stage: Stage) -> None:
    for mode in sorted(stage.terms.plays_in):
        assert (await stage.trading.set_position_mode(mode)).is_done
        await stage.levers()
        price = stage.price()
        await stage.trading.submit_entry(stage.entry(6, side=Side.SHORT))
        assert not (await stage.trading.submit_protection(stage.stop(stage.price("0.95"), side=Side.SHORT))).is_done
        assert (await stage.trading.submit_protection(stage.stop(stage.price("1.05"), side=Side.SHORT))).is_done
        (stop,) = await armed(stage)
        assert (stop.side, stop.reduce_only) == (Side.SHORT, True)
        stage.show(on_grid_at_or_below(price * Decimal("1.06"), stage.contract.tick_size))
        state = await stage.trading.sync()
        assert (state.positions, state.open_orders) == ((), ())
        await stage.step(1_000)


async def test_a_stop_and_a_target_travel_in_one_entry_and_end_together(stage: Stage) -> None:
    await stage.levers()
    target = TriggerLevel(stage.price("1.03"), TriggerPrice.MARK)
    await stage.trading.submit_entry(evolve(stage.entry(6, stop=stage.price("0.95")), target=target))
    waiting = {one.purpose: one for one in await stage.trading.open_orders(stage.symbol)}
    if stage.terms.pairs_are_one_order:
        assert set(waiting) == {TriggerPurpose.STOP}
        assert waiting[TriggerPurpose.STOP].target == target
    else:
        assert set(waiting) == {TriggerPurpose.STOP, TriggerPurpose.TARGET}
        assert waiting[TriggerPurpose.TARGET].trigger == target
    stage.show(stage.price("1.04"))
    assert (await stage.trading.sync()).positions == ()
    await stage.step(1_000)
    assert [one for one in await stage.trading.open_orders(stage.symbol) if one.may_open] == []


async def test_what_a_liquidation_closes_is_told_as_such(stage: Stage) -> None:
    is_isolated = stage.terms.margin_mode is MarginMode.ISOLATED
    await stage.holds(6 if is_isolated else 850)  # else all of the account's money stands behind it
    stage.show(stage.price("0.7"))
    assert (await stage.trading.sync()).positions == ()
    *_, last = await stage.trading.fills(stage.symbol, AT_MS - 1000, AT_MS + 60_000)
    assert (last.cause, last.opens) == (FillCause.LIQUIDATION, False)
