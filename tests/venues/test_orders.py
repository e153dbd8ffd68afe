"""Orders: asked for through the port, and found on the exchange as they were meant."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from mtf_adapters.sandbox.matching.commands import Deleverage, Restart, StatusChange
from mtf_core.market import (
    DAY_MS,
    Amendment,
    ContractStatus,
    FillCause,
    FlowKind,
    MarginMode,
    OrderKind,
    OrderState,
    PositionMode,
    Proven,
    SettingScope,
    Side,
    TimeInForce,
    UniqueFor,
    WriteResult,
)
from tests.venues.stages import AT_MS, BALANCE, Stage

SOON = AT_MS + DAY_MS


async def test_an_account_begins_flat_with_its_money_and_its_mode(stage: Stage) -> None:
    state = await stage.trading.sync()
    assert (state.available_balance, state.equity) == (BALANCE, BALANCE)
    assert (state.positions, state.open_orders, state.position_mode) == ((), (), PositionMode.HEDGE)
    assert (await stage.venue.account.account_state()).positions == ()
    assert await stage.trading.account_id()


@pytest.mark.parametrize("side", Side)
async def test_an_entry_at_market_becomes_a_position(stage: Stage, side: Side) -> None:
    await stage.levers()
    outcome = await stage.trading.submit_entry(stage.entry(side=side))
    assert outcome.result is WriteResult.ACCEPTED
    (position,) = (await stage.trading.sync()).positions
    (true,) = stage.accounts.engine.positions(stage.account)
    assert (position.symbol, position.side, position.size) == (stage.symbol, side, 6)
    assert position.entry_price == true.entry_price
    assert (position.leverage, position.margin_mode) == (5, stage.terms.margin_mode)
    order = await stage.trading.order(stage.symbol, outcome.order_id)
    assert order is not None
    assert (order.state, order.filled, order.side, order.kind) == (OrderState.FILLED, 6, side, OrderKind.MARKET)


async def test_a_resting_entry_is_live_reserves_its_margin_and_is_cancelled_by_its_id(stage: Stage) -> None:
    await stage.levers()
    order = stage.entry(price=stage.price("0.99"))
    outcome = await stage.trading.submit_entry(order)
    state = await stage.trading.sync()
    (resting,) = state.open_orders
    assert (resting.order_id, resting.client_order_id) == (outcome.order_id, order.client_order_id)
    assert (resting.state, resting.kind, resting.side, resting.price, resting.size) == (
        OrderState.LIVE,
        OrderKind.LIMIT,
        Side.LONG,
        order.price,
        6,
    )
    assert resting.may_open
    assert state.available_balance < BALANCE
    assert (await stage.trading.cancel(stage.symbol, resting.order_id, resting.kind)).is_done
    assert await stage.trading.open_orders() == ()
    assert (await stage.trading.sync()).available_balance == BALANCE
    ended = await stage.trading.order(stage.symbol, resting.order_id)
    if not stage.terms.remembers_cancelled:
        return
    assert ended is not None
    if stage.terms.shows_cancelled:
        assert (ended.state, ended.filled) == (OrderState.CANCELLED, 0)


async def test_what_cannot_fill_at_once_of_an_immediate_order_is_gone(stage: Stage) -> None:
    await stage.levers()
    price = stage.price()
    if not stage.shows_sizes:
        pytest.skip("an order there does not meet the sizes of the market")
    stage.show(price, depth=4)
    ask = price + stage.contract.tick_size
    outcome = await stage.trading.submit_entry(stage.entry(6, ask, time_in_force=TimeInForce.IOC))
    assert outcome.is_done
    assert await stage.trading.open_orders(stage.symbol) == ()
    (position,) = (await stage.trading.sync()).positions
    assert position.size == 4


async def test_a_post_only_order_that_would_take_never_fills(stage: Stage) -> None:
    await stage.levers()
    outcome = await stage.trading.submit_entry(stage.entry(price=stage.price("1.01"), post_only=True))
    assert outcome.result in {WriteResult.ACCEPTED, WriteResult.WOULD_TAKE, WriteResult.REJECTED}
    state = await stage.trading.sync()
    assert (state.positions, state.open_orders) == ((), ())


async def test_an_exit_closes_its_side_and_never_opens_the_other(stage: Stage) -> None:
    await stage.holds(6)
    assert (await stage.trading.submit_exit(stage.exit(4))).is_done
    (position,) = (await stage.trading.sync()).positions
    assert (position.side, position.size) == (Side.LONG, 2)
    assert (await stage.trading.submit_exit(stage.exit(2))).is_done
    assert (await stage.trading.sync()).positions == ()
    beyond = await stage.trading.submit_exit(stage.exit(2))
    assert beyond.result in {WriteResult.REJECTED, WriteResult.ACCEPTED}
    assert (await stage.trading.sync()).positions == ()


async def test_an_exit_larger_than_its_position_opens_nothing(stage: Stage) -> None:
    """Whether it is trimmed or refused is a capability; what it must never do is the same everywhere."""
    await stage.holds(6)
    await stage.trading.submit_exit(stage.exit(20))
    assert [one for one in (await stage.trading.sync()).positions if one.side is Side.SHORT] == []
    assert sum(one.size for one in stage.accounts.engine.positions(stage.account)) in {0, 6}


async def test_a_client_id_is_good_for_one_live_order(stage: Stage) -> None:
    await stage.levers()
    order = stage.entry(price=stage.price("0.99"))
    first = await stage.trading.submit_entry(order)
    second = await stage.trading.submit_entry(order)
    assert (first.result, second.result) == (WriteResult.ACCEPTED, WriteResult.DUPLICATE)
    assert second.client_order_id == order.client_order_id
    assert len(await stage.trading.open_orders(stage.symbol)) == 1
    if stage.venue.capabilities.client_ids.unique_for is UniqueFor.ALWAYS:
        await stage.trading.cancel(stage.symbol, first.order_id, OrderKind.LIMIT)
        assert (await stage.trading.submit_entry(order)).result is WriteResult.DUPLICATE


async def test_an_entry_is_found_by_its_client_id_wherever_it_ended_up(stage: Stage) -> None:
    await stage.levers()
    filled, resting, gone = (
        stage.entry(),
        stage.entry(price=stage.price("0.99")),
        stage.entry(price=stage.price("0.98")),
    )
    await stage.trading.submit_entry(filled)
    await stage.trading.submit_entry(resting)
    cancelled = await stage.trading.submit_entry(gone)
    await stage.trading.cancel(stage.symbol, cancelled.order_id, OrderKind.LIMIT)
    stage.accounts.happen(Restart())
    live = {one.client_order_id for one in await stage.trading.open_orders(stage.symbol)}
    ended = {one.client_order_id for one in await stage.trading.order_history(stage.symbol, AT_MS - 1000, SOON)}
    assert live == {resting.client_order_id}
    if not (stage.terms.remembers_cancelled and stage.terms.remembers_after_restart):
        return  # which is why absence alone proves nothing
    assert {filled.client_order_id, gone.client_order_id} <= ended
    assert resting.client_order_id not in ended


async def test_a_resting_entry_is_amended_in_place(stage: Stage) -> None:
    await stage.levers()
    outcome = await stage.trading.submit_entry(stage.entry(price=stage.price("0.99")))
    lower = stage.price("0.98")
    amended = await stage.trading.amend(Amendment(stage.symbol, outcome.order_id, price=lower, size=Decimal(4)))
    assert amended.is_done
    (order,) = await stage.trading.open_orders(stage.symbol)
    assert (order.order_id, order.price, order.size) == (outcome.order_id, lower, 4)


async def test_an_order_off_the_grid_is_refused_and_nothing_of_it_exists(stage: Stage) -> None:
    await stage.levers()
    off_grid = stage.price("0.99") + stage.contract.tick_size / 3
    outcome = await stage.trading.submit_entry(stage.entry(price=off_grid))
    assert outcome.result is WriteResult.REJECTED
    assert outcome.result.nothing_exists
    assert outcome.code
    assert await stage.trading.open_orders() == ()


async def test_an_entry_beyond_the_money_is_refused(stage: Stage) -> None:
    await stage.levers()
    assert (await stage.trading.submit_entry(stage.entry(100_000))).result is WriteResult.REJECTED
    assert (await stage.trading.sync()).available_balance == BALANCE


async def test_an_entry_past_its_deadline_does_not_leave(stage: Stage) -> None:
    order = evolve(stage.entry(price=stage.price("0.99")), not_after_ms=AT_MS - 1)
    assert (await stage.trading.submit_entry(order)).result is WriteResult.EXPIRED_BEFORE_SENT
    assert await stage.trading.open_orders() == ()


async def test_a_cancel_of_what_is_not_there_is_a_reason_to_look_and_one_without_an_id_never_leaves(
    stage: Stage,
) -> None:
    unknown = await stage.trading.cancel(stage.symbol, "123", OrderKind.LIMIT)
    assert unknown.result is WriteResult.NOT_FOUND
    await stage.levers()
    outcome = await stage.trading.submit_entry(stage.entry(price=stage.price("0.99")))
    for kind in OrderKind:
        with pytest.raises(ValueError, match="order"):
            await stage.trading.cancel(stage.symbol, "", kind)
    assert len(await stage.trading.open_orders()) == 1
    assert (await stage.trading.cancel(stage.symbol, outcome.order_id, OrderKind.LIMIT)).is_done
    again = await stage.trading.cancel(stage.symbol, outcome.order_id, OrderKind.LIMIT)
    assert again.result in {WriteResult.ALREADY_SO, WriteResult.NOT_FOUND}


async def test_modes_do_not_change_under_a_position(stage: Stage) -> None:
    await stage.holds()
    assert (await stage.trading.set_position_mode(PositionMode.ONE_WAY)).result is WriteResult.REJECTED
    if stage.venue.capabilities.margin_mode_scope is not SettingScope.ORDER:
        crossed = await stage.trading.set_leverage(stage.symbol, Decimal(5), MarginMode.CROSS)
        assert not crossed.is_done
    (position,) = (await stage.trading.sync()).positions
    assert position.margin_mode is stage.terms.margin_mode
    other = await stage.trading.submit_entry(evolve(stage.entry(), leverage=Decimal(10)))
    assert other.is_done is not stage.terms.leverage_in_order
    (unchanged,) = (await stage.trading.sync()).positions
    assert (unchanged.size, unchanged.leverage) == (6 if stage.terms.leverage_in_order else 12, 5)


async def test_the_mode_of_a_flat_account_is_set_and_read(stage: Stage) -> None:
    assert (await stage.trading.set_position_mode(PositionMode.ONE_WAY)).is_done
    assert (await stage.trading.sync()).position_mode is PositionMode.ONE_WAY
    if PositionMode.ONE_WAY not in stage.terms.plays_in:
        assert not (await stage.trading.submit_entry(stage.entry())).is_done
        return
    await stage.levers()
    await stage.trading.submit_entry(stage.entry(side=Side.SHORT))
    (position,) = (await stage.trading.sync()).positions
    assert (position.side, position.size) == (Side.SHORT, 6)
    assert (await stage.trading.submit_exit(stage.exit(6, side=Side.SHORT))).is_done
    assert (await stage.trading.sync()).positions == ()


async def test_a_timer_cancels_what_rests_and_leaves_stops_where_that_is_proven(stage: Stage) -> None:
    await stage.holds()
    await stage.trading.submit_protection(stage.stop(stage.price("0.95")))
    await stage.trading.submit_entry(stage.entry(price=stage.price("0.97")))
    assert (await stage.trading.cancel_all_after(stage.symbol, 10)).is_done
    await stage.step(12_000)
    left = await stage.trading.open_orders(stage.symbol)
    assert [one for one in left if one.may_open] == []
    timed = stage.venue.capabilities.timed_cancel_all
    assert timed is not None
    if timed.keeps_protection is Proven.YES:
        assert [one.kind for one in left] == [OrderKind.TRIGGER]


async def test_a_timer_that_is_disarmed_cancels_nothing(stage: Stage) -> None:
    await stage.levers()
    await stage.trading.submit_entry(stage.entry(price=stage.price("0.97")))
    await stage.trading.cancel_all_after(stage.symbol, 10)
    assert (await stage.trading.cancel_all_after(stage.symbol, 0)).is_done
    await stage.step(12_000)
    assert len(await stage.trading.open_orders(stage.symbol)) == 1


async def test_fills_and_money_are_booked_alike_everywhere(stage: Stage) -> None:
    await stage.holds(6)
    await stage.trading.submit_exit(stage.exit(6))
    opening, closing = await stage.trading.fills(stage.symbol, AT_MS - 1000, SOON)
    assert (opening.opens, closing.opens) == (True, False)
    assert {opening.side, closing.side} == {Side.LONG}
    assert opening.fee > 0
    assert closing.fee > 0, "a cost is positive"
    assert (opening.realised_profit, opening.is_maker) == (0, False)
    profit = (closing.price - opening.price) * 6 * stage.contract.contract_size
    assert closing.realised_profit == profit
    flows = await stage.trading.cash_flows(AT_MS - 1000, SOON)
    fees = sum((flow.amount for flow in flows if flow.kind is FlowKind.FEE), Decimal(0))
    assert fees == -(opening.fee + closing.fee), "money that left the account is negative"
    booked = sum((flow.amount for flow in flows if flow.kind is not FlowKind.TRANSFER), Decimal(0))
    assert (await stage.trading.sync()).equity == BALANCE + booked
    assert len({flow.flow_id for flow in flows}) == len(flows)


async def test_funding_is_a_row_of_its_own_kind(stage: Stage) -> None:
    await stage.holds(6)
    await stage.step(5 * 3_600_000)
    flows = await stage.trading.cash_flows(AT_MS, SOON)
    (funding,) = [flow for flow in flows if flow.kind is FlowKind.FUNDING]
    assert funding.symbol == stage.symbol
    assert len(await stage.trading.fills(stage.symbol, AT_MS - 1000, SOON)) == 1, "funding is no execution"


async def test_what_the_exchange_closes_by_itself_says_so(stage: Stage) -> None:
    await stage.holds(6)
    stage.accounts.happen(Deleverage(stage.account, stage.symbol, Side.LONG, Decimal(2)))
    *_, last = await stage.trading.fills(stage.symbol, AT_MS - 1000, SOON)
    assert (last.cause, last.opens, last.size) == (FillCause.ADL, False, 2)
    (position,) = (await stage.trading.sync()).positions
    assert position.size == 4


async def test_a_contract_that_is_open_for_closing_only_closes_and_does_not_open(stage: Stage) -> None:
    await stage.holds(6)
    stage.accounts.happen(StatusChange(stage.symbol, ContractStatus.CLOSE_ONLY))
    assert (await stage.trading.submit_entry(stage.entry())).result is WriteResult.NOT_ALLOWED_HERE
    assert (await stage.trading.submit_exit(stage.exit(6))).is_done
    assert (await stage.trading.sync()).positions == ()


async def test_fee_rates_are_those_of_the_contract(stage: Stage) -> None:
    rates = await stage.trading.fee_rates(stage.symbol)
    assert (rates.maker, rates.taker) == (stage.contract.maker_fee, stage.contract.taker_fee)
