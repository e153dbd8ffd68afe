"""The account's state and history out of OKX's answers: nothing is assumed of what is not told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

import pytest

from mtf_adapters.okx.market_data import STANDARD_FEES
from mtf_adapters.okx.products import XPERP
from mtf_core.market import (
    DAY_MS,
    HOUR_MS,
    FlowKind,
    OpenOrder,
    OrderKind,
    OrderState,
    PositionMode,
    Side,
    TriggerLevel,
    TriggerPrice,
    TriggerPurpose,
)
from mtf_core.ports import ExchangeError, ExchangeUnavailableError, UnknownSymbolError
from tests.unit.bitmart.loopback import Answer, Asked
from tests.unit.okx.desk import NOW_MS, Desk, Given, desk, ok, pages, refused
from tests.unit.okx.payloads import (
    ALGO,
    BALANCE,
    BILL,
    BTC,
    COIN,
    CONFIG,
    FEES,
    FILL,
    INSTRUMENT,
    ORDER,
    PAST_ORDER,
    POSITION,
)

ETH = "ETH-USDT-SWAP"
BOTH_LEVELS = "orders-algo-pending:conditional,oco"


def holding(at: Desk, **answers: Given) -> None:
    """An account with one position, an order that is partly filled and a stop; any part may be another answer."""
    parts: dict[str, Given] = {
        "config": ok(CONFIG),
        "balance": ok(BALANCE),
        "positions": ok(POSITION),
        "orders-pending": ok(ORDER),
        BOTH_LEVELS: ok(ALGO),
        "orders-algo-pending": ok(),
    }
    for name, answer in {**parts, **{name.replace("_", "-"): one for name, one in answers.items()}}.items():
        at.answer(name, answer)


def names(at: Desk) -> list[str]:
    return [asked.path.rpartition("/")[2] for asked in at.exchange.asked]


async def test_an_account_is_money_positions_orders_triggers_and_mode_of_one_sync() -> None:
    async with desk() as at:
        holding(at)
        state = await at.trading.account_state()
    assert (state.available_balance, state.equity) == (Decimal("951.4"), Decimal("1000.85"))
    assert state.position_mode is PositionMode.HEDGE
    assert NOW_MS - 10 <= state.time_ms <= NOW_MS
    (position,) = state.positions
    assert (position.symbol, position.side, position.size) == (BTC, Side.LONG, Decimal("0.3"))
    assert (position.entry_price, position.leverage, position.unrealised_profit) == (61100, 5, Decimal("0.4503"))
    order, stop = state.open_orders
    assert (order.order_id, order.client_order_id, order.kind) == ("680800019749904384", "a1B2c3", OrderKind.LIMIT)
    assert (order.size, order.filled, order.price, order.reduce_only) == (Decimal("0.3"), Decimal("0.1"), 61100, False)
    assert order.stop == TriggerLevel(Decimal(60200), TriggerPrice.MARK)
    assert (stop.kind, stop.purpose, stop.side, stop.size) == (OrderKind.TRIGGER, TriggerPurpose.STOP, Side.LONG, None)


async def test_orders_are_read_before_positions_and_those_that_wait_for_a_price_before_others() -> None:
    """What fires or fills in between is then seen twice, and never not at all."""
    async with desk() as at:
        holding(at)
        await at.trading.account_state()
        asked = names(at)
    last_waiting = max(n for n, name in enumerate(asked) if name == "orders-algo-pending")
    assert last_waiting < asked.index("orders-pending") < min(asked.index("positions"), asked.index("balance"))


async def test_each_kind_that_waits_for_a_price_is_asked_for_by_its_words() -> None:
    trailing = {**ALGO, "algoId": "7", "ordType": "move_order_stop", "slTriggerPx": "", "moveTriggerPx": "60900"}
    trigger = {**ALGO, "algoId": "8", "ordType": "trigger", "slTriggerPx": "", "triggerPx": "62000", "side": "buy"}
    async with desk() as at:
        holding(at)
        at.answer("orders-algo-pending:trigger", ok({**trigger, "closeFraction": "", "sz": "1"}))
        at.answer("orders-algo-pending:move_order_stop", ok({**trailing, "closeFraction": "", "sz": "1"}))
        state = await at.trading.account_state()
        asked = {one.params["ordType"] for one in at.of("orders-algo-pending")}
    assert asked == {"conditional,oco", "trigger", "move_order_stop"}
    assert {order.order_id: order.purpose for order in state.open_orders[1:]} == {
        ALGO["algoId"]: TriggerPurpose.STOP,
        "7": TriggerPurpose.STOP,
        "8": TriggerPurpose.ENTRY,
    }


async def test_an_account_without_anything_is_an_answer() -> None:
    async with desk() as at:
        holding(at, positions=ok(), orders_pending=ok())
        at.answer(BOTH_LEVELS, ok())
        state = await at.trading.account_state()
    assert (state.positions, state.open_orders) == ((), ())


async def test_an_account_that_holds_nothing_of_the_coin_has_no_row_of_it_and_no_money() -> None:
    async with desk() as at:
        for details in ([], [{**COIN, "ccy": "BTC"}]):
            holding(at, balance=ok({**BALANCE, "details": details}))
            state = await at.trading.account_state()
            assert (state.available_balance, state.equity) == (0, 0)


@pytest.mark.parametrize(
    "balance",
    [
        ok(),
        ok(BALANCE, BALANCE),
        ok({**BALANCE, "details": None}),
        ok({**BALANCE, "details": {}}),
        ok({"uTime": "1767225600100"}),
        ok({**BALANCE, "details": [COIN, COIN]}),
        ok({**BALANCE, "details": [{**COIN, "eq": ""}]}),
        ok({**BALANCE, "details": [{**COIN, "availEq": "", "availBal": ""}]}),
    ],
    ids=["no row", "two rows", "null", "an object", "no details", "twice the coin", "no equity", "nothing available"],
)
async def test_a_balance_that_does_not_say_what_there_is_is_no_balance(balance: Answer) -> None:
    async with desk() as at:
        holding(at, balance=balance)
        with pytest.raises(ExchangeUnavailableError, match="balance"):
            await at.trading.account_state()


async def test_what_is_available_is_the_equity_that_is_free_else_the_balance() -> None:
    async with desk() as at:
        holding(at, balance=ok({**BALANCE, "details": [{**COIN, "availEq": "", "availBal": "90"}]}))
        assert (await at.trading.account_state()).available_balance == 90


async def test_the_currency_of_the_eea_s_perpetuals_is_what_the_account_settles_in() -> None:
    async with desk(product=XPERP) as at:
        holding(at, config=ok({**CONFIG, "settleCcy": "USDC"}), positions=ok(), orders_pending=ok())
        at.answer(BOTH_LEVELS, ok())
        at.answer("balance", ok({**BALANCE, "details": [{**COIN, "ccy": "USDC"}]}))
        assert (await at.trading.account_state()).equity == Decimal("1000.85")
        assert at.of("balance")[0].params == {"ccy": "USDC"}
        assert {one.params["instType"] for one in at.of("positions") + at.of("orders-pending")} == {"FUTURES"}


async def test_a_swap_s_currency_is_its_own_whatever_the_account_says() -> None:
    async with desk() as at:
        holding(at, config=ok({**CONFIG, "settleCcy": "USD"}))
        await at.trading.account_state()
        assert at.of("balance")[0].params == {"ccy": "USDT"}


async def test_an_account_in_net_mode_says_so() -> None:
    async with desk() as at:
        holding(at, config=ok({**CONFIG, "posMode": "net_mode"}), positions=ok({**POSITION, "posSide": "net"}))
        assert (await at.trading.account_state()).position_mode is PositionMode.ONE_WAY


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ok({**CONFIG, "acctLv": "1"}), "spot mode"),
        (ok({**CONFIG, "acctLv": "9"}), "mode of the account"),
        (ok({**CONFIG, "posMode": ""}), "cannot be read"),
        (ok({**CONFIG, "posMode": "both"}), "position mode"),
        (ok(), "mode of the account"),
        (ok(CONFIG, CONFIG), "mode of the account"),
    ],
)
async def test_an_account_of_an_unknown_mode_or_without_contracts_is_no_state(config: Answer, said: str) -> None:
    async with desk() as at:
        holding(at, config=config)
        with pytest.raises(ExchangeError, match=said):
            await at.trading.account_state()


async def test_the_configuration_is_read_again_after_two_seconds_and_after_it_was_set() -> None:
    async with desk() as at:
        holding(at)
        await at.trading.sync()
        at.wall.set(NOW_MS + 1800)
        await at.trading.sync()
        assert len(at.of("config")) == 1
        at.wall.set(NOW_MS + 1900)
        await at.trading.sync()
        assert len(at.of("config")) == 2
        at.answer("set-position-mode", ok({"posMode": "net_mode"}))
        await at.trading.set_position_mode(PositionMode.ONE_WAY)
        await at.trading.sync()
        assert len(at.of("config")) == 3


@pytest.mark.parametrize("part", ["config", "balance", "positions", "orders_pending", "orders_algo_pending"])
async def test_a_part_that_cannot_be_read_leaves_no_state(part: str) -> None:
    async with desk() as at:
        holding(at, **{part: refused("50001", "unavailable", 503)})
        with pytest.raises(ExchangeUnavailableError, match=part.replace("_", "-")):
            await at.trading.account_state()


async def test_without_a_key_there_is_no_account() -> None:
    async with desk(credentials=None) as at:
        with pytest.raises(ExchangeError, match="no key"):
            await at.trading.account_state()
        assert at.exchange.asked == []


def many(row: dict[str, Any], key: str, count: int) -> list[dict[str, Any]]:
    return [{**row, key: str(1000 + number)} for number in range(count)]


async def test_live_orders_come_from_as_many_pages_as_there_are() -> None:
    async with desk() as at:
        at.answer("orders-pending", pages(many(ORDER, "ordId", 250), "ordId"))
        at.answer(BOTH_LEVELS, pages(many(ALGO, "algoId", 100), "algoId"))
        at.answer("orders-algo-pending", ok())
        orders = await at.trading.open_orders()
        assert [asked.params.get("after") for asked in at.of("orders-pending")] == [None, "1150", "1050"]
    assert len({order.order_id for order in orders if order.kind is OrderKind.LIMIT}) == 250
    assert len([order for order in orders if order.kind is OrderKind.TRIGGER]) == 100


async def test_pages_that_repeat_are_no_list_of_orders() -> None:
    async with desk() as at:
        at.answer("orders-algo-pending", ok())
        at.answer("orders-pending", ok(*many(ORDER, "ordId", 100)))
        with pytest.raises(ExchangeUnavailableError, match="repeats"):
            await at.trading.open_orders()


async def test_orders_of_a_symbol_are_asked_for_by_it_and_another_s_are_no_answer() -> None:
    async with desk() as at:
        holding(at)
        assert len(await at.trading.open_orders(BTC)) == 2
        assert {one.params.get("instId") for one in at.exchange.asked} == {BTC}
        with pytest.raises(ExchangeUnavailableError, match=f"answered with {BTC}"):
            await at.trading.open_orders(ETH)


async def one_order(at: Desk, order_id: str = ORDER["ordId"]) -> OpenOrder | None:
    return await at.trading.order(BTC, order_id)


async def test_an_order_is_looked_up_by_its_id() -> None:
    async with desk() as at:
        at.answer("order", ok(ORDER))
        found = await one_order(at)
        assert [asked.params for asked in at.exchange.asked] == [{"instId": BTC, "ordId": ORDER["ordId"]}]
    assert found is not None
    assert (found.order_id, found.state) == (ORDER["ordId"], OrderState.LIVE)


async def test_an_order_that_is_none_of_the_book_s_may_wait_for_a_price_or_have_waited() -> None:
    async with desk() as at:
        at.answer("order", refused("51603", "Order does not exist"))
        at.answer("order-algo", ok({**ALGO, "state": "effective"}))
        found = await one_order(at, ALGO["algoId"])
    assert found is not None
    assert (found.kind, found.state) == (OrderKind.TRIGGER, OrderState.TRIGGERED)


def past(at: Desk, **answers: Given) -> None:
    """History of which any part may be another answer; the rest is empty."""
    for name in ("orders-history", "orders-history-archive", "orders-algo-history"):
        at.answer(name, answers.get(name.replace("-", "_"), ok()))


async def test_an_order_that_only_the_history_knows_is_found_there_and_one_that_nobody_knows_is_none() -> None:
    async with desk() as at:
        at.answer("order", refused("51603", "Order does not exist"))
        at.answer("order-algo", refused("51603", "Order does not exist"))
        past(at, orders_history_archive=ok(PAST_ORDER))
        found = await one_order(at, PAST_ORDER["ordId"])
        assert found is not None
        assert found.state is OrderState.FILLED
        assert await one_order(at, "1") is None


@pytest.mark.parametrize(
    ("order", "algo"),
    [
        (ok({**ORDER, "ordId": "7"}), ok()),
        (ok({**ORDER, "instId": ETH}), ok()),
        (refused("50001", "unavailable", 503), ok()),
        (refused("51603"), ok({**ALGO, "algoId": "7"})),
        (refused("51603"), ok({**ALGO, "instId": ETH, "algoId": ORDER["ordId"]})),
        (refused("51603"), refused("50001", "unavailable", 503)),
    ],
)
async def test_an_answer_about_another_order_or_none_at_all_is_not_that_there_is_none(
    order: Answer, algo: Answer
) -> None:
    async with desk() as at:
        at.answer("order", order)
        at.answer("order-algo", algo)
        past(at)
        with pytest.raises(ExchangeUnavailableError):
            await one_order(at)


async def test_an_order_without_an_id_is_not_looked_up() -> None:
    async with desk() as at:
        with pytest.raises(ValueError, match="by its id"):
            await one_order(at, "")
        assert at.exchange.asked == []


async def test_ended_orders_are_those_of_the_book_and_those_that_waited() -> None:
    fired = {**ALGO, "state": "effective", "actualSide": "sl", "cTime": str(NOW_MS - 900)}
    at_ms = {**PAST_ORDER, "cTime": str(NOW_MS - 500)}

    def by_state(asked: Asked) -> Answer:
        assert asked.params["ordType"] == "conditional,oco"
        return ok(fired) if asked.params["state"] == "effective" else ok()

    async with desk() as at:
        past(at, orders_history=ok(at_ms), orders_algo_history=by_state)
        stop, order = await at.trading.order_history(BTC, NOW_MS - 1000, NOW_MS)
        assert {one.params["state"] for one in at.of("orders-algo-history")} == {
            "effective",
            "canceled",
            "order_failed",
        }
        assert at.of("orders-history-archive") == [], "a week is in the quick list"
    assert (stop.order_id, stop.state) == (ALGO["algoId"], OrderState.TRIGGERED)
    assert (order.order_id, order.filled, order.average_price) == (
        PAST_ORDER["ordId"],
        Decimal("0.3"),
        Decimal("61251.2"),
    )


async def test_what_is_older_than_a_week_comes_from_the_archive_too_and_each_order_once() -> None:
    async with desk() as at:
        row = {**PAST_ORDER, "cTime": str(NOW_MS - DAY_MS)}
        old = {**PAST_ORDER, "ordId": "5", "cTime": str(NOW_MS - 20 * DAY_MS)}
        past(at, orders_history=ok(row), orders_history_archive=ok(row, old))
        found = await at.trading.order_history(BTC, NOW_MS - 30 * DAY_MS, NOW_MS)
    assert [order.order_id for order in found] == ["5", PAST_ORDER["ordId"]]


async def test_history_is_asked_for_a_little_wider_and_what_lies_outside_is_dropped() -> None:
    times = [NOW_MS - 3000, NOW_MS - 2000, NOW_MS - 1000]
    async with desk() as at:
        past(at, orders_history=ok(*({**PAST_ORDER, "ordId": str(ms), "cTime": str(ms)} for ms in reversed(times))))
        at.answer("fills", ok(*({**FILL, "tradeId": str(ms), "fillTime": str(ms)} for ms in reversed(times))))
        at.answer("config", ok(CONFIG))
        at.answer("bills", ok(*({**BILL, "billId": str(ms), "ts": str(ms)} for ms in reversed(times))))
        orders = await at.trading.order_history(BTC, NOW_MS - 2500, NOW_MS - 1500)
        fills = await at.trading.fills(BTC, NOW_MS - 2500, NOW_MS - 1500)
        flows = await at.trading.cash_flows(NOW_MS - 2500, NOW_MS - 1500)
        (asked,) = at.of("orders-history")
    assert (int(asked.params["begin"]), int(asked.params["end"])) == (NOW_MS - 2501, NOW_MS - 1499)
    assert [one.created_ms for one in orders] == [one.time_ms for one in fills] == [NOW_MS - 2000]
    assert [one.time_ms for one in flows] == [NOW_MS - 2000]


async def test_algo_orders_are_read_page_by_page_until_they_are_older_than_what_is_wanted() -> None:
    rows = [
        {**ALGO, "algoId": str(1000 + n), "state": "canceled", "cTime": str(NOW_MS - 400_000 + n * 1000)}
        for n in range(250)
    ]
    async with desk() as at:
        past(at, orders_algo_history=pages(rows, "algoId"))
        found = await at.trading.order_history(BTC, NOW_MS - 251_000, NOW_MS)
        cancelled = [asked for asked in at.of("orders-algo-history") if asked.params["state"] == "canceled"]
    assert len(cancelled) == 2, "the second page is older"
    assert len(found) == 101


@pytest.mark.parametrize(
    "read",
    [
        lambda at: at.trading.order_history(BTC, NOW_MS - 1000, NOW_MS),
        lambda at: at.trading.fills(BTC, NOW_MS - 1000, NOW_MS),
    ],
)
async def test_history_of_another_symbol_is_no_answer(read: Callable[[Desk], Awaitable[object]]) -> None:
    async with desk() as at:
        past(at, orders_history=ok({**PAST_ORDER, "instId": ETH}))
        at.answer("fills", ok({**FILL, "instId": ETH}))
        with pytest.raises(ExchangeUnavailableError, match=f"answered with {ETH}"):
            await read(at)


async def test_executions_come_once_each_the_oldest_first() -> None:
    first = {**FILL, "fillTime": str(NOW_MS - 900), "ts": str(NOW_MS - 890), "billId": "10"}
    second = {**first, "tradeId": "744876982", "billId": "11"}
    async with desk() as at:
        at.answer("fills", ok(second, first, first))
        found = await at.trading.fills(BTC, NOW_MS - 1000, NOW_MS)
    assert [fill.fill_id for fill in found] == ["744876981:680800019749904390", "744876982:680800019749904390"]
    assert (found[0].side, found[0].opens, found[0].client_order_id) == (Side.LONG, False, "x1")


async def test_one_trade_that_filled_two_orders_is_two_executions() -> None:
    first = {**FILL, "fillTime": str(NOW_MS - 900)}
    async with desk() as at:
        at.answer("fills", ok({**first, "ordId": "9", "billId": "11"}, first))
        assert len(await at.trading.fills(BTC, NOW_MS - 1000, NOW_MS)) == 2


async def test_executions_of_more_than_three_days_come_from_the_longer_list() -> None:
    async with desk() as at:
        at.answer("fills", ok())
        at.answer("fills-history", pages(many({**FILL, "fillTime": str(NOW_MS - 900)}, "billId", 1), "billId"))
        await at.trading.fills(BTC, NOW_MS - 2 * DAY_MS, NOW_MS)
        assert names(at) == ["fills"]
        assert len(await at.trading.fills(BTC, NOW_MS - 3 * DAY_MS, NOW_MS)) == 1
        assert names(at)[1:] == ["fills-history"]


async def test_an_execution_whose_row_was_made_after_the_span_is_still_seen() -> None:
    """Lists go by when a row was made, which is a little after it happened."""
    async with desk() as at:
        at.answer("fills", ok({**FILL, "fillTime": str(NOW_MS - 10), "ts": str(NOW_MS + 500)}))
        assert len(await at.trading.fills(BTC, NOW_MS - 1000, NOW_MS)) == 1
        assert int(at.of("fills")[0].params["end"]) > NOW_MS + 500


async def test_money_that_moved_is_of_the_currency_that_contracts_settle_in() -> None:
    trade = {**BILL, "billId": "8", "type": "2", "subType": "5", "pnl": "0.45", "fee": "-0.11", "balChg": "0.34"}
    rows = [{**row, "ts": str(NOW_MS - 1000)} for row in (trade, BILL, {**BILL, "billId": "7", "ccy": "BTC"})]
    async with desk() as at:
        at.answer("config", ok(CONFIG))
        at.answer("bills", ok(*rows))
        found = await at.trading.cash_flows(NOW_MS - HOUR_MS, NOW_MS)
        assert at.of("bills")[0].params["ccy"] == "USDT"
    assert [flow.kind for flow in found] == [FlowKind.REALISED_PROFIT, FlowKind.FEE, FlowKind.FUNDING]
    assert sum(flow.amount for flow in found) == Decimal("0.34") + Decimal("-0.018375")


async def test_money_of_more_than_a_week_comes_from_the_archive() -> None:
    async with desk() as at:
        at.answer("config", ok(CONFIG))
        at.answer("bills", ok())
        at.answer("bills-archive", ok({**BILL, "ts": str(NOW_MS - 8 * DAY_MS)}))
        assert len(await at.trading.cash_flows(NOW_MS - 9 * DAY_MS, NOW_MS)) == 1
        assert at.of("bills") == []


async def test_the_fees_of_a_contract_are_those_of_its_group() -> None:
    async with desk() as at:
        at.answer("instruments", ok(INSTRUMENT))
        at.answer("trade-fee", ok(FEES))
        rates = await at.trading.fee_rates(BTC)
        assert at.of("instruments")[0].params == {"instType": "SWAP", "instId": BTC}
        assert (rates.maker, rates.taker) == (Decimal("0.0001"), Decimal("0.0004"))
        at.answer("trade-fee", ok({**FEES, "feeGroup": []}))
        assert await at.trading.fee_rates(BTC) == STANDARD_FEES
        at.answer("instruments", ok())
        with pytest.raises(UnknownSymbolError):
            await at.trading.fee_rates(BTC)


async def test_the_account_is_named_by_its_own_number_and_by_the_key_where_that_is_not_told() -> None:
    async with desk() as at:
        at.answer("config", ok({**CONFIG, "uid": "4711"}))
        assert [await at.trading.account_id() for _ in range(2)] == ["4711", "4711"]
        assert len(at.of("config")) == 1
    async with desk() as at:
        at.answer("config", ok({**CONFIG, "uid": "", "acctLv": "1"}))
        assert await at.trading.account_id() == "desk", "an account in spot mode has a name, too"


async def test_an_answer_of_another_account_is_an_error_and_no_account() -> None:
    async with desk() as at:
        holding(at)
        at.answer("config", ok({**CONFIG, "uid": "4711"}))
        assert await at.trading.account_id() == "4711"
        at.answer("config", ok({**CONFIG, "uid": "4712"}))
        with pytest.raises(ExchangeUnavailableError, match="asked as account 4711, answered as 4712"):
            await at.trading.sync()
