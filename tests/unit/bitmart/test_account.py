"""The account's state and history out of BitMart's answers: nothing is assumed of what is not told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from mtf_core.market import (
    DAY_MS,
    FillCause,
    FlowKind,
    MarginMode,
    OpenOrder,
    OrderKind,
    OrderState,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError
from tests.unit.bitmart.desk import NOW_MS, Desk, desk
from tests.unit.bitmart.loopback import Answer, Asked, ok, refused
from tests.unit.bitmart.payloads import ASSETS, DEPTH, FEES, FLOW, ORDER, PAST_ORDER, POSITION, STOP, TRADE

KLINE = {
    "timestamp": NOW_MS // 1000 - 60,
    "open_price": "61200",
    "high_price": "61233",
    "low_price": "61190",
    "close_price": "61228",
    "volume": "0",
}
HEDGE = ok({"position_mode": "hedge_mode"})


def holding(at: Desk, **answers: Answer) -> None:
    """An account with one position, an order that is partly filled and a stop; any part may be another answer."""
    parts = {
        "assets-detail": ok(ASSETS),
        "position-v2": ok([POSITION]),
        "get-open-orders": ok([ORDER]),
        "current-plan-order": ok([STOP]),
        "get-position-mode": HEDGE,
    }
    for name, answer in {**parts, **{name.replace("_", "-"): one for name, one in answers.items()}}.items():
        at.exchange.answer(name, answer)


async def test_an_account_is_money_positions_orders_triggers_and_mode_of_one_sync() -> None:
    async with desk() as at:
        holding(at)
        state = await at.trading.account_state()
    assert (state.available_balance, state.equity) == (Decimal("951.4"), Decimal("1000.85"))
    assert state.position_mode is PositionMode.HEDGE
    assert NOW_MS - 10 <= state.time_ms <= NOW_MS
    (position,) = state.positions
    assert (position.symbol, position.side, position.size) == ("BTCUSDT", Side.LONG, 3)
    assert (position.entry_price, position.leverage, position.margin_mode) == (61100, 5, MarginMode.ISOLATED)
    assert (position.margin, position.liquidation_price) == (Decimal("36.75"), Decimal("49123.4"))
    order, stop = state.open_orders
    assert (order.order_id, order.client_order_id, order.kind) == ("3000248810274561", "a1B2c3", OrderKind.LIMIT)
    assert (order.size, order.filled, order.price, order.reduce_only) == (3, 1, 61100, False)
    assert order.stop == TriggerLevel(Decimal(60200), TriggerPrice.MARK)
    assert order.target is None
    assert (stop.kind, stop.purpose, stop.side, stop.reduce_only) == (
        OrderKind.TRIGGER,
        TriggerPurpose.STOP,
        Side.LONG,
        True,
    )
    assert (stop.size, stop.trigger, stop.price) == (3, TriggerLevel(Decimal(60200), TriggerPrice.MARK), None)


async def test_orders_are_read_before_positions_so_that_what_fills_in_between_is_not_missed() -> None:
    async with desk() as at:
        holding(at)
        await at.trading.sync()
        order = [asked.path.rpartition("/")[2] for asked in at.exchange.asked]
    assert order.index("current-plan-order") < order.index("get-open-orders") < order.index("position-v2")


def modes(at: Desk) -> int:
    return len(at.exchange.of("get-position-mode"))


async def test_the_position_mode_costs_one_call_in_two_seconds_and_a_change_is_seen_by_then() -> None:
    """The call may be made twice in 2 s: looks that are a second apart would use all of it."""
    async with desk() as at:
        holding(at)
        for _ in range(6):
            assert (await at.trading.sync()).position_mode is PositionMode.HEDGE
            at.wall.advance(1000)
        assert modes(at) == 3
        at.exchange.answer("get-position-mode", ok({"position_mode": "one_way_mode"}))
        seen = []
        for _ in range(2):
            seen.append((await at.trading.sync()).position_mode)
            at.wall.advance(1000)
        assert PositionMode.ONE_WAY in seen


async def test_a_position_mode_that_cannot_be_read_is_not_replaced_by_an_old_one() -> None:
    async with desk() as at:
        holding(at)
        await at.trading.sync()
        at.wall.advance(2000)
        holding(at, get_position_mode=refused(40001, "account not found"))
        for _ in range(2):
            with pytest.raises(ExchangeError):
                await at.trading.sync()


async def test_after_the_position_mode_was_set_it_is_read_anew() -> None:
    async with desk() as at:
        holding(at)
        await at.trading.sync()
        at.exchange.answer("set-position-mode", ok({"position_mode": "one_way_mode"}))
        at.exchange.answer("get-position-mode", ok({"position_mode": "one_way_mode"}))
        await at.trading.set_position_mode(PositionMode.ONE_WAY)
        assert (await at.trading.sync()).position_mode is PositionMode.ONE_WAY


PARTS = ("assets-detail", "position-v2", "get-open-orders", "current-plan-order", "get-position-mode")
BROKEN = {
    "null": ok(None),
    "absent": ok(),
    "an object": ok({}),
    "a row that is none": ok([None]),
    "a row without its fields": ok([{"symbol": "BTCUSDT"}]),
    "refused": refused(40001, "account not found"),
    "unauthorised": refused(30005, "sign error", 401),
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
async def test_an_account_of_which_a_part_is_not_known_is_not_known(part: str, answer: Answer) -> None:
    async with desk() as at:
        holding(at, **{part: answer})
        with pytest.raises(ExchangeError):
            await at.trading.account_state()


async def test_an_empty_list_where_a_balance_was_is_no_balance_of_zero() -> None:
    async with desk() as at:
        holding(at, assets_detail=ok([]))
        with pytest.raises(ExchangeUnavailableError, match="has no USDT"):
            await at.trading.account_state()


async def test_rows_of_empty_positions_are_no_positions() -> None:
    async with desk() as at:
        empty = {**POSITION, "current_amount": "0", "position_amount": "0", "position_side": "short"}
        holding(at, position_v2=ok([POSITION, empty]))
        assert [one.side for one in (await at.trading.sync()).positions] == [Side.LONG]


@pytest.mark.parametrize(("amount", "side"), [("3", Side.LONG), ("-3", Side.SHORT)])
async def test_the_side_of_a_one_way_position_is_the_sign_of_its_amount(amount: str, side: Side) -> None:
    async with desk() as at:
        holding(at, position_v2=ok([{**POSITION, "position_side": "both", "position_amount": amount}]))
        (position,) = (await at.trading.sync()).positions
    assert (position.side, position.size) == (side, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"position_side": "both", "position_amount": None},
        {"position_side": "flat"},
        {"open_type": "portfolio"},
        {"current_amount": ""},
    ],
    ids=["no sign", "an unknown side", "an unknown margin mode", "no amount"],
)
async def test_a_position_that_cannot_be_understood_is_not_left_out(change: dict[str, Any]) -> None:
    async with desk() as at:
        holding(at, position_v2=ok([{**POSITION, **change}]))
        with pytest.raises(ExchangeUnavailableError):
            await at.trading.sync()


async def test_words_that_begin_with_a_capital_letter_are_the_same_words() -> None:
    async with desk() as at:
        holding(at, position_v2=ok([{**POSITION, "open_type": "Cross", "position_side": "Short"}]))
        (position,) = (await at.trading.sync()).positions
    assert (position.margin_mode, position.side) == (MarginMode.CROSS, Side.SHORT)


@pytest.mark.parametrize("part", ["get-open-orders", "current-plan-order"])
async def test_as_many_orders_as_an_answer_holds_may_hide_others(part: str) -> None:
    async with desk() as at:
        row = ORDER if part == "get-open-orders" else STOP
        holding(at, **{part: ok([{**row, "order_id": number} for number in range(1, 101)])})
        with pytest.raises(ExchangeUnavailableError, match="there may be more"):
            await at.trading.sync()


SIDES = [(1, Side.LONG, False), (2, Side.SHORT, True), (3, Side.LONG, True), (4, Side.SHORT, False)]


@pytest.mark.parametrize(("code", "side", "reduces"), SIDES)
async def test_a_side_code_says_whose_position_and_whether_it_opens(code: int, side: Side, reduces: bool) -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, "side": code}))
        order = await one_order(at)
    assert (order.side, order.reduce_only) == (side, reduces)


async def one_order(at: Desk) -> OpenOrder:
    found = await at.trading.order("BTCUSDT", "3000248810274561")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("state", "filled", "expected"),
    [
        (1, "0", OrderState.PENDING),
        (2, "0", OrderState.LIVE),
        (2, "1", OrderState.LIVE),
        (4, "3", OrderState.FILLED),
        (4, "1", OrderState.CANCELLED),
        (4, "0", OrderState.CANCELLED),
    ],
)
async def test_a_finished_order_is_filled_or_cancelled_by_its_sizes(
    state: int, filled: str, expected: OrderState
) -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, "state": state, "deal_size": filled}))
        order = await one_order(at)
    assert (order.state, order.filled) == (expected, Decimal(filled))


@pytest.mark.parametrize("change", [{"state": 3}, {"side": 9}, {"type": "iceberg"}, {"deal_size": None}])
async def test_an_order_that_cannot_be_understood_is_an_error(change: dict[str, Any]) -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, **change}))
        with pytest.raises(ExchangeUnavailableError):
            await one_order(at)


@pytest.mark.parametrize("identifier", [3000248810274561, "3000248810274561"])
async def test_an_id_is_text_however_it_comes(identifier: object) -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, "order_id": identifier}))
        assert (await one_order(at)).order_id == "3000248810274561"


async def test_an_id_that_passed_through_a_float_is_refused() -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, "order_id": 3.000248810274561e15}))
        with pytest.raises(ExchangeUnavailableError, match="no id"):
            await one_order(at)


async def test_an_order_is_looked_for_where_it_waits_and_where_it_ended() -> None:
    unknown = refused(40035, "The order is not exist")
    async with desk() as at:
        at.exchange.answer("order", unknown)
        at.exchange.answer("current-plan-order", ok([STOP]))
        at.exchange.answer("order-history", ok([PAST_ORDER]))
        waiting = await at.trading.order("BTCUSDT", STOP["order_id"])
        ended = await at.trading.order("BTCUSDT", PAST_ORDER["order_id"])
        nowhere = await at.trading.order("BTCUSDT", "1")
    assert waiting is not None
    assert waiting.purpose is TriggerPurpose.STOP
    assert ended is not None
    assert (ended.state, ended.price, ended.average_price) == (OrderState.FILLED, None, Decimal("61251.2"))
    assert nowhere is None


async def quote(at: Desk) -> None:
    answer = (await at.market.quotes(["BTCUSDT"]))["BTCUSDT"]
    assert isinstance(answer, ExchangeError)
    raise answer


READS_OF_A_SYMBOL: dict[str, tuple[Any, Callable[[Desk], Any]]] = {
    "order": ({**ORDER, "symbol": "ETHUSDT"}, lambda at: at.trading.order("BTCUSDT", str(ORDER["order_id"]))),
    "get-open-orders": ([ORDER, {**ORDER, "symbol": "ETHUSDT"}], lambda at: at.trading.open_orders("BTCUSDT")),
    "current-plan-order": ([{**STOP, "symbol": "ETHUSDT"}], lambda at: at.trading.open_orders("BTCUSDT")),
    "order-history": (
        [{**PAST_ORDER, "symbol": "ETHUSDT"}],
        lambda at: at.trading.order_history("BTCUSDT", NOW_MS - DAY_MS, NOW_MS),
    ),
    "trades": ([{**TRADE, "symbol": "ETHUSDT"}], lambda at: at.trading.fills("BTCUSDT", NOW_MS - DAY_MS, NOW_MS)),
    "trade-fee-rate": ({**FEES, "symbol": "ETHUSDT"}, lambda at: at.trading.fee_rates("BTCUSDT")),
    "depth": ({**DEPTH, "symbol": "ETHUSDT"}, quote),
}


@pytest.mark.parametrize("name", READS_OF_A_SYMBOL)
async def test_an_answer_of_another_symbol_is_no_answer(name: str) -> None:
    """A cache in between, or a mixed-up connection: another symbol's orders are not "none", nor ours."""
    answer, read = READS_OF_A_SYMBOL[name]
    async with desk() as at:
        holding(at)
        at.exchange.answer("markprice-kline", ok([KLINE]))
        at.exchange.answer(name, ok(answer))
        with pytest.raises(ExchangeUnavailableError, match="asked for BTCUSDT, answered with ETHUSDT"):
            await read(at)


async def test_an_answer_of_another_order_is_no_answer() -> None:
    async with desk() as at:
        at.exchange.answer("order", ok(ORDER))
        with pytest.raises(ExchangeUnavailableError, match="asked for 42, answered with 3000248810274561"):
            await at.trading.order("BTCUSDT", "42")


async def test_a_failed_look_is_no_answer_that_there_is_none() -> None:
    async with desk() as at:
        at.exchange.answer("order", refused(40035, "The order is not exist"))
        at.exchange.answer("current-plan-order", refused(30014, status=503))
        with pytest.raises(ExchangeUnavailableError):
            await at.trading.order("BTCUSDT", "1")


@pytest.mark.parametrize(
    ("change", "purpose", "reduces"),
    [
        ({"type": "take_profit", "price_way": 1}, TriggerPurpose.TARGET, True),
        ({"type": "plan", "side": 1}, TriggerPurpose.ENTRY, False),
        ({"type": "plan", "side": 3, "price_way": 2}, TriggerPurpose.STOP, True),
        ({"type": "plan", "side": 3, "price_way": 1}, TriggerPurpose.TARGET, True),
        ({"type": "plan", "side": 2, "price_way": 1}, TriggerPurpose.STOP, True),
        ({"type": "plan", "side": 2, "price_way": 2}, TriggerPurpose.TARGET, True),
        ({"type": "market", "state": "active", "side": 4}, TriggerPurpose.ENTRY, False),
    ],
)
async def test_what_an_order_waits_for_follows_from_its_type_side_and_way(
    change: dict[str, Any], purpose: TriggerPurpose, reduces: bool
) -> None:
    async with desk() as at:
        at.exchange.answer("get-open-orders", ok([]))
        at.exchange.answer("current-plan-order", ok([{**STOP, **change}]))
        (order,) = await at.trading.open_orders("BTCUSDT")
    assert (order.purpose, order.reduce_only, order.state) == (purpose, reduces, OrderState.LIVE)


async def test_a_stop_of_the_whole_position_has_no_size_of_its_own() -> None:
    async with desk() as at:
        at.exchange.answer("get-open-orders", ok([]))
        at.exchange.answer("current-plan-order", ok([{**STOP, "plan_category": 2}]))
        (order,) = await at.trading.open_orders()
        assert "symbol" not in at.exchange.of("current-plan-order")[0].params
    assert order.size is None


class History:
    """Rows at given seconds, at most so many in an answer, the newest first as far as they reach."""

    def __init__(self, row: Callable[[int], dict[str, Any]], times_ms: list[int], most: int) -> None:
        self.row, self.times_ms, self.most = row, times_ms, most
        self.spans: list[int] = []

    def answer(self, asked: Asked) -> Answer:
        unit = 1 if asked.path.endswith("transaction-history") else 1000
        start, end = (int(asked.params[name]) * unit for name in ("start_time", "end_time"))
        assert end > start
        self.spans.append(end - start)
        inside = [at for at in reversed(self.times_ms) if start <= at <= end]
        return ok([self.row(at) for at in inside[: self.most]])


def past_trade(at_ms: int) -> dict[str, Any]:
    return {**TRADE, "trade_id": str(at_ms), "create_time": at_ms}


def past_order(at_ms: int) -> dict[str, Any]:
    return {**PAST_ORDER, "order_id": at_ms, "create_time": at_ms}


async def test_history_that_overflows_an_answer_is_cut_until_everything_is_seen() -> None:
    times = [NOW_MS - 700_000 + 1000 * number for number in range(650)]
    async with desk() as at:
        history = History(past_trade, times, 200)
        at.exchange.computed = history.answer
        fills = await at.trading.fills("BTCUSDT", times[0], times[-1])
        history.row = past_order
        orders = await at.trading.order_history("BTCUSDT", times[3], times[-1])
    assert [fill.time_ms for fill in fills] == times
    assert [order.created_ms for order in orders] == times[3:]


async def test_a_long_history_is_asked_for_in_spans_that_are_allowed() -> None:
    times = [NOW_MS - day * DAY_MS for day in range(300, 0, -20)]
    async with desk() as at:
        history = History(past_trade, times, 200)
        at.exchange.computed = history.answer
        fills = await at.trading.fills("BTCUSDT", times[0], NOW_MS)
    assert max(history.spans) <= 90 * DAY_MS
    assert [fill.time_ms for fill in fills] == [one for one in times if one >= NOW_MS - 90 * DAY_MS]


async def test_a_second_that_overflows_an_answer_is_an_error_not_a_part_of_the_truth() -> None:
    async with desk() as at:
        history = History(past_trade, [NOW_MS - 5000] * 300, 200)
        at.exchange.computed = history.answer
        with pytest.raises(ExchangeUnavailableError, match="in one second"):
            await at.trading.fills("BTCUSDT", NOW_MS - 10_000, NOW_MS)


async def test_a_history_of_orders_may_be_null_and_one_of_fills_may_not() -> None:
    async with desk() as at:
        at.exchange.answer("order-history", ok(None))
        at.exchange.answer("trades", ok(None))
        assert await at.trading.order_history("BTCUSDT", NOW_MS - 1000, NOW_MS) == ()
        with pytest.raises(ExchangeUnavailableError):
            await at.trading.fills("BTCUSDT", NOW_MS - 1000, NOW_MS)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("limit", FillCause.ORDER),
        ("", FillCause.ORDER),
        ("liquidate", FillCause.LIQUIDATION),
        ("bankruptcy", FillCause.LIQUIDATION),
        ("adl", FillCause.ADL),
    ],
)
async def test_a_fill_is_an_execution_with_its_fee_as_a_cost_and_its_cause(kind: str, cause: FillCause) -> None:
    async with desk() as at:
        at.exchange.answer("trades", ok([{**TRADE, "type": kind}]))
        (fill,) = await at.trading.fills("BTCUSDT", NOW_MS, NOW_MS + 100_000)
    assert (fill.fill_id, fill.order_id, fill.cause) == ("7123456789", "3000248810274562", cause)
    assert (fill.side, fill.opens, fill.is_maker) == (Side.LONG, False, False)
    assert (fill.price, fill.size) == (Decimal("61251.2"), 3)
    assert (fill.fee, fill.realised_profit) == (Decimal("0.11025216"), Decimal("0.4536"))


@pytest.mark.parametrize(
    ("code", "profit", "side", "opens"),
    [
        (1, "0", Side.LONG, True),
        (4, "0", Side.SHORT, True),
        (4, "-0.5", Side.LONG, False),
        (1, "0.5", Side.SHORT, False),
        (2, "0", Side.SHORT, False),
    ],
)
async def test_a_fill_that_realised_something_closed_whatever_its_side_code_says(
    code: int, profit: str, side: Side, opens: bool
) -> None:
    """A one-way account sells to close a long position with the code that opens a short one."""
    async with desk() as at:
        at.exchange.answer("trades", ok([{**TRADE, "side": code, "realised_profit": profit}]))
        (fill,) = await at.trading.fills("BTCUSDT", NOW_MS, NOW_MS + 100_000)
    assert (fill.side, fill.opens) == (side, opens)


async def test_an_order_of_long_ago_is_looked_for_as_far_back_as_there_is_history() -> None:
    async with desk() as at:
        at.exchange.answer("order", refused(40035, "The order is not exist"))
        at.exchange.answer("current-plan-order", ok([]))
        at.exchange.answer("order-history", ok([PAST_ORDER]))
        await at.trading.order("BTCUSDT", PAST_ORDER["order_id"])
        (asked,) = at.exchange.of("order-history")
    span_s = int(asked.params["end_time"]) - int(asked.params["start_time"])
    assert 89 * DAY_MS < span_s * 1000 <= 90 * DAY_MS


async def test_money_that_moved_is_told_with_its_sign_kind_and_time() -> None:
    kinds = [FlowKind.TRANSFER, FlowKind.REALISED_PROFIT, FlowKind.FUNDING, FlowKind.FEE, FlowKind.LIQUIDATION]
    async with desk() as at:
        rows = [{**FLOW, "flow_type": number, "tran_id": number, "time": NOW_MS + number} for number in range(5, 0, -1)]
        at.exchange.answer("transaction-history", ok([*rows, {**FLOW, "asset": "BTC", "tran_id": 9}]))
        flows = await at.trading.cash_flows(NOW_MS, NOW_MS + 1000)
    assert [flow.kind for flow in flows] == kinds
    assert {flow.amount for flow in flows} == {Decimal("-0.018375")}


async def test_a_kind_of_flow_that_nobody_knows_is_an_error() -> None:
    async with desk() as at:
        at.exchange.answer("transaction-history", ok([{**FLOW, "flow_type": 6}]))
        with pytest.raises(ExchangeUnavailableError, match="unknown type 6"):
            await at.trading.cash_flows(NOW_MS, NOW_MS + 1000)


async def test_fees_are_those_of_the_symbol_asked_for() -> None:
    async with desk() as at:
        at.exchange.answer("trade-fee-rate", ok(FEES))
        rates = await at.trading.fee_rates("BTCUSDT")
    assert (rates.maker, rates.taker) == (Decimal("0.0001"), Decimal("0.0005"))


async def test_a_history_of_one_instant_is_a_span_all_the_same() -> None:
    async with desk() as at:
        history = History(past_trade, [NOW_MS - 1], 200)
        at.exchange.computed = history.answer
        assert len(await at.trading.fills("BTCUSDT", NOW_MS - 1, NOW_MS - 1)) == 1


@pytest.mark.parametrize(
    ("change", "state"),
    [
        ({"executive_order_id": "77"}, OrderState.TRIGGERED),
        ({}, OrderState.CANCELLED),
        ({"size": "3", "deal_size": "3"}, OrderState.FILLED),
    ],
)
async def test_a_stop_that_ended_fired_or_was_cancelled(change: dict[str, Any], state: OrderState) -> None:
    stop = {**PAST_ORDER, "type": "planorder", "size": "0", "deal_size": "0", "trigger_price": "60200", **change}
    async with desk() as at:
        at.exchange.answer("order-history", ok([stop]))
        (order,) = await at.trading.order_history("BTCUSDT", NOW_MS, NOW_MS + 100_000)
    assert (order.state, order.kind, order.reduce_only) == (state, OrderKind.TRIGGER, True)
    assert order.size == (3 if change.get("size") else None)


@pytest.mark.parametrize("identifier", [True, None, "", [], 1.5])
async def test_what_is_no_id_is_none(identifier: object) -> None:
    async with desk() as at:
        at.exchange.answer("order", ok({**ORDER, "order_id": identifier}))
        with pytest.raises(ExchangeUnavailableError, match="no id"):
            await one_order(at)


async def test_what_lies_outside_the_asked_span_is_dropped_though_seconds_were_asked_for() -> None:
    async with desk() as at:
        times = [NOW_MS + 100, NOW_MS + 400, NOW_MS + 700]
        at.exchange.answer("order-history", ok([past_order(time_ms) for time_ms in times]))
        at.exchange.answer("trades", ok([past_trade(time_ms) for time_ms in times]))
        flows = [{**FLOW, "tran_id": str(time_ms), "time": time_ms} for time_ms in times]
        at.exchange.answer("transaction-history", ok(flows))
        orders = await at.trading.order_history("BTCUSDT", NOW_MS + 200, NOW_MS + 600)
        fills = await at.trading.fills("BTCUSDT", NOW_MS + 200, NOW_MS + 600)
        booked = await at.trading.cash_flows(NOW_MS + 200, NOW_MS + 600)
    assert [order.created_ms for order in orders] == [NOW_MS + 400]
    assert [fill.time_ms for fill in fills] == [flow.time_ms for flow in booked] == [NOW_MS + 400]
